"""A finger comes down through the palette. Pure, over joints."""

import numpy as np
import numpy.typing as npt

from latentvr_common.hands import Hand, Joint
from latentvr_common.palette import PalettePose

FloatArray = npt.NDArray[np.floating]


def finger_over(finger: Hand, pose: PalettePose | None) -> FloatArray | None:
    """Return where the index finger is (3,), metres: across and down the palette, and how high above it its skin is.

    None: one of both is not there.
    """
    tip = finger.position_of(Joint.INDEX_TIP)
    if tip is None or pose is None:
        return None
    over = pose.palette_from_stage(tip)
    over[2] -= float(finger.radii[Joint.INDEX_TIP])
    return over if bool(np.isfinite(over).all()) else None


class Descent:
    """Follows one index finger over the palette: it touches where it comes down through the surface."""

    def __init__(self, rearm_m: float) -> None:
        """Start with a finger that must first rise `rearm_m` above the palette."""
        self._rearm_m = rearm_m
        self._armed = False

    def update(self, finger: Hand, pose: PalettePose | None) -> FloatArray | None:
        """Take in the hand that pokes and where the palette is (None: not there).

        Return where it is touched now, (2,), metres across and down; None: it is not.
        """
        over = finger_over(finger, pose)
        if over is None:
            self._armed = False
            return None
        if over[2] >= self._rearm_m:
            self._armed = True
        if not self._armed or over[2] > 0:
            return None
        # Down is down, whether on something or beside it: sliding in from the side is no touch.
        self._armed = False
        return over[:2]
