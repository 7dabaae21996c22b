"""What a ball, a box, a dense region and a stroke hold: against plain NumPy, SciPy and laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from latentvr_common import rotations
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.selecting.counts import label_counts
from latentvr_common.selecting.density import DensityField
from latentvr_common.selecting.frames import Frame, Frames
from latentvr_common.selecting.points import Points
from latentvr_common.selecting.stroke import Stroke

RANDOM = np.random.default_rng(4)
SOME = arrays.arrays(np.float32, (30, 3), elements=st.floats(-2, 2, width=32))
PLACE = arrays.arrays(np.float64, 3, elements=st.floats(-2, 2))


def cloud_of(positions: np.ndarray, stamp_ns: int = 1) -> Cloud:
    count = len(positions)
    nothing = np.full(count, NONE, np.int16)
    return Cloud(
        stamp_ns,
        positions.astype(np.float32),
        np.zeros(count, np.uint32),
        nothing,
        nothing,
        np.zeros(count, np.float32),
    )


@given(SOME, PLACE, st.floats(0.01, 2.0))
def test_a_ball_holds_exactly_what_is_nearer_than_its_radius(
    positions: np.ndarray, center: np.ndarray, radius: float
) -> None:
    distance = np.linalg.norm(positions.astype(np.float64) - center, axis=1)
    clear = np.abs(distance - radius) > 1e-5
    np.testing.assert_array_equal(Points(positions).within_ball(center, radius)[clear], (distance <= radius)[clear])


def test_a_point_on_the_edge_is_in_the_ball_and_of_no_points_none_is() -> None:
    assert Points(np.array([[0.5, 0, 0]], np.float32)).within_ball(np.zeros(3), 0.5).tolist() == [True]
    assert Points(np.zeros((0, 3), np.float32)).within_ball(np.zeros(3), 0.5).shape == (0,)


@given(SOME, PLACE, arrays.arrays(np.float64, 3, elements=st.floats(0.05, 2)), PLACE, st.floats(-3, 3))
def test_a_box_holds_exactly_what_lies_between_its_faces(
    positions: np.ndarray, center: np.ndarray, half: np.ndarray, axis: np.ndarray, angle: float
) -> None:
    length = float(np.linalg.norm(axis))
    quat = rotations.about_axis(axis / length, angle) if length > 0.1 else rotations.IDENTITY
    own = rotations.rotate(rotations.inverse(quat), positions.astype(np.float64) - center)
    clear = (np.abs(np.abs(own) - half) > 1e-5).all(axis=1)
    expected = (np.abs(own) <= half).all(axis=1)
    np.testing.assert_array_equal(Points(positions).within_box(center, half, quat)[clear], expected[clear])


@given(SOME, PLACE)
def test_the_nearest_point_is_the_one_that_a_tree_finds(positions: np.ndarray, place: np.ndarray) -> None:
    row, away = Points(positions).nearest(place)
    expected, _ = cKDTree(positions.astype(np.float64)).query(place)
    assert away == pytest.approx(expected, abs=1e-5)
    assert np.linalg.norm(positions[row] - place) == pytest.approx(expected, abs=1e-5)


def test_an_answer_is_good_until_the_next_question() -> None:
    points = Points(np.array([[0, 0, 0], [1, 0, 0]], np.float32))
    first = points.within_ball(np.zeros(3), 0.5).copy()
    assert points.within_ball(np.array([1.0, 0, 0]), 0.5).tolist() == [False, True]
    assert first.tolist() == [True, False]


# Dense regions

MIDDLES = np.array([[0.6, 0.0, 0.0], [-0.6, 0.1, 0.0], [0.0, -0.6, 0.2]])


def heaps(spread: float = 0.06, each: int = 400) -> np.ndarray:
    random = np.random.default_rng(3)
    return (np.repeat(MIDDLES, each, axis=0) + random.normal(0, spread, (3 * each, 3))).astype(np.float32)


@pytest.mark.parametrize("heap", range(3))
def test_a_flood_fills_its_own_heap_and_no_other(heap: int) -> None:
    positions = heaps()
    field = DensityField(positions)
    seed = field.seed(MIDDLES[heap], 0.1)
    assert seed is not None
    inside = np.flatnonzero(field.flood(seed, 0.05 * seed.density))
    assert set(inside // 400) == {heap}
    assert len(inside) > 320


def test_a_lower_density_floods_all_that_a_higher_one_does_and_more() -> None:
    field = DensityField(heaps(spread=0.15))
    seed = field.seed(MIDDLES[0], 0.1)
    assert seed is not None
    before = np.zeros(1200, bool)
    for share in (1.0, 0.7, 0.4, 0.1, 0.02):
        now = field.flood(seed, share * seed.density)
        assert (now >= before).all()
        before = now
    assert before.sum() > 600


def test_what_is_flooded_hangs_together() -> None:
    positions = heaps(spread=0.12)
    field = DensityField(positions)
    seed = field.seed(MIDDLES[1], 0.1)
    assert seed is not None
    inside = positions[field.flood(seed, 0.2 * seed.density)]
    # Neighbouring cells touch: no two of their items are farther apart than two cells' diagonal.
    graph = cKDTree(inside).sparse_distance_matrix(cKDTree(inside), 2 * np.sqrt(3) * field.edge)
    assert connected_components(graph, directed=False)[0] == 1


def test_density_is_counted_in_items_for_each_cubic_unit() -> None:
    positions = RANDOM.uniform(-1, 1, (80_000, 3)).astype(np.float32)
    seed = DensityField(positions).seed(np.zeros(3), 0.2)
    assert seed is not None
    assert 80_000 / 8 < seed.density < 1.6 * 80_000 / 8


def test_where_nothing_is_near_there_is_no_seed() -> None:
    field = DensityField(heaps())
    assert field.seed(np.array([0.0, 0.7, -0.7]), 0.05) is None
    assert field.seed(np.array([50.0, 0.0, 0.0]), 0.1) is None


def test_items_all_at_one_place_are_one_region() -> None:
    field = DensityField(np.zeros((5, 3), np.float32))
    seed = field.seed(np.zeros(3), 0.1)
    assert seed is not None
    assert field.flood(seed, seed.density).all()


# Strokes


def test_what_is_taken_away_stays_away_from_a_brush_that_rests_and_comes_back_with_one_that_comes_by() -> None:
    frame = Frame(cloud_of(np.array([[0.0, 0, 0], [0.05, 0, 0], [2.0, 0, 0]])), 0)
    stroke = Stroke(3)
    stroke.extend(frame, np.zeros(3), 0.1)
    assert stroke.sample_ids().tolist() == [0, 1]
    stroke.extend(frame, np.array([0.05, 0, 0]), 0.02, takes_away=True)
    assert stroke.sample_ids().tolist() == [0]
    stroke.extend(frame, np.zeros(3), 0.1)
    assert stroke.sample_ids().tolist() == [0]
    stroke.extend(frame, np.array([0.06, 0, 0]), 0.1)
    assert stroke.sample_ids().tolist() == [0, 1]


def test_the_region_of_a_stroke_gives_what_the_stroke_gave_but_for_a_few_at_its_edge() -> None:
    positions = RANDOM.uniform(-1, 1, (2000, 3))
    frame, stroke = Frame(cloud_of(positions), 0), Stroke(2000)
    for x in np.linspace(-0.8, 0.8, 40):
        stroke.extend(frame, np.array([x, 0, 0]), 0.3)
    for x in np.linspace(-0.3, 0.3, 10):
        stroke.extend(frame, np.array([x, 0.1, 0]), 0.2, takes_away=True)
    region, marked = stroke.region(), np.zeros(2000, bool)
    for center, radius, away in zip(region.centers, region.radii, region.takes_away, strict=True):
        inside = np.linalg.norm(positions - center, axis=1) <= radius
        marked = marked & ~inside if away else marked | inside
    # Between two spheres of the region the brush has touched a little more.
    apart = set(np.flatnonzero(marked)) ^ set(stroke.sample_ids().tolist())
    assert len(apart) < 0.1 * stroke.count


def test_an_epoch_that_is_told_after_its_frame_is_known_of_that_frame() -> None:
    frames = Frames()
    frames.add(cloud_of(np.zeros((2, 3)), 10))
    frames.note_epoch(10, 7)
    frame = frames.shown_at(12)
    assert frame is not None
    assert frame.epoch == 7
    assert frame.points is frames.shown_at(11).points  # type: ignore[union-attr]


@given(arrays.arrays(np.int16, st.integers(0, 40), elements=st.integers(-1, 300)))
def test_labels_are_counted_as_numpy_counts_them(labels: np.ndarray) -> None:
    found, counts = np.unique(labels, return_counts=True)
    assert label_counts(labels) == dict(zip(found.tolist(), counts.tolist(), strict=True))
