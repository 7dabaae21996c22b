"""What the benchmark of the layout measures, on clouds and times that are known."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.neighbors import KNeighborsClassifier

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import layout
import movement

Positions = npt.NDArray[np.float32]
RANDOM = np.random.default_rng(0)
CLOUD = RANDOM.normal(0, 0.4, (2000, 3)).astype(np.float32)
FRAME_S = 1 / movement.FRAMES_PER_S


# Quality


def test_knn_accuracy_is_that_of_an_independent_classifier() -> None:
    truth = (CLOUD[:, 0] + RANDOM.normal(0, 0.3, len(CLOUD)) > 0).astype(np.int16)
    order = np.random.default_rng(5).permutation(len(CLOUD))
    asked, references = order[:666], order[666:]
    peer = KNeighborsClassifier(15).fit(CLOUD[references], truth[references])
    expected = peer.score(CLOUD[asked], truth[asked])
    assert layout.knn_accuracy(CLOUD, truth, seed=5) == pytest.approx(expected, abs=0.002)


def test_an_item_is_not_its_own_neighbour() -> None:
    chance = RANDOM.integers(0, 10, len(CLOUD)).astype(np.int16)
    assert layout.knn_accuracy(CLOUD, chance, seed=0) == pytest.approx(0.1, abs=0.05)


def test_categories_apart_are_all_told_and_few_items_suffice() -> None:
    truth = np.repeat(np.arange(2, dtype=np.int16), 15)
    assert layout.knn_accuracy(truth[:, None] * np.ones((1, 3), np.float32), truth, seed=0) == 1.0


# Times

OURS = layout.OurLayout(((1.0, 0.5), (2.0, 0.7), (4.0, 0.69), (8.0, 0.8)), 0.5, 0.3, 1.0, 100.0, 0.5, 0.1, 2)
UMAP = layout.PeerLayout(CLOUD, 4.0, 2, "0")


@pytest.mark.parametrize(("accuracy", "expected"), [(0.4, 1.0), (0.7, 2.0), (0.75, 8.0), (0.81, None)])
def test_a_cloud_is_as_good_when_it_is_first_seen_to_be(accuracy: float, expected: float | None) -> None:
    assert OURS.seconds_to(accuracy) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.9, None), (1.0, 0.5), (3.9, 0.7), (4.0, 0.69), (99.0, 0.8)])
def test_a_cloud_is_as_good_as_when_it_was_last_looked_at(seconds: float, expected: float | None) -> None:
    assert OURS.accuracy_at(seconds) == expected


def test_ratios_are_of_the_whole_way_to_umaps_whole_way() -> None:
    figures = layout.figures_of(OURS, UMAP, 0.71, 70_000)
    assert figures["umap_time_ratio"] == 0.5  # 0.69 within 2 s
    assert figures["umap_equal_ratio"] == 2.0
    assert figures["knn_accuracy"] == 0.69
    assert figures["epochs_per_s_70k"] == 0.5
    assert layout.figures_of(OURS, UMAP, 0.9, 70_000)["umap_equal_ratio"] is None


def test_without_umap_and_for_fewer_items_no_figure_claims_to_be_of_them() -> None:
    figures = layout.figures_of(OURS, None, None, 5000)
    assert figures["umap_time_ratio"] is None
    assert figures["umap_knn_accuracy"] is None
    assert "epochs_per_s_70k" not in figures
    assert figures["epochs_per_s"] == 0.5


@pytest.mark.parametrize(("prepared_s", "at_s", "limit_s"), [(3.0, 0.0, 20.0), (3.0, 7.77, 20.0), (1.0, 20.0, 20.0)])
def test_it_is_measured_ever_more_seldom_also_when_umap_is_done_and_at_last(
    prepared_s: float, at_s: float, limit_s: float
) -> None:
    moments = list(layout._moments(prepared_s, at_s, limit_s))
    assert moments[0] == prepared_s + layout.FIRST_LOOK_S
    assert moments[-1] == limit_s
    assert all(earlier < later for earlier, later in pairwise(moments))
    assert at_s in {0.0, *moments}


# Movement


def test_movement_is_of_the_median_item_and_relative_to_the_radius() -> None:
    moved = CLOUD.copy()
    moved[:1500] += np.float32([0.01, 0.0, 0.0])
    expected = 0.01 / movement.cloud_radius(CLOUD)
    assert movement.median_movement(CLOUD, moved) == pytest.approx(expected, rel=1e-3)
    assert movement.median_movement(5 * CLOUD + 3, 5 * moved + 3) == pytest.approx(expected, rel=1e-3)


def watched(drift: float, leap: Positions, marked_s: float = 4.0, leaps_s: float = 5.0) -> movement.MovementWatch:
    """A cloud that drifts by `drift` a frame for 12 s; for 1 s after `leaps_s` its items also move by `leap` (N, 3)."""
    watch, told = movement.MovementWatch(), False
    positions = CLOUD.astype(np.float64)
    for frame in range(12 * movement.FRAMES_PER_S):
        now_s = frame * FRAME_S
        if now_s > marked_s and not told:
            watch.mark(marked_s, np.arange(100))
            told = True
        positions = positions + [drift, 0, 0] + (leap if leaps_s < now_s <= leaps_s + 1 else 0.0)
        watch.see(now_s, positions.astype(np.float32))
    return watch


def test_marked_items_react_when_they_first_move_more_than_before() -> None:
    leap = np.zeros((len(CLOUD), 3))
    leap[:100, 1] = 0.01
    watch = watched(0.004, leap)
    # They glide to what the network says one view later.
    (reaction,) = watch.reactions.seconds
    assert 1.0 < reaction <= 1.0 + 3 * FRAME_S
    assert (watch.reactions.share, watch.counter_check.share) == (1.0, 0.0)
    assert watch.counter_check.median_s is None


def test_items_that_go_on_as_before_do_not_react() -> None:
    leap = np.zeros((len(CLOUD), 3))
    leap[:100, 0] = 0.001
    watch = watched(0.004, leap)
    assert (watch.reactions.share, watch.counter_check.share) == (0.0, 0.0)


def test_a_shaking_of_the_whole_cloud_shows_in_the_counter_check() -> None:
    watch = watched(0.004, np.full((len(CLOUD), 3), 0.01))
    assert (watch.reactions.share, watch.counter_check.share) == (1.0, 1.0)


def test_a_reaction_after_five_seconds_is_none() -> None:
    leap = np.zeros((len(CLOUD), 3))
    leap[:100, 1] = 0.01
    assert watched(0.004, leap, leaps_s=9.5).reactions.share == 0.0


def test_figures_tell_the_usual_and_the_largest_movement_and_that_after_marks() -> None:
    radius = movement.cloud_radius(CLOUD)
    figures = watched(0.004, np.full((len(CLOUD), 3), 0.005), leaps_s=8.0).figures()
    assert figures["movement_median"] == pytest.approx(0.004 / radius, rel=0.01)
    assert figures["movement_largest"] == pytest.approx(np.hypot(0.009, np.hypot(0.005, 0.005)) / radius, rel=0.01)
    assert 8.0 < (figures["movement_largest_at_s"] or 0.0) < 9.2
    assert figures["movement_after_marks_largest"] == pytest.approx(0.004 / radius, rel=0.01)


def test_without_marks_there_is_no_reaction() -> None:
    watch = watched(0.004, np.zeros((len(CLOUD), 3)), marked_s=99.0)
    assert watch.first_mark_s == np.inf
    assert watch.figures()["reaction_s"] is None
    assert watch.figures()["reacted"] is None


def test_only_items_without_a_label_are_a_counter_check() -> None:
    watch = movement.MovementWatch()
    for frame in range(40):
        watch.see(frame * FRAME_S, CLOUD + np.float32(0.01 * frame))
    watch.mark(40 * FRAME_S - 0.01, np.arange(1950))
    watch.mark(40 * FRAME_S - 0.005, np.arange(10))
    watch.see(42 * FRAME_S, CLOUD)
    assert len(watch.reactions.seconds) == 2
    (check,) = watch._checks
    assert len(check.items) == 10
    assert check.items.min() >= 1950


def test_frames_come_at_their_rate_however_seldom_the_network_is_seen() -> None:
    watch = movement.MovementWatch()
    for now_s in (0.0, 0.5, 1.0, 1.5, 2.0):
        watch.see(now_s, CLOUD + np.float32(0.05 * now_s))
    times = np.array([at for at, _ in watch.frames])
    assert np.diff(times) == pytest.approx(FRAME_S)
    # No jump: half a second's way takes half a second.
    largest = max(moved for _, moved in watch.frames)
    assert largest == pytest.approx(0.05 * np.sqrt(3) * FRAME_S / movement.cloud_radius(CLOUD), rel=0.01)
