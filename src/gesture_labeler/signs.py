"""What both hands show at one moment, and since when. Over joints and time."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gesture_labeler import shapes
from gesture_labeler.parameters import Parameters
from gesture_labeler.pinch import Change, Pinch
from latentvr_common import palette
from latentvr_common.hands import Hand, Joint
from latentvr_common.palette import PalettePose

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Sign:
    """What one hand shows."""

    hand: Hand
    change: Change
    """What it just did to its pinch."""
    pinches: bool
    """Also while it is about to open, and for the moment that a lost hand is waited for."""
    holds: bool
    """It pinches, and is seen, and is not about to open: only then does `point` say where."""
    point: FloatArray
    """(3,), metres, frame stage: between the tips of thumb and index finger, when last seen."""
    pinching_s: float
    """Since when it pinches."""
    tip: FloatArray | None
    """(3,), of the index finger; None: not seen."""
    pointing_s: float | None
    """Since when it points; None: it does not."""
    palm_up: PalettePose | None
    """Where its palm holds the palette; None: it does not face up."""
    palm_up_s: float | None
    """Since when its palm faces up; None: it does not."""


@dataclass(frozen=True)
class Head:
    """The person's head in the stage."""

    position: FloatArray
    """(3,), metres: where the eyes are."""
    quat_xyzw: FloatArray
    """(4,): -z ahead, +y up."""


@dataclass(frozen=True)
class Signs:
    """What both hands show."""

    now_s: float
    stamp_ns: int
    main: Sign
    """Of the hand that paints."""
    other: Sign
    head: Head | None = None
    """None: not known."""
    touch: FloatArray | None = None
    """Where the hand that paints has just touched the palette of the other one (2,), metres across and down; None: it
    has not."""

    @property
    def both(self) -> tuple[Sign, Sign]:
        """The signs of both hands."""
        return self.main, self.other

    @property
    def middle(self) -> FloatArray:
        """(3,), metres, frame stage: midway between both pinches."""
        return np.asarray((self.main.point + self.other.point) / 2)


def fault_of(*signs: Sign) -> str:
    """Return what is wrong with the first of these hands that was lost or has jumped; empty: nothing."""
    return next((str(s.change.value) for s in signs if s.change in (Change.LOST, Change.JUMPED)), "")


class HandReader:
    """Follows one hand."""

    def __init__(self, parameters: Parameters) -> None:
        """Start with a hand that was never seen."""
        self._parameters = parameters
        self._pinch = Pinch(parameters)
        self._pinching_s = 0.0
        self._pointing_s: float | None = None
        self._palm_up_s: float | None = None

    def read(self, hand: Hand, now_s: float, eye: FloatArray | None) -> Sign:
        """Take in the hand at `now_s`, seen from `eye` (3,) if that is known; return what it shows."""
        change = self._pinch.update(hand, now_s)
        if change is Change.BEGAN and shapes.faces(hand, eye, self._parameters.system_cosine):
            self._pinch.forget()
            change = Change.NONE
        if change is Change.BEGAN:
            self._pinching_s = now_s
        self._follow_pointing(hand, now_s)
        return self._sign(hand, change, now_s)

    def miss(self, now_s: float) -> Sign:
        """Take in that no hand has come; return what that shows."""
        self._pointing_s = None
        return self._sign(Hand(), self._pinch.miss(now_s), now_s)

    def _sign(self, hand: Hand, change: Change, now_s: float) -> Sign:
        palm_up = palette.palette_pose(hand)
        if palm_up is None:
            self._palm_up_s = None
        elif self._palm_up_s is None:
            self._palm_up_s = now_s
        return Sign(
            hand,
            change,
            self._pinch.active,
            self._pinch.closed,
            self._pinch.point,
            self._pinching_s,
            hand.position_of(Joint.INDEX_TIP),
            self._pointing_s,
            palm_up,
            self._palm_up_s,
        )

    def _follow_pointing(self, hand: Hand, now_s: float) -> None:
        p = self._parameters
        slack = 0.0 if self._pointing_s is None else p.pointing_slack
        if not shapes.points(hand, p.pointing_straight - slack, p.pointing_bent + slack):
            self._pointing_s = None
        elif self._pointing_s is None:
            self._pointing_s = now_s
