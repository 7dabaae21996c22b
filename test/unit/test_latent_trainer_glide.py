"""The cloud that is shown moves gradually: it is continuous, heads for its target, arrives, and never jumps."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_trainer.glide import Glide, cloud_radius

Positions = npt.NDArray[np.float32]
SLOWEST_S = 2.0
"""A way lasts no longer than this."""


def positions(seed: int, count: int = 20) -> Positions:
    return np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)


def farthest(a: Positions, b: Positions) -> float:
    return float(np.linalg.norm(a - b, axis=1).max())


def near(start: Positions, share: float = 0.005, seed: int = 1) -> Positions:
    """Positions that differ by a small share of the cloud's size: not so far that the way would be too fast."""
    return start + np.float32(share) * positions(seed, len(start))


def under_way(lasts_s: float) -> tuple[Glide, Positions, Positions]:
    """A glide from A to B that began at 0 s and lasts so long, with A and B."""
    start = positions(0)
    target = near(start)
    glide = Glide(start, -lasts_s)
    glide.aim(target, 0.0)
    return glide, start, target


def test_points_stay_where_they_are_before_they_have_an_aim() -> None:
    glide = Glide(positions(0), 5.0)
    for now_s in (5.0, 6.0, 100.0):
        assert glide.arrived(now_s)
        np.testing.assert_array_equal(glide.at(now_s), positions(0))


@pytest.mark.parametrize("lasts_s", [0.05, 0.5, 2.0])
def test_a_way_takes_as_long_as_the_last_aim_is_past_and_is_straight_and_even(lasts_s: float) -> None:
    glide, start, target = under_way(lasts_s)
    np.testing.assert_array_equal(glide.at(0.0), start)
    for share in (0.1, 0.5, 0.9):
        assert not glide.arrived(share * lasts_s)
        np.testing.assert_allclose(glide.at(share * lasts_s), start + share * (target - start), atol=1e-5)
    assert glide.arrived(lasts_s)
    np.testing.assert_array_equal(glide.at(lasts_s), target)
    np.testing.assert_array_equal(glide.at(99.0), target)


def test_after_a_long_rest_a_way_takes_two_seconds() -> None:
    glide, _, target = under_way(3600.0)
    assert not glide.arrived(SLOWEST_S - 0.01)
    np.testing.assert_array_equal(glide.at(SLOWEST_S), target)


@given(st.lists(st.floats(0.0, 3.0), min_size=2, max_size=12))
def test_points_come_ever_nearer_to_their_target(pauses_s: list[float]) -> None:
    glide, _, target = under_way(1.0)
    times_s = np.cumsum(pauses_s)
    left = [farthest(glide.at(float(t)), target) for t in times_s]
    assert all(later <= earlier + 1e-5 for earlier, later in pairwise(left))


@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=10))
def test_a_new_aim_moves_nothing_at_that_moment(pauses_s: list[float]) -> None:
    glide, _, _ = under_way(1.0)
    for number, now_s in enumerate(np.cumsum(pauses_s)):
        before = glide.at(float(now_s)).copy()
        glide.aim(positions(number + 2), float(now_s))
        np.testing.assert_array_equal(glide.at(float(now_s)), before)


def test_a_second_aim_in_the_same_moment_does_not_make_the_cloud_jump() -> None:
    glide, start, _ = under_way(1.0)
    glide.aim(positions(2), 0.0)
    assert farthest(glide.at(0.0), start) == 0
    assert farthest(glide.at(0.01), start) < 0.02 * farthest(positions(2), start)


@pytest.mark.parametrize("again_s", [0.001, 0.05, 0.2, 0.9])
def test_an_aim_at_the_same_place_soon_after_does_not_hasten_the_cloud(again_s: float) -> None:
    # Pausing, resuming and labels while paused show the same positions again at once.
    glide, start, target = under_way(1.0)
    glide.aim(target, again_s)
    for now_s in (again_s, again_s + 0.01, again_s + 0.08, 0.95):
        gone = farthest(glide.at(now_s), start) / farthest(target, start)
        assert 0 < gone <= min(now_s, 1.0) + 1e-5
    np.testing.assert_array_equal(glide.at(again_s + max(again_s, 1 - again_s) + 1e-6), target)


