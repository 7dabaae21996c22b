"""What the window for labelling draws: only what has changed, only as much as there is time for."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_view.camera import Subject
from cloud_view.cloud_shapes import Points
from cloud_view.desktop.cloud_layer import CloudLayer, bare
from cloud_view.desktop.detail import REST_S, Detail
from cloud_view.desktop.hand_shapes import Tool, color_of, selection_shape, tool_shape
from cloud_view.desktop.layers import Layers
from cloud_view.desktop.others import OthersHands
from cloud_view.desktop.picking import Viewport
from cloud_view.desktop.same import is_same
from cloud_view.desktop.showing import Showing
from cloud_view.desktop.viewpoint import Viewpoint
from cloud_view.shapes import Lines, Mesh
from latentvr_common import rotations
from latentvr_common.beacons import Beacon, Why
from latentvr_common.cloud import Cloud
from latentvr_common.hands import Hand, Hands
from latentvr_common.scene import Brush, Ghost, Scene, Selection
from scripted_hands.anatomy import OPEN, hand_at

SUBJECT = Subject(np.array([0.0, 1.25, -0.55]), 0.4)
CAMERA = Viewpoint().camera(SUBJECT)


def scene(items: int) -> Scene:
    none = np.full(items, -1, np.int16)
    positions = np.random.default_rng(0).normal(0.0, 0.4, (items, 3)).astype(np.float32)
    return Scene(Cloud(1, positions, np.arange(items, dtype=np.uint32), none, none, np.zeros(items, np.float32)))


# Layers, on a visualizer that only counts


class Visualizer:
    def __init__(self) -> None:
        self.there: set[int] = set()
        self.calls: list[str] = []

    def add_geometry(self, geometry: Any, reset_bounding_box: bool) -> None:
        assert not reset_bounding_box
        self.there.add(id(geometry))
        self.calls.append("add")

    def update_geometry(self, geometry: Any) -> None:
        assert id(geometry) in self.there
        self.calls.append("update")

    def remove_geometry(self, geometry: Any, reset_bounding_box: bool) -> None:
        self.there.remove(id(geometry))
        self.calls.append("remove")


def layers() -> tuple[Layers, Visualizer]:
    visualizer = Visualizer()
    made = SimpleNamespace(TriangleMesh=SimpleNamespace, LineSet=SimpleNamespace, PointCloud=SimpleNamespace)
    vectors = SimpleNamespace(Vector3dVector=np.array, Vector3iVector=np.array, Vector2iVector=np.array)
    return Layers(SimpleNamespace(geometry=made, utility=vectors), visualizer), visualizer


def points(count: int) -> Points:
    return Points(np.zeros((count, 3)), np.zeros((count, 3)), 0.01)


def test_the_same_shape_again_is_not_sent_again() -> None:
    shown, visualizer = layers()
    one = points(3)
    for shape in (one, one, one, points(3)):
        shown.show("points", shape)
    assert visualizer.calls == ["add", "update"]
    assert shown.sent == 2


@pytest.mark.parametrize("empty", [Mesh(), Lines(), points(0)])
def test_a_shape_that_is_empty_is_taken_out(empty: Any) -> None:
    shown, visualizer = layers()
    shown.show("a", empty)
    assert visualizer.calls == []
    shown.show("a", points(2))
    shown.show("a", empty)
    shown.show("a", empty)
    assert visualizer.calls == ["add", "remove"]
    shown.hide("a")
    assert visualizer.there == set()


def test_the_points_of_a_camera_that_moves_are_the_same_object() -> None:
    layer = CloudLayer(scene(20_000), SUBJECT)
    assert layer.few(6000) is layer.few(6000)
    assert len(layer.few(6000).positions) == 6000
    assert layer.few(7000) is not layer.few(6000)
    assert layer.full(CAMERA)[1] is layer.full(CAMERA)[1]
    assert layer.full(Viewpoint(1.0).camera(SUBJECT))[1] is not layer.full(CAMERA)[1]


def test_few_items_are_some_of_all_and_larger_so_that_they_cover_as_much() -> None:
    layer = CloudLayer(scene(20_000), SUBJECT)
    few, fewer = layer.few(10_000), layer.few(5_000)
    everything = {tuple(row) for row in layer.points}
    assert {tuple(row) for row in few.positions} <= everything
    assert {tuple(row) for row in fewer.positions} <= {tuple(row) for row in few.positions}
    plain = layer.full(CAMERA)[1].radius
    assert few.radius**2 * 10_000 == pytest.approx(plain**2 * 20_000)
    # Spread over the cloud, not the first ones.
    assert np.abs(fewer.positions.mean(axis=0) - layer.points.mean(axis=0)).max() < 0.02


def test_what_hands_hold_is_no_part_of_the_cloud() -> None:
    whole = scene(10)
    held = Scene(
        whole.cloud, brushes=(Brush(np.zeros(3), 0.1, 1),), selection=Selection(1, np.arange(3, dtype=np.uint32))
    )
    assert (bare(held).brushes, bare(held).selection, bare(held).cloud) == ((), None, whole.cloud)


# How much


def test_at_rest_and_before_anything_is_known_everything_is_drawn() -> None:
    detail = Detail(0.05)
    assert detail.items(70_000, 0.0) == 70_000
    detail.note_input(1.0)
    assert detail.items(70_000, 1.0) == 70_000
    detail.note_frame(70_000, 0.2)
    assert detail.items(70_000, 1.0) < 70_000
    assert detail.items(70_000, 1.0 + REST_S) == 70_000
    assert not detail.at_rest(1.0 + 0.9 * REST_S)


@given(st.floats(0.0, 0.05), st.floats(1e-7, 1e-5))
def test_frames_come_near_to_the_budget_where_items_decide_how_long_they_take(base_s: float, item_s: float) -> None:
    detail = Detail(0.06)
    detail.note_input(0.0)
    for _ in range(60):
        items = detail.items(70_000, 0.0)
        took = base_s + item_s * items
        detail.note_frame(items, took)
    assert took <= 0.06 * 1.3 or items <= 4_000
    assert took >= 0.06 * 0.7 or items >= 69_000


def test_more_is_drawn_again_when_frames_take_less_time() -> None:
    detail = Detail(0.06)
    detail.note_input(0.0)
    for took in (0.6, 0.3, 0.2):
        detail.note_frame(detail.items(70_000, 0.0), took)
    few = detail.items(70_000, 0.0)
    for _ in range(20):
        detail.note_frame(detail.items(70_000, 0.0), 0.01)
    assert few < 20_000
    assert detail.items(70_000, 0.0) == 70_000


def test_small_clouds_are_always_drawn_whole() -> None:
    detail = Detail(0.05)
    detail.note_input(0.0)
    detail.note_frame(1_797, 3.0)
    assert detail.items(1_797, 0.0) == 1_797


# The hand


def test_the_brush_appears_as_large_as_it_is_and_where_it_is() -> None:
    tool = Tool(SUBJECT.center, 0.05, np.ones(3))
    mesh, lines = tool_shape(tool, CAMERA, 800)
    seen = CAMERA.pixels(mesh.vertices, 1280, 800)
    middle = CAMERA.pixels(SUBJECT.center, 1280, 800)
    radius = 0.05 * CAMERA.pixels_per_metre(float(CAMERA.depths(SUBJECT.center)), 800)
    away = np.linalg.norm(seen - middle, axis=1)
    # Brought forward towards the eye it appears where it was.
    assert away.max() == pytest.approx(radius, rel=0.01)
    assert away.min() == pytest.approx(radius - 2.2, rel=0.02)
    np.testing.assert_allclose(np.linalg.norm(lines.points - SUBJECT.center, axis=1), 0.05)


def test_a_box_has_its_edges_where_its_corners_are() -> None:
    half = np.array([0.1, 0.05, 0.02])
    mesh, _ = tool_shape(Tool(SUBJECT.center, 0.05, np.ones(3), half), CAMERA, 800)
    own = (mesh.vertices - SUBJECT.center) @ np.stack([CAMERA.right, CAMERA.up, CAMERA.forward]).T
    np.testing.assert_allclose(np.abs(own).max(axis=0), half, atol=0.004)


def test_what_would_be_marked_appears_where_it_is_and_of_very_many_only_some_are_drawn() -> None:
    where = SUBJECT.center + 0.2 * np.random.default_rng(1).normal(size=(9000, 3))
    few = selection_shape(where[:10], np.ones(3), 1797, CAMERA, SUBJECT)
    middles = few.vertices[10 * 9 :: 9]
    np.testing.assert_allclose(CAMERA.pixels(middles, 1280, 800), CAMERA.pixels(where[:10], 1280, 800), atol=4.0)
    assert (CAMERA.depths(middles) < CAMERA.depths(where[:10])).all()
    assert len(selection_shape(where, np.ones(3), 70_000, CAMERA, SUBJECT).triangles) <= 2 * 8 * 2_500
    assert len(selection_shape(where[:0], np.ones(3), 70_000, CAMERA, SUBJECT).triangles) == 0


def test_colours_of_the_hand() -> None:
    np.testing.assert_allclose(color_of(2, False, {2: 0xFF8000}), [1.0, 128 / 255, 0.0])
    assert color_of(2, True, {2: 0xFF8000}).min() > 0.85
    assert not np.allclose(color_of(5, False, {2: 0xFF8000}), color_of(2, False, {2: 0xFF8000}))


def test_things_are_the_same_by_identity_and_numbers_by_value() -> None:
    array = np.zeros(3)
    assert is_same((array, 1, "a", Viewport(1, 2)), (array, 1, "a", Viewport(1, 2)))
    assert not is_same((array,), (np.zeros(3),))
    assert not is_same((1,), (1, 2))
    assert not is_same((Viewport(1, 2),), (Viewport(1, 3),))
    assert not is_same((True,), (1,))


def test_beacons_stand_in_the_window_that_one_labels_in_too() -> None:
    without = scene(50)
    with_them = replace(without, beacons=(Beacon(1, 7, Why.UNSURE),))
    plain, lit = (len(CloudLayer(bare(s), SUBJECT).full(CAMERA)[0].vertices) for s in (without, with_them))
    assert lit > plain


def test_a_ghost_stands_in_the_window_and_is_made_anew_only_with_another_ghost_cloud_or_camera() -> None:
    plain = scene(50)
    ghost = Ghost(plain.cloud.positions + np.float32(0.3), plain.cloud.predicted)
    showing = Showing()
    layer = showing.layer_of(plain, busy=False, of_old=False)
    haunted = showing.layer_of(replace(plain, ghost=ghost), busy=False, of_old=False)
    assert haunted is not layer
    assert showing.layer_of(replace(plain, ghost=ghost, categories=()), busy=False, of_old=False) is haunted
    assert len(haunted.full(CAMERA)[0].vertices) > len(layer.full(CAMERA)[0].vertices)
    assert haunted.full(CAMERA)[0] is haunted.full(CAMERA)[0]
    assert showing.layer_of(plain, busy=False, of_old=False) is not haunted


# Others


def hands_with(at: float) -> Hands:
    hand = hand_at(np.array([at, 1.2, -0.4]), rotations.IDENTITY, OPEN, left=False)
    return Hands(1, Hand(), hand)


def test_the_hands_of_others_are_made_anew_only_when_they_or_the_camera_move() -> None:
    others = OthersHands()
    first = others.shape(hands_with(0.1), CAMERA)
    assert len(first.triangles) > 100
    assert others.shape(hands_with(0.1), CAMERA) is first
    moved = others.shape(hands_with(0.2), CAMERA)
    assert moved is not first
    np.testing.assert_allclose(moved.vertices.mean(axis=0) - first.vertices.mean(axis=0), [0.1, 0, 0], atol=0.01)
    assert others.shape(hands_with(0.2), Viewpoint(1.0).camera(SUBJECT)) is not moved
    assert len(others.shape(None, CAMERA).triangles) == 0
