"""The ghost of a branch of training: how much of it is drawn, and that its arrows lead from what was to what is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_view.camera import Camera, Subject, orbit, subject_of
from cloud_view.drawing import draw
from cloud_view.ghost_shapes import ghost_shapes
from latentvr_common import rotations
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.ghost import MOST_ARROWS, MOST_POINTS, differences
from latentvr_common.labels import Category
from latentvr_common.placement import Placement
from latentvr_common.scene import Ghost, Scene

POINT_CORNERS, ARROW_CORNERS = 7, 40
"""A disc is a middle and six around it; an arrow is two rods of two rings of ten."""
RED, BLUE = 0xFF0000, 0x0000FF
CATEGORIES = (Category(0, "red", RED), Category(1, "blue", BLUE))


def some_scene(count: int = 500, moved: int = 60, seed: int = 0) -> Scene:
    """The first `moved` items of the ghost are elsewhere, each farther than the one before; all are predicted red."""
    random = np.random.default_rng(seed)
    now = (0.4 * random.normal(size=(count, 3))).astype(np.float32)
    ways = random.normal(size=(count, 3))
    ways *= (np.where(np.arange(count) < moved, 0.2 + 1e-3 * np.arange(count), 0.0) / np.linalg.norm(ways, axis=1))[
        :, None
    ]
    red, none = np.zeros(count, np.int16), np.full(count, NONE, np.int16)
    cloud = Cloud(1, now, np.full(count, 0x808080, np.uint32), none, red, np.zeros(count, np.float32))
    turned = Placement(np.array([0.3, 1.1, -0.2]), rotations.about_axis(np.array([0.0, 1.0, 0.0]), 0.7), 0.5)
    return Scene(cloud, CATEGORIES, placement=turned, ghost=Ghost((now + ways).astype(np.float32), red.copy()))


def ghost_of(scene: Scene) -> Ghost:
    assert scene.ghost is not None
    return scene.ghost


def predicted_otherwise(scene: Scene, rows: list[int]) -> Scene:
    """The same, with these items blue in the ghost."""
    predicted = ghost_of(scene).predicted.copy()
    predicted[rows] = 1
    return replace(scene, ghost=replace(ghost_of(scene), predicted=predicted))


def view(scene: Scene) -> tuple[Camera, Subject]:
    subject = subject_of(scene.points())
    return orbit(subject, 0), subject


def counts(scene: Scene) -> tuple[int, int]:
    """How many points and arrows there are: those are behind the points."""
    camera, subject = view(scene)
    mesh = ghost_shapes(scene, camera, subject)
    points = min(len(scene.cloud), MOST_POINTS)
    arrows = (len(mesh.vertices) - POINT_CORNERS * points) / ARROW_CORNERS
    assert arrows == int(arrows) >= 0
    return points, int(arrows)


def test_without_a_ghost_nothing_is_drawn_and_the_drawing_is_what_it_was() -> None:
    plain = replace(some_scene(), ghost=None)
    camera, subject = view(plain)
    assert len(ghost_shapes(plain, camera, subject).vertices) == 0
    with_it, without = (draw(s, camera, subject).mesh for s in (some_scene(), plain))
    assert len(with_it.vertices) - len(without.vertices) == 500 * POINT_CORNERS + 60 * ARROW_CORNERS


@given(st.integers(1, 600), st.integers(0, 600), st.integers(0, 2**31))
def test_arrows_lead_from_the_ghost_to_the_cloud_in_the_stage(count: int, moved: int, seed: int) -> None:
    scene = some_scene(count, moved, seed)
    found = differences(scene, ghost_of(scene), 0.01)
    assert len(found.rows) == len(set(found.rows)) == min(count, moved, MOST_ARROWS)
    was = scene.placement.stage_from_latent(ghost_of(scene).positions)
    np.testing.assert_allclose(found.starts, was[found.rows])
    np.testing.assert_allclose(found.ends, scene.points()[found.rows])


def test_those_that_moved_most_have_arrows_and_none_that_is_where_it_was() -> None:
    scene = some_scene(1000, 700)
    assert set(differences(scene, ghost_of(scene), 0.01).rows) == set(range(700 - MOST_ARROWS, 700))
    still_m = 0.5 * (0.2 + 1e-3 * 649.5)
    assert set(differences(scene, ghost_of(scene), still_m).rows) == set(range(650, 700))
    nowhere = some_scene(1000, 0)
    assert len(differences(nowhere, ghost_of(nowhere), 0.0).rows) == 0


def test_those_that_are_predicted_otherwise_come_first_where_there_are_too_many() -> None:
    scene = predicted_otherwise(some_scene(1000, 700), [3, 5, 900])
    found = differences(scene, ghost_of(scene), 0.01)
    assert set(found.rows) == {3, 5, *range(700 - MOST_ARROWS + 2, 700)}
    assert set(found.rows[found.turned]) == {3, 5}


@pytest.mark.parametrize(("count", "moved"), [(1, 0), (500, 60), (4_000, 300), (4_001, 0), (9_000, 2)])
def test_at_most_4000_points_and_240_arrows_are_drawn(count: int, moved: int) -> None:
    assert counts(some_scene(count, moved)) == (min(count, 4_000), min(moved, 240))


def test_of_a_large_ghost_points_are_taken_from_the_first_item_to_the_last() -> None:
    scene = some_scene(9_000, 0)
    camera, subject = view(scene)
    middles = ghost_shapes(scene, camera, subject).vertices[::POINT_CORNERS]
    was = scene.placement.stage_from_latent(ghost_of(scene).positions)
    np.testing.assert_allclose(middles[[0, -1]], was[[0, -1]])
    rows = np.array([np.abs(was - middle).max(axis=1).argmin() for middle in middles[::100]])
    np.testing.assert_allclose(np.diff(rows), 225, atol=1)


def test_an_arrow_appears_where_its_item_was_and_ends_where_it_is() -> None:
    scene = some_scene(moved=1)
    camera, subject = view(scene)
    drawn = ghost_shapes(scene, camera, subject).vertices[500 * POINT_CORNERS :]
    was = scene.placement.stage_from_latent(ghost_of(scene).positions[0])
    seen = camera.pixels(np.array([drawn[:10].mean(axis=0), drawn[-1]]), 1280, 720)
    np.testing.assert_allclose(seen, camera.pixels(np.array([was, scene.points()[0]]), 1280, 720), atol=0.5)
    # No item right before it hides it.
    assert camera.depths(drawn[-1]) < camera.depths(scene.points()[0])


def test_an_arrow_has_the_colour_of_what_its_item_is_now_only_where_that_is_another() -> None:
    def arrow_color(scene: Scene) -> np.ndarray:
        camera, subject = view(scene)
        color = ghost_shapes(scene, camera, subject).colors[500 * POINT_CORNERS :].mean(axis=0)
        return np.asarray(color / color.max())

    plain = some_scene(moved=1)
    assert arrow_color(plain).min() > 0.75
    reddish = arrow_color(predicted_otherwise(plain, [0]))
    assert reddish[0] == 1
    assert reddish[1:].max() < 0.6
    # Of a category that nobody knows it is as of those that only moved.
    assert arrow_color(replace(predicted_otherwise(plain, [0]), categories=())).min() > 0.75
