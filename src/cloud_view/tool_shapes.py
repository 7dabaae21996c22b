"""What the hands hold: the brush, and the palette at the open palm."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cloud_view.camera import Camera
from cloud_view.hand_shapes import open_palm
from cloud_view.shapes import Lines, Mesh, circle, join_lines, join_meshes, polygon, rings, rounded_rectangle
from cloud_view.surroundings import GROUND
from latentvr_common import palette
from latentvr_common.colors import split_rgb
from latentvr_common.scene import Brush, Scene

FloatArray = npt.NDArray[np.floating]

_ERASER = np.array([0.9, 0.9, 0.92])
_PLATE = np.array([38.0, 43.0, 54.0]) / 255
_TOOL = np.array([92.0, 101.0, 118.0]) / 255
_GLYPH = np.array([0.93, 0.94, 0.96])
_HALF_BUTTON = np.array([palette.BUTTON_M, palette.BUTTON_M]) / 2
_CORNER_M = 0.005


def _rgb(packed: int) -> FloatArray:
    return split_rgb(packed).astype(float) / 255


def brush_outlines(brushes: Sequence[Brush], colors: Mapping[int, int], camera: Camera) -> tuple[Mesh, Lines]:
    """Return each brush as a bright rim towards the camera and three thin great circles."""
    meshes, lines = [], []
    for brush in (b for b in brushes if b.is_ball):
        color = _rgb(colors[brush.category]) if brush.category in colors else _ERASER
        one = np.asarray(brush.position, dtype=float)[None]
        radius = np.array([brush.radius])
        meshes.append(rings(one, radius, 0.045 * radius, (0.75 * color + 0.25)[None], camera, 72))
        thin = 0.55 * color + 0.45 * GROUND
        axes = np.eye(3)
        lines += [circle(one[0], brush.radius, axes[i], axes[(i + 1) % 3], thin, 48) for i in range(3)]
    return join_meshes(meshes), join_lines(lines)


def palette_shape(scene: Scene) -> Mesh:
    """Return the palette at the first open palm: a plate, and a button for each category and tool."""
    pose = open_palm(scene.hands)
    if pose is None or not scene.categories:
        return Mesh()
    buttons = palette.buttons(scene.categories, scene.tool.page)
    centers = np.array([b.center for b in buttons])
    half = (centers.max(axis=0) - centers.min(axis=0)) / 2 + palette.PITCH_M / 2 + 0.004
    parts = [_plate(pose, (centers.max(axis=0) + centers.min(axis=0)) / 2, half, 0.010, -0.003, _PLATE)]
    colors = scene.colors()
    for button in buttons:
        parts += _button(pose, button, _rgb(colors[button.category]) if button.category in colors else _TOOL)
        if button.category == scene.tool.category and button.category in colors:
            parts.append(_plate(pose, button.center, _HALF_BUTTON + 0.003, _CORNER_M + 0.003, -0.001, _GLYPH))
    return join_meshes(parts)


def _plate(
    pose: palette.PalettePose, center: FloatArray, half: FloatArray, corner_m: float, height_m: float, color: FloatArray
) -> Mesh:
    outline = rounded_rectangle(half, corner_m)
    middle = pose.stage_from_palette(center, height_m)
    return polygon(middle + outline[:, :1] * pose.across + outline[:, 1:] * pose.down, color)


def _button(pose: palette.PalettePose, button: palette.Button, color: FloatArray) -> list[Mesh]:
    parts = [_plate(pose, button.center, _HALF_BUTTON, _CORNER_M, 0.001, color)]
    bar = np.array([0.0065, 0.0013])
    if button.action in (palette.SMALLER, palette.LARGER):
        parts.append(_plate(pose, button.center, bar, 0.001, 0.002, _GLYPH))
    if button.action == palette.LARGER:
        parts.append(_plate(pose, button.center, bar[::-1], 0.001, 0.002, _GLYPH))
    return parts
