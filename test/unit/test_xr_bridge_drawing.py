"""What is drawn in the headset: matrices, motion between clouds, hands, words; and real pictures, read back."""

import math
from collections.abc import Iterator
from dataclasses import replace

import moderngl
import numpy as np
import pytest
from PIL import Image

from latentvr_common import labels, palette, rotations
from latentvr_common.beacon_lights import lights
from latentvr_common.beacons import COLORS, Beacon, Why
from latentvr_common.cloud import Cloud
from latentvr_common.forces import Forces
from latentvr_common.gestures import BOX, DWELL, GRAB, RADIUS, RECENTRE, Side, Tool
from latentvr_common.hands import Hand, Hands, Joint, Validity
from latentvr_common.held import held
from latentvr_common.labels import Category
from latentvr_common.placement import Placement
from latentvr_common.scene import Brush, Doing, Ghost, Offer, Progress, Scene, Selection, State
from latentvr_common.timeline.bar import Bar, Tick
from latentvr_common.timeline.events import What
from scripted_hands.anatomy import FINGER_TIP, OPEN, PINCH_POINT, POINTING, hand_at
from scripted_hands.postures import PALM_UP
from xr_bridge.drawing import matrices
from xr_bridge.drawing.arrow_lines import arrow_lines
from xr_bridge.drawing.beacon_columns import beacon_ribbons
from xr_bridge.drawing.cloud_motion import LONGEST_S, CloudMotion
from xr_bridge.drawing.ghost import change_ribbons
from xr_bridge.drawing.hand_balls import hand_balls
from xr_bridge.drawing.matrices import Fov
from xr_bridge.drawing.mirror import Mirror
from xr_bridge.drawing.painter import Eye, Painter
from xr_bridge.drawing.tool_ribbons import box_ribbons, held_ribbons
from xr_bridge.hanging import Resting, above_brush, above_hands, facing, nearer, offer_place, on_palette, state_place
from xr_bridge.look_panels import Look, dwell_panel, preview_panel
from xr_bridge.near_items import looked_at, pointed_at
from xr_bridge.offer_panel import WIDTH_M, offer_panel
from xr_bridge.openxr.egl import EglContext
from xr_bridge.openxr.results import MissingError
from xr_bridge.panels import InTime, Panels, panels_of, words_of
from xr_bridge.sheet import BRIGHT, Panel, line
from xr_bridge.show import Show
from xr_bridge.strip_panel import strip_panel

WIDE = Fov(-math.pi / 4, math.pi / 4, math.pi / 4, -math.pi / 4)
HEAD = np.array([0.0, 1.6, 0.0])
LEVEL = rotations.IDENTITY
RED, BLUE, GREY = 0xE04020, 0x2060F0, 0x808080
CATEGORIES = (Category(0, "ant", RED), Category(1, "bee", BLUE))


def seen_at(point: np.ndarray, eye: Eye) -> np.ndarray:
    """Where a stage point is in the picture, -1 to 1 right and up."""
    clip = eye.projection @ eye.view @ np.append(point, 1.0)
    return clip[:3] / clip[3]


def eye_at(position: np.ndarray = HEAD, quat: np.ndarray = LEVEL, fov: Fov = WIDE) -> Eye:
    return Eye(matrices.view(position, quat), matrices.projection(fov, 0.03, 60.0), position)


# Matrices


def test_what_is_straight_ahead_is_in_the_middle_and_what_is_right_is_right() -> None:
    eye = eye_at()
    np.testing.assert_allclose(seen_at(HEAD + np.array([0, 0, -1.0]), eye)[:2], [0, 0], atol=1e-6)
    np.testing.assert_allclose(seen_at(HEAD + np.array([0.5, 0.25, -1.0]), eye)[:2], [0.5, 0.25], atol=1e-6)
    turned = eye_at(quat=rotations.about_axis(np.array([0.0, 1.0, 0.0]), math.pi / 2))
    np.testing.assert_allclose(seen_at(HEAD + np.array([-1.0, 0, 0]), turned)[:2], [0, 0], atol=1e-6)


def test_the_edges_of_an_uneven_view_are_those_that_the_runtime_says() -> None:
    fov = Fov(-0.9, 0.5, 0.3, -0.7)
    eye = eye_at(fov=fov)
    for angle, column, edge in ((fov.left, 0, -1.0), (fov.right, 0, 1.0), (fov.up, 1, 1.0), (fov.down, 1, -1.0)):
        away = np.array([0.0, 0.0, -1.0])
        away[column] = math.tan(angle)
        assert seen_at(HEAD + away, eye)[column] == pytest.approx(edge, abs=1e-5)
    assert seen_at(HEAD + np.array([0, 0, -0.03]), eye)[2] == pytest.approx(-1.0, abs=1e-4)
    assert seen_at(HEAD + np.array([0, 0, -60.0]), eye)[2] == pytest.approx(1.0, abs=1e-4)


def test_a_model_goes_where_the_placement_says() -> None:
    placement = Placement(np.array([0.3, 1.0, -0.8]), rotations.about_axis(np.array([0.6, 0.8, 0.0]), 0.7), 0.4)
    matrix = matrices.model(placement.position, placement.quat_xyzw, placement.scale)
    point = np.array([0.2, -0.5, 0.9])
    np.testing.assert_allclose(matrix[:3] @ np.append(point, 1.0), placement.stage_from_latent(point), atol=1e-6)


# Motion between clouds


def test_points_go_from_cloud_to_cloud_in_the_time_between_two_and_never_jump() -> None:
    motion, period_s = CloudMotion(), 0.1
    clouds = [np.full((4, 3), float(i), np.float32) for i in range(30)]
    shown: list[float] = []
    for i, cloud in enumerate(clouds):
        motion.aim(cloud, i * period_s)
        for part in range(10):
            share = motion.share((i + part / 10) * period_s)
            shown.append(float((motion.start + share * (motion.end - motion.start))[0, 0]))
    steps = np.diff(shown)
    assert (steps >= -1e-6).all()
    assert steps.max() < 0.3  # A cloud that is shown at once makes a step of 1.
    # Once it knows how often clouds come, it is where the newest one is when the next one comes.
    assert shown[-1] == pytest.approx(28.9, abs=0.2)


def test_a_cloud_of_other_items_is_there_at_once_and_a_late_one_is_not_waited_for_longer_than_so_long() -> None:
    motion = CloudMotion()
    motion.aim(np.zeros((3, 3), np.float32), 0.0)
    motion.aim(np.ones((5, 3), np.float32), 1.0)
    np.testing.assert_array_equal(motion.start, motion.end)
    for i in range(20):
        motion.aim(np.full((5, 3), i, np.float32), 2.0 + 10.0 * i)
    assert motion.share(2.0 + 190.0 + LONGEST_S) == 1.0


