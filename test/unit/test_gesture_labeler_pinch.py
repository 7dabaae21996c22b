"""Pinch and poke: thresholds, times, and every failure that was seen in the field."""

import numpy as np
import pytest

from gesture_labeler.parameters import Parameters
from gesture_labeler.pinch import Change, Pinch, touch_of
from gesture_labeler.poke import Descent
from latentvr_common import palette, rotations
from latentvr_common.hands import FULLY_TRACKED, JOINT_COUNT, Hand, Joint
from latentvr_common.labels import Category

RATE_HZ = 72
RADIUS_M = 0.008
RAW = Parameters(smoothing=1.0)


def hand_with_gap(gap_m: float, at: tuple[float, float, float] = (0.0, 1.0, -0.4)) -> Hand:
    """A hand whose thumb and index tips have `gap_m` between their surfaces, midway at `at`."""
    positions = np.tile(np.array(at), (JOINT_COUNT, 1))
    half = np.array([gap_m / 2 + RADIUS_M, 0.0, 0.0])
    positions[Joint.THUMB_TIP] -= half
    positions[Joint.INDEX_TIP] += half
    return Hand(
        True,
        positions,
        np.tile(rotations.IDENTITY, (JOINT_COUNT, 1)),
        np.full(JOINT_COUNT, RADIUS_M),
        np.full(JOINT_COUNT, FULLY_TRACKED, dtype=np.uint8),
    )


OPEN, CLOSED, LOST = hand_with_gap(0.06), hand_with_gap(0.0), Hand()


def play(hands: list[tuple[Hand, float]], parameters: Parameters = RAW) -> list[tuple[float, Change]]:
    """Show each hand for so many seconds; return what happened and when."""
    pinch, frame, happened = Pinch(parameters), 0, []
    for hand, seconds in hands:
        for _ in range(round(seconds * RATE_HZ)):
            frame += 1
            change = pinch.update(hand, frame / RATE_HZ)
            if change is not Change.NONE:
                happened.append((frame / RATE_HZ, change))
    return happened


def changes(hands: list[tuple[Hand, float]], parameters: Parameters = RAW) -> list[Change]:
    return [change for _, change in play(hands, parameters)]


def test_the_gap_is_between_surfaces_and_the_point_is_midway() -> None:
    touch = touch_of(hand_with_gap(0.02, (0.1, 1.2, -0.3)))
    assert touch is not None
    assert touch.gap_m == pytest.approx(0.02)
    np.testing.assert_allclose(touch.point, [0.1, 1.2, -0.3])


def test_a_pinch_begins_after_50_ms_closed_and_ends_after_100_ms_open() -> None:
    (began_s, began), (ended_s, ended) = play([(OPEN, 0.5), (CLOSED, 0.5), (OPEN, 0.5)])
    assert (began, ended) == (Change.BEGAN, Change.ENDED)
    assert 0.05 <= began_s - 0.5 < 0.05 + 3 / RATE_HZ
    assert 0.10 <= ended_s - 1.0 < 0.10 + 3 / RATE_HZ


@pytest.mark.parametrize(
    ("gap_m", "begins"), [(0.0, True), (0.0099, True), (0.0101, False), (0.0149, False), (0.03, False)]
)
def test_a_pinch_begins_at_10_mm(gap_m: float, begins: bool) -> None:
    assert (changes([(OPEN, 0.2), (hand_with_gap(gap_m), 0.5)]) == [Change.BEGAN]) == begins


@pytest.mark.parametrize(("gap_m", "ends"), [(0.0, False), (0.0149, False), (0.0151, True)])
def test_a_pinch_ends_at_15_mm(gap_m: float, ends: bool) -> None:
    found = changes([(OPEN, 0.2), (CLOSED, 0.3), (hand_with_gap(gap_m), 0.5)])
    assert found == ([Change.BEGAN, Change.ENDED] if ends else [Change.BEGAN])


