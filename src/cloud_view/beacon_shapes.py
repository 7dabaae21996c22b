"""Beacons as columns of light, each with a ring around its place and its number on a disc above the cloud.

Where they stand is in latentvr_common/beacon_lights.py; what their colours mean is in the caption.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cloud_view.camera import Camera, Subject
from cloud_view.force_shapes import brought_forward
from cloud_view.shapes import Mesh, discs, join_meshes, polygon, rods
from latentvr_common.beacon_lights import Light, lights
from latentvr_common.beacons import COLORS
from latentvr_common.scene import Scene

FloatArray = npt.NDArray[np.floating]

_THIN, _THICK, _RING, _HEAD = 0.0016, 0.0042, 0.0032, 0.048
"""Radii, as shares of the subject's: of a column at its place and at its head, of a ring's rod, of a disc."""
_FORWARD = 0.5
"""So far, as a share of that radius, discs are drawn nearer to the camera: no items hide what is written on them."""
_INK = np.array([18.0, 21.0, 27.0]) / 255
_DIGIT_HALF, _STROKE = (0.24, 0.46), 0.10
"""Half width and half height of a digit, and half the width of its strokes, in radii of its disc."""
_BARS = {"top": (0, 1), "middle": (0, 0), "bottom": (0, -1)}
"""Level strokes: where they are, in halves of the digit right and up."""
_POSTS = {"left up": (-1, 0.5), "right up": (1, 0.5), "left down": (-1, -0.5), "right down": (1, -0.5)}
"""Upright ones."""
_DIGITS = {
    1: ("right up", "right down"),
    2: ("top", "right up", "middle", "left down", "bottom"),
    3: ("top", "right up", "middle", "right down", "bottom"),
    4: ("left up", "right up", "middle", "right down"),
    5: ("top", "left up", "middle", "right down", "bottom"),
    6: ("top", "left up", "middle", "left down", "right down", "bottom"),
    7: ("top", "right up", "right down"),
    8: (*_BARS, *_POSTS),
    9: ("top", "left up", "right up", "middle", "right down", "bottom"),
}


def beacon_shapes(scene: Scene, camera: Camera, subject: Subject) -> Mesh:
    """Return the beacons of `scene`; none where they are not wanted."""
    return join_meshes([_beacon(light, camera, subject.radius) for light in lights(scene)])


def _beacon(light: Light, camera: Camera, size_m: float) -> Mesh:
    color = np.array(COLORS[light.beacon.why]) / 255
    column = rods(light.foot[None], light.head[None], size_m * np.array([[_THIN, _THICK]]), color, camera)
    around = np.full((len(light.ring), 2), _RING * size_m)
    ring = rods(light.ring, np.roll(light.ring, -1, axis=0), around, color, camera)
    disc = discs(light.head[None], np.array([_HEAD * size_m]), color, camera, 32)
    head = join_meshes([disc, digit(light.beacon.number, light.head, _HEAD * size_m, camera)])
    before = replace(head, vertices=brought_forward(head.vertices, _FORWARD * size_m, camera))
    return join_meshes([column, ring, before])


def digit(number: int, middle: FloatArray, radius_m: float, camera: Camera) -> Mesh:
    """Return `number`, 1 to 9, upright on a disc that faces the camera."""
    half = np.array(_DIGIT_HALF)
    before = middle - 0.2 * radius_m * camera.forward
    parts = []
    for stroke in _DIGITS[number]:
        level = stroke in _BARS
        at = np.array((_BARS if level else _POSTS)[stroke]) * half
        # A 1 has no left side: in the middle of its disc it looks right.
        at = at * [0.0, 1.0] if number == 1 else at
        reach = np.array([half[0] + _STROKE, _STROKE] if level else [_STROKE, half[1] / 2 + _STROKE])
        corners = radius_m * (at + reach * [[-1, -1], [1, -1], [1, 1], [-1, 1]])
        parts.append(polygon(before + corners[:, :1] * camera.right + corners[:, 1:] * camera.up, _INK))
    return join_meshes(parts)
