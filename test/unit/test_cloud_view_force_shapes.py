"""Arrows: where they start and end, how long they are, and which items have one."""

from dataclasses import replace

import numpy as np
import pytest

from cloud_view.camera import Camera, Subject, orbit, subject_of
from cloud_view.cloud_shapes import cloud_shapes
from cloud_view.drawing import draw
from cloud_view.force_shapes import arrows, brought_forward, force_arrows
from latentvr_common import rotations
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.force_arrows import MOST_ARROWS, MOTION_COLOR, PULL_COLOR, scaled
from latentvr_common.forces import Forces
from latentvr_common.placement import Placement
from latentvr_common.scene import Brush, Scene

RANDOM = np.random.default_rng(8)
ARROW_CORNERS = 40
"""A rod of two rings of ten for the shaft, another for the head."""


def some_scene(count: int = 500, watched: int = 60) -> Scene:
    nothing = np.full(count, NONE, np.int16)
    positions = RANDOM.normal(size=(count, 3)).astype(np.float32) * 0.4
    cloud = Cloud(1, positions, np.full(count, 0x808080, np.uint32), nothing, nothing, np.zeros(count, np.float32))
    ids = np.sort(RANDOM.permutation(count)[:watched]).astype(np.uint32)
    pulls = RANDOM.normal(size=(watched, 2, 3)).astype(np.float32)
    motion, drag = RANDOM.normal(size=(2, watched, 3)).astype(np.float32)
    forces = Forces(1, ids, positions[ids], ("a", "b"), pulls, motion, drag)
    turned = Placement(np.array([0.3, 1.1, -0.2]), rotations.about_axis(np.array([0.0, 1.0, 0.0]), 0.7), 0.5)
    return Scene(cloud, placement=turned, forces=forces)


def view(scene: Scene) -> tuple[Camera, Subject]:
    subject = subject_of(scene.points())
    return orbit(subject, 0), subject


def test_an_arrow_leads_from_its_start_to_its_end_and_is_thin() -> None:
    camera, _ = view(some_scene())
    starts = RANDOM.normal(size=(4, 3))
    vectors = np.array([[0.5, 0.0, 0.0], [0.0, -0.02, 0.0], [0.0, 0.0, 0.0], [0.3, 0.0, 0.4]])
    mesh = arrows(starts, vectors, 0.01, np.ones(3), camera)
    assert len(mesh.vertices) == 3 * ARROW_CORNERS  # None for the vector of length 0.
    shafts, heads = np.split(mesh.vertices, 2)
    for i, row in enumerate((0, 1, 3)):
        along = vectors[row] / np.linalg.norm(vectors[row])
        base, tip = shafts.reshape(3, 20, 3)[i][:10], heads.reshape(3, 20, 3)[i][10:]
        np.testing.assert_allclose(base.mean(axis=0), starts[row], atol=1e-9)
        np.testing.assert_allclose(tip, np.tile(starts[row] + vectors[row], (10, 1)), atol=1e-9)
        away = mesh.vertices.reshape(2, 3, 20, 3)[:, i] - starts[row]
        beside = np.linalg.norm(away - (away @ along)[..., None] * along, axis=-1)
        assert beside.max() == pytest.approx(0.03)
        assert (away @ along).max() == pytest.approx(np.linalg.norm(vectors[row]))
    assert len(arrows(starts, np.zeros((4, 3)), 0.01, np.ones(3), camera).vertices) == 0


def test_the_median_arrow_has_its_length_and_none_is_longer_than_allowed() -> None:
    vectors = RANDOM.normal(size=(101, 3)) * np.geomspace(1e-4, 1e4, 101)[:, None]
    for unit in (1e-6, 1.0, 1e6):
        long = np.linalg.norm(scaled(unit * vectors, 2.0), axis=1)
        assert np.median(long) == pytest.approx(2 * 0.07)
        assert long.max() == pytest.approx(2 * 0.2)
        assert long[long > 0].min() >= 2 * 0.015
    directions = scaled(vectors, 2.0)
    cosines = (directions * vectors).sum(axis=1)
    there = np.linalg.norm(directions, axis=1) > 0
    expected = np.linalg.norm(directions, axis=1) * np.linalg.norm(vectors, axis=1)
    np.testing.assert_allclose(cosines[there], expected[there], rtol=1e-9)


@pytest.mark.parametrize("vectors", [np.zeros((3, 3)), np.zeros((0, 3))])
def test_nothing_that_pulls_gives_no_arrow(vectors: np.ndarray) -> None:
    assert not scaled(vectors, 1.0).any()