def test_a_gap_that_flickers_around_one_threshold_gives_one_pinch() -> None:
    flicker = [(hand_with_gap(0.009 if i % 2 else 0.014), 1 / RATE_HZ) for i in range(72)]
    assert changes([(OPEN, 0.2), (CLOSED, 0.2), *flicker, (OPEN, 0.3)]) == [Change.BEGAN, Change.ENDED]


def test_short_touches_and_short_openings_are_noise() -> None:
    assert changes([(OPEN, 0.2), (CLOSED, 0.03), (OPEN, 0.3)]) == []
    assert changes([(OPEN, 0.2), (CLOSED, 0.2), (OPEN, 0.08), (CLOSED, 0.3)]) == [Change.BEGAN]


def test_a_single_wild_sample_does_not_pass_the_average() -> None:
    smooth = Parameters()
    assert changes([(OPEN, 0.2), (CLOSED, 1 / RATE_HZ), (OPEN, 0.3)], smooth) == []


def test_a_pinch_does_not_begin_in_a_frame_in_which_a_tip_jumps() -> None:
    smoothed = Parameters(smoothing=0.5)
    (plain,) = play([(OPEN, 0.5), (CLOSED, 0.5)], smoothed)
    before_s = plain[0] - 1 / RATE_HZ - 0.5
    jump = (hand_with_gap(0.018), 1 / RATE_HZ)
    (delayed,) = play([(OPEN, 0.5), (CLOSED, before_s), jump, (CLOSED, 0.5)], smoothed)
    assert plain[1] is delayed[1] is Change.BEGAN
    assert delayed[0] == pytest.approx(plain[0] + 1 / RATE_HZ), "one frame later, and no more"


def test_a_lost_hand_keeps_its_pinch_for_150_ms_and_then_cancels() -> None:
    assert changes([(OPEN, 0.2), (CLOSED, 0.3), (LOST, 0.12), (CLOSED, 0.3)]) == [Change.BEGAN]
    found = play([(OPEN, 0.2), (CLOSED, 0.3), (LOST, 0.5)])
    assert [change for _, change in found] == [Change.BEGAN, Change.LOST]
    assert 0.15 < found[1][0] - 0.5 < 0.15 + 3 / RATE_HZ


def test_a_hand_that_comes_back_closed_must_open_before_it_pinches_again() -> None:
    back = [(OPEN, 0.2), (CLOSED, 0.3), (LOST, 0.5), (CLOSED, 0.5)]
    assert changes(back) == [Change.BEGAN, Change.LOST]
    assert changes([*back, (OPEN, 0.2), (CLOSED, 0.2)]) == [Change.BEGAN, Change.LOST, Change.BEGAN]


def test_a_hand_that_appears_closed_has_not_pinched() -> None:
    assert changes([(CLOSED, 1.0)]) == []


def test_a_hand_that_goes_from_tracked_to_untracked_never_pinches() -> None:
    assert changes([(OPEN, 0.3), (LOST, 1.0)]) == []


def test_tips_that_are_valid_but_not_finite_are_a_lost_hand() -> None:
    broken = hand_with_gap(0.0)
    broken.positions[Joint.INDEX_TIP] = np.nan
    assert changes([(OPEN, 0.2), (CLOSED, 0.2), (broken, 0.5)]) == [Change.BEGAN, Change.LOST]


def test_joints_that_a_device_never_tracks_do_not_hinder_a_pinch() -> None:
    partly = [hand_with_gap(0.06), hand_with_gap(0.0)]
    for hand in partly:
        hand.validity[[0, 6, 11, 16, 21]] = 0
    assert changes([(partly[0], 0.2), (partly[1], 0.2)]) == [Change.BEGAN]


def test_a_hand_that_jumps_is_cancelled_and_does_not_pinch_where_it_lands() -> None:
    elsewhere = hand_with_gap(0.0, (0.5, 1.0, -0.4))
    assert changes([(OPEN, 0.2), (CLOSED, 0.3), (elsewhere, 0.5)]) == [Change.BEGAN, Change.JUMPED]


