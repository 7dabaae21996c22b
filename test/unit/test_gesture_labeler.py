"""From hands to marks: what is marked, on which frame, and when nothing is."""

from dataclasses import replace

import numpy as np
import pytest

from gesture_labeler.labeler import Labeler
from gesture_labeler.outcome import Outcome
from gesture_labeler.parameters import Parameters
from latentvr_common import palette, rotations
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.gestures import Phase, Report, Side
from latentvr_common.hands import FULLY_TRACKED, JOINT_COUNT, Hand, Hands, Joint
from latentvr_common.labels import Category, Kind, LabelEvent
from latentvr_common.placement import Placement
from latentvr_common.selecting.frames import Frame, Frames
from latentvr_common.selecting.stroke import Stroke

RANDOM = np.random.default_rng(2)
RATE_HZ = 72
STEP_NS = 1_000_000_000 // RATE_HZ
CATEGORIES = [Category(0, "ant", 0), Category(1, "bee", 0)]
PALM_UP = rotations.about_axis(np.array([0.0, 0.0, 1.0]), np.pi)


def cloud_of(positions: np.ndarray, stamp_ns: int, label: int = NONE) -> Cloud:
    count = len(positions)
    return Cloud(
        stamp_ns,
        positions.astype(np.float32),
        np.zeros(count, np.uint32),
        np.full(count, label, np.int16),
        np.full(count, NONE, np.int16),
        np.zeros(count, np.float32),
    )


def hand_at(place: np.ndarray, gap_m: float, palm: np.ndarray = rotations.IDENTITY) -> Hand:
    positions = np.tile(place, (JOINT_COUNT, 1)).astype(float)
    half = np.array([gap_m / 2 + 0.008, 0.0, 0.0])
    positions[Joint.THUMB_TIP] -= half
    positions[Joint.INDEX_TIP] += half
    return Hand(
        True,
        positions,
        np.tile(palm, (JOINT_COUNT, 1)),
        np.full(JOINT_COUNT, 0.008),
        np.full(JOINT_COUNT, FULLY_TRACKED, dtype=np.uint8),
    )


FAR = hand_at(np.array([-0.5, 0.8, 0.0]), 0.06)


class Bench:
    """A labeler with a grid of points, whose right hand is moved about in latent units."""

    def __init__(self, **parameters: object) -> None:
        self.labeler = Labeler(Parameters(smoothing=1.0, **parameters))
        self.labeler.set_categories(CATEGORIES)
        self.labeler.place(Placement(np.array([0.2, 1.1, -0.5]), rotations.about_axis(np.array([0, 1.0, 0]), 0.7)))
        self.labeler.hold(replace(self.labeler.tool, category=1))
        axis = np.linspace(-1, 1, 11)
        self.grid = np.stack(np.meshgrid(axis, axis, axis), -1).reshape(-1, 3)
        self.now_ns = 0
        self.outcomes: list[Outcome] = []
        self.labeler.see(cloud_of(self.grid, 0))

    @property
    def radius(self) -> float:
        return self.labeler.tool.radius_m / self.labeler.placement.scale

    def show(self, latent: np.ndarray, gap_m: float, seconds: float, other: Hand = FAR, tracked: bool = True) -> None:
        place = self.labeler.placement.stage_from_latent(np.asarray(latent, dtype=float))
        hand = hand_at(place, gap_m) if tracked else Hand()
        for _ in range(round(seconds * RATE_HZ)):
            self.now_ns += STEP_NS
            self.take(Hands(self.now_ns, other, hand))

    def take(self, hands: Hands) -> None:
        outcome = self.labeler.update(hands)
        assert outcome is not None
        self.outcomes.append(outcome)

    def drag(self, a: np.ndarray, b: np.ndarray, steps: int) -> None:
        for share in np.linspace(0, 1, steps):
            self.show(np.asarray(a) + share * (np.asarray(b) - a), 0.0, 1 / RATE_HZ)

    @property
    def reports(self) -> list[Report]:
        return [report for outcome in self.outcomes for report in outcome.reports]

    @property
    def commits(self) -> list[LabelEvent]:
        return [o.commit for o in self.outcomes if o.commit is not None]

    def cancelled(self) -> list[str]:
        return [r.detail for r in self.reports if r.phase is Phase.CANCEL]


