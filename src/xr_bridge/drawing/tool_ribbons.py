"""What hands hold, as ribbons of light: the edges of a box, and the ring of a brush that does not paint. NumPy only."""

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations
from latentvr_common.box_edges import box_edges
from latentvr_common.colors import split_rgb
from latentvr_common.held import Held, color_of_selection
from latentvr_common.scene import Scene
from xr_bridge.drawing.ribbons import RIBBON, ribbons
from xr_bridge.hanging import facing

FloatArray = npt.NDArray[np.floating]

_BOX, _RING = 0.9, 0.75
"""Opacities."""
_CORNERS = 48


def box_ribbons(scene: Scene) -> npt.NDArray[np.void]:
    """Return the edges (12,), RIBBON, of the box that is spanned, in its category's colour; (0,): there is none."""
    edges = box_edges(scene)
    if scene.selection is None or not len(edges):
        return np.zeros(0, RIBBON)
    color = split_rgb(color_of_selection(scene, scene.selection)) / 255
    return ribbons(edges[:, 0], edges[:, 1], color, _BOX)


def held_ribbons(found: Held | None, reader: FloatArray) -> npt.NDArray[np.void]:
    """Return a ring (48,), RIBBON, that faces `reader` (3,), metres, as large as the brush; (0,): nothing is held."""
    if found is None:
        return np.zeros(0, RIBBON)
    angles = np.linspace(0.0, 2 * np.pi, _CORNERS, endpoint=False)
    unit = np.stack([np.cos(angles), np.sin(angles), np.zeros(_CORNERS)], axis=1)
    ring = found.position + found.radius_m * rotations.rotate(facing(found.position, reader), unit)
    return ribbons(ring, np.roll(ring, -1, axis=0), split_rgb(found.color) / 255, _RING)
