"""Labels follow from the entries of the journal, whatever order they arrive in."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentvr_common.labels import Kind, LabelBook, LabelEvent

ITEMS = 12


def assign(seq: int, category: int, *ids: int) -> LabelEvent:
    return LabelEvent(f"event-{seq}", Kind.ASSIGN, category, np.array(ids, dtype=np.uint32), seq=seq)


def step(seq: int, kind: Kind, target: int) -> LabelEvent:
    return LabelEvent(f"event-{seq}", kind, target_seq=target, seq=seq)


@st.composite
def histories(draw: st.DrawFn) -> list[LabelEvent]:
    events: list[LabelEvent] = []
    for seq in range(1, draw(st.integers(0, 14)) + 1):
        kind = draw(st.sampled_from(list(Kind)))
        marks = [e.seq for e in events if e.kind in (Kind.ASSIGN, Kind.ERASE)]
        if kind in (Kind.RETRACT, Kind.RESTORE) and marks:
            events.append(step(seq, kind, draw(st.sampled_from(marks))))
        else:
            ids = sorted(draw(st.sets(st.integers(0, ITEMS - 1), min_size=1)))
            mark = draw(st.sampled_from([Kind.ASSIGN, Kind.ERASE]))
            category = draw(st.integers(0, 3)) if mark is Kind.ASSIGN else -1
            events.append(LabelEvent(f"event-{seq}", mark, category, np.array(ids, dtype=np.uint32), seq=seq))
    return events


def labels_by_definition(events: list[LabelEvent]) -> list[int]:
    """For each item: the newest mark on it that the last word on that mark leaves in force."""
    result = []
    for item in range(ITEMS):
        label = -1
        for event in events:
            words = [e.kind for e in events if e.kind in (Kind.RETRACT, Kind.RESTORE) and e.target_seq == event.seq]
            if item in event.sample_ids and (not words or words[-1] is Kind.RESTORE):
                label = event.category
        result.append(label)
    return result


@given(histories())
def test_labels_are_those_of_the_definition(events: list[LabelEvent]) -> None:
    book = LabelBook(ITEMS)
    book.add_all(events)
    assert book.labels.tolist() == labels_by_definition(events)


def origins_by_definition(events: list[LabelEvent]) -> list[int]:
    """For each item: the newest mark on it in force, if it is one that gives a label."""
    result = []
    for item in range(ITEMS):
        origin = 0
        for event in events:
            words = [e.kind for e in events if e.kind in (Kind.RETRACT, Kind.RESTORE) and e.target_seq == event.seq]
            if item in event.sample_ids and (not words or words[-1] is Kind.RESTORE):
                origin = event.seq if event.kind is Kind.ASSIGN else 0
        result.append(origin)
    return result


@given(histories(), st.integers(1, 3))
def test_every_label_has_the_entry_that_gave_it_and_its_author(events: list[LabelEvent], persons: int) -> None:
    book = LabelBook(ITEMS)
    book.add_all(replace(event, author=f"person {event.seq % persons}") for event in events)
    origins = book.origins
    assert origins.tolist() == origins_by_definition(events)
    np.testing.assert_array_equal(origins != 0, book.labels != -1)
    authors = book.authors(origins)
    assert authors == {int(seq): f"person {seq % persons}" for seq in set(origins.tolist()) - {0}}
    origins[:] = 99
    assert book.origins.tolist() == origins_by_definition(events), "a copy was given"


def test_a_label_given_again_by_another_is_theirs_until_they_take_it_back() -> None:
    book = LabelBook(ITEMS)
    book.add_all([replace(assign(1, 0, 1, 2), author="ada"), replace(assign(2, 0, 2, 3), author="bo")])
    assert book.origins[:4].tolist() == [0, 1, 2, 2]
    assert book.authors(book.origins) == {1: "ada", 2: "bo"}
    book.add(step(3, Kind.RETRACT, 2))
    assert book.origins[:4].tolist() == [0, 1, 1, 0]
    assert book.authors(book.origins) == {1: "ada"}
    assert LabelBook(ITEMS).authors(LabelBook(ITEMS).origins) == {}


@given(histories(), st.randoms())
def test_the_order_of_arrival_does_not_matter(events: list[LabelEvent], random: object) -> None:
    shuffled = [*events, *events[::2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    in_order, in_disorder = LabelBook(ITEMS), LabelBook(ITEMS)
    in_order.add_all(events)
    in_disorder.add_all(shuffled)
    assert in_order.labels.tolist() == in_disorder.labels.tolist()
    assert in_disorder.gap_after is None


def test_an_entry_after_a_gap_waits_for_the_missing_one() -> None:
    book = LabelBook(ITEMS)
    assert book.add(assign(1, 0, 1))
    assert not book.add(assign(3, 2, 3))
    assert book.gap_after == 1
    assert book.labels[3] == -1
    assert book.add(assign(2, 1, 2))
    assert book.gap_after is None
    assert book.labels[[1, 2, 3]].tolist() == [0, 1, 2]


def test_words_about_what_is_no_mark_or_comes_later_change_nothing() -> None:
    book = LabelBook(ITEMS)
    book.add_all([assign(1, 0, 1), step(2, Kind.RETRACT, 5), step(3, Kind.RETRACT, 2), step(4, Kind.RESTORE, 1)])
    book.add_all([assign(5, 1, 2), step(6, Kind.RETRACT, 1), step(7, Kind.RETRACT, 1), step(8, Kind.RESTORE, 1)])
    assert book.labels[[1, 2]].tolist() == [0, 1]
    assert not book.is_retracted(1)


def test_undo_and_redo_give_back_what_was_there() -> None:
    book = LabelBook(ITEMS)
    book.add_all([assign(1, 0, 1, 2), assign(2, 1, 2, 3)])
    before = book.labels
    book.add(step(3, Kind.RETRACT, 2))
    assert book.labels[[1, 2, 3]].tolist() == [0, 0, -1]
    book.add(step(4, Kind.RESTORE, 2))
    assert book.labels.tolist() == before.tolist()


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (assign(0, 0, 1), "seq 0, expected 1 or more"),
        (assign(1, 0, ITEMS), f"names sample {ITEMS}, expected less"),
        (assign(1, 256, 1), "category 256, expected -1 to 255"),
        (assign(1, -2, 1), "category -2, expected -1 to 255"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(event: LabelEvent, message: str) -> None:
    book = LabelBook(ITEMS)
    with pytest.raises(ValueError, match=message):
        book.add(event)
    assert book.applied_seq == 0


def test_an_entry_of_another_journal_at_the_same_place_is_refused() -> None:
    book = LabelBook(ITEMS)
    book.add(assign(1, 0, 1))
    assert not book.add(assign(1, 0, 1))
    stranger = LabelEvent("other", Kind.ASSIGN, 2, np.array([5], dtype=np.uint32), seq=1)
    with pytest.raises(ValueError, match="label entry 1 is 'other', but another one is known by that number"):
        book.add(stranger)
    assert book.labels[5] == -1
