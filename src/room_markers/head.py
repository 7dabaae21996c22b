"""Where the head is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations
from latentvr_common.hands import is_near

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Head:
    """A head in the frame `stage`; it looks along its own -z."""

    position: FloatArray
    """(3,), metres."""
    quat_xyzw: FloatArray
    """(4,), unit quaternion."""


def check_head(head: Head) -> None:
    """Raise ValueError, naming the field, for a pose that no head can have."""
    if not is_near(head.position):
        raise ValueError(f"head: position is {head.position.tolist()}, expected finite numbers within 100 m")
    if not rotations.is_unit(head.quat_xyzw):
        raise ValueError(f"head: orientation is {head.quat_xyzw.tolist()}, expected a unit quaternion")
