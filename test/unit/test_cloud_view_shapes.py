"""Shapes: where their corners are, what is left out, and what stands in front of the hands."""

from dataclasses import replace

import numpy as np
import pytest

from cloud_view.camera import look, subject_of
from cloud_view.cloud_shapes import ball_radius, chosen_as_balls, cloud_shapes
from cloud_view.drawing import draw
from cloud_view.hand_shapes import bones, hand_shape, hands_shape, open_palm
from cloud_view.lens import Focus, focus_of, hiding
from cloud_view.shapes import (
    Lines,
    Mesh,
    balls,
    circle,
    discs,
    join_lines,
    join_meshes,
    polygon,
    rings,
    rods,
    rounded_rectangle,
    spheres,
)
from cloud_view.surroundings import floor_grid, glow
from cloud_view.tool_shapes import box_shape, brush_outlines, palette_shape
from latentvr_common import labels, palette, rotations
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.colors import category_color, split_rgb
from latentvr_common.gestures import SCRUB, Side, Tool
from latentvr_common.hands import FULLY_TRACKED, JOINT_COUNT, Hand, Hands, Joint
from latentvr_common.labels import Category
from latentvr_common.placement import Placement
from latentvr_common.scene import Brush, Doing, Scene, Selection, hands_moved

RANDOM = np.random.default_rng(6)
CAMERA = look(np.array([0.3, 1.4, 1.5]), np.array([0.0, 1.0, 0.0]))
CATEGORIES = [Category(0, "cat", category_color(0)), Category(1, "dog", category_color(1))]


def some_cloud(count: int, label: int = NONE) -> Cloud:
    labels = np.full(count, label, np.int16)
    rgb = np.full(count, 0x808080, np.uint32)
    positions = RANDOM.normal(size=(count, 3)).astype(np.float32) * 0.4
    return Cloud(1, positions, rgb, labels, labels, np.zeros(count, np.float32))