def test_a_pinch_marks_what_lies_in_the_brush_and_names_where_it_was() -> None:
    bench = Bench()
    spot = np.array([0.2, 0.0, -0.2])
    bench.show(spot, 0.06, 0.2)
    bench.show(spot, 0.0, 0.3)
    bench.show(spot, 0.06, 0.3)
    (event,) = bench.commits
    expected = np.flatnonzero(np.linalg.norm(bench.grid - spot, axis=1) <= bench.radius)
    assert event.sample_ids.tolist() == expected.tolist()
    assert (event.kind, event.category, event.gesture, event.author) == (Kind.ASSIGN, 1, "pinch_brush", "person")
    np.testing.assert_allclose(event.region.centers, np.tile(spot, (len(event.region.centers), 1)), atol=1e-6)
    assert [r.phase for r in bench.reports if r.phase is not Phase.UPDATE] == [Phase.BEGIN]
    end = next(o.end for o in bench.outcomes if o.end is not None)
    assert (end.phase, end.samples, end.gesture_id) == (Phase.END, len(expected), event.event_id)


def test_a_fast_stroke_leaves_no_gaps() -> None:
    bench = Bench()
    a, b = np.array([-0.8, 0.0, 0.0]), np.array([0.8, 0.0, 0.0])
    bench.show(a, 0.06, 0.2)
    bench.show(a, 0.0, 0.2)
    bench.drag(a, b, 12)
    bench.show(b, 0.0, 0.1)
    bench.show(b, 0.06, 0.3)
    (event,) = bench.commits
    inside = bench.grid[:, 0].clip(-0.8, 0.8)
    away = np.linalg.norm(bench.grid - np.stack([inside, 0 * inside, 0 * inside], 1), axis=1)
    assert set(np.flatnonzero(away <= 0.95 * bench.radius)) <= set(event.sample_ids.tolist())
    assert (away[event.sample_ids] <= bench.radius + 1e-6).all()


def test_the_stroke_does_not_grow_while_the_fingers_open() -> None:
    bench = Bench()
    spot, away = np.zeros(3), np.array([0.6, 0.0, 0.0])
    bench.show(spot, 0.06, 0.2)
    bench.show(spot, 0.0, 0.2)
    bench.show((spot + away) / 12, 0.06, 1 / RATE_HZ)
    bench.show(away / 5, 0.06, 0.3)
    (event,) = bench.commits
    assert (np.linalg.norm(bench.grid[event.sample_ids], axis=1) <= bench.radius).all()


def test_what_the_person_saw_is_what_is_marked_although_the_cloud_moves_on() -> None:
    bench = Bench()
    spot = np.zeros(3)
    bench.show(spot, 0.06, 0.2)
    bench.show(spot, 0.0, 0.2)
    bench.labeler.see(cloud_of(bench.grid + 5.0, bench.now_ns + 2 * STEP_NS))
    bench.show(spot, 0.06, 0.3)
    (event,) = bench.commits
    assert len(event.sample_ids) == int((np.linalg.norm(bench.grid, axis=1) <= bench.radius).sum())
    assert event.cloud_stamp_ns == 0


def test_points_that_training_brings_into_the_brush_are_marked_too() -> None:
    bench = Bench()
    spot = np.array([3.0, 0.0, 0.0])
    bench.show(spot, 0.06, 0.2)
    bench.show(spot, 0.0, 0.2)
    moved = bench.grid.copy()
    moved[7] = spot
    bench.labeler.see(cloud_of(moved, bench.now_ns))
    bench.labeler.note_epoch(bench.now_ns, 12)
    stamp_ns = bench.now_ns
    bench.show(spot, 0.0, 0.1)
    bench.show(spot, 0.06, 0.3)
    (event,) = bench.commits
    assert event.sample_ids.tolist() == [7]
    assert (event.cloud_stamp_ns, event.epoch) == (stamp_ns, 12)


def test_the_preview_counts_labels_and_equals_what_is_committed() -> None:
    bench = Bench()
    bench.labeler.see(cloud_of(bench.grid, 1, label=0))
    bench.show(np.zeros(3), 0.06, 0.2)
    bench.show(np.zeros(3), 0.0, 0.2)
    bench.show(np.zeros(3), 0.06, 0.3)
    preview = [o.preview for o in bench.outcomes if o.preview is not None][-1]
    (event,) = bench.commits
    assert preview.sample_ids.tolist() == event.sample_ids.tolist()
    assert preview.label_counts == {0: len(event.sample_ids)}
    assert (preview.gesture_id, preview.category, preview.cloud_stamp_ns) == (event.event_id, 1, 1)


