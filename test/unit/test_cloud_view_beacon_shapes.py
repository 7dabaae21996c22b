"""Beacons in the window and in pictures."""

from dataclasses import replace

import numpy as np
import pytest

from cloud_view.beacon_shapes import beacon_shapes, digit
from cloud_view.camera import Camera, Subject, orbit, subject_of
from cloud_view.drawing import draw
from latentvr_common.beacons import COLORS, MOST_BEACONS, Beacon, Why
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.scene import Scene


def some_scene(*beacons: Beacon) -> tuple[Scene, Camera, Subject]:
    none = np.full(200, NONE, np.int16)
    positions = np.random.default_rng(5).normal(size=(200, 3)).astype(np.float32) * 0.4
    cloud = Cloud(1, positions, np.full(200, 0x808080, np.uint32), none, none, np.zeros(200, np.float32))
    scene = Scene(cloud, beacons=beacons)
    subject = subject_of(scene.points())
    return scene, orbit(subject, 0), subject


def test_beacons_are_part_of_the_drawing_while_they_are_wanted() -> None:
    scene, camera, subject = some_scene(Beacon(1, 10, Why.UNSURE), Beacon(2, 20, Why.MIXED))
    with_them, without = (draw(s, camera, subject).mesh for s in (scene, replace(scene, beacons=None)))
    own = beacon_shapes(scene, camera, subject)
    assert len(own.vertices) > 0
    assert len(with_them.vertices) - len(without.vertices) == len(own.vertices)
    assert own.triangles.max() == len(own.vertices) - 1


def test_a_beacon_leads_from_its_item_up_and_has_the_colour_of_its_reason() -> None:
    for why in Why:
        scene, camera, subject = some_scene(Beacon(1, 10, why))
        mesh = beacon_shapes(scene, camera, subject)
        foot = scene.points()[10]
        below = np.linalg.norm(mesh.vertices - foot, axis=1)
        assert below.min() < 0.01 * subject.radius
        disc = mesh.vertices[np.abs(mesh.colors - np.array(COLORS[why]) / 255).max(axis=1) < 1e-9]
        assert len(disc) > 20
        # It appears over the item, and so near that no item hides it.
        head = camera.pixels(foot + np.array([0.0, 0.3 * scene.placement.scale, 0.0]), 1280, 720)
        assert np.linalg.norm(camera.pixels(disc, 1280, 720) - head, axis=1).max() < 0.06 * 720
        assert camera.depths(disc).max() < camera.depths(foot) - 0.4 * subject.radius


def test_a_column_hides_few_points() -> None:
    scene, camera, subject = some_scene(Beacon(1, 10, Why.UNSURE))
    vertices = beacon_shapes(scene, camera, subject).vertices
    foot = scene.points()[10]
    low = vertices[(vertices[:, 1] < foot[1] + 0.01 * subject.radius)]
    inside = low[np.linalg.norm(low - foot, axis=1) < 0.05 * subject.radius]
    assert np.linalg.norm((inside - foot)[:, [0, 2]], axis=1).max() < 0.005 * subject.radius


def painted(number: int) -> np.ndarray:
    """A digit as a person before the disc sees it: (32, 20), the top row first."""
    camera = Camera(np.array([0.0, 0.0, 2.0]), *np.eye(3)[:2], np.array([0.0, 0.0, -1.0]))
    corners = digit(number, np.zeros(3), 1.0, camera).vertices.reshape(-1, 4, 3)
    assert (corners[..., 2] > 0).all()  # Before the disc.
    assert np.linalg.norm(corners[..., :2], axis=-1).max() < 1.0  # On the disc.
    y, x = np.meshgrid(np.linspace(0.8, -0.8, 32), np.linspace(-0.5, 0.5, 20), indexing="ij")
    found = np.zeros(x.shape, bool)
    for quad in corners:
        low, high = quad.min(axis=0), quad.max(axis=0)
        found |= (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
    return found


@pytest.mark.parametrize("number", range(1, MOST_BEACONS + 1))
def test_every_number_has_a_digit_of_its_own(number: int) -> None:
    assert all((painted(number) != painted(other)).any() for other in range(1, MOST_BEACONS + 1) if other != number)


def test_digits_are_upright_and_not_mirrored() -> None:
    np.testing.assert_array_equal(painted(2)[:, ::-1], painted(5))
    np.testing.assert_array_equal(painted(6)[::-1, ::-1], painted(9))
    assert painted(7)[:16].sum() > painted(7)[16:].sum()
    assert painted(4)[:16, :10].any()
    assert not painted(4)[20:, :10].any()
    assert painted(2)[:14, 12:].sum() > painted(2)[:14, :8].sum()