def test_every_watched_item_has_the_arrows_of_its_pull_and_its_motion() -> None:
    scene = some_scene()
    assert scene.forces is not None
    camera, subject = view(scene)
    still = replace(scene, forces=replace(scene.forces, motion=0 * scene.forces.motion))
    mesh, pulls = force_arrows(scene, camera, subject), force_arrows(still, camera, subject)
    assert mesh.vertices.shape == mesh.colors.shape
    assert mesh.triangles.max() == len(mesh.vertices) - 1
    assert ((mesh.colors >= 0) & (mesh.colors <= 1)).all()
    assert 60 * ARROW_CORNERS >= len(pulls.vertices) > 50 * ARROW_CORNERS
    assert len(mesh.vertices) > len(pulls.vertices) + 50 * ARROW_CORNERS
    red_to_green = mesh.colors[:, 0] / mesh.colors[:, 1]
    assert red_to_green[: len(pulls.vertices)].max() < 1.2 < red_to_green[len(pulls.vertices) :].min()
    assert PULL_COLOR != MOTION_COLOR


def test_arrows_appear_at_their_items_and_point_where_the_forces_do() -> None:
    scene = some_scene(watched=1)
    assert scene.forces is not None
    camera, subject = view(scene)
    still = replace(scene, forces=replace(scene.forces, motion=0 * scene.forces.motion))
    vertices = force_arrows(still, camera, subject).vertices
    item = int(scene.forces.sample_ids[0])
    start = camera.pixels(vertices[:10].mean(axis=0), 1280, 720)
    np.testing.assert_allclose(start, camera.pixels(scene.points()[item], 1280, 720), atol=0.5)
    there = scene.placement.stage_from_latent(scene.cloud.positions[item] + 1e-3 * scene.forces.pull[0])
    wanted = camera.pixels(there, 1280, 720) - camera.pixels(scene.points()[item], 1280, 720)
    drawn = camera.pixels(vertices[-1], 1280, 720) - start
    assert wanted @ drawn / np.linalg.norm(wanted) / np.linalg.norm(drawn) > 0.99


def test_what_is_brought_forward_appears_where_it_was() -> None:
    camera, subject = view(some_scene())
    points = subject.center + RANDOM.normal(size=(50, 3)) * 0.3
    nearer = brought_forward(points, 0.2, camera)
    np.testing.assert_allclose(camera.pixels(nearer, 1280, 720), camera.pixels(points, 1280, 720), atol=1e-6)
    moved = np.linalg.norm(points - camera.eye, axis=1) - np.linalg.norm(nearer - camera.eye, axis=1)
    np.testing.assert_allclose(moved, 0.2, atol=1e-9)
    close = brought_forward(camera.eye + np.array([[0.0, 0.0, -0.1]]), 0.2, camera)
    assert np.linalg.norm(close - camera.eye) == pytest.approx(0.05)
    assert np.isfinite(brought_forward(camera.eye[None], 0.2, camera)).all()


def test_of_many_items_some_have_arrows_from_the_first_to_the_last() -> None:
    scene = some_scene(2000, 1500)
    assert scene.forces is not None
    same = np.ones_like(scene.forces.motion)
    equal = replace(scene.forces, pulls=np.ones_like(scene.forces.pulls), motion=0 * same)
    camera, subject = view(scene)
    mesh = force_arrows(replace(scene, forces=equal), camera, subject)
    assert len(mesh.vertices) == MOST_ARROWS * ARROW_CORNERS


def test_items_that_the_cloud_does_not_have_get_no_arrow() -> None:
    scene = some_scene()
    assert scene.forces is not None
    camera, subject = view(scene)
    beyond = replace(scene.forces, sample_ids=scene.forces.sample_ids + np.uint32(500))
    assert len(force_arrows(replace(scene, forces=beyond), camera, subject).vertices) == 0


def test_no_arrows_stand_before_the_hands() -> None:
    scene = some_scene()
    camera, subject = view(scene)
    behind = Brush(subject.center + 2 * subject.radius * camera.forward, 1.5 * subject.radius, 0)
    painting = replace(scene, brushes=(behind,))
    assert len(force_arrows(painting, camera, subject).vertices) < 0.5 * len(
        force_arrows(scene, camera, subject).vertices
    )


def test_items_are_dimmed_among_arrows_and_arrows_are_part_of_the_drawing() -> None:
    scene = some_scene()
    plain = replace(scene, forces=None)
    camera, subject = view(scene)
    assert len(force_arrows(plain, camera, subject).vertices) == 0
    dimmed, bright = (cloud_shapes(s, camera, subject)[0].colors.mean() for s in (scene, plain))
    assert dimmed < 0.75 * bright
    with_arrows, without = (draw(s, camera, subject).mesh for s in (scene, plain))
    assert len(with_arrows.vertices) - len(without.vertices) == len(force_arrows(scene, camera, subject).vertices)