def paint(bench: Bench, seconds: float = 0.2) -> None:
    bench.show(np.zeros(3), 0.06, 0.2)
    bench.show(np.zeros(3), 0.0, seconds)


def test_a_lost_hand_cancels_and_never_commits() -> None:
    bench = Bench()
    paint(bench)
    bench.show(np.zeros(3), 0.0, 0.5, tracked=False)
    bench.show(np.zeros(3), 0.0, 0.5)
    bench.show(np.zeros(3), 0.06, 0.5)
    assert bench.cancelled() == ["hand lost"]
    assert bench.commits == []


def test_hands_that_no_longer_arrive_cancel() -> None:
    bench = Bench()
    paint(bench)
    bench.outcomes.append(bench.labeler.miss(0.1))
    assert bench.cancelled() == []
    bench.outcomes.append(bench.labeler.miss(0.2))
    assert bench.cancelled() == ["hands no longer arrive"]


def test_hands_that_always_come_slowly_are_waited_for_longer() -> None:
    bench = Bench()
    spot = bench.labeler.placement.stage_from_latent(np.zeros(3))
    for gap_m in (0.06, 0.06, 0.0, 0.0, 0.0, 0.0):
        bench.now_ns += 150_000_000
        bench.take(Hands(bench.now_ns, FAR, hand_at(spot, gap_m)))
    assert bench.reports[-1].phase is Phase.UPDATE
    bench.outcomes.append(bench.labeler.miss(0.29))
    assert bench.cancelled() == []
    bench.outcomes.append(bench.labeler.miss(0.31))
    assert bench.cancelled() == ["hands no longer arrive"]


def test_opening_the_other_palm_takes_the_stroke_back() -> None:
    bench = Bench()
    paint(bench)
    bench.show(np.zeros(3), 0.0, 0.1, other=hand_at(np.array([-0.5, 0.8, 0.0]), 0.06, PALM_UP))
    bench.show(np.zeros(3), 0.06, 0.3)
    assert bench.cancelled() == ["the other palm opened"]
    assert bench.commits == []


def test_without_a_category_a_pinch_says_what_to_do() -> None:
    bench = Bench()
    bench.labeler.hold(replace(bench.labeler.tool, category=NONE))
    paint(bench)
    bench.show(np.zeros(3), 0.06, 0.3)
    assert bench.cancelled() == ["no category chosen: poke one on the palette of the other palm"]


def test_without_a_cloud_a_pinch_is_cancelled() -> None:
    bench = Bench()
    bench.labeler._room.frames = Frames()
    paint(bench)
    assert bench.cancelled() == ["there is no cloud yet"]


def test_a_category_that_is_retired_while_it_is_painted_cancels() -> None:
    bench = Bench()
    paint(bench)
    bench.labeler.set_categories([CATEGORIES[0], replace(CATEGORIES[1], retired=True)])
    bench.show(np.zeros(3), 0.0, 0.1)
    assert bench.cancelled() == ["the category was retired"]


def test_a_cloud_of_another_size_cancels() -> None:
    bench = Bench()
    paint(bench)
    bench.labeler.see(cloud_of(bench.grid[:-1], bench.now_ns))
    bench.show(np.zeros(3), 0.0, 0.1)
    assert bench.cancelled() == ["the cloud was replaced by another"]


def test_a_stroke_through_nothing_is_cancelled() -> None:
    bench = Bench()
    bench.show(np.full(3, 4.0), 0.06, 0.2)
    bench.show(np.full(3, 4.0), 0.0, 0.2)
    bench.show(np.full(3, 4.0), 0.06, 0.3)
    assert bench.cancelled() == ["no point in the brush"]


def test_hands_that_are_not_newer_change_nothing() -> None:
    bench = Bench()
    paint(bench)
    assert bench.labeler.update(Hands(bench.now_ns, FAR, hand_at(np.zeros(3), 0.0))) is None
    assert bench.labeler.update(Hands(bench.now_ns - STEP_NS, FAR, hand_at(np.zeros(3), 0.0))) is None