@given(st.lists(st.floats(0.08, 0.3), min_size=5, max_size=30), st.floats(0.1, 20.0))
def test_a_target_that_moves_steadily_is_followed_at_a_moderate_speed(pauses_s: list[float], rest_s: float) -> None:
    def place(at_s: float) -> Positions:
        return np.array([[at_s, 0.0, 0.0]], np.float32)  # 1 latent unit a second

    glide, now_s, frame_s = Glide(place(0.0), -rest_s), 0.0, 0.02
    for pause_s in pauses_s:
        glide.aim(place(now_s), now_s)
        for moment_s in np.arange(now_s, now_s + pause_s, frame_s):
            step = farthest(glide.at(float(moment_s) + frame_s), glide.at(float(moment_s)))
            assert step <= 6 * frame_s
        now_s += pause_s
        assert farthest(glide.at(now_s), place(now_s)) < 1.0
    glide.aim(place(now_s), now_s)
    np.testing.assert_array_equal(glide.at(now_s + SLOWEST_S), place(now_s))


FAR = positions(7, 300)


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
def test_however_far_the_target_is_half_of_the_items_move_no_faster_than_one_can_follow(factor: float) -> None:
    start, target = np.float32(factor) * positions(0, 300), np.float32(factor) * FAR
    glide, frame_s = Glide(start, 0.0), 1 / 12
    glide.aim(target, frame_s)
    moved = [
        np.median(np.linalg.norm(glide.at(t + frame_s) - glide.at(t), axis=1)) / cloud_radius(glide.at(t))
        for t in np.arange(frame_s, 5.0, frame_s)
    ]
    assert 0.005 < max(moved) < 0.02
    assert farthest(glide.at(60.0), target) == 0


def test_a_cloud_without_extent_goes_where_it_is_told() -> None:
    glide = Glide(np.zeros((5, 3), np.float32), 0.0)
    glide.aim(positions(0, 5), 1.0)
    assert farthest(glide.at(2.0), positions(0, 5)) == 0


def test_a_part_goes_elsewhere_without_a_jump_while_the_others_go_on_as_they_were() -> None:
    glide, start, target = under_way(2.0)
    alone = under_way(2.0)[0]
    before = glide.at(0.5).copy()
    elsewhere = near(start, 0.05, seed=4)[:3]
    glide.aim_part(np.arange(3), elsewhere, 0.5)
    np.testing.assert_array_equal(glide.at(0.5), before)
    for now_s in (0.6, 1.0, 1.9):
        np.testing.assert_allclose(glide.at(now_s)[3:], alone.at(now_s)[3:], atol=1e-6)
        assert farthest(glide.at(now_s)[:3], elsewhere) < farthest(before[:3], elsewhere)
    np.testing.assert_allclose(glide.at(2.1), np.concatenate([elsewhere, target[3:]]), atol=1e-6)


def test_a_part_of_a_cloud_at_rest_takes_a_moment_too() -> None:
    glide = Glide(positions(0), 0.0)
    glide.aim_part(np.array([4]), positions(1)[:1], 10.0)
    assert not glide.arrived(10.2)
    assert 0 < farthest(glide.at(10.01), positions(0)) < 0.1 * farthest(positions(1)[:1], positions(0)[4:5])
    np.testing.assert_array_equal(glide.at(11.0)[4], positions(1)[0])
    np.testing.assert_array_equal(np.delete(glide.at(11.0), 4, axis=0), np.delete(positions(0), 4, axis=0))


