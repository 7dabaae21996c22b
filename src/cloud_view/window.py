"""A window on a monitor, with Open3D's mouse controls: drag to turn, Ctrl and drag to move, wheel to come nearer.

The key f shows and hides forces, c the cues: where to look next.

Thread rule: a window lives on the main thread, where it is made, drawn, polled and closed.
"""

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cloud_view import camera as cameras
from cloud_view.camera import Camera, Framing, orbit, subject_of
from cloud_view.caption import caption_of, paint_caption
from cloud_view.drawing import draw
from cloud_view.engine import DrawError, load_open3d
from cloud_view.panel import Panel
from cloud_view.place_card import card_of, paint_card
from cloud_view.stage import Stage, place_camera
from latentvr_common.display import why_no_window
from latentvr_common.scene import Scene

FORCES_KEY, CUES_KEY = "f", "c"
_SIZE = (1280, 720)
_PANEL_MARGIN_PX = 28
_SAME_PLACE_M = 1e-6


def panel_place(viewport: tuple[int, int], panel: tuple[int, int], *, at_right: bool = False) -> tuple[float, float]:
    """Return where the left top corner of a panel is, pixels: in the window's left top corner, or the right one.

    `viewport` and `panel`: width and height, pixels.
    """
    return (viewport[0] - _PANEL_MARGIN_PX - panel[0] if at_right else _PANEL_MARGIN_PX), _PANEL_MARGIN_PX


def listen_to_keys(visualizer: Any, on_key: Mapping[str, Callable[[], None]]) -> None:
    """Have an Open3D visualizer call these functions when a person presses these letters."""

    def caller(act: Callable[[], None]) -> Callable[[Any], bool]:
        def pressed(_visualizer: Any) -> bool:
            act()
            return False  # Nothing of Open3D's own has changed; what is to be seen comes with the next `show`.

        return pressed

    for letter, act in on_key.items():
        visualizer.register_key_callback(ord(letter.upper()), caller(act))


class Window:
    """Shows the newest scene. Between two calls of `poll` nothing moves in it."""

    def __init__(self, on_key: Mapping[str, Callable[[], None]]) -> None:
        """`on_key`: what to call in `poll` when a person presses that letter.

        Raises DrawError if there is no display or no window can be opened on it.
        """
        reason = why_no_window()
        if reason:
            raise DrawError(reason)
        self._open3d = load_open3d(windows=True)
        self._visualizer = self._open3d.visualization.VisualizerWithKeyCallback()
        if not self._visualizer.create_window("latentvr", *_SIZE, visible=True):
            raise DrawError(f"Open3D opens no window on display {os.environ['DISPLAY']}")
        listen_to_keys(self._visualizer, on_key)
        self._stage = Stage(self._open3d, self._visualizer)
        self._framing = Framing()
        self._caption = Panel(self._open3d, self._visualizer)
        self._card = Panel(self._open3d, self._visualizer)
        self._shown: tuple[Camera, tuple[int, int]] | None = None

    def turned(self) -> bool:
        """Tell whether a person has moved the camera, or changed the window's size, since the last `show`."""
        if self._shown is None:
            return False
        (now, viewport), (before, viewport_before) = self._camera(), self._shown
        far = np.abs(np.concatenate([now.eye - before.eye, now.forward - before.forward, now.up - before.up]))
        return viewport != viewport_before or bool(far.max() > _SAME_PLACE_M)

    def show(self, scene: Scene) -> None:
        """Put `scene`, a cloud of at least one item, up to be drawn by the next `poll`."""
        subject = self._framing.follow(subject_of(scene.points()))
        if self._shown is None:
            first = draw(scene, orbit(subject, 0), subject)
            self._stage.show(first, _SIZE[1])
            place_camera(self._open3d, self._visualizer, first.camera, *_SIZE)
        camera, viewport = self._camera()
        self._stage.show(draw(scene, camera, subject), viewport[1])
        caption = paint_caption(caption_of(scene), viewport[1])
        self._caption.show(caption, camera, viewport, panel_place(viewport, caption.size))
        card = card_of(scene)
        if card is None:
            self._card.hide()
        else:
            painted = paint_card(card, viewport[1])
            self._card.show(painted, camera, viewport, panel_place(viewport, painted.size, at_right=True))
        self._shown = camera, viewport
        self._visualizer.update_renderer()

    def poll(self) -> bool:
        """Draw what has changed and let a person move the camera; return False once the window is closed."""
        return bool(self._visualizer.poll_events())

    def close(self) -> None:
        """Close the window."""
        self._visualizer.destroy_window()

    def _camera(self) -> tuple[Camera, tuple[int, int]]:
        pinhole = self._visualizer.get_view_control().convert_to_pinhole_camera_parameters()
        height = pinhole.intrinsic.height
        focal = float(pinhole.intrinsic.intrinsic_matrix[1, 1])
        fov_deg = math.degrees(2 * math.atan(height / 2 / focal))
        return cameras.from_transform(np.asarray(pinhole.extrinsic), fov_deg), (pinhole.intrinsic.width, height)
