"""The window for labelling, with Open3D: it draws what it is told, and says what mouse and keys did.

Thread rule: as for window.py.
"""

import os
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cloud_view.camera import Camera, Subject
from cloud_view.cloud_shapes import Points
from cloud_view.desktop.hand_shapes import selection_shape, tool_shape
from cloud_view.desktop.inputs import ALL_KEYS, Button, Input, Key, Moved, Pressed, Released, Wheel
from cloud_view.desktop.keyboard import key_names
from cloud_view.desktop.layers import Layers
from cloud_view.desktop.others import OthersHands
from cloud_view.desktop.picking import Viewport
from cloud_view.desktop.same import Key as SameKey
from cloud_view.desktop.same import is_same
from cloud_view.desktop.show import Show
from cloud_view.desktop.trail_shape import trail_shape
from cloud_view.engine import DrawError, load_open3d
from cloud_view.panel import Panel
from cloud_view.shapes import Lines, Mesh
from cloud_view.stage import give_extent, place_camera, point_size_px, prepare
from cloud_view.surroundings import floor_grid
from latentvr_common.display import why_no_window

_SIZE = (1280, 800)
_SHIFT, _CTRL = 1, 2
_RELEASE, _PRESS = 0, 1
_BUTTONS = {button.value: button for button in Button}