def test_a_part_is_there_soon_however_long_the_others_still_go() -> None:
    glide, _, _ = under_way(2.0)
    elsewhere = near(positions(0), 0.01, seed=4)[:3]
    glide.aim_part(np.arange(3), elsewhere, 0.5)
    np.testing.assert_allclose(glide.at(0.76)[:3], elsewhere, atol=1e-6)
    assert not glide.arrived(1.9)
    glide.aim_part(np.array([7]), elsewhere[:1], 1.0)
    np.testing.assert_allclose(glide.at(1.5)[:3], elsewhere, atol=1e-6)
    glide.aim(near(positions(0), seed=6), 1.6)
    assert 0 < farthest(glide.at(1.7)[:3], elsewhere) < farthest(near(positions(0), seed=6)[:3], elsewhere)


def test_a_part_that_is_aimed_from_the_newest_frame_on_has_moved_by_now() -> None:
    glide, start, _ = under_way(2.0)
    glide.aim_part(np.array([4]), near(start, 0.05, seed=4)[4:5], 0.5)
    later, _, _ = under_way(2.0)
    later.aim_part(np.array([4]), near(start, 0.05, seed=4)[4:5], -9.0)
    np.testing.assert_array_equal(later.at(0.0), start)
    assert farthest(glide.at(0.6)[4:5], glide.at(0.5)[4:5]) > 0


def test_a_target_that_was_given_is_not_written_to() -> None:
    glide, _, target = under_way(1.0)
    kept = target.copy()
    glide.aim_part(np.array([0]), positions(2)[:1], 0.5)
    np.testing.assert_array_equal(target, kept)


def test_the_radius_of_a_cloud_holds_nine_tenths_of_it() -> None:
    away = np.linalg.norm(FAR - FAR.mean(axis=0), axis=1)
    assert (away <= cloud_radius(FAR)).mean() == pytest.approx(0.9, abs=0.005)


def test_parts_in_between_do_not_make_the_next_way_shorter() -> None:
    glide, start, _ = under_way(1.0)
    for now_s in (0.3, 0.6, 0.9):
        glide.aim_part(np.array([0]), near(start, seed=5)[:1], now_s)
    glide.aim(near(start, seed=6), 1.0)
    assert not glide.arrived(1.95)
    assert glide.arrived(2.01)


def test_a_part_that_is_most_of_the_cloud_is_no_faster_than_the_cloud_may_be() -> None:
    start = positions(0, 300)
    glide, frame_s = Glide(start, 0.0), 1 / 12
    glide.aim_part(np.arange(200), FAR[:200], 1.0)
    step = np.median(np.linalg.norm(glide.at(1.0 + frame_s) - start, axis=1)) / cloud_radius(start)
    assert 0.005 < step < 0.02


@pytest.mark.parametrize("aims", ["far ones", "parts"])
def test_a_frame_that_comes_late_shows_no_longer_step(aims: str) -> None:
    random, usual_s = np.random.default_rng(7), 1 / 12
    glide, now_s = Glide(positions(0, 300), 0.0), 0.0
    glide.shown(0.0)
    shown = glide.at(0.0)
    glide.aim(FAR, 0.0)
    steps = []
    for frame in range(60):
        now_s += usual_s * (1.0 if frame % 3 else random.uniform(1.0, 8.0))
        glide.wait_for_late_frame(now_s, usual_s)
        if frame % 5 == 4:
            if aims == "parts":
                glide.aim_part(np.arange(200), positions(frame, 300)[:200], now_s)
            else:
                glide.aim(positions(frame, 300), now_s)
        glide.shown(now_s)
        seen = glide.at(now_s)
        steps.append(np.median(np.linalg.norm(seen - shown, axis=1)) / cloud_radius(shown))
        shown = seen
    assert max(steps) < 0.02
    # It does not stand still either.
    assert np.median(steps) > 0.008


def test_a_cloud_at_rest_waits_for_no_frame() -> None:
    glide = Glide(positions(0), 0.0)
    glide.aim(near(positions(0)), 1.0)
    glide.shown(5.0)
    there = glide.at(5.0)
    glide.wait_for_late_frame(60.0, 1 / 12)
    assert glide.arrived(60.0)
    np.testing.assert_array_equal(glide.at(60.0), there)
