"""What a person knows of their own hands: where they meet what they touch. All at the wrist of a right hand, metres."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations
from latentvr_common.hands import FULLY_TRACKED, Hand, Joint
from scripted_hands import anatomy
from scripted_hands.motion import HandPosture

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Body:
    """The hands of one way to have hands."""

    pinch_point: FloatArray
    """(3,): where thumb and index finger of a pinched hand meet."""
    finger_tip: FloatArray
    """(3,): the tip of a pointing index finger."""
    palm: FloatArray
    """(3,): the palm joint."""

    def palm_of(self, posture: HandPosture, *, left: bool) -> Hand:
        """Return a hand of which only the palm is known."""
        place = self.palm * np.array([-1.0, 1.0, 1.0]) if left else self.palm
        hand = Hand(tracked=True)
        hand.positions[Joint.PALM] = posture.wrist + rotations.rotate(posture.quat_xyzw, place)
        hand.quats_xyzw[Joint.PALM] = posture.quat_xyzw
        hand.validity[Joint.PALM] = FULLY_TRACKED
        return hand


OWN = Body(anatomy.PINCH_POINT, anatomy.FINGER_TIP, anatomy.PALM)
"""Hands of anatomy.py."""
