"""Rotations, placement and palette: laws, and an independent reference."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from latentvr_common import palette, rotations
from latentvr_common.hands import FULLY_TRACKED, JOINT_COUNT, Hand, Joint
from latentvr_common.labels import Category
from latentvr_common.placement import Placement

RANDOM = np.random.default_rng(3)


def some_quats(count: int) -> np.ndarray:
    return Rotation.random(count, rng=RANDOM).as_quat()


def test_rotations_agree_with_scipy() -> None:
    a, b, vectors = some_quats(20), some_quats(20), RANDOM.normal(size=(20, 3))
    np.testing.assert_allclose(rotations.rotate(a, vectors), Rotation.from_quat(a).apply(vectors), atol=1e-12)
    product = Rotation.from_quat(rotations.multiply(a, b))
    np.testing.assert_allclose(
        product.as_matrix(), (Rotation.from_quat(a) * Rotation.from_quat(b)).as_matrix(), atol=1e-12
    )
    np.testing.assert_allclose(
        rotations.rotate(rotations.inverse(a), rotations.rotate(a, vectors)), vectors, atol=1e-12
    )


def test_quaternion_from_axes_agrees_with_scipy_also_for_half_turns() -> None:
    matrices = [
        *Rotation.random(20, rng=RANDOM).as_matrix(),
        *(np.diag(d) for d in ([1, -1, -1], [-1, 1, -1], [-1, -1, 1])),
    ]
    for matrix in matrices:
        quat = rotations.from_axes(*matrix.T)
        np.testing.assert_allclose(Rotation.from_quat(quat).as_matrix(), matrix, atol=1e-9)


def test_zero_quaternions_are_not_rotations() -> None:
    assert rotations.is_unit(np.array([[0.0, 0, 0, 0], [0, 0, 0, 1]])).tolist() == [False, True]


def test_placement_there_and_back_is_the_identity() -> None:
    placement = Placement(np.array([0.3, 1.2, -0.6]), some_quats(1)[0], 0.35)
    points = RANDOM.normal(size=(50, 3))
    np.testing.assert_allclose(placement.latent_from_stage(placement.stage_from_latent(points)), points, atol=1e-12)


def test_placement_scales_distances() -> None:
    placement = Placement(quat_xyzw=some_quats(1)[0], scale=0.4)
    a, b = RANDOM.normal(size=(2, 3))
    apart = np.linalg.norm(placement.stage_from_latent(a) - placement.stage_from_latent(b))
    assert apart == pytest.approx(0.4 * np.linalg.norm(a - b))


def hand_with_palm(quat: np.ndarray) -> Hand:
    return Hand(
        True,
        np.tile([0.1, 1.0, -0.3], (JOINT_COUNT, 1)),
        np.tile(quat, (JOINT_COUNT, 1)),
        np.full(JOINT_COUNT, 0.01),
        np.full(JOINT_COUNT, FULLY_TRACKED, dtype=np.uint8),
    )


PALM_UP = rotations.about_axis(np.array([0.0, 0.0, 1.0]), np.pi)
PALM_DOWN = rotations.IDENTITY


def test_palette_is_there_only_while_the_palm_faces_up() -> None:
    assert palette.palette_pose(hand_with_palm(PALM_UP)) is not None
    assert palette.palette_pose(hand_with_palm(PALM_DOWN)) is None
    assert palette.palette_pose(hand_with_palm(np.zeros(4))) is None
    assert palette.palette_pose(Hand()) is None


def test_palette_floats_above_the_palm_and_reads_left_to_right_from_the_fingers_down() -> None:
    pose = palette.palette_pose(hand_with_palm(PALM_UP))
    assert pose is not None
    np.testing.assert_allclose(pose.normal, [0, 1, 0], atol=1e-9)
    np.testing.assert_allclose(pose.across, [1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(pose.down, [0, 0, 1], atol=1e-9)
    assert pose.origin[1] == pytest.approx(1.0 + palette.OFFSET_M)


def test_every_button_is_found_at_its_center_and_nowhere_else() -> None:
    categories = [Category(i, str(i), 0, retired=i == 4) for i in range(10)]
    laid_out = palette.buttons(categories)
    assert [b.category for b in laid_out] == [0, 1, 2, 3, 5, 6, 7, 8, 9, *(-1 for _ in palette.TOOLS)]
    assert [b.action for b in laid_out[9:]] == list(palette.TOOLS)
    for button in laid_out:
        assert palette.button_at(laid_out, button.center) is button
        assert palette.button_at(laid_out, button.center + palette.PITCH_M / 2) is not button
    assert palette.button_at(laid_out, np.array([1.0, 1.0])) is None


def test_the_pages_of_the_palette_hold_every_category_once() -> None:
    for count in (1, 12, 13, 40, 256):
        categories = [Category(i, str(i), 0, retired=i % 7 == 3) for i in range(count)]
        offered = [c.id for c in categories if not c.retired]
        shown = [[b.category for b in palette.buttons(categories, p)] for p in range(palette.pages(categories))]
        assert [c for page in shown for c in page if c >= 0] == offered
        for page, on_it in enumerate(shown):
            assert sum(c >= 0 for c in on_it) <= palette.PAGE
            assert all(palette.page_of(c, categories) == page for c in on_it if c >= 0)
        actions = [b.action for b in palette.buttons(categories)]
        assert (palette.MORE in actions) == (len(offered) > palette.PAGE)
        assert palette.buttons(categories, 99)[0].action == palette.buttons(categories)[0].action


def test_no_two_buttons_of_a_page_overlap() -> None:
    laid_out = palette.buttons([Category(i, str(i), 0) for i in range(30)], 1)
    for i, a in enumerate(laid_out):
        for b in laid_out[:i]:
            assert np.abs(a.center - b.center).max() >= palette.PITCH_M - 1e-9


def test_the_strip_overlaps_no_button_and_is_below_all_of_them() -> None:
    for count in (0, 1, 3, 4, 12, 13, 40):
        categories = [Category(i, str(i), 0) for i in range(count)]
        for page in range(palette.pages(categories)):
            strip = palette.strip(categories, page)
            for button in palette.buttons(categories, page):
                assert strip.center[1] - button.center[1] > (palette.STRIP_M[1] + palette.BUTTON_M) / 2
                assert not strip.holds(button.center + palette.BUTTON_M / 2)
            assert strip.holds(strip.center + 0.49 * np.array(palette.STRIP_M))
            assert not strip.holds(strip.center + 0.51 * np.array(palette.STRIP_M))


def test_places_of_the_strip_are_shares_of_time_and_back_and_its_right_end_is_now() -> None:
    strip = palette.strip([Category(0, "ant", 0)])
    shares = np.linspace(0.0, 1.0, 50)
    places = np.array([strip.place_of(float(share)) for share in shares])
    assert all(strip.holds(place) for place in places)
    assert (np.diff(places[:, 0]) > 0).all()
    assert (places[:, 1] == strip.center[1]).all()
    np.testing.assert_allclose([strip.share_at(float(place[0])) for place in places], shares)
    right = float(strip.center[0]) + palette.STRIP_M[0] / 2
    for inside, share in ((0.0, 1.0), (0.02, 1.0), (-0.3, 1.0), (palette.NOW_M - 1e-6, 1.0)):
        assert strip.share_at(right - inside) == share
    assert strip.share_at(right - palette.NOW_M - 0.002) < 1.0
    assert strip.share_at(right - 1.0) == 0.0


def test_palette_points_there_and_back_are_the_same() -> None:
    quat = rotations.multiply(rotations.about_axis(np.array([1.0, 0, 0]), 0.3), PALM_UP)
    pose = palette.palette_pose(hand_with_palm(quat))
    assert pose is not None
    back = pose.palette_from_stage(pose.stage_from_palette(np.array([0.02, -0.03]), 0.01))
    np.testing.assert_allclose(back, [0.02, -0.03, 0.01], atol=1e-12)


def test_a_joint_that_is_not_valid_has_no_position() -> None:
    hand = hand_with_palm(PALM_UP)
    assert hand.position_of(Joint.PALM) is not None
    hand.validity[Joint.PALM] = 0
    assert hand.position_of(Joint.PALM) is None
    hand.positions[Joint.INDEX_TIP] = np.nan
    assert hand.position_of(Joint.INDEX_TIP) is None


@pytest.mark.parametrize("far", [np.nan, np.inf, -np.inf, 1.5e308, -1e200, 100.1])
def test_a_joint_that_is_not_in_the_room_has_no_position(far: float) -> None:
    hand = hand_with_palm(PALM_UP)
    hand.positions[Joint.INDEX_TIP, 1] = far
    assert hand.position_of(Joint.INDEX_TIP) is None
    hand.positions[Joint.INDEX_TIP, 1] = -99.9
    assert hand.position_of(Joint.INDEX_TIP) is not None
