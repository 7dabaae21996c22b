"""What the hands hold: the brush, the box between them, and the palette at the open palm with its strip."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cloud_view.camera import Camera
from cloud_view.hand_shapes import open_palm
from cloud_view.shapes import Lines, Mesh, circle, join_lines, join_meshes, polygon, rings, rods, rounded_rectangle
from cloud_view.surroundings import GROUND
from latentvr_common import palette, rotations
from latentvr_common.box_edges import box_edges
from latentvr_common.colors import split_rgb
from latentvr_common.gestures import SCRUB
from latentvr_common.hands import Hand, Hands
from latentvr_common.held import color_of_brush, color_of_selection, held
from latentvr_common.palette_faces import Face, faces
from latentvr_common.palette_signs import PEN, Sign, strokes
from latentvr_common.scene import Scene

FloatArray = npt.NDArray[np.floating]

_PLATE = np.array([38.0, 43.0, 54.0]) / 255
_GLYPH = np.array([0.93, 0.94, 0.96])
_HALF_BUTTON = np.array([palette.BUTTON_M, palette.BUTTON_M]) / 2
_CORNER_M = 0.005
_SIGN_M = 0.0085
"""To each side of a sign's middle."""
_LINE_M, _KNOB_M = 0.0015, 0.0045
"""Of the strip: the width of its line, and half of that of its knob."""
_WAY = np.array([0.55, 0.58, 0.64])
_BOX_ROD = 0.0035
"""Radius of a box's edge, as a share of the cloud's scale."""


def _rgb(packed: int) -> FloatArray:
    return split_rgb(packed).astype(float) / 255


def brush_outlines(scene: Scene, camera: Camera) -> tuple[Mesh, Lines]:
    """Return each brush as a bright rim towards the camera and three thin great circles; one at rest as a thin rim."""
    meshes, lines = [], []
    for brush in (b for b in scene.brushes if b.is_ball):
        color = _rgb(color_of_brush(scene, brush))
        middle = np.asarray(brush.position, dtype=float)
        meshes.append(_rim(middle, brush.radius, 0.045, 0.75 * color + 0.25, camera))
        thin = 0.55 * color + 0.45 * GROUND
        axes = np.eye(3)
        lines += [circle(middle, brush.radius, axes[i], axes[(i + 1) % 3], thin, 48) for i in range(3)]
    hands = scene.hands if scene.hands is not None else Hands(0, Hand(), Hand())
    at_rest = held(scene, hands.left, hands.right)
    if at_rest is not None:
        meshes.append(_rim(at_rest.position, at_rest.radius_m, 0.025, _rgb(at_rest.color), camera))
    return join_meshes(meshes), join_lines(lines)


def _rim(middle: FloatArray, radius_m: float, width: float, color: FloatArray, camera: Camera) -> Mesh:
    """Return a ring that faces the camera; `width`: as a share of its radius."""
    radius = np.array([radius_m])
    return rings(np.asarray(middle, dtype=float)[None], radius, width * radius, color[None], camera, 72)


def box_shape(scene: Scene, camera: Camera) -> Mesh:
    """Return the edges of the box that two hands span, in its category's colour."""
    edges = box_edges(scene)
    if scene.selection is None or not len(edges):
        return Mesh()
    color = 0.8 * _rgb(color_of_selection(scene, scene.selection)) + 0.2
    radii = np.full((len(edges), 2), _BOX_ROD * scene.placement.scale)
    return rods(edges[:, 0], edges[:, 1], radii, color, camera)


def palette_shape(scene: Scene) -> Mesh:
    """Return the palette at the first open palm: a plate, and a button for each category and tool."""
    pose = open_palm(scene.hands)
    shown = faces(scene)
    if pose is None or not shown:
        return Mesh()
    centers = np.array([face.center for face in shown])
    half = (centers.max(axis=0) - centers.min(axis=0)) / 2 + palette.PITCH_M / 2 + 0.004
    parts = [_plate(pose, (centers.max(axis=0) + centers.min(axis=0)) / 2, half, 0.010, -0.003, _PLATE)]
    for face in shown:
        parts += _button(pose, face)
    return join_meshes([*parts, *_strip(pose, scene)])


def _strip(pose: palette.PalettePose, scene: Scene) -> list[Mesh]:
    """Return the strip through time: its way, now, and the finger's place on it while that leads elsewhere."""
    strip, tool = palette.strip(scene.categories, scene.tool.page), scene.tool
    half, now = np.array(palette.STRIP_M) / 2, strip.place_of(1.0)
    middle = strip.place_of(0.5)
    way = np.array([float(middle[0] - strip.place_of(0.0)[0]) - _KNOB_M / 2, _LINE_M / 2])
    parts = [
        _plate(pose, strip.center, half + 0.004, 0.010, -0.003, _PLATE),
        _plate(pose, middle, way, _LINE_M / 2, 0.001, _WAY),
        *_button(pose, Face((float(now[0]), float(now[1])), "now", Sign.NOW, is_active=not tool.looks_at_ns)),
    ]
    if tool.looks_at_ns and scene.doing is not None and scene.doing.name == SCRUB:
        place = strip.place_of(strip.share_at(float(pose.palette_from_stage(scene.doing.position)[0])))
        parts.append(_plate(pose, place, np.array([_LINE_M, float(half[1])]), _LINE_M, 0.002, _GLYPH))
        parts.append(_plate(pose, place, np.full(2, _KNOB_M), _KNOB_M, 0.003, _GLYPH))
    return parts


def _plate(
    pose: palette.PalettePose, center: FloatArray, half: FloatArray, corner_m: float, height_m: float, color: FloatArray
) -> Mesh:
    outline = rounded_rectangle(half, corner_m)
    middle = pose.stage_from_palette(center, height_m)
    return polygon(middle + outline[:, :1] * pose.across + outline[:, 1:] * pose.down, color)


def _button(pose: palette.PalettePose, face: Face) -> list[Mesh]:
    center = np.array(face.center)
    parts = [_plate(pose, center, _HALF_BUTTON, _CORNER_M, 0.001, _rgb(face.color))]
    if face.is_active:
        parts.append(_plate(pose, center, _HALF_BUTTON + 0.003, _CORNER_M + 0.003, -0.001, _GLYPH))
    if face.sign is not None:
        parts.append(_sign(pose, center, face.sign))
    return parts


def _sign(pose: palette.PalettePose, center: FloatArray, sign: Sign) -> Mesh:
    """Return a sign on its button: each stroke as a band, with round ends."""
    parts = []
    for stroke in strokes(sign):
        places = np.array([pose.stage_from_palette(center + _SIGN_M * point, 0.002) for point in stroke])
        for start, end in pairwise(places):
            parts.append(_band(start, end, PEN * _SIGN_M, pose.normal))
    return join_meshes(parts)


def _band(start: FloatArray, end: FloatArray, half_m: float, normal: FloatArray) -> Mesh:
    """Return a flat band from `start` to `end` (3,), a little longer than that at both ends."""
    along = end - start
    length = float(np.linalg.norm(along))
    if length == 0.0:
        return Mesh()
    along = half_m * along / length
    aside = rotations.cross(normal, along)
    more = 0.6 * along
    corners = [start - more - aside, end + more - aside, end + more + aside, start - more + aside]
    return polygon(np.array(corners), _GLYPH)
