"""The camera: against the matrix form of a pinhole camera, and how it follows the cloud."""

import numpy as np
import pytest

from cloud_view import camera as cameras
from cloud_view.camera import Camera, Framing, Subject, look, orbit, subject_of
from cloud_view.depth_cue import FADE, faded, nearness
from cloud_view.surroundings import GROUND

RANDOM = np.random.default_rng(4)
SUBJECT = Subject(np.array([0.0, 1.25, -0.55]), 0.35)


def test_pixels_agree_with_the_camera_matrix() -> None:
    camera = look(np.array([0.4, 1.6, 1.2]), SUBJECT.center, fov_deg=50.0)
    points = SUBJECT.center + RANDOM.normal(size=(30, 3)) * 0.2
    focal = 720 / 2 / np.tan(np.radians(25.0))
    matrix = np.array([[focal, 0, 640], [0, focal, 360], [0, 0, 1]]) @ camera.camera_from_stage()[:3]
    expected = np.concatenate([points, np.ones((30, 1))], axis=1) @ matrix.T
    np.testing.assert_allclose(camera.pixels(points, 1280, 720), expected[:, :2] / expected[:, 2:], atol=1e-9)
    np.testing.assert_allclose(camera.depths(points), expected[:, 2], atol=1e-9)


def test_what_the_camera_looks_at_is_in_the_middle() -> None:
    camera = look(np.array([1.0, 2.0, 3.0]), SUBJECT.center)
    np.testing.assert_allclose(camera.pixels(SUBJECT.center, 800, 600), [400, 300], atol=1e-9)


def test_a_metre_is_as_large_as_its_pixels_say() -> None:
    camera = look(np.array([0.0, 0.0, 2.0]), np.zeros(3))
    left, right = camera.pixels(np.array([[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0]]), 640, 480)
    assert right[0] - left[0] == pytest.approx(camera.pixels_per_metre(2.0, 480))


def test_camera_from_its_transform_is_the_same_camera() -> None:
    camera = orbit(SUBJECT, 77)
    again = cameras.from_transform(camera.camera_from_stage(), camera.fov_deg)
    for name in ("eye", "right", "up", "forward"):
        np.testing.assert_allclose(getattr(again, name), getattr(camera, name), atol=1e-12)


@pytest.mark.parametrize("picture", [0, 1, 100, 333, 649, 5000])
def test_the_subject_stays_in_the_picture_all_around(picture: int) -> None:
    camera = orbit(SUBJECT, picture)
    directions = RANDOM.normal(size=(500, 3))
    surface = SUBJECT.center + SUBJECT.radius * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    pixels = camera.pixels(surface, 1280, 720)
    assert (pixels > 0).all()
    assert (pixels < [1280, 720]).all()
    assert pixels[:, 0].min() > 320, "the caption's column stays free"


def test_the_camera_moves_little_from_picture_to_picture() -> None:
    eyes = np.array([orbit(SUBJECT, picture).eye for picture in range(700)])
    steps = np.linalg.norm(np.diff(eyes, axis=0), axis=1)
    assert steps.max() < 0.05 * SUBJECT.radius * 2
    assert np.linalg.norm(eyes - eyes[0], axis=1).max() > 2 * SUBJECT.radius


def test_the_subject_leaves_out_a_few_stray_points() -> None:
    points = RANDOM.normal(size=(1000, 3)) * 0.1
    points[:5] = 50.0
    assert subject_of(points[5:]).radius < 0.4
    assert subject_of(points).radius < 1.0


def test_one_point_is_a_subject_with_some_size() -> None:
    assert subject_of(np.array([[1.0, 2.0, 3.0]])).radius > 0


def test_framing_follows_a_jump_gently_and_arrives() -> None:
    framing = Framing()
    assert framing.follow(SUBJECT) is SUBJECT
    wanted = Subject(SUBJECT.center + 1.0, 0.7)
    first = framing.follow(wanted)
    assert SUBJECT.radius < first.radius < 0.4
    for _ in range(100):
        last = framing.follow(wanted)
    assert last.radius == pytest.approx(0.7, abs=1e-3)
    np.testing.assert_allclose(last.center, wanted.center, atol=1e-3)


def facing_camera() -> Camera:
    return look(SUBJECT.center + np.array([0.0, 0.0, 2.0]), SUBJECT.center)


def test_near_items_keep_their_colour_and_far_ones_fade_into_the_ground() -> None:
    away = np.array([[0.0, 0.0, 0.35], [0.0, 0.0, 0.0], [0.0, 0.0, -0.35], [0.0, 0.0, -5.0]])
    near = nearness(SUBJECT.center + away, facing_camera(), SUBJECT)
    np.testing.assert_allclose(near, [1.0, 0.5, 0.0, 0.0], atol=1e-9)
    colors = faded(np.ones((4, 3)), near)
    np.testing.assert_allclose(colors[0], 1.0)
    np.testing.assert_allclose(colors[2], 1.0 + FADE * (GROUND - 1.0))