def test_a_fast_hand_is_no_jump() -> None:
    moving = [(hand_with_gap(0.0, (3.0 * i / RATE_HZ, 1.0, -0.4)), 1 / RATE_HZ) for i in range(36)]
    assert changes([(OPEN, 0.2), (CLOSED, 0.2), *moving]) == [Change.BEGAN]


CATEGORIES = [Category(0, "ant", 0), Category(3, "bee", 0)]
POSE = palette.PalettePose(
    np.array([0.0, 1.0, -0.3]), np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), np.array([0, 1.0, 0])
)


def finger_at(center: np.ndarray, height_m: float) -> Hand:
    hand = hand_with_gap(0.05)
    hand.positions[Joint.INDEX_TIP] = POSE.stage_from_palette(center, height_m + RADIUS_M)
    return hand


def poked(descent: Descent, finger: Hand, pose: palette.PalettePose | None = POSE) -> palette.Button | None:
    touch = descent.update(finger, pose)
    return None if touch is None else palette.button_at(palette.buttons(CATEGORIES), touch)


def pokes(heights_m: list[float], center: np.ndarray) -> list[int]:
    descent = Descent(0.012)
    found = [poked(descent, finger_at(center, h)) for h in heights_m]
    return [b.category for b in found if b is not None]


def test_a_finger_pokes_a_button_once_on_its_way_down() -> None:
    bee = next(b for b in palette.buttons(CATEGORIES) if b.category == 3)
    assert pokes([0.05, 0.02, 0.005, -0.001, -0.01, -0.01, 0.005, -0.005], bee.center) == [3]
    assert pokes([0.05, -0.005, 0.02, -0.005], bee.center) == [3, 3]


def test_a_finger_that_comes_from_below_or_beside_pokes_nothing() -> None:
    bee = next(b for b in palette.buttons(CATEGORIES) if b.category == 3)
    assert pokes([-0.05, -0.001, 0.005, -0.001], bee.center) == []
    descent = Descent(0.012)
    far = bee.center + 0.2
    assert poked(descent, finger_at(far, 0.05)) is None
    assert poked(descent, finger_at(far, -0.01)) is None
    assert poked(descent, finger_at(bee.center, -0.01)) is None


def test_without_palette_or_finger_nothing_is_poked() -> None:
    center = palette.buttons(CATEGORIES)[0].center
    descent = Descent(0.012)
    assert poked(descent, finger_at(center, 0.05)) is None
    assert poked(descent, finger_at(center, -0.01), None) is None
    assert poked(descent, finger_at(center, -0.01)) is None
    assert poked(descent, LOST) is None


@pytest.mark.parametrize("radius_m", [np.nan, np.inf, -np.inf])
def test_a_finger_whose_radius_is_no_number_pokes_nothing(radius_m: float) -> None:
    center = palette.buttons(CATEGORIES)[0].center
    descent = Descent(0.012)
    assert poked(descent, finger_at(center, 0.05)) is None
    broken = finger_at(center, 0.02)
    broken.radii[Joint.INDEX_TIP] = radius_m
    assert poked(descent, broken) is None
    # It is a lost finger: it must rise again before it pokes.
    assert poked(descent, finger_at(center, -0.01)) is None
    assert poked(descent, finger_at(center, 0.05)) is None
    assert poked(descent, finger_at(center, -0.01)) is not None


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("far_m", [1.5e308, -1.5e308, 1e160, 1e20])
def test_tips_that_are_finite_but_nowhere_are_a_lost_hand(far_m: float) -> None:
    broken = hand_with_gap(0.0)
    broken.positions[Joint.INDEX_TIP] = far_m
    broken.positions[Joint.THUMB_TIP] = -far_m
    assert changes([(OPEN, 0.2), (CLOSED, 0.2), (broken, 0.5)]) == [Change.BEGAN, Change.LOST]
    assert touch_of(broken) is None
