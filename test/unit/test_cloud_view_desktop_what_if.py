"""What is asked for when a person wants to know what would be without their newest mark."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_view.desktop.what_if import Asked, Then, fork, name_without, newest_mark, newest_until, next_branch, what_if
from latentvr_common.labels import Kind, LabelBook, LabelEvent

NAMES = {0: "cat", 1: "dog"}
ITEMS = np.arange(2, dtype=np.uint32)


def book_of(*entries: tuple[Kind, int, str]) -> LabelBook:
    """Entries in order: kind, category or else the entry that it is about, author."""
    book = LabelBook(4)
    for seq, (kind, about, author) in enumerate(entries, 1):
        mark = kind in (Kind.ASSIGN, Kind.ERASE)
        book.add(
            LabelEvent(
                f"id {seq}",
                kind,
                about if kind is Kind.ASSIGN else -1,
                ITEMS if mark else ITEMS[:0],
                0 if mark else about,
                author,
                seq=seq,
            )
        )
    return book


MINE_AND_OTHERS = ((Kind.ASSIGN, 0, "me"), (Kind.ASSIGN, 1, "me"), (Kind.ASSIGN, 0, "other"))


def test_a_branch_is_begun_without_ones_own_newest_mark() -> None:
    book = book_of(*MINE_AND_OTHERS)
    assert what_if("", [], book, "me", NAMES) == Asked(
        "without dog (entry 2)", (2,), "what if entry 2 had never been made: catching up"
    )
    other = what_if("", [], book, "other", NAMES)
    assert other is not None
    assert other.without == (3,)


@pytest.mark.parametrize(
    ("more", "newest"),
    [
        (((Kind.RETRACT, 2, "me"),), 1),
        (((Kind.RETRACT, 2, "other"),), 1),
        (((Kind.RETRACT, 2, "me"), (Kind.RESTORE, 2, "me")), 2),
        (((Kind.RETRACT, 2, "me"), (Kind.RETRACT, 1, "me")), None),
        (((Kind.ERASE, 0, "me"),), 4),
    ],
)
def test_what_is_taken_back_is_no_mark_in_force(more: tuple[tuple[Kind, int, str], ...], newest: int | None) -> None:
    found = newest_mark(book_of(*MINE_AND_OTHERS, *more), "me")
    assert (found.seq if found is not None else None) == newest


def test_in_a_branch_it_leads_back_whatever_was_marked_meanwhile() -> None:
    for book in (None, book_of(*MINE_AND_OTHERS)):
        assert what_if("another", ["another"], book, "me", NAMES) == Asked("", (), "back to what was")


def test_a_branch_that_was_begun_is_gone_on_with_and_not_begun_again() -> None:
    name = "without dog (entry 2)"
    asked = what_if("", [name], book_of(*MINE_AND_OTHERS), "me", NAMES)
    assert asked == Asked(name, (), "what if entry 2 had never been made: back to that branch")


@pytest.mark.parametrize("book", [None, book_of(), book_of(*MINE_AND_OTHERS)])
def test_who_has_marked_nothing_asks_for_nothing(book: LabelBook | None) -> None:
    assert what_if("", [], book, "nobody", NAMES) is None


def test_an_erasure_and_a_category_that_is_not_known_have_names_too() -> None:
    erased, unknown = LabelEvent("a", Kind.ERASE, seq=4), LabelEvent("b", Kind.ASSIGN, 9, seq=5)
    assert name_without(erased, NAMES) == "without an erasure (entry 4)"
    assert name_without(unknown, NAMES) == "without category 9 (entry 5)"


@given(st.text(max_size=200), st.integers(1, 2**63))
def test_every_name_is_one_that_the_trainer_takes(category: str, seq: int) -> None:
    name = name_without(LabelEvent("a", Kind.ASSIGN, 0, seq=seq), {0: category})
    assert 1 <= len(name) <= 100
    assert name.isprintable()
    assert name.endswith(f"(entry {seq})")


# On from an earlier moment


def timed(*stamps_ns: int) -> LabelBook:
    """A journal of marks of these times."""
    book = LabelBook(4)
    for seq, stamp_ns in enumerate(stamps_ns, 1):
        book.add(LabelEvent(f"id {seq}", Kind.ASSIGN, 0, ITEMS, author="me", seq=seq, committed_ns=stamp_ns))
    return book


@pytest.mark.parametrize(
    ("at_ns", "asked"),
    [
        (35, Asked("from step 1,200 (entry 3)", (4, 5), "on from there, without the 2 entries since", 1200)),
        (40, Asked("from step 1,200 (entry 4)", (5,), "on from there, without the 1 entry since", 1200)),
        (
            9,
            Asked(
                "from step 1,200 (before any mark)", (1, 2, 3, 4, 5), "on from there, without the 5 entries since", 1200
            ),
        ),
        (50, Asked("from step 1,200 (entry 5)", (), "on from there", 1200)),
    ],
)
def test_a_fork_is_without_all_that_was_marked_since_and_what_happened_at_that_very_moment_counts(
    at_ns: int, asked: Asked
) -> None:
    assert fork("", [], timed(10, 20, 30, 40, 50), Then(at_ns, 1200, "")) == asked
    assert asked.begins


def test_a_moment_that_was_gone_on_from_is_gone_back_to() -> None:
    book, then = timed(10, 20), Then(15, 70, "")
    asked = fork("", ["from step 70 (entry 1)"], book, then)
    assert isinstance(asked, Asked)
    assert (asked.name, asked.begins) == ("from step 70 (entry 1)", False)


@pytest.mark.parametrize(
    ("branch", "book", "then", "reason"),
    [
        ("", timed(10), Then(5, 70, "that one"), "of branch 'that one': go there first"),
        ("that one", timed(10), Then(5, 70, ""), "of what was: go there first"),
        ("", None, Then(5, 70, ""), "training had not begun"),
        ("", timed(10), Then(5, 0, ""), "training had not begun"),
    ],
)
def test_where_one_cannot_go_on_from_it_is_said_why(
    branch: str, book: LabelBook | None, then: Then, reason: str
) -> None:
    asked = fork(branch, ["that one"], book, then)
    assert isinstance(asked, str)
    assert reason in asked


@given(st.lists(st.integers(1, 100), max_size=8), st.integers(0, 101))
def test_entries_until_a_moment_are_those_before_the_first_later_one(stamps: list[int], at_ns: int) -> None:
    last = newest_until(timed(*stamps), at_ns)
    assert all(stamp <= at_ns for stamp in stamps[:last])
    assert last == len(stamps) or stamps[last] > at_ns


def test_branches_are_gone_through_in_the_order_in_which_they_were_begun() -> None:
    begun, branch, names = ["b", "a"], "", []
    for _ in range(3):
        asked = next_branch(branch, begun)
        assert isinstance(asked, Asked)
        assert not asked.begins
        branch = asked.name
        names.append(branch)
    assert names == ["b", "a", ""]
    assert next_branch("", []) == "there is no other branch of training: w begins one"
