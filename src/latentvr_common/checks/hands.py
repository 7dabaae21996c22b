"""Hands, read in place: they come ninety times a second.

One joint that is a fault of tracking is no fault of the message: who uses a joint asks whether it may be
(`Hand.position_of`, `rotations.is_unit`).
"""

import numpy as np
import numpy.typing as npt

from latentvr_common.checks.refusal import RefusedError
from latentvr_common.hands import FULLY_TRACKED, Validity

THICKEST_M = 1.0
"""Of the flesh around a joint."""
_POSITION_VALID = int(Validity.POSITION_VALID)


def check_hand(radii: npt.NDArray[np.floating], validity: npt.NDArray[np.uint8]) -> None:
    """The radii (26,), metres, and validity (26,) of a tracked hand.

    A pinch begins where the surfaces of two fingers touch: with an infinite radius all of them do, for ever.
    """
    if int(validity.max()) > FULLY_TRACKED:
        raise RefusedError(
            f"hands: validity is {int(validity.max())}, expected 0 to {FULLY_TRACKED}", "hands: validity"
        )
    if not 0 <= radii.min() <= radii.max() <= THICKEST_M:  # The rare case: whether it matters.
        valid = radii[(validity & _POSITION_VALID) != 0]
        if not ((valid >= 0) & (valid <= THICKEST_M)).all():
            raise RefusedError(f"hands: radii are {valid.tolist()}, expected 0 to {THICKEST_M:g} m", "hands: radii")
