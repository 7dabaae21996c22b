"""Two authors and more: whose mark holds, what retired categories do, and where they disagree."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentvr_common.cloud import NONE
from latentvr_common.labels import Category, Kind, LabelBook, LabelEvent
from latentvr_common.voices import NEWEST, SILENT

ITEMS = 8
AUTHORS = ("ann", "bob", "cy")
COUNT = 4
"""Categories."""


def mark(seq: int, author: str, category: int, *items: int) -> LabelEvent:
    """An ASSIGN, or of category -1 an ERASE."""
    kind = Kind.ERASE if category == NONE else Kind.ASSIGN
    return LabelEvent(f"event-{seq}", kind, category, np.array(items, np.uint32), author=author, seq=seq)


def step(seq: int, kind: Kind, target: int) -> LabelEvent:
    return LabelEvent(f"event-{seq}", kind, target_seq=target, author="ann", seq=seq)


def categories(*retired: int) -> list[Category]:
    return [Category(i, str(i), 0, retired=i in retired) for i in range(COUNT)]


@st.composite
def histories(draw: st.DrawFn) -> list[LabelEvent]:
    events: list[LabelEvent] = []
    for seq in range(1, draw(st.integers(0, 20)) + 1):
        marks = [e.seq for e in events if e.is_mark]
        if marks and draw(st.booleans()):
            kind = draw(st.sampled_from([Kind.RETRACT, Kind.RESTORE]))
            events.append(step(seq, kind, draw(st.sampled_from(marks))))
        else:
            items = sorted(draw(st.sets(st.integers(0, ITEMS - 1), min_size=1)))
            events.append(mark(seq, draw(st.sampled_from(AUTHORS)), draw(st.integers(NONE, COUNT - 1)), *items))
    return events


def said_of(item: int, events: list[LabelEvent]) -> dict[str, LabelEvent]:
    """By author: the newest of their marks on the item that the last word on it leaves in force."""
    found = {}
    for event in events:
        words = [e.kind for e in events if not e.is_mark and e.target_seq == event.seq]
        if event.is_mark and item in event.sample_ids and (not words or words[-1] is Kind.RESTORE):
            found[event.author] = event
    return found


def label_by_definition(item: int, events: list[LabelEvent], wins: str, retired: set[int]) -> tuple[int, int]:
    said = said_of(item, events)
    if wins in said and said[wins].category not in retired:
        holds = said[wins]
    elif said:
        holds = max(said.values(), key=lambda event: event.seq)
    else:
        return NONE, 0
    gives = holds.category != NONE and holds.category not in retired
    return (holds.category, holds.seq) if gives else (NONE, 0)


JUDGEMENTS = (st.sampled_from([NEWEST, *AUTHORS, "nobody"]), st.sets(st.integers(0, COUNT - 1)))


@given(histories(), *JUDGEMENTS, st.randoms())
def test_labels_are_those_of_the_definition_whoever_wins_and_however_entries_arrive(
    events: list[LabelEvent], wins: str, retired: set[int], random: object
) -> None:
    expected = [label_by_definition(item, events, wins, retired) for item in range(ITEMS)]
    shuffled = [*events]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    told_first, told_last = LabelBook(ITEMS), LabelBook(ITEMS)
    told_first.judge_by(categories(*retired), wins)
    for book, order in ((told_first, shuffled), (told_last, events)):
        book.add_all(order)
    told_last.judge_by(categories(*retired), wins)
    for book in (told_first, told_last):
        assert list(zip(book.labels.tolist(), book.origins.tolist(), strict=True)) == expected


@given(histories(), *JUDGEMENTS)
def test_conflicts_are_those_of_the_definition(events: list[LabelEvent], wins: str, retired: set[int]) -> None:
    book = LabelBook(ITEMS)
    assert len(book.conflicts) == 0
    book.add_all(events)
    book.judge_by(categories(*retired), wins)
    expected = {}
    for item in range(ITEMS):
        claims = {who: e.category for who, e in said_of(item, events).items() if e.category not in retired}
        if len(set(claims.values())) > 1:
            expected[item] = claims
    found = book.conflicts
    assert {int(item): found.claims(row) for row, item in enumerate(found.items)} == expected
    assert len(found) == len(expected)


def test_many_marks_of_many_items_are_kept_apart() -> None:
    random, count = np.random.default_rng(0), 300
    book, expected = LabelBook(count), np.full(count, NONE)
    for seq in range(1, 201):
        items = np.flatnonzero(random.random(count) < 0.2)
        book.add(mark(seq, "ann", seq % COUNT, *items.tolist()))
        expected[items] = seq % COUNT
        np.testing.assert_array_equal(book.labels, expected)
    for seq in range(201, 401):
        book.add(step(seq, Kind.RETRACT, 401 - seq))
    assert (book.labels == NONE).all()


def test_conflicts_are_told_as_they_come_and_go() -> None:
    book = LabelBook(ITEMS)
    story: list[tuple[LabelEvent, dict[int, dict[str, int]]]] = [
        (mark(1, "ann", 0, 0, 1, 2), {}),
        (mark(2, "bob", 0, 1, 2), {}),
        (mark(3, "bob", 1, 2, 3), {2: {"ann": 0, "bob": 1}}),
        (mark(4, "cy", NONE, 0, 5), {0: {"ann": 0, "cy": NONE}, 2: {"ann": 0, "bob": 1}}),
        (mark(5, "ann", 1, 2), {0: {"ann": 0, "cy": NONE}}),
        (step(6, Kind.RETRACT, 3), {0: {"ann": 0, "cy": NONE}, 2: {"ann": 1, "bob": 0}}),
        (step(7, Kind.RETRACT, 5), {0: {"ann": 0, "cy": NONE}}),
    ]
    for event, expected in story:
        book.add(event)
        found = book.conflicts
        assert {int(item): found.claims(row) for row, item in enumerate(found.items)} == expected
    assert found.said["bob"].tolist() == [SILENT]


@pytest.mark.parametrize(("wins", "held"), [(NEWEST, [2, NONE, 1]), ("ann", [0, 0, 1]), ("bob", [1, NONE, 1])])
def test_the_newest_holds_unless_told_otherwise(wins: str, held: list[int]) -> None:
    book = LabelBook(ITEMS)
    book.judge_by(categories(), wins)
    book.add_all([mark(1, "bob", 1, 0, 2), mark(2, "ann", 0, 0, 1), mark(3, "bob", NONE, 1), mark(4, "cy", 2, 0)])
    assert book.labels[:3].tolist() == held


def test_a_retired_category_of_who_wins_lets_others_speak_and_comes_back() -> None:
    book = LabelBook(ITEMS)
    book.add_all([mark(1, "ann", 0, 0, 1), mark(2, "bob", 1, 0)])
    for retired, held in (((), [0, 0]), ((0,), [1, NONE]), ((0, 1), [NONE, NONE]), ((), [0, 0])):
        book.judge_by(categories(*retired), "ann")
        assert book.labels[:2].tolist() == held


def seconds_of(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def test_undo_of_any_depth_costs_what_its_entry_is_and_not_what_the_journal_is() -> None:
    random = np.random.default_rng(0)
    book, count = LabelBook(70_000), 2000
    for seq in range(1, count + 1):
        items = random.choice(70_000, 500, replace=False)
        book.add(mark(seq, AUTHORS[seq % 2], seq % COUNT, *np.sort(items).tolist()))
    before, seq, seconds = book.labels, count, []
    for kind, targets in ((Kind.RETRACT, range(count, count - 200, -1)), (Kind.RESTORE, range(count - 199, count + 1))):
        for target in targets:
            seq += 1
            event = step(seq, kind, target)
            seconds.append(seconds_of(lambda event=event: book.add(event)))  # type: ignore[misc]
    np.testing.assert_array_equal(book.labels, before)
    # A replay of all 2,000 entries took 17 ms.
    assert np.median(seconds) < 0.005


def test_one_author_with_two_names_is_two() -> None:
    book = LabelBook(ITEMS)
    book.add_all([mark(1, "ann", 0, 0), replace(mark(2, "ann", 1, 0), author="Ann")])
    assert len(book.conflicts) == 1