# Hands and words


def test_a_hand_is_drawn_from_the_joints_that_are_there() -> None:
    hand = hand_at(HEAD, LEVEL, OPEN, left=False)
    whole = hand_balls(hand)
    for joint in (Joint.WRIST, Joint.INDEX_TIP, Joint.THUMB_TIP):
        assert np.linalg.norm(whole["center"] - hand.positions[joint], axis=1).min() < 1e-6
    hand.validity[Joint.INDEX_TIP] &= ~np.uint8(Validity.POSITION_VALID)
    without = hand_balls(hand)
    assert 0 < len(without) < len(whole)
    assert np.linalg.norm(without["center"] - hand.positions[Joint.INDEX_TIP], axis=1).min() > 0.01
    assert len(hand_balls(Hand())) == 0


def cloud_of(*places: tuple[tuple[float, float, float], int], each: int = 400, label: int = -1) -> Cloud:
    random = np.random.default_rng(0)
    positions = np.concatenate([random.normal(place, 0.05, (each, 3)) for place, _ in places]).astype(np.float32)
    colors = np.repeat(np.array([color for _, color in places], np.uint32), each)
    nothing = np.full(len(positions), -1, np.int16)
    labels = np.full(len(positions), label, np.int16)
    return Cloud(1, positions, colors, labels, nothing, np.zeros(len(positions), np.float32))


def test_a_stroke_says_what_it_would_mark() -> None:
    label = np.array([-1] * 5 + [0] * 3 + [1] * 2 + [7], np.int16)
    names = {0: "ant", 1: "bee"}
    ids = np.arange(11, dtype=np.uint32)
    assert words_of(Selection(0, ids), label, names) == "11 points: 5 new, 3 ant, 2 bee, 1 category 7"
    assert words_of(Selection(0, ids[5:6]), label, names) == "1 point: 1 ant"
    assert words_of(Selection(0, np.array([3, 99], np.uint32)), label, names) == "1 point: 1 new"
    many = np.arange(9, dtype=np.int16)
    assert words_of(Selection(0, ids[:9]), many, names).endswith("1 category 3, 5 more kinds")


def test_panels_are_drawn_anew_only_where_they_say_something_else() -> None:
    scene = Scene(cloud_of(((0, 0, 0), RED)), CATEGORIES, Progress(State.TRAINING, 3, 400), tool=Tool(category=1))
    first = panels_of(scene, True)
    again = panels_of(Scene(cloud_of(((0, 0, 0), BLUE)), CATEGORIES, scene.progress, tool=Tool(category=1)), True)
    assert first.palette is again.palette
    assert first.state is again.state
    assert first.selection is None
    other = panels_of(scene, False)
    assert other.state is not first.state
    chosen = panels_of(Scene(scene.cloud, CATEGORIES, scene.progress, tool=Tool(category=0)), True)
    assert chosen.palette is not first.palette
    assert panels_of(Scene(scene.cloud), True).palette is None


def test_the_line_of_state_says_what_is_held_at_a_desk_and_the_palette_stays_that_of_the_hands() -> None:
    alone = Scene(cloud_of(((0, 0, 0), RED)), CATEGORIES, Progress(State.TRAINING, 3, 400), tool=Tool(category=1))
    ann = Tool(category=0, radius_m=0.06, page=1, side=Side.MOUSE, author="ann")
    without, with_it = (panels_of(scene, True) for scene in (alone, replace(alone, desks={"ann": ann})))
    words = f"labels safe: 400  ·  epoch 3  ·  recording  ·  ann: {CATEGORIES[0].name}, brush 6 cm"
    assert with_it.state is line(words, 0.03, BRIGHT)
    assert with_it.state is not without.state
    assert with_it.palette is without.palette


@pytest.mark.parametrize(
    ("branch", "said"),
    [
        ("", ""),
        ("from step 1,234 (entry 17)", "branch: from step 1,234 (entry 17)  ·  "),
        ("without " + "a long name " * 7, "branch: without a long name a long name a...  ·  "),
    ],
)
def test_the_line_of_state_says_which_branch_is_trained(branch: str, said: str) -> None:
    progress = Progress(State.TRAINING, 3, 400, branch=branch)
    shown = panels_of(Scene(cloud_of(((0, 0, 0), RED)), CATEGORIES, progress), True).state
    assert shown is line(f"labels safe: 400  ·  epoch 3  ·  {said}recording", 0.03, BRIGHT)


def test_the_palette_is_drawn_where_its_buttons_are() -> None:
    scene = Scene(cloud_of(((0, 0, 0), RED)), CATEGORIES)
    panel = panels_of(scene, True).palette
    assert panel is not None
    down, normal = np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    pose = palette.PalettePose(HEAD, rotations.cross(normal, down), down, normal)
    middle, quat = on_palette(pose)
    height, width = panel.pixels.shape[:2]
    for button in palette.buttons(CATEGORIES):
        # From the stage into the panel's own frame, and from there to its pixels.
        there = rotations.rotate(rotations.inverse(quat), pose.stage_from_palette(button.center) - middle)
        x = int((there[0] / panel.width_m + 0.5) * width)
        y = int((0.5 - there[1] / panel.height_m) * height)
        color = {0: RED, 1: BLUE}.get(button.category)
        corner = panel.pixels[y - int(0.3 * palette.BUTTON_M * 4000), x]
        if color is not None:
            assert corner[:3].tolist() == [color >> 16, color >> 8 & 255, color & 255]