def some_hand(quat_xyzw: np.ndarray = rotations.IDENTITY, at: tuple[float, float, float] = (0.0, 1.0, 0.0)) -> Hand:
    joints = np.array([[0.01 * (i // 5), 0.0, -0.02 * (i % 5)] for i in range(JOINT_COUNT)])
    return Hand(
        True,
        np.array(at) + rotations.rotate(quat_xyzw, joints),
        np.tile(quat_xyzw, (JOINT_COUNT, 1)),
        np.full(JOINT_COUNT, 0.009),
        np.full(JOINT_COUNT, FULLY_TRACKED, np.uint8),
    )


PALM_UP = rotations.about_axis(np.array([0.0, 0.0, 1.0]), np.pi)


def assert_sound(mesh: Mesh) -> None:
    """Every mesh holds this: colours in range, and triangles of its own vertices."""
    assert mesh.vertices.shape == mesh.colors.shape
    assert ((mesh.colors >= 0) & (mesh.colors <= 1)).all()
    assert np.isfinite(mesh.vertices).all()
    if len(mesh.triangles):
        assert mesh.triangles.min() >= 0
        assert mesh.triangles.max() == len(mesh.vertices) - 1


@pytest.mark.parametrize("corners", [6, 9])
def test_balls_and_discs_face_the_camera_with_their_radius(corners: int) -> None:
    centers, radii = RANDOM.normal(size=(5, 3)), np.linspace(0.01, 0.05, 5)
    for mesh in (
        balls(centers, radii, RANDOM.random((5, 3)), CAMERA, corners),
        discs(centers, radii, np.ones(3), CAMERA, corners),
    ):
        assert_sound(mesh)
        away = mesh.vertices.reshape(5, corners + 1, 3) - centers[:, None]
        np.testing.assert_allclose(away @ CAMERA.forward, 0.0, atol=1e-12)
        np.testing.assert_allclose(np.linalg.norm(away[:, 1:], axis=2), np.tile(radii[:, None], corners))


def test_rings_lie_between_their_two_radii() -> None:
    mesh = rings(np.zeros((2, 3)), np.array([1.0, 2.0]), np.array([0.1, 0.2]), np.ones((2, 3)), CAMERA, 16)
    assert_sound(mesh)
    lengths = np.linalg.norm(mesh.vertices, axis=1).reshape(2, 2, 16)
    np.testing.assert_allclose(lengths[:, :, 0], [[1.0, 0.9], [2.0, 1.8]])


def test_spheres_and_rods_have_their_radius() -> None:
    ball = spheres(np.array([[1.0, 2.0, 3.0]]), np.array([0.5]), np.ones(3), CAMERA)
    assert_sound(ball)
    np.testing.assert_allclose(np.linalg.norm(ball.vertices - [1.0, 2.0, 3.0], axis=1), 0.5)
    for end in ([0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.6, 0.8, 0.0]):
        rod = rods(np.zeros((1, 3)), np.array([end]), np.array([[0.1, 0.2]]), np.ones(3), CAMERA)
        assert_sound(rod)
        along = rod.vertices @ np.array(end)
        beside = np.linalg.norm(rod.vertices - along[:, None] * np.array(end), axis=1)
        np.testing.assert_allclose(np.sort(beside), np.repeat([0.1, 0.2], len(beside) // 2), atol=1e-12)


def test_joined_meshes_keep_their_triangles() -> None:
    one = polygon(np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]), np.ones(3))
    both = join_meshes([one, Mesh(), one])
    assert_sound(both)
    np.testing.assert_array_equal(both.triangles[2:], one.triangles + 4)
    assert len(join_meshes([]).vertices) == 0


def test_joined_lines_keep_their_segments() -> None:
    ring = circle(np.zeros(3), 1.0, np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), np.ones(3), 8)
    both = join_lines([ring, Lines(), ring])
    np.testing.assert_array_equal(both.segments[8:], ring.segments + 8)
    assert len(both.colors) == len(both.segments) == 16


def test_a_rounded_rectangle_is_convex_and_keeps_its_size() -> None:
    outline = rounded_rectangle(np.array([2.0, 1.0]), 0.3)
    np.testing.assert_allclose(np.abs(outline).max(axis=0), [2.0, 1.0])
    edges = np.diff(np.concatenate([outline, outline[:2]]), axis=0)
    edges = edges[np.linalg.norm(edges, axis=1) > 1e-9]
    turns = edges[:-1, 0] * edges[1:, 1] - edges[:-1, 1] * edges[1:, 0]
    assert (turns >= -1e-12).all()


def test_every_bone_joins_two_joints_once() -> None:
    pairs = {frozenset(bone) for bone in bones()}
    assert len(pairs) == len(bones())
    assert {joint for pair in pairs for joint in pair} == set(Joint) - {Joint.PALM}


def test_a_hand_is_drawn_without_the_joints_that_the_device_does_not_give() -> None:
    whole = hand_shape(some_hand(), CAMERA)
    assert_sound(whole)
    gone = some_hand()
    gone.validity[Joint.INDEX_TIP] = 0
    gone.positions[Joint.LITTLE_TIP] = np.nan
    part = hand_shape(gone, CAMERA)
    assert_sound(part)
    assert len(part.vertices) < len(whole.vertices)


def test_joints_in_one_place_give_no_bone_without_length() -> None:
    hand = some_hand()
    hand.positions[:] = [0.0, 1.0, 0.0]
    assert_sound(hand_shape(hand, CAMERA))


def test_untracked_hands_are_not_drawn() -> None:
    assert len(hands_shape(None, CAMERA).vertices) == 0
    assert len(hands_shape(Hands(0, Hand(), Hand()), CAMERA).vertices) == 0


def test_the_palette_shows_every_category_at_an_open_palm_only() -> None:
    cloud = some_cloud(3)
    closed = Scene(cloud, CATEGORIES, hands=Hands(0, some_hand(), Hand()))
    assert open_palm(closed.hands) is None
    assert len(palette_shape(closed).vertices) == 0
    opened = Scene(cloud, CATEGORIES, hands=Hands(0, some_hand(PALM_UP), Hand()), tool=Tool(category=1))
    mesh = palette_shape(opened)
    assert_sound(mesh)
    for category in CATEGORIES:
        color = split_rgb(category.color) / 255
        there = mesh.vertices[np.abs(mesh.colors - color).max(axis=1) < 1e-9]
        button = next(b for b in palette.buttons(CATEGORIES) if b.category == category.id)
        pose = open_palm(opened.hands)
        assert pose is not None
        np.testing.assert_allclose(there.mean(axis=0), pose.stage_from_palette(button.center, 0.001), atol=1e-9)


def test_a_brush_has_the_colour_of_its_category_and_its_radius() -> None:
    brushes = [Brush(np.array([0.1, 1.0, 0.0]), 0.05, 0), Brush(np.array([0.3, 1.0, 0.0]), 0.02, NONE)]
    scene = Scene(some_cloud(3), CATEGORIES, brushes=brushes, tool=Tool(erases=True))
    mesh, lines = brush_outlines(scene, CAMERA)
    assert_sound(mesh)
    assert np.linalg.norm(mesh.vertices - brushes[0].position, axis=1).min() == pytest.approx(0.05 * 0.955)
    assert np.linalg.norm(lines.points[:48] - brushes[0].position, axis=1) == pytest.approx(np.full(48, 0.05))
    assert mesh.colors[0][2] < mesh.colors[-1][2], "orange is less blue than the eraser"


def test_the_brush_of_a_hand_at_rest_is_a_thin_ring_around_its_pinch() -> None:
    place = Placement().position
    hand = pinching_hand(place)
    scene = Scene(some_cloud(3), CATEGORIES, hands=Hands(0, Hand(), hand), tool=Tool(category=1, radius_m=0.05))
    mesh, lines = brush_outlines(scene, CAMERA)
    assert_sound(mesh)
    point = hand.pinch_point()
    assert point is not None
    away = np.linalg.norm(mesh.vertices - point, axis=1)
    assert 0.048 < away.min() < away.max() == pytest.approx(0.05)
    np.testing.assert_allclose(mesh.colors, np.tile(split_rgb(category_color(1)) / 255, (len(mesh.colors), 1)))
    assert len(lines.points) == 0
    assert len(brush_outlines(replace(scene, tool=replace(scene.tool, side=Side.LEFT)), CAMERA)[0].vertices) == 0


def pinching_hand(place: np.ndarray) -> Hand:
    hand = some_hand()
    point = hand.pinch_point()
    assert point is not None
    return replace(hand, positions=hand.positions + (place - point))


def test_a_box_has_twelve_edges_in_the_colour_of_its_category() -> None:
    region = labels.box(np.zeros(3), np.array([0.3, 0.2, 0.1]), rotations.IDENTITY)
    scene = Scene(some_cloud(3), CATEGORIES, selection=Selection(0, np.zeros(0, np.uint32), region))
    mesh = box_shape(scene, CAMERA)
    assert_sound(mesh)
    assert len(mesh.triangles) == 12 * 20
    inside = np.abs(scene.placement.latent_from_stage(mesh.vertices)) <= [0.304, 0.204, 0.104]
    assert inside.all()
    assert mesh.colors[:, 0].mean() > mesh.colors[:, 2].mean(), "orange has more red than blue"
    assert len(box_shape(replace(scene, selection=None), CAMERA).vertices) == 0


def test_tools_have_signs_and_what_is_in_use_a_frame() -> None:
    def glyphs(tool: Tool) -> np.ndarray:
        scene = Scene(some_cloud(3), CATEGORIES, hands=Hands(0, some_hand(PALM_UP), Hand()), tool=tool)
        mesh, pose = palette_shape(scene), open_palm(scene.hands)
        assert_sound(mesh)
        assert pose is not None
        bright = mesh.vertices[(mesh.colors > 0.9).all(axis=1)]
        return np.array([pose.palette_from_stage(vertex) for vertex in bright])

    def around(points: np.ndarray, action: str) -> int:
        center = next(b.center for b in palette.buttons(CATEGORIES) if b.action == action)
        return int((np.abs(points[:, :2] - center).max(axis=1) <= palette.BUTTON_M / 2).sum())

    # Who looks back has no frame around now.
    plain, erasing = glyphs(Tool(looks_at_ns=1)), glyphs(Tool(erases=True, looks_at_ns=1))
    for action in palette.TOOLS:
        assert around(plain, action) >= 8
    assert len(erasing) - len(plain) == 20, "a frame around one button"
    middle = erasing[erasing[:, 2] < 0].mean(axis=0)[:2]
    assert palette.button_at(palette.buttons(CATEGORIES), middle).action == palette.ERASE  # type: ignore[union-attr]
    assert not any(around(plain, palette.category_action(c.id)) for c in CATEGORIES)


@pytest.mark.parametrize("share", [0.06, 0.3, 0.95])
def test_the_strip_has_a_frame_around_now_or_a_handle_under_the_finger_that_leads_back(share: float) -> None:
    strip = palette.strip(CATEGORIES)
    hands = Hands(0, some_hand(PALM_UP), Hand())
    pose = open_palm(hands)
    assert pose is not None
    finger = pose.stage_from_palette(strip.place_of(share) + np.array([0.0, 0.004]), -0.005)

    def bright(looks_at_ns: int) -> np.ndarray:
        tool, doing = Tool(looks_at_ns=looks_at_ns), Doing(SCRUB, finger)
        mesh = palette_shape(Scene(some_cloud(3), CATEGORIES, hands=hands, tool=tool, doing=doing))
        assert_sound(mesh)
        points = [pose.palette_from_stage(vertex) for vertex in mesh.vertices[(mesh.colors > 0.9).all(axis=1)]]
        return np.array([point for point in points if strip.holds(point) or abs(point[2] + 0.001) < 1e-9])

    now, then = bright(0), bright(5)
    frame, handle = now[now[:, 2] < 0], then[then[:, 2] > 0.0025]
    np.testing.assert_allclose(frame[:, :2].mean(axis=0), strip.place_of(1.0), atol=1e-9)
    assert not (then[:, 2] < 0).any()
    np.testing.assert_allclose(handle[:, :2].mean(axis=0), strip.place_of(share), atol=1e-9)
    assert not (now[:, 2] > 0.0025).any()


@pytest.mark.parametrize(
    ("label", "selected", "most", "expected"),
    [
        ([-1, -1, 2], [0, 0, 0], 3, [1, 1, 1]),
        ([-1, -1, 2], [0, 0, 0], 2, [0, 0, 1]),
        ([-1, -1, 2], [1, 0, 0], 2, [1, 0, 1]),
        ([1, 1, 2], [0, 0, 0], 2, [1, 1, 0]),
    ],
)
def test_selected_and_labelled_items_are_balls_first(
    label: list[int], selected: list[int], most: int, expected: list[int]
) -> None:
    chosen = chosen_as_balls(np.array(label, np.int16), np.array(selected, bool), most)
    assert chosen.astype(int).tolist() == expected


def test_items_get_smaller_the_more_there_are() -> None:
    sizes = [ball_radius(count, 0.35) for count in (1, 100, 1_797, 70_000, 10_000_000)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] < 0.05 * 0.35 < 35 * sizes[-1]


def test_every_item_is_drawn_once_as_ball_or_point() -> None:
    scene = Scene(some_cloud(12_000))
    mesh, points = cloud_shapes(scene, CAMERA, subject_of(scene.points()))
    assert (len(mesh.vertices), len(points.positions)) == (0, 12_000)
    few = Scene(some_cloud(500))
    mesh, points = cloud_shapes(few, CAMERA, subject_of(few.points()))
    assert (len(mesh.vertices), len(points.positions)) == (500 * 8, 0)
    fine, _ = cloud_shapes(few, CAMERA, subject_of(few.points()), fine=True)
    assert len(fine.vertices) > len(mesh.vertices)


def test_a_selection_of_items_that_are_not_there_is_no_error() -> None:
    selection = Selection(0, np.array([1, 99], np.uint32))
    scene = Scene(some_cloud(10), CATEGORIES, selection=selection)
    mesh, _ = cloud_shapes(scene, CAMERA, subject_of(scene.points()))
    assert_sound(mesh)


def test_only_items_between_the_camera_and_the_focus_hide_it() -> None:
    focus_at = np.array([0.0, 1.0, 0.0])
    towards = CAMERA.eye - focus_at
    items = np.array(
        [
            focus_at + 0.5 * towards,  # in front
            focus_at - 0.5 * towards,  # behind
            focus_at + 0.5 * towards + 0.3 * CAMERA.right,  # beside
            focus_at,  # inside
            CAMERA.eye + 0.5 * towards,  # behind the camera
        ]
    )
    hides = hiding(items, CAMERA, Focus(focus_at[None], np.array([0.05])))
    assert hides.tolist() == [True, False, False, False, False]
    assert not hiding(items, CAMERA, Focus(np.zeros((0, 3)), np.zeros(0))).any()


def test_the_focus_is_the_hands_the_palette_and_the_brush() -> None:
    scene = Scene(some_cloud(3), CATEGORIES, hands=Hands(0, some_hand(PALM_UP), Hand()))
    assert len(focus_of(scene).points) == JOINT_COUNT + 1
    brushing = Scene(scene.cloud, brushes=[Brush(np.zeros(3), 0.05, 0)])
    assert focus_of(brushing).radii.tolist() == pytest.approx([0.05 * 1.15])


def test_hands_at_rest_do_not_count_as_moved() -> None:
    resting = Hands(0, some_hand(), Hand())
    assert not hands_moved(resting, Hands(5, some_hand(at=(0.001, 1.0, 0.0)), Hand()))
    assert hands_moved(resting, Hands(5, some_hand(at=(0.01, 1.0, 0.0)), Hand()))
    assert hands_moved(resting, Hands(5, Hand(), Hand()))
    assert hands_moved(resting, None)
    assert hands_moved(None, resting)
    assert not hands_moved(None, None)


def test_the_floor_lies_below_the_cloud_and_the_glow_is_faint() -> None:
    scene = Scene(some_cloud(100))
    subject = subject_of(scene.points())
    grid = floor_grid(subject)
    assert np.ptp(grid.points[:, 1]) == pytest.approx(0.0)
    assert grid.points[0, 1] < subject.center[1] - subject.radius
    light = glow(320, 180)
    assert light[..., 3].max() <= 1
    assert light[80:100, 150:200, :3].mean() > light[:10, :10, :3].mean()
    assert light.max() < 40


def test_a_drawing_holds_everything() -> None:
    hands = Hands(0, some_hand(PALM_UP), some_hand(at=(0.2, 1.0, 0.0)))
    selection = Selection(1, np.arange(5, dtype=np.uint32))
    brush = Brush(np.array([0.0, 1.2, -0.5]), 0.05, 1)
    bare = Scene(some_cloud(50), CATEGORIES)
    full = Scene(bare.cloud, CATEGORIES, hands=hands, brushes=[brush], selection=selection)
    subject = subject_of(bare.points())
    drawing = draw(full, CAMERA, subject)
    assert_sound(drawing.mesh)
    assert len(drawing.mesh.triangles) > len(draw(bare, CAMERA, subject).mesh.triangles) + 1000
    assert len(drawing.lines.segments) > len(draw(bare, CAMERA, subject).lines.segments)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("far_m", [1.5e308, -1e200, np.nan, np.inf])
def test_joints_that_are_nowhere_are_not_drawn_and_hide_nothing(far_m: float) -> None:
    hand = some_hand(PALM_UP)
    hand.positions[[Joint.INDEX_TIP, Joint.PALM]] = far_m
    scene = Scene(some_cloud(3), CATEGORIES, hands=Hands(0, hand, Hand()))
    focus = focus_of(scene)
    assert len(focus.points) == JOINT_COUNT - 2
    assert hiding(scene.points(), CAMERA, focus).shape == (3,)
    assert_sound(hand_shape(hand, CAMERA))
