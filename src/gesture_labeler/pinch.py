"""Pinch: thumb tip and index tip of one hand meet. Pure, over joints and time.

The signal is the gap between the two surfaces, smoothed. Two thresholds, each held for a time, keep it from
flickering. A hand that is lost keeps its pinch for a moment and then cancels it: it never commits.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from gesture_labeler.parameters import Parameters
from latentvr_common.hands import Hand, Joint

FloatArray = npt.NDArray[np.floating]


class Change(Enum):
    """What the newest hand did to the pinch."""

    NONE = "none"
    BEGAN = "began"
    ENDED = "ended"
    LOST = "hand lost"
    JUMPED = "hand jumped"


@dataclass(frozen=True)
class Touch:
    """The two tips of one hand."""

    gap_m: float
    """Between the surfaces; below 0 where the radii overlap."""
    point: FloatArray
    """(3,), metres, frame stage: midway between the tips."""


def touch_of(hand: Hand) -> Touch | None:
    """Return how far the tips of thumb and index finger are apart, or None while one of them is not tracked."""
    thumb, index = hand.position_of(Joint.THUMB_TIP), hand.position_of(Joint.INDEX_TIP)
    if thumb is None or index is None:
        return None
    radii = hand.radii[Joint.THUMB_TIP] + hand.radii[Joint.INDEX_TIP]
    gap = float(np.linalg.norm(thumb - index) - radii)
    return Touch(gap, (thumb + index) / 2) if np.isfinite(gap) else None


class Pinch:
    """Follows the pinch of one hand. Times are seconds of the hands' own stamps, rising."""

    def __init__(self, parameters: Parameters) -> None:
        """Start open."""
        self._parameters = parameters
        self._gap_m: float | None = None
        self._crossed_s: float | None = None
        self._seen_s = 0.0
        self._must_open = True
        self.active = False
        self.closed = False
        """Active and not about to open: while False, the point belongs to the opening hand."""
        self.point: FloatArray = np.zeros(3)
        """(3,), metres, frame stage; of the newest hand that was seen."""

    def update(self, hand: Hand, now_s: float) -> Change:
        """Take in the hand at `now_s`; return what it did to the pinch."""
        touch = touch_of(hand)
        if touch is None:
            return self.miss(now_s)
        jumped = self._jumped(touch.point, now_s)
        self.point, self._seen_s = touch.point, now_s
        if jumped:
            self.forget()
            return Change.JUMPED
        weight = self._parameters.smoothing
        self._gap_m = touch.gap_m if self._gap_m is None else weight * touch.gap_m + (1 - weight) * self._gap_m
        change = self._decide(self._gap_m, touch.gap_m, now_s)
        # The smoothed gap lags: by the time that it is wide, the point has gone two centimetres with the fingers.
        self.closed = self.active and touch.gap_m <= self._parameters.pinch_on_m
        return change

    def miss(self, now_s: float) -> Change:
        """Take in that there is no hand at `now_s`."""
        self._gap_m = self._crossed_s = None
        self.closed = False
        if now_s - self._seen_s <= self._parameters.lost_s:
            return Change.NONE
        was_active = self.active
        self.forget()
        return Change.LOST if was_active else Change.NONE

    def _jumped(self, point: FloatArray, now_s: float) -> bool:
        passed_s = now_s - self._seen_s
        return self.active and bool(np.linalg.norm(point - self.point) > self._parameters.fastest_m_s * passed_s)

    def _decide(self, gap_m: float, newest_gap_m: float, now_s: float) -> Change:
        p = self._parameters
        if gap_m >= p.pinch_off_m:
            self._must_open = False
        if self._must_open:
            return Change.NONE
        crossed, held_s = (
            (gap_m >= p.pinch_off_m, p.pinch_off_s) if self.active else (gap_m <= p.pinch_on_m, p.pinch_on_s)
        )
        if not crossed:
            self._crossed_s = None
            return Change.NONE
        if self._crossed_s is None:
            self._crossed_s = now_s
        if now_s - self._crossed_s < held_s:
            return Change.NONE
        if not self.active and newest_gap_m > p.pinch_on_m:
            return Change.NONE  # A tip that jumps just then is waited for: where a pinch begins is to be seen.
        self.active = not self.active
        self._crossed_s = None
        return Change.BEGAN if self.active else Change.ENDED

    def forget(self) -> None:
        """Have it open until it has been seen open: whatever it was, it is no pinch."""
        # A hand that comes back closed has not pinched: it must be seen open first.
        self._must_open = True
        self.active = self.closed = False
        self._gap_m = self._crossed_s = None