class Screen:
    """Draws in `poll` what `show` was given last."""

    def __init__(self, title: str = "latentvr") -> None:
        """Open the window. Raises DrawError if there is no display or no window can be opened on it."""
        reason = why_no_window()
        if reason:
            raise DrawError(reason)
        self._open3d = load_open3d(windows=True)
        self._visualizer = self._open3d.visualization.VisualizerWithKeyCallback()
        if not self._visualizer.create_window(title, *_SIZE, visible=True):
            raise DrawError(f"Open3D opens no window on display {os.environ['DISPLAY']}")
        prepare(self._visualizer)
        self._layers = Layers(self._open3d, self._visualizer)
        self._panels: dict[str, Panel] = {}
        self._inputs: deque[Input] = deque()
        self._camera: tuple[Camera, Viewport] | None = None
        self._tool: tuple[SameKey, tuple[Mesh, Lines]] | None = None
        self._selected: tuple[SameKey, Mesh] | None = None
        self._trail: tuple[SameKey, Mesh] | None = None
        self._grid: tuple[Subject, Lines] | None = None
        self._others = OthersHands()
        self._listen()

    @property
    def viewport(self) -> Viewport:
        """How large the window is now."""
        intrinsic = self._visualizer.get_view_control().convert_to_pinhole_camera_parameters().intrinsic
        return Viewport(intrinsic.width, intrinsic.height)

    @property
    def sent(self) -> int:
        """How many shapes were sent to the graphics card so far."""
        return self._layers.sent

    # Inputs

    def inputs(self) -> list[Input]:
        """Return what mouse and keys have done since the last call; of movements between others, only the last."""
        found: list[Input] = []
        while self._inputs:
            given = self._inputs.popleft()
            if isinstance(given, Moved) and found and isinstance(found[-1], Moved):
                found.pop()
            found.append(given)
        return found

    def _listen(self) -> None:
        """Take all inputs: Open3D does with them what it likes only where nobody does. False: nothing has changed."""

        def take(given: Input | None) -> bool:
            if given is not None:
                self._inputs.append(given)
            return False

        def on_button(_: Any, code: int, action: int, _mods: int) -> bool:
            button = _BUTTONS.get(code)
            return take(None if button is None else (Pressed if action == _PRESS else Released)(button))

        def on_key(name: str) -> Any:
            def act(_: Any, action: int, mods: int) -> bool:
                shift, ctrl = bool(mods & _SHIFT), bool(mods & _CTRL)
                return take(Key(name, action != _RELEASE, shift, ctrl, action not in (_RELEASE, _PRESS)))

            return act

        visualizer = self._visualizer
        visualizer.register_mouse_move_callback(lambda _, x, y: take(Moved(float(x), float(y))))
        visualizer.register_mouse_button_callback(on_button)
        visualizer.register_mouse_scroll_callback(lambda _, _x, y: take(Wheel(float(y)) if y else None))
        for code in ALL_KEYS:
            visualizer.register_key_action_callback(code, lambda *_: False)
        for code, name in key_names().items():
            visualizer.register_key_action_callback(code, on_key(name))

    # Drawing

    def show(self, show: Show) -> None:
        """Put this up to be drawn by the next `poll`."""
        viewport = self.viewport
        if self._camera is None:
            give_extent(self._open3d, self._visualizer, show.layer.subject)
        self._put_grid(show.layer.subject)
        self._aim(show, viewport)
        self._put_items(show, viewport)
        self._put_hand(show, viewport)
        self._put_trail(show, viewport)
        self._layers.show("others", self._others.shape(show.hands, show.camera))
        self._put_panels(show, viewport)
        self._visualizer.update_renderer()

    def _aim(self, show: Show, viewport: Viewport) -> None:
        if self._camera is None or not is_same(self._camera, (show.camera, viewport)):
            place_camera(self._open3d, self._visualizer, show.camera, viewport.width, viewport.height)
            self._camera = show.camera, viewport

    def _put_grid(self, subject: Subject) -> None:
        if self._grid is None or self._grid[0] is not subject:
            self._grid = subject, floor_grid(subject)
        self._layers.show("floor", self._grid[1])

    def _put_items(self, show: Show, viewport: Viewport) -> None:
        if show.items >= len(show.layer.scene.cloud):
            mesh, points = show.layer.full(show.camera)
            self._layers.show("balls", mesh)
        else:
            points = show.layer.few(show.items)
            self._layers.hide("balls")
        self._layers.show("points", points)
        self._set_size(points, show, viewport)

    def _set_size(self, points: Points, show: Show, viewport: Viewport) -> None:
        option = self._visualizer.get_render_option()
        size = point_size_px(points.radius, show.camera, show.layer.subject, viewport.height)
        if option.point_size != size:
            option.point_size = size

    def _put_hand(self, show: Show, viewport: Viewport) -> None:
        tool_key = (show.tool, show.camera, viewport)
        if self._tool is None or not is_same(self._tool[0], tool_key):
            shape = tool_shape(show.tool, show.camera, viewport.height) if show.tool is not None else (Mesh(), Lines())
            self._tool = tool_key, shape
        self._layers.show("tool", self._tool[1][0])
        self._layers.show("circles", self._tool[1][1])
        key = (show.selected, show.camera, show.layer)
        if self._selected is None or not is_same(self._selected[0], key):
            self._selected = key, _selection(show)
        self._layers.show("selection", self._selected[1])

    def _put_trail(self, show: Show, viewport: Viewport) -> None:
        key = (show.trail, show.camera, viewport)
        if self._trail is None or not is_same(self._trail[0], key):
            shape = trail_shape(show.trail, show.camera, viewport.height) if show.trail is not None else Mesh()
            self._trail = key, shape
        self._layers.show("trail", self._trail[1])

    def _put_panels(self, show: Show, viewport: Viewport) -> None:
        for name in [name for name in self._panels if name not in show.panels]:
            self._panels.pop(name).hide()
        for name, placed in show.panels.items():
            panel = self._panels.setdefault(name, Panel(self._open3d, self._visualizer))
            panel.show(placed.painted, show.camera, (viewport.width, viewport.height), placed.place)

    def poll(self) -> bool:
        """Draw what has changed and take inputs; return False once the window is closed."""
        return bool(self._visualizer.poll_events())

    def keep(self, path: Path) -> None:
        """Write a picture of the window to `path`. Raises OSError."""
        floats = np.asarray(self._visualizer.capture_screen_float_buffer(True))
        Image.fromarray((floats * 255.0).round().astype(np.uint8)).save(path)

    def close(self) -> None:
        """Close the window."""
        self._visualizer.destroy_window()


def _selection(show: Show) -> Mesh:
    if show.selected is None or not len(show.selected.rows):
        return Mesh()
    layer = show.layer
    points = layer.points[show.selected.rows]
    return selection_shape(points, show.selected.color, len(layer.scene.cloud), show.camera, layer.subject)
