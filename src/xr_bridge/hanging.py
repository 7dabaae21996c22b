"""Where words hang in the room. Pure. Metres, frame stage."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations
from latentvr_common.box_edges import box_corners
from latentvr_common.gestures import Side
from latentvr_common.hands import Hand, Joint
from latentvr_common.held import CLOUD_RADIUS
from latentvr_common.labels import Shape
from latentvr_common.palette import PalettePose
from latentvr_common.placement import Placement
from latentvr_common.scene import Scene

FloatArray = npt.NDArray[np.floating]

_AHEAD, _UP = np.array([0.0, 0.0, -1.0]), np.array([0.0, 1.0, 0.0])
_BEHIND, _NEAREST_M, _FARTHEST_M = 1.3, 0.9, 1.8
"""The state line hangs so many of the cloud's scales behind its middle, so near and so far from the eyes."""
_LOWEST_M, _HIGHEST_M = -0.6, 0.05
"""From the height of the eyes."""
_OFFER_NEAREST_M, _OFFER_FARTHEST_M = 0.5, 0.8
_OFFER_GAP, _OFFER_FARTHEST_ASIDE = math.radians(4.0), math.radians(60.0)
_OFFER_HEIGHT_M = (-0.3, 0.0)
"""From the height of the eyes."""
_MOVES_M = 0.25
_ABOVE_HANDS_M, _ABOVE_BRUSH_M = 0.18, 0.03
_NEARER, _NEAREST_WORDS_M = 0.7, 0.3


def facing(place: FloatArray, reader: FloatArray) -> FloatArray:
    """Return the rotation (4,) that turns what is at `place` upright towards `reader`."""
    away = np.asarray(reader, dtype=float) - place
    length = float(np.linalg.norm(away))
    if length < 1e-6 or abs(away[1]) > 0.999 * length:
        return rotations.IDENTITY.copy()
    z = away / length
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x)
    return rotations.from_axes(x, np.cross(z, x), z)


def on_palette(pose: PalettePose, center: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Return where a panel with its middle at `center` (2,) of the palette hangs: its place (3,), its rotation (4,)."""
    place = pose.origin if center is None else pose.stage_from_palette(center)
    return place, rotations.from_axes(pose.across, -pose.down, pose.normal)


def state_place(placement: Placement, head: FloatArray) -> FloatArray:
    """Return where the state line hangs (3,): behind the cloud, level with its top, where no hand or item hides it.

    Never above the eyes, and never so far away that it could not be read.
    """
    towards = (placement.position - head) * [1.0, 0.0, 1.0]
    away_m = float(np.linalg.norm(towards))
    direction = towards / away_m if away_m > 0.1 else _AHEAD
    far_m = float(np.clip(away_m + _BEHIND * placement.scale, _NEAREST_M, _FARTHEST_M))
    up_m = float(np.clip(placement.position[1] + placement.scale - head[1], _LOWEST_M, _HIGHEST_M))
    return np.asarray(head + far_m * direction + np.array([0.0, up_m, 0.0]))


def offer_place(scene: Scene, head: FloatArray, width_m: float) -> FloatArray:
    """Return where a panel so wide hangs (3,) beside the cloud, on the side of the hand that paints, within easy sight.

    The other palm has the palette. Of a cloud that is all around, it covers what is far to that side.
    """
    placement = scene.placement
    towards = (placement.position - head) * [1.0, 0.0, 1.0]
    away_m = float(np.linalg.norm(towards))
    ahead = towards / away_m if away_m > 0.1 else _AHEAD
    aside = np.cross(ahead, _UP) * (-1.0 if scene.tool.side is Side.LEFT else 1.0)
    far_m = float(np.clip(away_m, _OFFER_NEAREST_M, _OFFER_FARTHEST_M))
    cloud = math.asin(min(1.0, CLOUD_RADIUS * placement.scale / max(away_m, 1e-6)))
    angle = min(cloud + math.atan(width_m / 2 / far_m) + _OFFER_GAP, _OFFER_FARTHEST_ASIDE)
    up_m = float(np.clip(placement.position[1] - head[1], *_OFFER_HEIGHT_M))
    return np.asarray(head + far_m * (math.cos(angle) * ahead + math.sin(angle) * aside) + up_m * _UP)


class Resting:
    """A place that stays where it is until it would be elsewhere: words that follow every nod cannot be read."""

    def __init__(self) -> None:
        """Start nowhere."""
        self._place: FloatArray | None = None

    def follow(self, wanted: FloatArray) -> FloatArray:
        """Return where to be (3,), given where it would be best."""
        if self._place is None or float(np.linalg.norm(wanted - self._place)) > _MOVES_M:
            self._place = wanted
        return self._place


def nearer(place: FloatArray, reader: FloatArray) -> FloatArray:
    """Return a place (3,) in the same direction, nearer to the reader: items right before words hide them."""
    away = place - reader
    length = float(np.linalg.norm(away))
    return np.asarray(reader + away * min(1.0, max(_NEARER, _NEAREST_WORDS_M / max(length, 1e-6))))


def above_hands(hands: Sequence[Hand]) -> FloatArray | None:
    """Return a place (3,) between the palms that are seen, a little above the higher one; None: no palm is."""
    palms = [palm for palm in (hand.position_of(Joint.PALM) for hand in hands) if palm is not None]
    if not palms:
        return None
    middle = np.mean(palms, axis=0)
    middle[1] = max(palm[1] for palm in palms) + _ABOVE_HANDS_M
    return np.asarray(middle)


def above_brush(scene: Scene) -> FloatArray | None:
    """Return a place (3,) above what the gesture under way holds; None: it holds nothing."""
    if not scene.brushes:
        return None
    brush = scene.brushes[0]
    top = brush.position[1] + brush.radius
    if scene.selection is not None and scene.selection.region.shape is Shape.BOX:
        top = float(box_corners(scene.selection.region, scene.placement)[:, 1].max())
    return np.array([brush.position[0], top + _ABOVE_BRUSH_M, brush.position[2]])
