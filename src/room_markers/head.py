"""Where the head is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Head:
    """A head in the frame `stage`; it looks along its own -z."""

    position: FloatArray
    """(3,), metres."""
    quat_xyzw: FloatArray
    """(4,), unit quaternion."""
