"""The window, as far as it needs no display: its caption's place, and why there may be none."""

import ctypes
from typing import Any

import numpy as np
import pytest

from cloud_view.camera import Subject, look, orbit
from cloud_view.caption import caption_of, paint_caption
from cloud_view.engine import DrawError
from cloud_view.panel import on_ground, plate_corners
from cloud_view.surroundings import GROUND
from cloud_view.window import Window, listen_to_keys, panel_place
from latentvr_common.cloud import Cloud
from latentvr_common.display import why_no_window
from latentvr_common.scene import Scene

EMPTY = np.zeros(0, np.int16)


@pytest.mark.parametrize("viewport", [(1280, 720), (800, 1200)])
def test_one_pixel_of_the_panel_covers_one_of_the_window_wherever_the_camera_is(viewport: tuple[int, int]) -> None:
    for camera in (
        orbit(Subject(np.array([0.0, 1.2, -0.5]), 0.4), 99),
        look(np.array([3.0, 0.1, 2.0]), np.zeros(3), fov_deg=60.0),
    ):
        corners = plate_corners(camera, viewport, (250, 480), (28, 30))
        np.testing.assert_allclose(
            camera.pixels(corners, *viewport), [[28, 30], [278, 30], [278, 510], [28, 510]], atol=1e-6
        )


def test_panels_stand_in_the_corners() -> None:
    assert panel_place((1280, 720), (250, 480)) == (28, 28)
    assert panel_place((1280, 720), (250, 480), at_right=True) == (1280 - 28 - 250, 28)


def test_the_panel_has_the_colour_of_the_ground_around_its_letters() -> None:
    cloud = Cloud(1, np.zeros((0, 3), np.float32), EMPTY.astype(np.uint32), EMPTY, EMPTY, EMPTY.astype(np.float32))
    panel = on_ground(paint_caption(caption_of(Scene(cloud)), 720))
    assert panel.mode == "RGB"
    np.testing.assert_allclose(panel.getpixel((panel.width - 1, 0)), np.round(GROUND * 255))
    assert np.asarray(panel).max() > 200


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({}, "DISPLAY is not set"),
        ({"DISPLAY": ""}, "DISPLAY is not set"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "the display is Wayland's without X11 (DISPLAY is not set)"),
        ({"DISPLAY": ":4711"}, "display :4711 does not answer"),
    ],
)
def test_why_there_is_no_window_is_said(
    environment: dict[str, str], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert why_no_window() == reason
    with pytest.raises(DrawError) as error:
        Window({})
    assert str(error.value) == reason


def test_a_machine_without_x11_is_no_error_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_name: str) -> Any:
        raise OSError("libX11.so.6: not found")

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(ctypes, "CDLL", fail)
    assert why_no_window() == "libX11 does not load: libX11.so.6: not found"


def test_a_key_calls_what_belongs_to_it() -> None:
    class Keyboard:
        def __init__(self) -> None:
            self.pressed: dict[int, Any] = {}

        def register_key_callback(self, code: int, call: Any) -> None:
            self.pressed[code] = call

    keyboard, called = Keyboard(), []
    listen_to_keys(keyboard, {"f": lambda: called.append("forces"), "g": lambda: called.append("other")})
    # Open3D knows letters by the codes of GLFW, which are those of the capital ones; True would make it draw again.
    assert [keyboard.pressed[code](keyboard) for code in (70, 71, 70)] == [False] * 3
    assert called == ["forces", "other", "forces"]
