"""The edges of a box that two hands span, where they are in the room."""

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations
from latentvr_common.labels import Region, Shape
from latentvr_common.placement import Placement
from latentvr_common.scene import Scene

FloatArray = npt.NDArray[np.floating]

_CORNERS = np.array([[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
_EDGES = np.array([(a, b) for a in range(8) for b in range(a) if np.abs(_CORNERS[a] - _CORNERS[b]).sum() == 2.0])


def box_corners(region: Region, placement: Placement) -> FloatArray:
    """Return the corners (8, 3) of a region of shape BOX in the stage, metres."""
    turned = rotations.rotate(region.quat_xyzw, _CORNERS * region.half_size)
    return np.asarray(placement.stage_from_latent(region.centers[0] + turned))


def box_edges(scene: Scene) -> FloatArray:
    """Return both ends of each edge (12, 2, 3) of the box that is spanned, stage, metres; (0, 2, 3) where none is."""
    if scene.selection is None or scene.selection.region.shape is not Shape.BOX:
        return np.zeros((0, 2, 3))
    return np.asarray(box_corners(scene.selection.region, scene.placement)[_EDGES])