@pytest.mark.parametrize(
    ("step_ns", "reason"),
    [(-3_600_000_000_000, "hands no longer arrive"), (10**18, "hands did not arrive for a while")],
)
def test_after_the_clock_was_set_hands_are_taken_again_and_the_stroke_is_cancelled(step_ns: int, reason: str) -> None:
    bench = Bench()
    bench.now_ns = 7_200_000_000_000
    paint(bench)
    if step_ns > 0:
        # One message from the far future: all that follow are older.
        bench.take(Hands(bench.now_ns + step_ns, FAR, hand_at(np.zeros(3), 0.0)))
    else:
        bench.now_ns += step_ns
    assert bench.labeler.update(Hands(bench.now_ns + STEP_NS, FAR, FAR)) is None
    bench.outcomes.append(bench.labeler.miss(0.2))
    assert bench.cancelled() == [reason]
    paint(bench)
    bench.show(np.zeros(3), 0.06, 0.3)
    assert len(bench.commits) == 1


def poke(bench: Bench, action: str) -> None:
    other = hand_at(np.array([-0.3, 1.0, -0.3]), 0.06, PALM_UP)
    pose = palette.palette_pose(other)
    assert pose is not None
    button = next(b for b in palette.buttons(CATEGORIES) if b.action == action)
    for height_m in (0.05, 0.02, -0.005, 0.05):
        hand = hand_at(pose.stage_from_palette(button.center, height_m), 0.06)
        hand.positions[Joint.INDEX_TIP] = pose.stage_from_palette(button.center, height_m)
        bench.now_ns += STEP_NS
        bench.take(Hands(bench.now_ns, other, hand))


def test_a_poke_chooses_what_the_next_stroke_paints() -> None:
    bench = Bench()
    poke(bench, "category:0")
    assert [(r.name, r.detail, r.category) for r in bench.reports] == [("poke", "category:0", 0)]
    paint(bench)
    bench.show(np.zeros(3), 0.06, 0.3)
    assert [e.category for e in bench.commits] == [0]


def test_pokes_change_the_size_of_the_brush_and_say_it() -> None:
    bench = Bench()
    before = bench.labeler.tool.radius_m
    poke(bench, "brush_larger")
    assert bench.reports[-1].radius_m == bench.labeler.tool.radius_m > before
    poke(bench, "brush_smaller")
    assert bench.labeler.tool.radius_m == pytest.approx(before)


def test_a_pinch_at_the_palette_paints_nothing() -> None:
    bench = Bench()
    other = hand_at(np.array([-0.3, 1.0, -0.3]), 0.06, PALM_UP)
    place = bench.labeler.placement.latent_from_stage(np.array([-0.3, 1.07, -0.3]))
    bench.show(place, 0.06, 0.2, other=other)
    bench.show(place, 0.0, 0.3, other=other)
    assert bench.cancelled() == ["pinched at the palette"]


def test_a_left_handed_person_paints_with_the_left() -> None:
    bench = Bench(dominant_hand="left")
    spot = bench.labeler.placement.stage_from_latent(np.zeros(3))
    for gap_m in (0.06, 0.0, 0.06):
        for _ in range(20):
            bench.now_ns += STEP_NS
            bench.take(Hands(bench.now_ns, hand_at(spot, gap_m), FAR))
    assert len(bench.commits) == 1
    assert bench.labeler.tool.side is Side.LEFT


def test_the_frame_shown_is_the_newest_that_is_not_younger_than_the_hands() -> None:
    frames = Frames()
    assert frames.shown_at(5) is None
    for stamp in (10, 20, 30):
        frames.add(cloud_of(np.zeros((3, 3)), stamp))
        frames.note_epoch(stamp, stamp // 10)
    shown = [frames.shown_at(t) for t in (5, 10, 19, 20, 99)]
    assert [(f.cloud.stamp_ns, f.epoch) for f in shown if f] == [(10, 1), (10, 1), (10, 1), (20, 2), (30, 3)]


def test_a_brush_at_rest_adds_no_spheres() -> None:
    stroke = Stroke(10)
    frame = Frame(cloud_of(RANDOM.normal(size=(10, 3)), 1), 0)
    for _ in range(50):
        stroke.extend(frame, np.zeros(3), 0.1)
    assert len(stroke.region().radii) <= 2