def test_panels_face_who_reads_them_and_stay_upright() -> None:
    place = np.array([0.4, 1.0, -0.6])
    quat = facing(place, HEAD)
    towards = rotations.rotate(quat, np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(towards, (HEAD - place) / np.linalg.norm(HEAD - place), atol=1e-9)
    assert rotations.rotate(quat, np.array([1.0, 0.0, 0.0]))[1] == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_array_equal(facing(HEAD - np.array([0, 1.0, 0]), HEAD), rotations.IDENTITY)


# Real pictures

SIZE = 240
PLACEMENT = Placement(np.array([0.0, 1.6, -1.0]), LEVEL.copy(), 0.5)


@pytest.fixture(scope="module")
def gl() -> Iterator[moderngl.Context]:
    try:
        context = EglContext()
    except MissingError as error:
        pytest.skip(str(error))
    yield context.gl
    context.close()


class Screen:
    """A picture of 240 x 240 that sees 90 degrees from the head, straight ahead."""

    def __init__(self, gl: moderngl.Context, most_points: int = 100_000) -> None:
        self.painter = Painter(gl, most_points, is_srgb=False)
        self.target = gl.framebuffer([gl.texture((SIZE, SIZE), 4)], gl.depth_renderbuffer((SIZE, SIZE)))
        self._mirror = Mirror(gl, self.painter.corners, is_srgb=False)

    def picture(self, scene: Scene, now_s: float = 1e3, width: int = SIZE, panels: Panels | None = None) -> np.ndarray:
        self.painter.see(scene, panels or Panels(), 0.0)
        return self.again(now_s, width)

    def again(self, now_s: float = 1e3, width: int = SIZE) -> np.ndarray:
        self.painter.paint(self.target, eye_at(), now_s)
        return self._mirror.picture(self.target, width).astype(int)


def reddish(picture: np.ndarray) -> np.ndarray:
    return picture[..., 0] > picture[..., 2] + 40


def bluish(picture: np.ndarray) -> np.ndarray:
    return picture[..., 2] > picture[..., 0] + 40


def middle_of(there: np.ndarray) -> np.ndarray:
    """Of what is there in a picture: right and up, -1 to 1."""
    rows, columns = np.nonzero(there)
    size = len(there)
    return np.array([2 * columns.mean() / size - 1, 1 - 2 * rows.mean() / size])


def test_points_are_where_the_cloud_is_in_their_colours(gl: moderngl.Context) -> None:
    scene = Scene(cloud_of(((-0.8, 0.4, 0), RED), ((0.8, -0.4, 0), BLUE)), placement=PLACEMENT)
    picture = Screen(gl).picture(scene)
    assert reddish(picture).sum() > 150
    assert bluish(picture).sum() > 150
    np.testing.assert_allclose(middle_of(reddish(picture)), [-0.4, 0.2], atol=0.03)
    np.testing.assert_allclose(middle_of(bluish(picture)), [0.4, -0.2], atol=0.03)


def test_points_are_between_two_clouds_while_they_move(gl: moderngl.Context) -> None:
    screen = Screen(gl)
    for i in range(40):
        screen.painter.see(Scene(cloud_of(((-0.8, 0, 0), RED)), placement=PLACEMENT), Panels(), 0.1 * i)
    screen.painter.see(Scene(cloud_of(((0.8, 0, 0), RED)), placement=PLACEMENT), Panels(), 4.0)
    xs = [middle_of(reddish(screen.again(4.0 + passed)))[0] for passed in (0.0, 0.05, 0.2)]
    np.testing.assert_allclose(xs, [-0.4, 0.0, 0.4], atol=0.05)


def test_what_a_stroke_would_mark_is_white(gl: moderngl.Context) -> None:
    cloud = cloud_of(((-0.8, 0, 0), RED), ((0.8, 0, 0), RED))
    screen = Screen(gl)
    both = reddish(screen.picture(Scene(cloud, placement=PLACEMENT))).sum()
    chosen = Selection(0, np.arange(400, dtype=np.uint32))
    picture = screen.picture(Scene(cloud, placement=PLACEMENT, selection=chosen))
    assert middle_of(reddish(picture))[0] > 0.3
    assert reddish(picture).sum() < 0.7 * both
    assert (picture[:, : SIZE // 2].min(axis=2) > 120).sum() > 50
    assert reddish(screen.picture(Scene(cloud, placement=PLACEMENT))).sum() == pytest.approx(both, rel=0.02)


def test_of_a_cloud_that_is_too_large_only_so_many_points_are_drawn(gl: moderngl.Context) -> None:
    cloud = cloud_of(((0, 0, 0), RED), each=5000)
    wide = Cloud(1, cloud.positions * 12, cloud.rgb, cloud.label, cloud.predicted, cloud.confidence)
    scene = Scene(wide, placement=PLACEMENT)
    many, few = (reddish(Screen(gl, most).picture(scene)).sum() for most in (10_000, 500))
    assert 0 < few < many / 4


def test_a_cloud_of_another_size_takes_the_place_of_the_first(gl: moderngl.Context) -> None:
    screen = Screen(gl)
    screen.picture(Scene(cloud_of(((-0.8, 0, 0), RED)), placement=PLACEMENT))
    picture = screen.picture(Scene(cloud_of(((0.8, 0, 0), BLUE), each=700), placement=PLACEMENT))
    assert not reddish(picture).any()
    np.testing.assert_allclose(middle_of(bluish(picture)), [0.4, 0.0], atol=0.03)


def test_hands_and_the_brush_are_drawn_where_they_are(gl: moderngl.Context) -> None:
    screen = Screen(gl)
    far = Scene(cloud_of(((0, 0, 0), GREY)), CATEGORIES, placement=Placement(np.array([0.0, 1.6, 30.0])))
    empty = screen.picture(far)
    screen.painter.show_person(Hand(), hand_at(HEAD + np.array([0.25, 0.2, -0.5]), LEVEL, OPEN, left=False), HEAD)
    hand = np.abs(screen.again() - empty).sum(axis=2) > 100
    assert hand.sum() > 100
    assert (middle_of(hand) > [0.3, 0.2]).all()
    screen.painter.show_person(Hand(), Hand(), HEAD)
    np.testing.assert_array_equal(screen.again(), empty)
    brush = Brush(HEAD + np.array([-0.5, 0.0, -1.0]), 0.1, 0)
    scene = Scene(far.cloud, CATEGORIES, placement=far.placement, brushes=(brush,))
    np.testing.assert_allclose(middle_of(reddish(screen.picture(scene))), [-0.5, 0.0], atol=0.03)


def test_words_hang_in_the_room(gl: moderngl.Context) -> None:
    scene = Scene(cloud_of(((0, 0, 0), GREY)), CATEGORIES, Progress(State.TRAINING, 31, 1284), PLACEMENT)
    screen = Screen(gl)
    screen.painter.show_person(Hand(), Hand(), HEAD)
    without = screen.picture(scene)
    screen.painter.see(scene, panels_of(scene, True), 0.0)
    changed = np.abs(screen.again() - without).sum(axis=2) > 30
    assert changed.sum() > 30
    # The cloud's top is above the eyes: the words are level with these, behind it.
    np.testing.assert_allclose(middle_of(changed), [0.0, 0.03], atol=0.03)


def test_a_mirror_is_a_smaller_copy(gl: moderngl.Context) -> None:
    scene = Scene(cloud_of(((-0.8, 0.4, 0), RED), ((0.8, -0.4, 0), BLUE)), placement=PLACEMENT)
    screen = Screen(gl)
    small = screen.picture(scene, width=80)
    assert small.shape == (80, 80, 3)
    np.testing.assert_allclose(middle_of(reddish(small)), middle_of(reddish(screen.again())), atol=0.05)
    assert screen.again(width=10_000).shape == (SIZE, SIZE, 3)


# Forces and previews


def forces_on(cloud: Cloud, rows: list[int], pull: tuple[float, float, float]) -> Forces:
    nothing = np.zeros((len(rows), 3), np.float32)
    pulls = np.tile(np.array(pull, np.float32), (len(rows), 1, 1))
    ids = np.array(rows, np.uint32)
    return Forces(1, ids, cloud.positions[rows], ("structure",), pulls, nothing, nothing)


def test_a_pull_is_a_line_from_the_item_to_where_it_is_pulled() -> None:
    cloud = cloud_of(((-0.4, 0, 0), RED), each=4)
    scene = Scene(cloud, placement=PLACEMENT, forces=forces_on(cloud, [0, 2], (5.0, 0.0, 0.0)))
    lines = arrow_lines(scene).reshape(2, 2, 2)
    pulls = lines["place"][0]
    np.testing.assert_allclose(pulls[:, 0], scene.points()[[0, 2]], atol=1e-6)
    np.testing.assert_allclose(pulls[:, 1] - pulls[:, 0], [[0.07 * PLACEMENT.scale, 0, 0]] * 2, atol=1e-6)
    np.testing.assert_allclose(lines["place"][1, :, 0], lines["place"][1, :, 1])  # They do not move.
    assert len(arrow_lines(Scene(cloud))) == 0


def test_forces_are_drawn_and_gone_when_they_are_not_wanted_any_more(gl: moderngl.Context) -> None:
    cloud = cloud_of(((0, 0, 0), GREY), each=300)
    plain, screen = Scene(cloud, placement=PLACEMENT), Screen(gl)
    without = screen.picture(plain)
    forces = forces_on(cloud, list(range(0, 300, 10)), (0.0, 3.0, 0.0))
    with_forces = screen.picture(Scene(cloud, placement=PLACEMENT, forces=forces))
    assert (np.abs(with_forces - without).sum(axis=2) > 60).sum() > 20
    np.testing.assert_array_equal(screen.picture(plain), without)


# Beacons


def test_a_beacon_is_a_column_that_fades_towards_its_place_and_a_closed_ring() -> None:
    cloud = cloud_of(((0.2, 0, 0), GREY), each=5)
    scene = Scene(cloud, placement=PLACEMENT, beacons=[Beacon(2, 3, Why.MIXED)])
    (light,) = lights(scene)
    column, ring = np.split(beacon_ribbons([light]), [1])
    np.testing.assert_allclose(column["start"], [scene.points()[3]], atol=1e-6)
    np.testing.assert_allclose(column["end"], [light.head], atol=1e-6)
    assert 0 < column["opacity"][0, 0] < 0.4 < column["opacity"][0, 1] <= 1
    np.testing.assert_array_equal(ring["end"], np.roll(ring["start"], -1, axis=0))
    np.testing.assert_allclose(ring["start"], light.ring, atol=1e-6)
    np.testing.assert_allclose(column["color"][0], np.array(COLORS[Why.MIXED]) / 255)
    assert len(beacon_ribbons([])) == 0


def test_beacons_are_drawn_with_their_words_and_gone_when_they_are_not_wanted_any_more(gl: moderngl.Context) -> None:
    cloud = cloud_of(((-0.6, 0, 0), GREY), ((0.6, 0, 0), GREY))
    plain, screen = Scene(cloud, placement=PLACEMENT), Screen(gl)
    without = screen.picture(plain)

    def changed(*beacons: Beacon, words: bool = True) -> np.ndarray:
        scene = Scene(cloud, placement=PLACEMENT, beacons=beacons)
        panels = Panels(beacons=panels_of(scene, is_recording=True).beacons if words else {})
        return np.asarray(np.abs(screen.picture(scene, panels=panels) - without).sum(axis=2) > 60)

    left, right = Beacon(1, 0, Why.UNSURE), Beacon(2, len(cloud) - 1, Why.UNLABELLED)
    one, both = changed(left), changed(left, right)
    half = one.shape[1] // 2
    assert one[:, :half].sum() > 20
    assert one[:, half:].sum() == 0
    assert both[:, half:].sum() > changed(left, right, words=False)[:, half:].sum() > 20
    np.testing.assert_array_equal(screen.picture(plain), without)


def test_the_words_of_a_beacon_are_its_number_and_its_reason() -> None:
    cloud = cloud_of(((0, 0, 0), GREY), each=5)
    beacons = [Beacon(1, 0, Why.UNSURE), Beacon(2, 1, Why.UNLABELLED), Beacon(3, 2, Why.UNSURE)]
    found = panels_of(Scene(cloud, beacons=beacons), is_recording=False).beacons
    assert list(found) == [1, 2, 3]
    assert found[2].width_m > found[1].width_m
    assert (found[1].pixels != found[3].pixels).any()
    bright = found[2].pixels[found[2].pixels[..., 3] == 255][:, :3]
    assert (bright == COLORS[Why.UNLABELLED]).all(axis=1).sum() > 20
    assert panels_of(Scene(cloud), is_recording=False).beacons == {}


def pointing_at(place: np.ndarray, side: str = "right") -> Hands:
    tip = FINGER_TIP * [-1, 1, 1] if side == "left" else FINGER_TIP
    hand = hand_at(place - tip, LEVEL, POINTING, left=side == "left")
    return Hands(1, hand, Hand()) if side == "left" else Hands(1, Hand(), hand)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_items_at_a_finger_tip_are_found_nearest_first(side: str) -> None:
    cloud = cloud_of(((-0.8, 0, 0), RED), ((0.8, 0, 0), BLUE), each=50)
    scene = Scene(cloud, placement=PLACEMENT)
    item = 60
    found = pointed_at(Scene(cloud, placement=PLACEMENT, hands=pointing_at(scene.points()[item], side)), 3)
    assert found is not None
    tip, items = found
    np.testing.assert_allclose(tip, scene.points()[item], atol=1e-6)
    away = np.linalg.norm(scene.points() - tip, axis=1)
    assert items == np.argsort(away, kind="stable")[: len(items)].tolist()
    assert items[0] == item
    far = scene.points()[item] + np.array([0.0, 0.5, 0.0])
    assert pointed_at(Scene(cloud, placement=PLACEMENT, hands=pointing_at(far, side)), 3) is None
    assert pointed_at(scene, 3) is None


def test_a_preview_shows_pictures_and_words_side_by_side() -> None:
    white = Image.new("L", (8, 8), 255)
    one, two = preview_panel([Look("ant", white)]), preview_panel([Look("ant", white), Look("bee 93 %?")])
    assert two.width_m > 1.6 * one.width_m
    assert two.height_m == pytest.approx(one.height_m, rel=0.01)
    bright = (one.pixels[..., :3].min(axis=2) > 250).mean()
    assert bright > 0.3
    assert (two.pixels[..., :3].min(axis=2) > 250).mean() < bright


# What hands hold and do


def held_scene(**more: object) -> Scene:
    far = Placement(np.array([0.0, 1.6, -1.0]), LEVEL.copy(), 0.5)
    return Scene(cloud_of(((5, 5, 5), GREY), each=3), CATEGORIES, placement=far, tool=Tool(category=0), **more)  # type: ignore[arg-type]


def test_a_box_is_drawn_as_its_edges_in_the_colour_of_its_category(gl: moderngl.Context) -> None:
    region = labels.box(np.array([0.8, 0.0, 0.0]), np.array([0.4, 0.4, 0.2]), LEVEL)
    scene = held_scene(selection=Selection(0, np.zeros(0, np.uint32), region))
    edges = box_ribbons(scene)
    assert len(edges) == 12
    np.testing.assert_allclose(edges["color"][0], [0xE0 / 255, 0x40 / 255, 0x20 / 255], atol=1e-6)
    red = reddish(Screen(gl).picture(scene))
    np.testing.assert_allclose(middle_of(red), [0.4, 0.0], atol=0.04)
    columns = np.nonzero(red)[1]
    # Of the nearer side, 0.9 m away: 0.2 m to each side.
    assert 2 * np.ptp(columns) / SIZE == pytest.approx(0.6 / 0.9 - 0.2 / 1.1, abs=0.05)
    assert red[SIZE // 2 - 10 : SIZE // 2 + 10, int(0.69 * SIZE) : int(0.71 * SIZE)].sum() == 0
    assert len(box_ribbons(held_scene())) == 0


def test_what_the_hand_holds_is_a_ring_around_the_pinch_that_faces_the_eyes_and_goes_with_the_hand(
    gl: moderngl.Context,
) -> None:
    screen, scene = Screen(gl), held_scene()
    screen.picture(scene)
    point = np.array([0.3, 1.7, -0.9])
    for place in (point, point - [0.5, 0.0, 0.0]):
        hand = hand_at(place - PINCH_POINT, LEVEL, OPEN, left=False)
        found = held(scene, Hand(), hand)
        assert found is not None
        ring = held_ribbons(found, HEAD)
        np.testing.assert_allclose(np.linalg.norm(ring["start"] - found.position, axis=1), found.radius_m, rtol=1e-5)
        np.testing.assert_allclose((ring["start"] - found.position) @ (HEAD - found.position), 0.0, atol=1e-6)
        screen.painter.show_person(Hand(), hand, HEAD)
        red = reddish(screen.again())
        assert red.sum() > 30
        seen = seen_at(found.position, eye_at())[:2]
        rows, columns = np.nonzero(red)
        right, up = 2 * columns / SIZE - 1, 1 - 2 * rows / SIZE
        np.testing.assert_allclose(np.hypot(right - seen[0], up - seen[1]), found.radius_m / 0.9, atol=0.02)
    screen.painter.show_person(Hand(), Hand(), HEAD)
    assert not reddish(screen.again()).any()
    assert len(held_ribbons(None, HEAD)) == 0


def test_words_say_what_kind_of_mark_it_would_be_and_what_both_hands_do() -> None:
    ids = np.arange(2, dtype=np.uint32)
    flood = Selection(0, ids, labels.flood(np.zeros(3), 0.1, 5.0))
    with_words = [held_scene(selection=Selection(0, ids)), held_scene(selection=flood)]
    plain, dense = (panels_of(scene, True).selection for scene in with_words)
    assert plain is line("2 points: 2 new", 0.012, BRIGHT)
    assert dense is line("dense region: 2 points: 2 new", 0.012, BRIGHT)
    assert panels_of(held_scene(doing=Doing(GRAB, HEAD)), True).hint is line("moving the cloud", 0.012, BRIGHT)
    assert panels_of(held_scene(doing=Doing(RECENTRE, HEAD)), True).hint is not None
    assert panels_of(held_scene(doing=Doing(DWELL, HEAD)), True).hint is None
    assert panels_of(held_scene(), True).notice is None
    assert panels_of(held_scene(notice="cancelled: hand lost"), True).notice is not None


def test_why_a_gesture_was_cancelled_stands_below_the_state_line(gl: moderngl.Context) -> None:
    def written(scene: Scene) -> np.ndarray:
        screen = Screen(gl)
        screen.painter.show_person(Hand(), Hand(), HEAD)
        before = screen.picture(scene)
        return np.asarray(np.abs(screen.picture(scene, panels=panels_of(scene, True)) - before).sum(axis=2) > 30)

    plain, cancelled = written(held_scene()), written(held_scene(notice="cancelled: hand lost"))
    extra = cancelled & ~plain
    assert extra.sum() > 20
    assert middle_of(extra)[1] < middle_of(plain)[1] - 0.02


@pytest.mark.parametrize("scale", [0.05, 0.35, 1.0, 7.0])
@pytest.mark.parametrize("place", [(0.0, 1.25, -0.55), (1.5, 0.4, 1.0), (0.0, 1.6, 0.0), (0.0, 3.0, -4.0)])
def test_the_state_line_is_near_enough_to_read_never_above_the_eyes_and_never_before_the_cloud(
    place: tuple[float, float, float], scale: float
) -> None:
    placement = Placement(np.array(place), LEVEL.copy(), scale)
    found = state_place(placement, HEAD)
    assert 0.85 < np.linalg.norm(found - HEAD) < 2.0
    assert found[1] <= HEAD[1] + 0.051
    towards = np.array(place) - HEAD
    if np.linalg.norm(towards[[0, 2]]) > 0.2:
        away = found - HEAD
        assert towards[[0, 2]] @ away[[0, 2]] == pytest.approx(
            np.linalg.norm(towards[[0, 2]]) * np.linalg.norm(away[[0, 2]])
        )


def test_words_that_rest_follow_only_when_they_would_be_elsewhere() -> None:
    resting = Resting()
    for away, expected in ((0.0, 0.0), (0.2, 0.0), (0.24, 0.0), (0.3, 0.3), (0.1, 0.3), (0.0, 0.0)):
        found = resting.follow(np.array([away, 0.0, 0.0]))
        np.testing.assert_allclose(found, [expected, 0.0, 0.0])


def test_words_hang_above_the_hands_and_above_a_box() -> None:
    left = hand_at(np.array([-0.3, 1.0, -0.4]), LEVEL, OPEN, left=True)
    right = hand_at(np.array([0.3, 1.2, -0.4]), LEVEL, OPEN, left=False)
    both, one = above_hands((left, right)), above_hands((Hand(), right))
    assert both is not None
    assert one is not None
    assert both[0] == pytest.approx(0.0, abs=0.01)
    assert one[0] > 0.25
    assert both[1] > right.positions[Joint.PALM][1] + 0.1
    assert above_hands((Hand(), Hand())) is None
    region = labels.box(np.zeros(3), np.array([0.2, 0.6, 0.2]), LEVEL)
    brush = Brush(PLACEMENT.position, 0.05, 0, BOX)
    scene = Scene(cloud_of(((0, 0, 0), RED)), placement=PLACEMENT, brushes=(brush,))
    boxed = Scene(scene.cloud, placement=PLACEMENT, brushes=(brush,), selection=Selection(0, np.zeros(0), region))
    low, high = above_brush(scene), above_brush(boxed)
    assert low is not None
    assert high is not None
    assert high[1] - low[1] == pytest.approx(0.6 * PLACEMENT.scale - 0.05)


def test_words_come_nearer_in_the_same_direction_but_not_too_near() -> None:
    place = HEAD + np.array([0.3, 0.0, -0.6])
    moved = nearer(place, HEAD)
    np.testing.assert_allclose(np.cross(moved - HEAD, place - HEAD), 0.0, atol=1e-12)
    assert 0.3 <= np.linalg.norm(moved - HEAD) < 0.8 * np.linalg.norm(place - HEAD)
    close = HEAD + np.array([0.0, 0.0, -0.2])
    np.testing.assert_allclose(nearer(close, HEAD), close)


def test_the_item_that_is_looked_at_is_the_one_that_the_gesture_names() -> None:
    tip = np.array([0.1, 1.2, -0.5])
    assert looked_at(held_scene(doing=Doing(DWELL, tip, 2))) == (pytest.approx(tip), 2)
    for doing in (None, Doing(DWELL, tip), Doing(DWELL, tip, 3), Doing(GRAB, tip, 2)):
        assert looked_at(held_scene(doing=doing)) is None


def test_an_item_that_is_looked_at_is_shown_large_with_its_neighbours_below() -> None:
    red, green = Image.new("RGB", (8, 8), (200, 10, 10)), Image.new("RGB", (8, 8), (10, 200, 10))
    panel = dwell_panel(Look("ant 83 %?", red), [green, green])
    pixels = panel.pixels.astype(int)
    is_red, is_green = pixels[..., 0] - pixels[..., 1] > 100, pixels[..., 1] - pixels[..., 0] > 100
    assert is_red.sum() > 5 * is_green.sum() > 0
    assert np.nonzero(is_red)[0].max() < np.nonzero(is_green)[0].min()
    without = dwell_panel(Look("ant"), [])
    assert without.height_m < panel.height_m / 3
    six = dwell_panel(Look("ant", red), [green] * 6)
    assert six.pixels.shape == panel.pixels.shape


def test_what_a_picture_takes_is_told_as_a_mean_of_the_last_ones() -> None:
    show = Show(lambda picture: None)
    show.note_picture(0.3)
    assert show.picture_s == 0.3
    for _ in range(40):
        show.note_picture(0.01)
    assert show.picture_s == pytest.approx(0.01, abs=1e-3)


# What is offered

OFFER = Offer("a", "3 items at 90 % or more; 93 % of them expected to be right. Poke accept again to label them")


def solid(*color: int) -> Image.Image:
    return Image.new("RGB", (8, 8), color)


def test_what_is_offered_is_shown_in_rows_of_five_in_order_below_the_words() -> None:
    looks = [Look(f"{i}: 9{i} %", solid(250, 10 * i, 0)) for i in range(7)]
    pixels = offer_panel(OFFER.words, looks).pixels
    middles = []
    for i in range(7):
        rows, columns = np.nonzero((pixels[..., :3] == (250, 10 * i, 0)).all(axis=2))
        assert len(rows) == 200 * 200
        middles.append((rows.mean(), columns.mean()))
    middle = np.array(middles)
    assert len(set(middle[:5, 0])) == len(set(middle[5:, 0])) == 1
    assert middle[5, 0] > middle[0, 0] + 200
    np.testing.assert_allclose(middle[5:, 1], middle[:2, 1])
    assert (np.diff(middle[:5, 1]) > 200).all()
    above = pixels[: int(middle[0, 0]) - 100]
    assert (above[..., :3] == BRIGHT[:3]).all(axis=2).any(axis=1).sum() > 40


def test_every_item_of_an_offer_has_its_words_below_its_picture_and_one_without_a_picture_its_text_there() -> None:
    def changed(look: Look, other: Look) -> tuple[int, int]:
        one, two = (offer_panel(OFFER.words, [shown]).pixels.astype(int) for shown in (look, other))
        rows = np.flatnonzero(np.abs(one - two).any(axis=(1, 2)))
        return int(rows.min()), int(rows.max())

    picture = changed(Look("ant: 93 %", solid(9, 9, 9)), Look("ant: 93 %", solid(200, 9, 9)))
    words = changed(Look("ant: 93 %", solid(9, 9, 9)), Look("bee: 71 %", solid(9, 9, 9)))
    text = changed(Look("ant: 93 %"), Look("ant: 93 %", text="3.1 22.5 0.0001 4e-07 17 ..."))
    assert words[0] > picture[1]
    assert picture[0] < text[0] < text[1] < picture[1]


def test_of_an_offer_at_most_twenty_items_are_shown_and_none_make_a_panel_of_words() -> None:
    looks = [Look("ant: 93 %", solid(9, 9, 9))] * 30
    assert offer_panel(OFFER.words, looks).pixels.shape == offer_panel(OFFER.words, looks[:20]).pixels.shape
    assert offer_panel(OFFER.words, []).height_m < offer_panel(OFFER.words, looks[:1]).height_m - 0.05
    long = [Look("a name without an end " * 9, text="values " * 99)]
    assert offer_panel("word " * 200, long).width_m == WIDTH_M


@pytest.mark.parametrize("side", [Side.LEFT, Side.RIGHT])
@pytest.mark.parametrize("scale", [0.05, 0.2, 0.35, 0.45])
@pytest.mark.parametrize("place", [(0.0, 1.25, -0.55), (0.5, 0.4, 0.4), (-0.9, 1.6, 0.0), (0.0, 2.2, -4.0)])
def test_an_offer_hangs_beside_the_cloud_on_the_side_of_the_hand_that_paints_where_one_can_see_it(
    place: tuple[float, float, float], scale: float, side: Side
) -> None:
    placement = Placement(np.array(place), LEVEL.copy(), scale)
    scene = Scene(cloud_of(((0, 0, 0), RED)), placement=placement, tool=Tool(side=side))
    found = offer_place(scene, HEAD, WIDTH_M) - HEAD
    ahead = (np.array(place) - HEAD)[[0, 2]]
    away_m = np.linalg.norm(ahead)
    right = np.array([-ahead[1], ahead[0]]) / away_m * (1 if side is Side.RIGHT else -1)
    level = found[[0, 2]]
    angle = math.atan2(level @ right, level @ ahead / away_m)
    near_edge = angle - math.atan(WIDTH_M / 2 / np.linalg.norm(level))
    assert near_edge > math.asin(min(1.0, scale / away_m)) or angle == pytest.approx(math.radians(60))
    assert 0 < angle < math.radians(60.1)
    assert 0.49 < np.linalg.norm(level) < 0.81
    assert -0.31 < found[1] <= 0.0


def test_an_offer_hangs_somewhere_in_a_cloud_that_is_all_around() -> None:
    for placement in (Placement(HEAD, LEVEL, 2.0), Placement(np.array([0.0, 0.6, -0.3]), LEVEL, 7.0)):
        found = offer_place(Scene(cloud_of(((0, 0, 0), RED)), placement=placement), HEAD, WIDTH_M)
        assert 0.5 <= np.linalg.norm(found - HEAD) < 0.9
        assert found[0] > 0.3


def test_an_offer_is_drawn_beside_the_cloud_and_gone_when_it_is_over(gl: moderngl.Context) -> None:
    far = Placement(np.array([0.0, 1.6, -1.0]), LEVEL.copy(), 0.2)
    scene = Scene(cloud_of(((0, 0, 0), GREY)), placement=far)
    screen = Screen(gl)
    screen.painter.show_person(Hand(), Hand(), HEAD)
    without = screen.picture(scene)
    panel = offer_panel(OFFER.words, [Look("ant: 93 %", solid(200, 9, 9))] * 20)
    red = reddish(screen.picture(scene, panels=Panels(offer=panel)))
    assert red.sum() > 500
    assert np.nonzero(red)[1].min() > 0.6 * SIZE
    np.testing.assert_array_equal(screen.picture(scene), without)


def test_while_something_is_offered_no_words_beside_the_brush_say_that_it_would_be_marked() -> None:
    ids = np.arange(2, dtype=np.uint32)
    brush = Brush(HEAD, 0.05, 0, RADIUS)
    assert panels_of(held_scene(selection=Selection(0, ids), brushes=(brush,)), True).selection is not None
    offered = held_scene(selection=Selection(-1, ids, audit_ids=ids), brushes=(brush,), offer=OFFER)
    assert panels_of(offered, True).selection is None


# Time

BAR = Bar((Tick(100, What.LABELS, (0xE0, 0x40, 0x20)), Tick(300, What.FLIPS, (0x20, 0x60, 0xF0))), None, "3 min ago")


def columns_of(panel: Panel, color: tuple[int, int, int]) -> np.ndarray:
    """Where there is something of that colour, metres from the middle of the panel."""
    there = (panel.pixels[..., :3] == color).all(axis=2) & (panel.pixels[..., 3] > 250)
    return (np.flatnonzero(there.any(axis=0)) + 0.5) / panel.pixels.shape[1] * panel.width_m - panel.width_m / 2


def test_the_strip_shows_what_happened_where_a_finger_would_go_there() -> None:
    strip, panel = palette.strip(CATEGORIES), strip_panel(BAR)
    for tick in BAR.ticks:
        middle = columns_of(panel, tick.color).mean()
        assert strip.share_at(middle) == pytest.approx(tick.place / palette.STRIP_STEPS, abs=0.005)
    assert panel.width_m > palette.STRIP_M[0]
    assert panel.height_m > palette.STRIP_M[1]


@pytest.mark.parametrize("place", [0, 150, 399, palette.STRIP_STEPS])
def test_the_strip_has_a_handle_where_one_looks_and_a_frame_around_now_while_one_looks_at_that(place: int) -> None:
    now, then = strip_panel(BAR), strip_panel(replace(BAR, cursor=place))
    strip = palette.strip(CATEGORIES)
    knob = [
        int((panel.pixels[panel.pixels.shape[0] // 2 - 2, int((0.008 + 0.102 * place / 400) * 4000), :3] > 220).all())
        for panel in (now, then)
    ]
    assert knob[1] == 1
    edge = int((0.008 + palette.STRIP_M[0] + 0.001) * 4000)
    framed = [(panel.pixels[40:-40, edge, :3] > 220).all() for panel in (now, then)]
    assert framed == [True, False]
    assert strip.share_at(0.102 * place / 400 - palette.STRIP_M[0] / 2) == pytest.approx(
        min(place / 400, 1.0), abs=1e-6
    )


def test_the_same_strip_is_the_same_panel_and_one_without_a_past_is_there_too() -> None:
    assert strip_panel(BAR) is strip_panel(replace(BAR))
    assert strip_panel(replace(BAR, begins="4 min ago")) is not strip_panel(BAR)
    assert strip_panel(None).pixels.shape == strip_panel(BAR).pixels.shape
    scene = held_scene()
    assert panels_of(scene, True, time=InTime(bar=BAR)).strip is strip_panel(BAR)
    assert panels_of(Scene(scene.cloud), True, time=InTime(bar=BAR)).strip is None


def test_palette_and_strip_do_not_overlap_in_the_plane_that_they_share() -> None:
    for count in (1, 4, 12, 30):
        scene = Scene(held_scene().cloud, [Category(i, str(i), RED) for i in range(count)])
        panels = panels_of(scene, True, time=InTime(bar=BAR))
        assert panels.palette is not None
        assert panels.strip is not None
        top = palette.strip(scene.categories).center[1] - panels.strip.height_m / 2
        assert panels.palette.height_m / 2 <= top + 1e-9
        assert top - panels.palette.height_m / 2 < 0.01


def test_the_strip_is_drawn_below_the_palette_where_it_is_touched(gl: moderngl.Context) -> None:
    screen, scene = Screen(gl), held_scene()
    hand = hand_at(HEAD + np.array([0.0, -0.25, -0.35]), PALM_UP, OPEN, left=True)
    pose = palette.palette_pose(hand)
    assert pose is not None
    screen.painter.show_person(hand, Hand(), HEAD)
    panel = strip_panel(replace(BAR, ticks=(Tick(200, What.LABELS, (255, 0, 0)),)))
    without = screen.picture(scene)
    there = np.abs(screen.picture(scene, panels=Panels(palette=panel, strip=panel)) - without).sum(axis=2) > 30
    alone = np.abs(screen.picture(scene, panels=Panels(palette=panel)) - without).sum(axis=2) > 30
    strip = there & ~alone
    assert strip.sum() > 100
    wanted = seen_at(pose.stage_from_palette(palette.strip(CATEGORIES).center), eye_at())[:2]
    np.testing.assert_allclose(middle_of(strip), wanted, atol=0.05)


def test_words_say_which_time_is_looked_at_and_how_the_session_stands_now(gl: moderngl.Context) -> None:
    scene = replace(held_scene(notice="cancelled: hand lost"), progress=Progress(State.TRAINING, 3, 400))
    labelled = replace(scene.cloud, label=np.zeros(len(scene.cloud), np.int16))
    now = replace(scene, cloud=labelled, progress=Progress(State.PAUSED, 99, 1000))
    told = panels_of(scene, True, time=InTime(now, "as it was 2:13 ago: epoch 3"))
    # What is poked is poked now: counts are of now too.
    assert told.palette is panels_of(now, True).palette is not panels_of(scene, True).palette
    assert told.state is line("labels safe: 1,000  ·  epoch 99  ·  paused  ·  recording", 0.03, BRIGHT)
    assert told.then is not None
    assert panels_of(scene, True).then is None
    screen = Screen(gl)
    screen.painter.show_person(Hand(), Hand(), HEAD)

    def rows(**shown: Panel | None) -> float:
        before = screen.picture(scene, panels=Panels(state=told.state))
        changed = np.abs(screen.picture(scene, panels=Panels(state=told.state, **shown)) - before).sum(axis=2) > 30  # type: ignore[arg-type]
        assert changed.sum() > 20
        return float(np.nonzero(changed)[0].mean())

    assert rows(then=told.then) == pytest.approx(rows(notice=told.notice), abs=2)
    assert rows(then=told.then, notice=told.notice) > rows(then=told.then) + 2


# What was


def ghosted(*places: tuple[float, float, float]) -> Scene:
    """A cloud of grey items, and a ghost of it with all of them at each of the places."""
    cloud = cloud_of(((0.8, 0.0, 0.0), BLUE), each=200)
    was = np.repeat(np.array(places, np.float32), 200 // len(places), axis=0)
    return Scene(cloud, CATEGORIES, placement=PLACEMENT, ghost=Ghost(was, np.full(200, -1, np.int16)))


def test_a_ghost_is_faint_points_where_its_items_were(gl: moderngl.Context) -> None:
    screen, scene = Screen(gl), ghosted((-0.8, 0.4, 0.0))
    alone = screen.picture(replace(scene, ghost=None))
    with_it = screen.picture(scene)
    seen = np.abs(with_it - alone).sum(axis=2) > 30
    row, column = round((1 - 0.2) * SIZE / 2), round((1 - 0.4) * SIZE / 2)
    assert seen[row - 2 : row + 3, column - 2 : column + 3].any()
    grey = with_it[row - 2 : row + 3, column - 2 : column + 3].reshape(-1, 3)
    assert np.ptp(grey[grey.sum(axis=1).argmax()]) < 60
    np.testing.assert_array_equal(screen.picture(replace(scene, ghost=None)), alone)


def test_ribbons_lead_from_where_items_were_to_where_they_are_in_the_colour_of_what_they_are_now() -> None:
    scene = ghosted((-0.8, 0.4, 0.0), (0.8, 0.4, 0.0))
    predicted = np.where(np.arange(200) < 50, 0, -1).astype(np.int16)
    scene = replace(scene, cloud=replace(scene.cloud, predicted=predicted))
    found = change_ribbons(scene)
    ghost = scene.ghost
    assert ghost is not None
    assert len(found) == 200
    was, now = PLACEMENT.stage_from_latent(ghost.positions), scene.points()
    order = [int(np.abs(now - end).sum(axis=1).argmin()) for end in found["end"]]
    np.testing.assert_allclose(found["start"], was[order], atol=1e-6)
    turned = np.array(order) < 50
    assert turned[:50].all()
    red, grey = found["color"][turned], found["color"][~turned]
    assert (red[:, 0] - red[:, 2] > 0.3).all()
    assert (np.ptp(grey, axis=1) < 0.15).all()
    assert (found["opacity"][:, 1] > found["opacity"][:, 0]).all()
    assert found["opacity"][turned].min() > found["opacity"][~turned].min()
    assert len(change_ribbons(replace(scene, ghost=None))) == 0


def test_ribbons_of_a_ghost_are_drawn_and_gone_with_it(gl: moderngl.Context) -> None:
    screen, scene = Screen(gl), ghosted((-0.8, 0.0, 0.0))
    predicted = np.zeros(200, np.int16)
    red = replace(scene, cloud=replace(scene.cloud, predicted=predicted))
    between = reddish(screen.picture(red))[SIZE // 2 - 4 : SIZE // 2 + 5, SIZE // 2 - 10 : SIZE // 2 + 10]
    assert between.any(axis=0).mean() > 0.8
    assert not reddish(screen.picture(replace(red, ghost=None))).any()


def test_a_moved_cloud_takes_its_ghost_along(gl: moderngl.Context) -> None:
    screen, scene = Screen(gl), ghosted((-0.8, 0.0, 0.0))
    red = replace(scene, cloud=replace(scene.cloud, predicted=np.zeros(200, np.int16)))
    first = middle_of(reddish(screen.picture(red)))
    up = Placement(PLACEMENT.position + np.array([0.0, 0.3, 0.0]), LEVEL.copy(), 0.5)
    second = middle_of(reddish(screen.picture(replace(red, placement=up))))
    assert second[1] - first[1] == pytest.approx(0.3, abs=0.06)
