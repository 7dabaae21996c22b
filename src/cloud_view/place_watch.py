"""Where the hand is in the latent space, and when to ask what would live there."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentvr_common.hands import Hand, Joint
from latentvr_common.palette import palette_pose
from latentvr_common.place import Place
from latentvr_common.scene import Scene

FloatArray = npt.NDArray[np.floating]

_INSIDE = 1.15
"""A hand is in the cloud, which fills a ball of radius 1, within this distance of its middle, latent units."""
_PATIENCE_S = 5.0
"""A question without an answer for so long is asked again."""


def place_of_hand(scene: Scene) -> FloatArray | None:
    """Return the place (3,), latent units, that somebody points at; None: nobody does.

    It is the middle of the newest brush, or else where a hand in the cloud would pinch, unless that hand holds the
    palette.
    """
    if scene.brushes:
        return scene.placement.latent_from_stage(scene.brushes[-1].position)
    for hand in (scene.hands.right, scene.hands.left) if scene.hands is not None else ():
        pinch = _pinch_point(hand)
        if pinch is not None and palette_pose(hand) is None:
            place = scene.placement.latent_from_stage(pinch)
            if float(np.linalg.norm(place)) <= _INSIDE:
                return place
    return None


def _pinch_point(hand: Hand) -> FloatArray | None:
    thumb, index = hand.position_of(Joint.THUMB_TIP), hand.position_of(Joint.INDEX_TIP)
    return None if thumb is None or index is None else (thumb + index) / 2


@dataclass(frozen=True)
class Question:
    """What would live at `place` (3,), latent units? Later ones have greater numbers."""

    number: int
    place: FloatArray


class PlaceWatch:
    """One question at a time, and the newest answer, by the caller's clock (monotonic seconds)."""

    def __init__(self) -> None:
        self.place: Place | None = None
        """What would live where the hand is; None: nobody points, or nobody has answered."""
        self._number = 0
        self._asked_s: float | None = None

    def question(self, place: FloatArray | None, now_s: float) -> Question | None:
        """Return what to ask now that somebody points at `place`, or nobody does; None: nothing."""
        if place is None:
            # Who answers now is too late.
            self._number, self._asked_s, self.place = self._number + 1, None, None
            return None
        if self._asked_s is not None and now_s < self._asked_s + _PATIENCE_S:
            return None
        self._number, self._asked_s = self._number + 1, now_s
        return Question(self._number, place)

    def answer(self, number: int, place: Place | None) -> None:
        """Take the answer to question `number`; None: nothing is known of the place."""
        if number == self._number:
            self._asked_s, self.place = None, place
