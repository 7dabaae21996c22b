"""When a session is over, and what its minutes say."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentvr_common.labels import Category, Kind, LabelEvent
from session_host.closing import Closing, Stage
from session_host.minutes import Minutes, Standing

WAITING, PRESENT, SETTLING, OVER = Stage.WAITING, Stage.PRESENT, Stage.SETTLING, Stage.OVER

# When it is over: (seconds, whether a person is there, where the session then stands)
STORIES: dict[str, tuple[float, float, list[tuple[float, bool, Stage]]]] = {
    "nobody comes": (10, 0, [(0, False, WAITING), (1e6, False, WAITING)]),
    "a person comes and leaves": (
        10,
        0,
        [
            (5, False, WAITING),
            (6, True, PRESENT),
            (90, True, PRESENT),
            (91, False, SETTLING),
            (100.9, False, SETTLING),
            (101, False, OVER),
        ],
    ),
    "the first look is late": (10, 0, [(5, True, PRESENT), (50, False, SETTLING), (200, False, OVER)]),
    "a person comes back while training settles": (
        10,
        0,
        [
            (1, True, PRESENT),
            (2, False, SETTLING),
            (11, True, PRESENT),
            (13, True, PRESENT),
            (14, False, SETTLING),
            (23.9, False, SETTLING),
            (24, False, OVER),
        ],
    ),
    "a person comes back too late": (
        10,
        0,
        [(1, True, PRESENT), (2, False, SETTLING), (12, False, OVER), (13, True, OVER)],
    ),
    "a person comes back at the last moment": (10, 0, [(1, True, PRESENT), (2, False, SETTLING), (12, True, PRESENT)]),
    "no settling": (0, 0, [(1, True, PRESENT), (2, False, OVER)]),
    "time is up with nobody there": (10, 5, [(4.9, False, WAITING), (5, False, OVER)]),
    "time is up with a person there": (10, 5, [(4.9, True, PRESENT), (5, True, OVER), (6, True, OVER)]),
    "time is up while training settles": (10, 5, [(1, True, PRESENT), (2, False, SETTLING), (5, False, OVER)]),
    "the person leaves before time is up": (1, 9, [(1, True, PRESENT), (2, False, SETTLING), (3, False, OVER)]),
    "over is over": (0, 1, [(1, False, OVER), (2, True, OVER), (3, False, OVER)]),
}


@pytest.mark.parametrize(("settle_s", "duration_s", "story"), STORIES.values(), ids=STORIES.keys())
@pytest.mark.parametrize("began_s", [0.0, 123456.75, -50.0])
def test_a_session_goes_through_its_stages(
    settle_s: float, duration_s: float, story: list[tuple[float, bool, Stage]], began_s: float
) -> None:
    closing = Closing(settle_s=settle_s, duration_s=duration_s, now_s=began_s)
    assert closing.stage is WAITING
    for time_s, there, stage in story:
        assert closing.update(there, began_s + time_s) is stage, time_s
        assert closing.stage is stage


@given(
    st.lists(st.tuples(st.floats(0.01, 20), st.booleans()), max_size=30),
    st.floats(0, 30),
    st.just(0.0) | st.floats(1, 60),
)
def test_a_session_ends_exactly_when_its_time_is_up_or_a_person_has_been_gone_for_long_enough(
    looks: list[tuple[float, bool]], settle_s: float, duration_s: float
) -> None:
    closing = Closing(settle_s=settle_s, duration_s=duration_s, now_s=0.0)
    now_s, left_s, has_been_there, over = 0.0, math.inf, False, False
    for pause_s, there in looks:
        now_s += pause_s
        if there:
            has_been_there, left_s = True, math.inf
        elif has_been_there:
            left_s = min(left_s, now_s)
        over = over or (duration_s > 0 and now_s >= duration_s) or now_s >= left_s + settle_s
        assert (closing.update(there, now_s) is OVER) == over


# The minutes

ITEMS = 10
TRUTH = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], dtype=np.int16)


def minutes(truth: "np.ndarray | None" = TRUTH) -> Minutes:
    return Minutes(ITEMS, truth, began_s=100.0)


def mark(seq: int, kind: Kind, category: int, *ids: int, gesture: str = "pinch_brush") -> LabelEvent:
    return LabelEvent(f"e{seq}", kind, category, np.array(ids, dtype=np.uint32), seq=seq, gesture=gesture)


def step(seq: int, kind: Kind, target: int) -> LabelEvent:
    return LabelEvent(f"e{seq}", kind, target_seq=target, seq=seq)


def test_a_session_of_nothing_has_counted_nothing() -> None:
    found = minutes()
    assert (found.gestures, found.labelled, found.cloud_hz) == (0, 0, 0.0)
    assert math.isnan(found.label_purity)


def test_marks_and_labels_are_counted_as_they_come_and_go() -> None:
    found = minutes()
    story = [
        (mark(1, Kind.ASSIGN, 0, 0, 1, 2, 5), 1, 4, 3 / 4),
        (mark(2, Kind.ASSIGN, 1, 5, 6), 2, 5, 5 / 5),
        (mark(3, Kind.ERASE, -1, 0, 1), 3, 3, 3 / 3),
        (step(4, Kind.RETRACT, 2), 3, 2, 1 / 2),
        (step(5, Kind.RETRACT, 3), 3, 4, 3 / 4),
        (step(6, Kind.RESTORE, 2), 3, 5, 5 / 5),
        (mark(7, Kind.ASSIGN, 0, 9, gesture=""), 3, 6, 5 / 6),
        (mark(8, Kind.ASSIGN, 0, 8, gesture="merge"), 3, 7, 5 / 7),
    ]
    for event, gestures, labelled, purity in story:
        found.book.add(event)
        assert (found.gestures, found.labelled, found.label_purity) == (gestures, labelled, pytest.approx(purity))


def test_a_mark_that_arrives_twice_counts_once_and_one_after_a_gap_waits() -> None:
    found = minutes()
    for event in (mark(1, Kind.ASSIGN, 0, 1), mark(1, Kind.ASSIGN, 0, 1), mark(3, Kind.ASSIGN, 0, 3)):
        found.book.add(event)
    assert (found.gestures, found.labelled) == (1, 1)
    found.book.add(mark(2, Kind.ASSIGN, 0, 2))
    assert (found.gestures, found.labelled) == (3, 3)


def test_what_is_of_a_retired_category_has_no_label_and_who_wins_decides() -> None:
    found = minutes()
    found.book.add(replace(mark(1, Kind.ASSIGN, 0, 0, 1, 2), author="ann"))
    found.book.add(replace(mark(2, Kind.ASSIGN, 1, 2, 3), author="bob"))
    assert (found.labelled, found.summary("", 0.0)["conflicts"], found.label_purity) == (4, 1, 1 / 2)
    categories = [Category(0, "cat", 0), Category(1, "dog", 0)]
    found.book.judge_by(categories, "ann")
    assert (found.labelled, found.label_purity) == (4, 3 / 4)
    found.book.judge_by([categories[0], replace(categories[1], retired=True)], "ann")
    assert (found.labelled, found.summary("", 0.0)["conflicts"], found.label_purity) == (3, 0, 1.0)


def test_without_truth_the_purity_of_labels_is_not_known() -> None:
    found = minutes(truth=None)
    found.book.add(mark(1, Kind.ASSIGN, 0, 1))
    assert found.labelled == 1
    assert math.isnan(found.label_purity)


def test_the_cloud_rate_is_that_of_the_frames_while_training_ran() -> None:
    found = minutes()
    found.note_frame(Standing(0, math.nan, math.nan), training=False, stamp_s=101.0)
    for i in range(25):
        found.note_frame(Standing(i, 0.5, 0.6), training=True, stamp_s=110.0 + i / 12)
    found.note_frame(Standing(25, 0.7, 0.8), training=False, stamp_s=500.0)
    assert found.cloud_hz == pytest.approx(12.0)
    assert (found.standing.epoch, found.standing.accuracy, found.standing.confidence) == (25, 0.7, 0.8)


@pytest.mark.parametrize("frames", [0, 1])
def test_there_is_no_rate_of_less_than_two_frames(frames: int) -> None:
    found = minutes()
    for _ in range(frames):
        found.note_frame(Standing(1, 0.5, 0.5), training=True, stamp_s=101.0)
    assert found.cloud_hz == 0.0


def test_the_summary_says_what_is_known_and_none_for_the_rest() -> None:
    found = minutes()
    found.book.add(mark(1, Kind.ASSIGN, 0, 0, 1, 5))
    found.note_frame(Standing(7, math.nan, math.nan), training=True, stamp_s=110.0)
    found.note_frame(Standing(8, math.nan, 0.9, 0.0412345, 0.31, "from step 3"), training=True, stamp_s=110.3)
    summary = found.summary("/sessions/one", now_s=165.26)
    assert summary == {
        "items": 10,
        "gestures": 1,
        "labels": 3,
        "conflicts": 0,
        "label_purity": 0.6667,
        "accuracy": None,
        "confidence": 0.9,
        "ece": 0.0412,
        "space_used": 0.31,
        "epochs": 8,
        "branch": "from step 3",
        "duration_s": 65.3,
        "cloud_hz": 3.33,
        "directory": "/sessions/one",
    }
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert minutes().summary("", 100.0)["label_purity"] is None


@pytest.mark.parametrize(
    ("planned", "accuracy", "confidence", "expected"),
    [
        (20, 0.876, 0.5, "65 s · gesture 1 of 20 · labels 3 of 10 · epoch 7 · correct 87.6%"),
        (0, math.nan, 0.553, "65 s · gesture 1 · labels 3 of 10 · epoch 7 · confidence 55%"),
        (0, math.nan, math.nan, "65 s · gesture 1 · labels 3 of 10 · epoch 7"),
    ],
)
def test_the_progress_line_says_what_is_known(planned: int, accuracy: float, confidence: float, expected: str) -> None:
    found = minutes()
    found.book.add(mark(1, Kind.ASSIGN, 0, 0, 1, 5))
    found.note_frame(Standing(7, accuracy, confidence), training=True, stamp_s=110.0)
    assert found.progress(planned, now_s=165.4) == expected
