"""The timeline of a session: which clouds are kept, what is told of them, and going back and forth in it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentvr_common.cloud import CLOUD_DTYPE, NONE, Cloud
from latentvr_common.labels import Category, Kind, LabelEvent
from latentvr_common.scene import Progress
from latentvr_common.timeline.axis import Axis, about_in_words, span_in_words
from latentvr_common.timeline.events import (
    MOST_EVENTS,
    Changes,
    Event,
    Events,
    What,
    category_changes,
    event_of,
    in_words,
    moved_share,
)
from latentvr_common.timeline.keyframes import FIRST_PERIOD_NS, Keyframe, Keyframes, keyframe_of, thinned
from latentvr_common.timeline.timeline import Leap, LookingBack, Timeline

S = 1_000_000_000
ITEMS = 40
BYTES = 16 * ITEMS
"""Of a frame that is kept."""
SHAPE = np.random.default_rng(0).normal(size=(ITEMS, 3)).astype(np.float32)


def cloud(stamp_ns: int, at: float = 0.0, predicted: int = NONE, items: int = ITEMS) -> Cloud:
    none = np.full(items, NONE, np.int16)
    kinds = np.full(items, predicted, np.int16)
    return Cloud(stamp_ns, SHAPE[:items] + np.float32(at), np.full(items, 7, np.uint32), none, kinds, np.ones(items))


def frame(stamp_ns: int, at: float = 0.0, predicted: int = NONE) -> Keyframe:
    return keyframe_of(cloud(stamp_ns, at, predicted), Progress(epoch=stamp_ns // S))


# What is kept


def test_a_frame_is_the_cloud_again_but_for_the_last_digits() -> None:
    one = replace(cloud(5), label=np.arange(ITEMS, dtype=np.int16), confidence=np.linspace(0, 1, ITEMS))
    again = keyframe_of(one, Progress(epoch=3)).cloud()
    np.testing.assert_allclose(again.positions, one.positions, rtol=2**-11, atol=1e-6)
    np.testing.assert_allclose(again.confidence, one.confidence, atol=2**-11)
    for name in ("stamp_ns", "rgb", "label", "predicted"):
        np.testing.assert_array_equal(getattr(again, name), getattr(one, name))


def test_a_frame_keeps_no_message_alive() -> None:
    rows = np.zeros(ITEMS, CLOUD_DTYPE)
    views = Cloud(1, SHAPE, rows["rgb"], rows["label"], rows["predicted"], rows["confidence"])
    kept = keyframe_of(views, Progress())
    arrays = (kept.positions, kept.rgb, kept.label, kept.predicted, kept.confidence)
    assert all(array.base is None and array.flags.c_contiguous for array in arrays)
    assert kept.nbytes == sum(array.nbytes for array in arrays) == BYTES


def test_positions_beyond_what_is_kept_stay_finite() -> None:
    assert np.isfinite(keyframe_of(replace(cloud(1), positions=1e9 * SHAPE), Progress()).positions).all()


GAPS = st.lists(st.integers(1, 20 * S), min_size=1, max_size=150)


@settings(deadline=None)
@given(GAPS, st.integers(0, 30))
def test_whatever_comes_the_first_stays_memory_is_bounded_times_rise_and_nothing_is_far_between(
    gaps: list[int], most: int
) -> None:
    frames = Keyframes(most * BYTES)
    stamps = np.cumsum([S, *gaps])
    taken = [int(s) for s in stamps if frames.note(cloud(int(s)), Progress()) is not None]
    kept = frames.stamps
    assert kept[0] == stamps[0]
    assert kept[-1] == taken[-1]
    assert stamps[-1] - kept[-1] < max(FIRST_PERIOD_NS, (kept[-1] - kept[0]) // (2 * max(most, 2)) + 1)
    assert (np.diff(kept) > 0).all()
    assert [f.stamp_ns for f in frames.all] == kept.tolist()
    assert sum(f.nbytes for f in frames.all) <= max(most, 2) * BYTES
    widest = max(np.diff(taken), default=0)
    even = 2 * (kept[-1] - kept[0]) / max(max(most, 2) - 1, 1)
    assert max(np.diff(kept), default=0) <= max(widest, even)


@given(st.lists(st.integers(1, 10**12), min_size=2, max_size=60), st.integers(2, 20))
def test_thinning_keeps_first_and_last_and_takes_no_more_than_it_must(gaps: list[int], most: int) -> None:
    before = [frame(int(stamp)) for stamp in np.cumsum(gaps)]
    after = thinned(before, most)
    assert len(after) == min(len(before), most)
    assert (after[0], after[-1]) == (before[0], before[-1])
    places = [before.index(f) for f in after]
    assert places == sorted(places)


def test_of_many_frames_the_one_goes_whose_neighbours_are_nearest_to_each_other() -> None:
    frames = [frame(second * S) for second in (1, 11, 12, 51, 52)]
    assert [f.stamp_ns // S for f in thinned(frames, 4)] == [1, 12, 51, 52]


def test_no_more_frames_are_taken_in_than_twice_as_many_as_stay() -> None:
    frames = Keyframes(10 * BYTES)
    for second in range(1, 202):
        frames.note(cloud(second * S), Progress())
    newest, period = int(frames.stamps[-1]), int(frames.stamps[-1] - S) // 20
    assert period > 9 * S
    assert [frames.wants(cloud(newest + away)) for away in (period - S, period + S)] == [False, True]


def test_frames_of_an_even_session_are_kept_evenly() -> None:
    frames = Keyframes(20 * BYTES)
    for tenth in range(6_000):
        frames.note(cloud(S + tenth * S // 10), Progress())
    gaps = np.diff(frames.stamps) / S
    assert 10 <= len(frames) <= 20
    assert gaps.max() <= 2 * 600 / 19 + 1
    assert gaps.max() / gaps[:-1].min() <= 4.5


@pytest.mark.parametrize("other", [cloud(900 * S, items=12), cloud(S)])
def test_a_cloud_of_another_size_or_of_long_before_begins_anew(other: Cloud) -> None:
    frames = Keyframes(10 * BYTES)
    frames.note(cloud(800 * S), Progress())
    frames.note(cloud(810 * S), Progress())
    assert frames.note(other, Progress()) is not None
    assert frames.stamps.tolist() == [other.stamp_ns]


def test_a_cloud_that_comes_too_late_by_a_little_is_left_out() -> None:
    frames = Keyframes(10 * BYTES)
    frames.note(cloud(800 * S), Progress())
    assert frames.note(cloud(799 * S), Progress()) is None
    assert frames.note(cloud(800 * S + FIRST_PERIOD_NS - 1), Progress()) is None
    assert frames.note(cloud(800 * S + FIRST_PERIOD_NS), Progress()) is not None


def test_the_epoch_of_the_newest_frame_may_come_after_it() -> None:
    frames = Keyframes(10 * BYTES)
    frames.note(cloud(S), Progress(epoch=1, accuracy=0.5))
    frames.note(cloud(2 * S), Progress(epoch=1, accuracy=0.6))
    frames.note_epoch(2 * S, 2)
    frames.note_epoch(S, 9)
    assert [(f.epoch, f.progress.accuracy) for f in frames.all] == [(1, 0.5), (2, 0.6)]


def test_what_was_before_is_put_before_within_the_same_memory() -> None:
    frames = Keyframes(8 * BYTES)
    for second in range(50, 60):
        frames.note(cloud(second * S), Progress())
    frames.precede([frame(second * S) for second in range(1, 70)])
    assert frames.stamps[0] == S
    assert frames.stamps[-1] == 59 * S
    assert len(frames) == 8
    assert (np.diff(frames.stamps) > 0).all()
    frames.precede([keyframe_of(cloud(1, items=3), Progress())])
    assert frames.stamps[0] == S


def test_a_trail_is_where_an_item_was_in_every_frame_and_its_colour_there() -> None:
    frames = Keyframes(10 * BYTES)
    for second in (1, 2, 3):
        frames.note(replace(cloud(second * S, at=float(second)), rgb=np.full(ITEMS, second, np.uint32)), Progress())
    positions, rgb = frames.trail(4)
    np.testing.assert_allclose(positions, SHAPE[4] + np.array([[1.0], [2.0], [3.0]]), atol=2e-3)
    assert rgb.tolist() == [1, 2, 3]


# What happened


def told(frames: list[Keyframe]) -> list[tuple[int, What]]:
    changes = Changes()
    return [(event.stamp_ns // S, event.what) for f in frames for event in changes.note(f)]


def test_a_cloud_that_rests_is_no_event() -> None:
    assert told([frame(s * S, predicted=1) for s in range(1, 40)]) == []


def test_a_large_move_is_told_once_and_a_slow_one_when_it_has_become_large() -> None:
    assert told([frame(s * S, at=2.0 if s >= 20 else 0.0) for s in range(1, 40)]) == [(20, What.MOVES)]
    slow = [frame(s * S, at=0.01 * s) for s in range(1, 200)]
    way = 1.98 * 3**0.5 / np.sqrt(((SHAPE - SHAPE.mean(axis=0)) ** 2).sum(axis=1).mean())
    assert way / 0.25 - 1.5 <= len(told(slow)) <= way / 0.25
    fast = told([frame(s * S, at=5.0 * s) for s in range(1, 60)])
    assert all(b - a >= 5 for (a, _), (b, _) in pairwise(fast))


def test_predictions_that_flip_are_told_once_and_the_first_ones_are_no_flips() -> None:
    kinds = [NONE] * 10 + [1] * 20 + [2] * 20
    found = Changes()
    events = [e for s, kind in enumerate(kinds) for e in found.note(frame((s + 1) * S, predicted=kind))]
    assert [(e.stamp_ns // S, e.what, e.count) for e in events] == [(31, What.FLIPS, ITEMS)]


def test_few_flips_are_no_event_until_they_add_up() -> None:
    def with_flips(second: int, count: int) -> Keyframe:
        kinds = np.where(np.arange(ITEMS) < count, 2, 1).astype(np.int16)
        return keyframe_of(replace(cloud(second * S), predicted=kinds), Progress())

    assert told([with_flips(s, 1) for s in range(2)] + [with_flips(s, 1) for s in range(2, 30)]) == []
    assert told([with_flips(10 * s, s) for s in range(4)]) == [(20, What.FLIPS)]


@given(st.floats(0.01, 100.0), st.floats(0.0, 3.0))
def test_how_far_a_cloud_moved_does_not_depend_on_its_scale(scale: float, shift: float) -> None:
    def scaled(by: float) -> float:
        one, other = (
            keyframe_of(replace(cloud(1), positions=np.float32(by) * (SHAPE + np.float32(at))), Progress())
            for at in (0.0, shift)
        )
        return moved_share(one, other)

    assert scaled(scale) == pytest.approx(scaled(1.0), abs=0.02)


def test_how_far_a_large_cloud_moved_is_told_from_some_items_as_from_all() -> None:
    count = 70_000
    random = np.random.default_rng(2)
    was, way = random.normal(size=(2, count, 3))
    now = was + way * np.linspace(0.0, 1.0, count)[:, None]
    none = np.full(count, NONE, np.int16)
    one, other = (
        keyframe_of(Cloud(1, at.astype(np.float32), np.zeros(count, np.uint32), none, none, np.ones(count)), Progress())
        for at in (was, now)
    )
    radius = np.sqrt(((was - was.mean(axis=0)) ** 2).sum(axis=1).mean())
    wanted = np.median(np.linalg.norm(now - was, axis=1)) / radius
    assert moved_share(one, other) == pytest.approx(wanted, rel=0.03)


def entry(kind: Kind, category: int = 2, stamp_ns: int = 9) -> LabelEvent:
    ids = np.arange(3, dtype=np.uint32) if kind in (Kind.ASSIGN, Kind.ERASE) else np.zeros(0, np.uint32)
    return LabelEvent("e", kind, category, ids, author="ann", epoch=4, seq=1, committed_ns=stamp_ns)


@pytest.mark.parametrize(
    ("kind", "what", "words"),
    [
        (Kind.ASSIGN, What.LABELS, "3 items marked as cat, by ann"),
        (Kind.ERASE, What.LABELS, "3 items erased, by ann"),
        (Kind.RETRACT, What.UNDO, "undone, by ann"),
        (Kind.RESTORE, What.REDO, "redone, by ann"),
    ],
)
def test_an_entry_of_the_journal_is_an_event_at_the_time_it_was_committed(kind: Kind, what: What, words: str) -> None:
    event = event_of(entry(kind))
    assert (event.what, event.stamp_ns, event.epoch) == (what, 9, 4)
    assert in_words(event, {2: "cat"}) == words


def test_every_kind_of_event_has_words() -> None:
    assert all(in_words(Event(1, what, text="new category owl"), {}) for what in What)


def test_what_became_of_categories_is_told() -> None:
    before = [Category(0, "ant", 1), Category(1, "bee", 2), Category(2, "cat", 3)]
    after = [Category(0, "ant", 9), Category(1, "wasp", 2), Category(2, "cat", 3, retired=True), Category(3, "owl", 4)]
    assert category_changes(before, after) == "ant has another colour; bee is now wasp; cat retired; new category owl"
    assert category_changes(after, before) == "ant has another colour; wasp is now bee; cat restored"
    assert category_changes(before, before) == ""


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(0, 50))
def test_events_are_found_as_by_looking_at_each(stamps: list[int], at: int) -> None:
    events = Events()
    events.add([Event(stamp, What.UNDO) for stamp in stamps])
    assert [e.stamp_ns for e in events.all] == sorted(stamps)
    before, after = events.before(at), events.after(at)
    assert (before.stamp_ns if before else None) == max((s for s in stamps if s < at), default=None)
    assert (after.stamp_ns if after else None) == min((s for s in stamps if s > at), default=None)
    assert len(events.at(at)) == stamps.count(at)


def test_there_are_never_more_events_than_memory_allows() -> None:
    events = Events()
    events.add([Event(stamp, What.UNDO) for stamp in range(MOST_EVENTS + 5)])
    assert len(events) == MOST_EVENTS
    assert events.all[0].stamp_ns == 5


# The bar


@given(st.lists(st.integers(S, 10**14), min_size=1, max_size=40), st.floats(0, 1))
def test_the_bar_goes_from_the_first_to_the_newest_and_its_places_are_times_and_back(
    gaps: list[int], share: float
) -> None:
    stamps = 1_700_000_000 * S + np.cumsum([0, *gaps])
    axis = Axis(stamps)
    shares = [axis.share(int(stamp)) for stamp in stamps]
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert shares == sorted(shares)
    assert axis.share(axis.stamp_ns(share)) == pytest.approx(share, abs=1e-3)
    assert (axis.share(0), axis.share(2**62)) == (0.0, 1.0)


def test_a_night_between_two_parts_of_a_session_takes_no_room() -> None:
    stamps = np.array([*range(100), *range(40_000, 40_100)], np.int64) * S
    axis = Axis(stamps)
    assert axis.share(40_000 * S) - axis.share(99 * S) == pytest.approx(10 / 208)
    assert Axis(stamps[:100]).share(33 * S) == pytest.approx(1 / 3)


def test_one_frame_is_a_bar_too() -> None:
    axis = Axis(np.array([5], np.int64))
    assert axis.share(5) == 0.0
    assert axis.stamp_ns(1.0) == 5


@pytest.mark.parametrize(
    ("seconds", "words", "about"),
    [
        (-1, "0:00", "0 s"),
        (7, "0:07", "0 s"),
        (133, "2:13", "2 min"),
        (750, "12:30", "12 min"),
        (11_040, "3:04:00", "3 h"),
        (180_000, "2 days", "2 days"),
    ],
)
def test_spans_of_time_in_words(seconds: int, words: str, about: str) -> None:
    assert (span_in_words(seconds * S), about_in_words(seconds * S)) == (words, about)


# Going back


def session(seconds: int = 100) -> Timeline:
    """One frame a second, labels in seconds 30 and 60, the newest cloud half a second after the last frame."""
    timeline = Timeline(600 * BYTES)
    for second in range(1, seconds + 1):
        timeline.note(cloud(second * S), Progress(epoch=second))
    timeline.note(cloud(seconds * S + S // 4), Progress(epoch=seconds))
    timeline.note_labels([entry(Kind.ASSIGN, stamp_ns=30 * S + 5), entry(Kind.RETRACT, stamp_ns=60 * S + 5)])
    return timeline


def where(looking: LookingBack) -> int | None:
    return looking.frame.stamp_ns // S if looking.frame is not None else None


def test_going_from_event_to_event_shows_the_cloud_before_each_and_ends_at_now() -> None:
    looking = LookingBack(session())
    seen = []
    for leap in (Leap.EARLIER_EVENT,) * 3 + (Leap.LATER_EVENT,) * 3:
        looking.leap(leap)
        seen.append((where(looking), [e.what for e in looking.events]))
    labels, undo = (30, [What.LABELS]), (60, [What.UNDO])
    assert seen == [undo, labels, labels, undo, (None, []), (None, [])]


def test_what_happened_before_the_oldest_cloud_cannot_be_gone_to() -> None:
    timeline = session()
    timeline.note_labels([entry(Kind.ASSIGN, stamp_ns=S // 2)])
    looking = LookingBack(timeline)
    for _ in range(5):
        looking.leap(Leap.EARLIER_EVENT)
    assert where(looking) == 30


def test_what_has_happened_since_the_newest_cloud_leads_nobody_away_from_now() -> None:
    timeline = session()
    timeline.note_labels([entry(Kind.ASSIGN, stamp_ns=200 * S)])
    looking = LookingBack(timeline)
    looking.leap(Leap.LATER_EVENT)
    assert where(looking) is None


def test_going_from_cloud_to_cloud() -> None:
    looking = LookingBack(session())
    leaps = (Leap.EARLIER, Leap.EARLIER, Leap.LATER, Leap.LATER, Leap.LATER, Leap.BEGINNING, Leap.EARLIER, Leap.NOW)
    seen = []
    for leap in leaps:
        looking.leap(leap)
        seen.append(where(looking))
    assert seen == [100, 99, 100, None, None, 1, 1, None]


@given(st.floats(0, 0.999))
def test_scrubbing_shows_the_frame_nearest_to_that_place_as_it_was_kept(share: float) -> None:
    timeline = session(20)
    looking = LookingBack(timeline)
    looking.scrub(share)
    at_s = 1 + 19.25 * share
    frame = looking.frame
    assert frame is not None
    assert frame in timeline.frames.all
    assert abs(frame.stamp_ns / S - at_s) <= 0.5001 or frame.stamp_ns == 20 * S
    looking.scrub(1.0)
    assert looking.frame is None


@pytest.mark.parametrize("leap", list(Leap))
def test_there_is_nothing_but_now_where_nothing_is_kept(leap: Leap) -> None:
    looking = LookingBack(Timeline(1))
    looking.leap(leap)
    looking.scrub(0.3)
    assert looking.frame is None


@given(st.lists(st.integers(1, 60), min_size=1, max_size=30, unique=True), st.integers(1, 70))
def test_one_looks_at_the_frame_nearest_to_a_time_and_stays_at_it_whatever_comes(
    seconds: list[int], wanted: int
) -> None:
    timeline = Timeline(1_000_000)
    for second in sorted(seconds):
        timeline.note(cloud(second * S), Progress(epoch=second))
    looking = LookingBack(timeline)
    looking.look_at(wanted * S)
    seen = looking.frame
    assert seen is not None
    assert abs(seen.stamp_ns - wanted * S) == min(abs(second - wanted) for second in seconds) * S
    assert looking.at_ns == seen.stamp_ns
    timeline.note(cloud((wanted + 70) * S), Progress())
    timeline.frames.fill([frame(1), frame(wanted * S), timeline.frames.all[-1]])
    looking.look_at(wanted * S)
    assert looking.frame is seen
    looking.look_at(0)
    assert looking.frame is None
    looking.look_at(wanted * S)
    assert looking.frame is not seen


def test_one_comes_back_to_what_was_looked_at_also_when_it_is_no_longer_kept() -> None:
    timeline = Timeline(3 * BYTES)
    for second in range(1, 4):
        timeline.note(cloud(second * S), Progress())
    looking = LookingBack(timeline)
    looking.leap(Leap.EARLIER)
    before = looking.frame
    for second in range(4, 40):
        timeline.note(cloud(second * S), Progress())
    assert before is not None
    assert before not in timeline.frames.all
    looking.show(None)
    assert looking.frame is None
    looking.show(before)
    assert (looking.frame, looking.at_ns) == (before, before.stamp_ns)


def test_a_timeline_that_does_not_tell_keeps_the_same_frames_and_has_no_events_of_them() -> None:
    one, other = Timeline(1_000_000), Timeline(1_000_000, tells=False)
    for second in range(1, 30):
        for timeline in (one, other):
            timeline.note(cloud(second * S, at=float(second), predicted=second % 3), Progress())
    assert other.frames.stamps.tolist() == one.frames.stamps.tolist()
    assert len(one.events) > 3
    assert len(other.events) == 0


def test_what_is_looked_at_stays_also_when_it_is_no_longer_kept() -> None:
    timeline = Timeline(4 * BYTES)
    for second in range(1, 5):
        timeline.note(cloud(second * S, at=float(second)), Progress())
    looking = LookingBack(timeline)
    looking.leap(Leap.EARLIER_EVENT)
    looking.leap(Leap.BEGINNING)
    looking.leap(Leap.LATER)
    for second in range(5, 400):
        timeline.note(cloud(second * S), Progress())
    assert 2 * S not in timeline.frames.stamps
    assert where(looking) == 2


def test_the_first_list_of_categories_is_no_event_and_later_ones_are() -> None:
    timeline = session()
    before = len(timeline.events)
    timeline.note_categories([Category(0, "ant", 1)], 40 * S, 40)
    timeline.note_categories([Category(0, "ant", 1)], 41 * S, 41)
    assert len(timeline.events) == before
    timeline.note_categories([Category(0, "ant", 1), Category(1, "owl", 2)], 42 * S, 42)
    (event,) = timeline.events.at(42 * S)
    assert (event.what, event.epoch, in_words(event, {})) == (What.CATEGORIES, 42, "new category owl")


def test_an_earlier_part_is_put_before_with_what_happened_in_it_but_labels_which_the_journal_tells() -> None:
    earlier, timeline = session(50), Timeline(600 * BYTES)
    earlier.note_categories([], 20 * S, 20)
    earlier.note_categories([Category(1, "owl", 2)], 21 * S, 21)
    for second in range(45, 60):
        timeline.note(cloud(second * S), Progress())
    changes = timeline.changes
    timeline.precede(earlier)
    assert timeline.changes > changes
    assert [s // S for s in timeline.frames.stamps] == list(range(1, 60))
    assert [(e.stamp_ns // S, e.what) for e in timeline.events.all] == [(21, What.CATEGORIES)]


def test_another_session_has_a_timeline_of_its_own() -> None:
    timeline = session()
    timeline.note(cloud(500 * S, items=5), Progress())
    assert (len(timeline), len(timeline.events)) == (1, 0)
