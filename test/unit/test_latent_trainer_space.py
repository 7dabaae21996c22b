import math
import time

import numpy as np
import numpy.typing as npt
import pytest

from latent_trainer.space import separation, space_used

Positions = npt.NDArray[np.float32]


def even_ball(count: int, seed: int = 0) -> Positions:
    """Items strewn evenly over the ball of radius 1."""
    random = np.random.default_rng(seed)
    direction = random.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return (direction * random.random((count, 1)) ** (1 / 3)).astype(np.float32)


def cells_with_items(positions: Positions) -> int:
    """Count the cells one item after the other, as the definition says it."""
    cells = {tuple(math.floor(6 * (value + 1)) for value in place) for place in positions.tolist()}
    return sum(math.hypot(*((index + 0.5) / 6 - 1 for index in cell)) < 1 for cell in cells)


@pytest.mark.parametrize("count", [20, 100, 569, 1797, 20_000])
def test_an_even_ball_uses_the_whole_space(count: int) -> None:
    found = [space_used(even_ball(count, seed)) for seed in range(20)]
    assert np.mean(found) == pytest.approx(1.0, abs=0.03)
    assert max(found) <= 1.0


def test_the_share_is_that_of_cells_counted_one_by_one() -> None:
    # So many items that an even ball reaches every one of its 912 cells.
    clump = np.random.default_rng(1).normal(0.1, 0.12, (40_000, 3)).astype(np.float32)
    assert space_used(clump) == pytest.approx(cells_with_items(clump) / 912, abs=1e-6)


def test_a_smaller_ball_uses_less_and_a_point_almost_nothing() -> None:
    ball = even_ball(20_000)
    # By volume, and what the cells reach over its surface.
    assert 0.8**3 < space_used(0.8 * ball) < 0.9**3
    assert 0.5**3 < space_used(0.5 * ball) < 0.6**3
    assert space_used(np.zeros((20_000, 3), np.float32)) == pytest.approx(1 / 912, abs=1e-6)


def test_a_disc_uses_less_than_a_ball() -> None:
    assert space_used(even_ball(20_000) * np.float32([1.0, 1.0, 0.01])) < 0.3


def test_one_corner_of_the_space_does_not_count_for_another() -> None:
    half = np.abs(even_ball(20_000)) * np.float32([1.0, 1.0, -1.0])
    assert space_used(half) == pytest.approx(1 / 8, abs=0.01)


def test_items_outside_of_the_ball_use_nothing_however_far_they_are() -> None:
    corners = np.array(list(np.ndindex(2, 2, 2)), np.float32) * 2 - 1
    assert space_used(0.95 * corners) == 0.0
    assert space_used(1e6 * corners) == 0.0
    ball = even_ball(2000)
    far = np.concatenate([ball, np.full((1, 3), 1e6, np.float32), np.full((1, 3), -1e6, np.float32)])
    assert space_used(far) == pytest.approx(space_used(ball), abs=0.001)


def test_no_items_use_what_is_not_known() -> None:
    assert math.isnan(space_used(np.zeros((0, 3), np.float32)))


def test_space_used_is_quick_enough_for_every_frame() -> None:
    ball = even_ball(70_000)
    space_used(ball)
    times = []
    for _ in range(9):
        began = time.thread_time()
        space_used(ball)
        times.append(time.thread_time() - began)
    assert min(times) < 0.005


def two_pairs(between: float, within: float) -> tuple[Positions, npt.NDArray[np.int16]]:
    """Two categories, their centroids `between` apart, each with two items at `within` from its centroid."""
    positions = [[0, within, 0], [0, -within, 0], [between, 0, within], [between, 0, -within]]
    return np.array(positions, np.float32), np.array([3, 3, 7, 7], np.int16)


def test_separation_is_the_way_between_over_the_way_within() -> None:
    assert separation(*two_pairs(1.0, 0.25)) == pytest.approx(4.0)
    assert separation(*two_pairs(0.5, 1.0)) == pytest.approx(0.5)


def test_items_without_a_label_do_not_change_separation() -> None:
    positions, labels = two_pairs(1.0, 0.25)
    more = np.concatenate([positions, even_ball(10)])
    assert separation(more, np.concatenate([labels, np.full(10, -1, np.int16)])) == pytest.approx(4.0)


def test_every_pair_of_categories_counts_and_every_item() -> None:
    # Centroids at 0, 3 and 4 on one axis: 3, 4 and 1 apart. Four items at 1 from their centroid, one at 0.
    positions = np.array([[0, 1, 0], [0, -1, 0], [3, 0, 1], [3, 0, -1], [4, 0, 0]], np.float32)
    labels = np.array([0, 0, 1, 1, 9], np.int16)
    assert separation(positions, labels) == pytest.approx((8 / 3) / (4 / 5))


def test_separation_does_not_change_when_the_cloud_is_moved_turned_or_scaled() -> None:
    positions, labels = even_ball(300), np.random.default_rng(2).integers(-1, 5, 300).astype(np.int16)
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    other = (7.0 * positions @ turn + [1, 2, 3]).astype(np.float32)
    assert separation(other, labels) == pytest.approx(separation(positions, labels), rel=1e-4)


@pytest.mark.parametrize("labels", [[-1, -1, -1, -1], [2, 2, 2, 2], [2, -1, -1, -1]])
def test_fewer_than_two_categories_have_no_separation(labels: list[int]) -> None:
    assert math.isnan(separation(even_ball(4), np.array(labels, np.int16)))


def test_categories_at_points_are_infinitely_separate_unless_it_is_one_point() -> None:
    assert separation(*two_pairs(1.0, 0.0)) == math.inf
    assert math.isnan(separation(*two_pairs(0.0, 0.0)))
