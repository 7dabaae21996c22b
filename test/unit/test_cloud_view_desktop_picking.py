"""From a pixel to a place and to items, and back: checked against the camera's own projection."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_view.camera import Camera, Subject
from cloud_view.desktop.picking import Picker, Viewport
from cloud_view.desktop.viewpoint import Viewpoint

VIEWPORT = Viewport(1280, 800)
SUBJECT = Subject(np.array([0.1, 1.2, -0.5]), 0.4)
CAMERA = Viewpoint().camera(SUBJECT)


def picker(points: np.ndarray, camera: Camera = CAMERA) -> Picker:
    return Picker(points, camera, VIEWPORT)


def ahead(metres: float, aside: float = 0.0, up: float = 0.0) -> np.ndarray:
    """A point so far ahead of the camera and so far off its axis."""
    return CAMERA.eye + metres * CAMERA.forward + aside * CAMERA.right + up * CAMERA.up


MIDDLE = (VIEWPORT.width / 2, VIEWPORT.height / 2)
pixels = st.tuples(st.floats(0, VIEWPORT.width), st.floats(0, VIEWPORT.height))


@given(pixels, st.floats(0.1, 10.0), st.floats(-180, 180), st.floats(-80, 80))
def test_a_place_appears_at_the_pixel_it_was_asked_for(
    pixel: tuple[float, float], metres: float, azimuth: float, elevation: float
) -> None:
    camera = Viewpoint(azimuth, elevation).camera(SUBJECT)
    place = picker(np.zeros((1, 3)), camera).place(*pixel, metres)
    np.testing.assert_allclose(camera.pixels(place, VIEWPORT.width, VIEWPORT.height), pixel, atol=1e-6)
    assert float(camera.depths(place)) == pytest.approx(metres)


@given(pixels, st.floats(0.3, 5.0))
def test_the_item_under_the_mouse_is_found(pixel: tuple[float, float], metres: float) -> None:
    strays = np.stack([ahead(metres, aside, up) for aside in (-50.0, 50.0) for up in (-50.0, 50.0)])
    there = picker(strays).place(*pixel, metres)
    assert picker(np.concatenate([strays, there[None]])).item(*pixel, 3.0) == 4


def test_of_items_behind_each_other_the_front_one_is_meant_and_none_behind_the_eye() -> None:
    points = np.stack([ahead(2.0), ahead(1.0), ahead(3.0), ahead(-1.0)])
    assert picker(points).item(*MIDDLE, 5.0) == 1
    assert picker(points[3:]).item(*MIDDLE, 5.0) is None


def test_where_nothing_appears_there_is_no_item_and_no_rest() -> None:
    found = picker(ahead(1.0)[None])
    assert found.item(MIDDLE[0] + 100, MIDDLE[1], 20.0) is None
    assert found.rest(MIDDLE[0] + 400, MIDDLE[1], 0.05) is None
    assert picker(ahead(-1.0)[None]).rest(*MIDDLE, 0.05) is None


def clump(metres: float, count: int, seed: int = 0) -> np.ndarray:
    return ahead(metres) + 0.02 * np.random.default_rng(seed).uniform(-1, 1, (count, 3))


def test_the_brush_rests_on_the_front_one_of_two_clumps() -> None:
    both = np.concatenate([clump(2.0, 60), clump(1.2, 60)])
    assert picker(both).rest(*MIDDLE, 0.05) == pytest.approx(1.2, abs=0.01)


def test_a_few_stray_items_before_a_clump_do_not_hold_the_brush() -> None:
    strays = np.concatenate([clump(1.0, 2), clump(1.1, 3)])
    assert picker(np.concatenate([strays, clump(1.5, 80)])).rest(*MIDDLE, 0.05) == pytest.approx(1.5, abs=0.01)


def test_a_lone_item_holds_the_brush_too() -> None:
    assert picker(ahead(1.3)[None]).rest(*MIDDLE, 0.05) == pytest.approx(1.3, abs=1e-3)


@given(st.integers(0, 10**6), pixels)
def test_a_ball_at_rest_touches_an_item(seed: int, pixel: tuple[float, float]) -> None:
    points = SUBJECT.center + 0.3 * np.random.default_rng(seed).normal(size=(300, 3))
    found, radius = picker(points), 0.06
    metres = found.rest(*pixel, radius)
    if metres is not None:
        away = np.linalg.norm(points - found.place(*pixel, metres), axis=1)
        assert away.min() <= 2 * radius
