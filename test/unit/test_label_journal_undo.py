"""Undo and redo of any depth, merged categories among them: laws that hold for every sequence of two authors."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from label_journal.history import redo_target, undo_target
from label_journal.journal import CategoryReceipt, Journal
from label_journal.rules import RejectedError
from latentvr_common.cloud import NONE
from latentvr_common.labels import Category, Kind, LabelBook, LabelEvent

ITEMS = 10
AUTHORS = ("ann", "bob")
NAMES = ("cat", "dog", "eel")
Deed = tuple[str, str, int, tuple[int, ...]]
"""What is done, by whom, with which category, -1 erase, to which items."""

items = st.sets(st.integers(0, ITEMS - 1), min_size=1, max_size=6).map(lambda found: tuple(sorted(found)))
marks = st.tuples(st.just("mark"), st.sampled_from(AUTHORS), st.integers(NONE, len(NAMES) - 1), items)
steps = st.tuples(st.sampled_from(["undo", "redo"]), st.sampled_from(AUTHORS), st.just(NONE), st.just(()))
deeds = st.lists(marks | steps, max_size=30)


class Desk:
    """Entries as the journal makes them, without a file."""

    def __init__(self) -> None:
        self.book = LabelBook(ITEMS)

    def do(self, deed: Deed) -> bool:
        """Add the entry of a deed; return False if there is nothing to undo or redo."""
        what, author, category, ids = deed
        seq = self.book.applied_seq + 1
        if what == "mark":
            kind = Kind.ERASE if category == NONE else Kind.ASSIGN
            self.book.add(LabelEvent(str(seq), kind, category, np.array(ids, np.uint32), author=author, seq=seq))
            return True
        find, kind = (undo_target, Kind.RETRACT) if what == "undo" else (redo_target, Kind.RESTORE)
        target = find(self.book.events(), author)
        if target is not None:
            self.book.add(LabelEvent(str(seq), kind, target_seq=target, author=author, seq=seq))
        return target is not None

    def step(self, what: str, author: str) -> bool:
        return self.do((what, author, NONE, ()))


@dataclass
class Editor:
    """What an author of any editor has: what they did and did not take back, and what they could redo."""

    done: list[tuple[int, Deed]] = field(default_factory=list)
    undone: list[tuple[int, Deed]] = field(default_factory=list)


def without_what_was_undone(deeds: list[Deed]) -> list[Deed]:
    """The marks of the sequence that never had the others, by two stacks for each author."""
    editors = {author: Editor() for author in AUTHORS}
    for at, deed in enumerate(deeds):
        editor = editors[deed[1]]
        if deed[0] == "mark":
            editor.done.append((at, deed))
            editor.undone.clear()
        elif deed[0] == "undo" and editor.done:
            editor.undone.append(editor.done.pop())
        elif deed[0] == "redo" and editor.undone:
            editor.done.append(editor.undone.pop())
    return [deed for _, deed in sorted(pair for editor in editors.values() for pair in editor.done)]


def labels_of(marks: list[Deed]) -> list[int]:
    """One after the other, each over the ones before."""
    labels = [NONE] * ITEMS
    for _, _, category, ids in marks:
        for item in ids:
            labels[item] = category
    return labels


def desk_after(deeds: list[Deed]) -> Desk:
    desk = Desk()
    for deed in deeds:
        desk.do(deed)
    return desk


@settings(max_examples=300)
@given(deeds)
def test_labels_are_those_of_the_sequence_that_never_had_what_was_undone(deeds: list[Deed]) -> None:
    assert desk_after(deeds).book.labels.tolist() == labels_of(without_what_was_undone(deeds))


@given(deeds, st.integers(0, 30), st.sampled_from(AUTHORS), st.randoms())
def test_undo_of_any_depth_leaves_the_labels_that_never_had_the_marks_also_in_disorder(
    deeds: list[Deed], depth: int, author: str, random: Random
) -> None:
    desk = desk_after(deeds)
    left = without_what_was_undone(deeds)
    for _ in range(depth):
        own = [at for at, deed in enumerate(left) if deed[1] == author]
        assert desk.step("undo", author) == bool(own)
        if own:
            del left[own[-1]]
    assert desk.book.labels.tolist() == labels_of(left)
    shuffled = desk.book.events()
    random.shuffle(shuffled)
    elsewhere = LabelBook(ITEMS)
    elsewhere.add_all(shuffled)
    assert elsewhere.labels.tolist() == labels_of(left)
    assert elsewhere.origins.tolist() == desk.book.origins.tolist()


@given(deeds, st.integers(0, 30), st.sampled_from(AUTHORS))
def test_undo_then_redo_of_any_depth_is_identity(deeds: list[Deed], depth: int, author: str) -> None:
    desk = desk_after(deeds)
    labels, origins = desk.book.labels, desk.book.origins
    undone = sum(desk.step("undo", author) for _ in range(depth))
    assert sum(desk.step("redo", author) for _ in range(undone)) == undone
    np.testing.assert_array_equal(desk.book.labels, labels)
    np.testing.assert_array_equal(desk.book.origins, origins)


@given(deeds, st.integers(0, 5), marks)
def test_a_new_mark_ends_what_its_author_could_redo_and_not_what_another_could(
    deeds: list[Deed], depth: int, mark: Deed
) -> None:
    desk = desk_after(deeds)
    for author in AUTHORS:
        for _ in range(depth):
            desk.step("undo", author)
    events, other = desk.book.events(), next(a for a in AUTHORS if a != mark[1])
    could = redo_target(events, other)
    desk.do(mark)
    assert redo_target(desk.book.events(), mark[1]) is None
    assert redo_target(desk.book.events(), other) == could


# Merged categories, with the journal itself

changes = st.tuples(st.sampled_from(["merge", "retire", "restore"]), st.sampled_from(AUTHORS), st.integers(0, 2), items)


@contextmanager
def new_journal(wins: str = "newest") -> Iterator[Journal]:
    with tempfile.TemporaryDirectory() as directory:
        journal = Journal(Path(directory) / "labels.db", ITEMS, NAMES, wins)
        yield journal
        journal.close()


def do(journal: Journal, deed: Deed) -> None:
    what, author, category, ids = deed
    new_id = str(uuid.uuid4())
    if what == "mark":
        kind = Kind.ERASE if category == NONE else Kind.ASSIGN
        journal.submit(LabelEvent(new_id, kind, category, np.array(ids, np.uint32), author=author), 0)
    elif what in ("undo", "redo"):
        journal.step_history(author, new_id, redo=what == "redo", now_ns=0)
    elif what == "merge":
        journal.merge_category(category, ids[0] % len(NAMES), author, new_id, 0)
    else:
        (journal.retire_category(category, 0) if what == "retire" else journal.restore_category(category, "", 0))


def labels_in(journal: Journal) -> list[int]:
    book = LabelBook(ITEMS)
    book.add_all(journal.events_after(0, 10_000))
    book.judge_by(journal.categories, journal.wins)
    return book.labels.tolist()


def state_of(journal: Journal) -> tuple[list[int], list[Category]]:
    return labels_in(journal), journal.categories


@settings(max_examples=40, deadline=None)
@given(st.lists(marks | steps | changes, max_size=15), st.sampled_from(["newest", *AUTHORS]), st.integers(0, 2), items)
def test_a_merge_moves_every_label_and_its_undo_and_the_category_s_return_give_all_back(
    deeds: list[Deed], wins: str, category: int, into: tuple[int, ...]
) -> None:
    with new_journal(wins) as journal:
        for deed in deeds:
            with suppress(RejectedError):
                do(journal, deed)
        before, merged = state_of(journal), ("merge", "bob", category, into)
        try:
            do(journal, merged)
        except RejectedError:
            assert state_of(journal) == before, "refused is unchanged"
            return
        target = into[0] % len(NAMES)
        assert labels_in(journal) == [target if label == category else label for label in before[0]]
        assert journal.categories[category].retired
        if category in before[0]:
            do(journal, ("undo", "bob", NONE, ()))
        assert category not in labels_in(journal)
        do(journal, ("restore", "bob", category, ()))
        assert state_of(journal) == before


def test_a_merge_is_one_entry_that_is_undone_and_redone_like_any_mark() -> None:
    with new_journal() as journal:
        for deed in (("mark", "ann", 0, (1, 2)), ("mark", "bob", 0, (2, 3)), ("mark", "ann", 1, (4,))):
            do(journal, deed)
        category, entry = journal.merge_category(0, 1, "ann", str(uuid.uuid4()), 7)
        assert (category, entry is not None) == (journal.categories[1], True)
        assert entry is not None
        assert (entry.seq, entry.kind, entry.category, entry.author, entry.gesture, entry.committed_ns) == (
            *(4, Kind.ASSIGN, 1, "ann", "merge"),
            7,
        )
        assert entry.sample_ids.tolist() == [1, 2, 3]
        assert labels_in(journal)[:5] == [NONE, 1, 1, 1, 1]
        do(journal, ("undo", "bob", NONE, ()))
        assert labels_in(journal)[:5] == [NONE, 1, 1, 1, 1], "the merge gave it, whoever marked it before"
        do(journal, ("undo", "ann", NONE, ()))
        assert labels_in(journal)[:5] == [NONE, NONE, NONE, NONE, 1]
        do(journal, ("redo", "ann", NONE, ()))
        assert labels_in(journal)[:5] == [NONE, 1, 1, 1, 1]
        with pytest.raises(RejectedError, match=r"category is 0, expected one of \[1, 2\]"):
            do(journal, ("mark", "bob", 0, (5,)))


def merge_once(journal: Journal, name: str, category: int, into: int) -> CategoryReceipt:
    def merge() -> CategoryReceipt:
        _, entry = journal.merge_category(category, into, "ann", name, 7)
        return CategoryReceipt(into, entry.seq if entry is not None else 0)

    return journal.once(name, f"merge {category} {into}", merge)


@pytest.mark.parametrize("marked", [(), (1, 2)])
def test_a_merge_asked_for_again_is_the_same_merge_also_after_opening_anew(
    tmp_path: Path, marked: tuple[int, ...]
) -> None:
    name, path = str(uuid.uuid4()), tmp_path / "labels.db"
    with closing(Journal(path, ITEMS, NAMES)) as journal:
        if marked:
            do(journal, ("mark", "ann", 0, marked))
        receipt = merge_once(journal, name, 0, 1)
        after, entries, revision = state_of(journal), journal.last_seq, journal.revision
        assert (receipt.id, receipt.seq, receipt.duplicate) == (1, 2 if marked else 0, False)
        assert merge_once(journal, name, 0, 1) == replace(receipt, duplicate=True)
    with closing(Journal(path, ITEMS, NAMES)) as journal:
        # The answer says what was done then, whatever was done since.
        journal.restore_category(0, "", 8)
        assert merge_once(journal, name, 0, 1) == replace(receipt, duplicate=True)
        journal.retire_category(0, 9)
        assert (state_of(journal), journal.last_seq, journal.revision) == (after, entries, revision + 2)


def test_the_name_of_a_change_of_categories_names_nothing_else() -> None:
    with new_journal() as journal:
        name, of_a_mark = str(uuid.uuid4()), str(uuid.uuid4())
        merge_once(journal, name, 0, 1)
        journal.submit(LabelEvent(of_a_mark, Kind.ASSIGN, 1, np.array([1], np.uint32), author="ann"), 0)
        before = state_of(journal)
        for taken in (name, of_a_mark):
            with pytest.raises(RejectedError, match=f"event_id {taken} names something else"):
                merge_once(journal, taken, 1, 2)
        with pytest.raises(RejectedError, match="event_id is 'mine', expected a UUID"):
            merge_once(journal, "mine", 1, 2)
        assert state_of(journal) == before


def test_a_change_that_was_refused_may_be_asked_for_again_by_its_name() -> None:
    with new_journal() as journal:
        name = str(uuid.uuid4())
        journal.retire_category(0, 0)
        with pytest.raises(RejectedError, match="category id is 0"):
            merge_once(journal, name, 0, 1)
        journal.restore_category(0, "", 0)
        assert not merge_once(journal, name, 0, 1).duplicate
        # What has no name of its own keeps none from before.
        journal.restore_category(0, "", 0)
        assert merge_once(journal, name, 0, 1).duplicate


def test_a_category_without_items_is_merged_without_an_entry() -> None:
    with new_journal() as journal:
        assert journal.merge_category(2, 0, "ann", str(uuid.uuid4()), 0) == (journal.categories[0], None)
        assert (journal.last_seq, journal.categories[2].retired) == (0, True)


@pytest.mark.parametrize(
    ("category", "into", "author", "said"),
    [
        (1, 1, "ann", "into is 1, expected another category"),
        (9, 1, "ann", "category id is 9, expected that of a category that is not retired"),
        (2, 1, "ann", "category id is 2, expected that of a category that is not retired"),
        (1, 9, "ann", "into is 9, expected that of a category that is not retired"),
        (1, 2, "ann", "into is 2, expected that of a category that is not retired"),
        (0, 1, "", "author has 0 characters, expected 1 to 100"),
    ],
)
def test_a_merge_that_cannot_be_is_refused_and_changes_nothing(
    category: int, into: int, author: str, said: str
) -> None:
    with new_journal() as journal:
        do(journal, ("mark", "ann", 0, (1,)))
        do(journal, ("retire", "ann", 2, ()))
        before, revision = state_of(journal), journal.revision
        with pytest.raises(RejectedError, match=said):
            journal.merge_category(category, into, author, str(uuid.uuid4()), 0)
        assert (state_of(journal), journal.revision, journal.last_seq) == (before, revision, 1)


def test_a_category_that_comes_back_needs_a_name_that_is_free() -> None:
    with new_journal() as journal:
        with pytest.raises(RejectedError, match="category id is 0, expected that of a retired category"):
            journal.restore_category(0, "", 0)
        with pytest.raises(RejectedError, match="category id is 7, expected that of a retired category"):
            journal.restore_category(7, "", 0)
        journal.retire_category(0, 0)
        journal.rename_category(1, "cat", 0)
        with pytest.raises(RejectedError, match="category name 'cat' is in use"):
            journal.restore_category(0, "", 0)
        assert journal.restore_category(0, " tiger ", 0) == Category(0, "tiger", journal.categories[0].color)
