"""What one look at the runtime finds. No OpenXR."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xr_bridge.hand_filter import RawHand

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Pose:
    """A place and a rotation, frame stage."""

    position: FloatArray
    """(3,), metres."""
    quat_xyzw: FloatArray
    """(4,), a unit quaternion."""


@dataclass(frozen=True)
class Sight:
    """Head and hands at one moment."""

    monotonic_ns: int
    """When, by CLOCK_MONOTONIC."""
    left: RawHand | None
    """None: the runtime tracks no hands, or they are not for this program now."""
    right: RawHand | None
    head: Pose | None
    """None: not tracked."""
