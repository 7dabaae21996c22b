"""A finger on the palette's strip leads through time: to any cloud that is kept, and at the right end to now."""

import numpy as np
import numpy.typing as npt

from gesture_labeler.pinch import Change
from gesture_labeler.poke import finger_over
from gesture_labeler.running import ENDED, GOES_ON, Recogniser, Room, Running, Step
from gesture_labeler.signs import Signs
from latentvr_common import palette
from latentvr_common.gestures import SCRUB

FloatArray = npt.NDArray[np.floating]


class ScrubRecogniser(Recogniser):
    """Begins when the finger comes down on the strip."""

    name = SCRUB

    def begins(self, signs: Signs, room: Room, doing: Running | None) -> bool:
        """With every touch of it."""
        return signs.touch is not None and palette.strip(room.categories, room.tool.page).holds(signs.touch)

    def refusal(self, signs: Signs, room: Room) -> str:
        """There must be something to go back to."""
        return "" if len(room.past.timeline) > 1 else "there is nothing to go back to yet"

    def begin(self, gesture_id: str, signs: Signs, room: Room) -> Running:
        """Begin to look elsewhere."""
        return Scrubbing(gesture_id, signs, room)


class Scrubbing(Running):
    """Looks at the time under the finger, until that is lifted. Cancelled, what was looked at before is looked at."""

    name = SCRUB

    def __init__(self, gesture_id: str, signs: Signs, room: Room) -> None:
        super().__init__(gesture_id, signs)
        self._before = room.past.looking.frame
        over = finger_over(signs.main.hand, signs.other.palm_up)
        self._over: FloatArray = over if over is not None else np.zeros(3)
        self._across_m: float | None = None
        self._seen_s = signs.now_s

    def go_on(self, signs: Signs, room: Room) -> Step:
        """Follow the finger, or end, or come to nothing."""
        p, passed_s = room.parameters, signs.now_s - self._seen_s
        over = finger_over(signs.main.hand, signs.other.palm_up)
        if over is None or signs.main.tip is None:
            return Step(cancelled=_what_is_missing(signs)) if passed_s > p.lost_s else GOES_ON
        if float(np.linalg.norm(over - self._over)) > p.fastest_m_s * passed_s:
            return Step(cancelled=str(Change.JUMPED.value))
        self._over, self._seen_s, self.position = over, signs.now_s, signs.main.tip
        strip = palette.strip(room.categories, room.tool.page)
        if over[2] >= p.scrub_lift_m or strip.aside_m(over) >= p.scrub_aside_m:
            return ENDED
        if over[2] <= 0:
            # A finger on its way up is not to lead anywhere.
            room.past.looking.scrub(strip.share_at(self._smoothed(float(over[0]), p.smoothing)))
        return GOES_ON

    def _smoothed(self, across_m: float, weight: float) -> float:
        before = across_m if self._across_m is None else self._across_m
        self._across_m = weight * across_m + (1.0 - weight) * before
        return self._across_m

    def take_back(self, room: Room) -> None:
        """Look at what was looked at before."""
        room.past.looking.show(self._before)


def _what_is_missing(signs: Signs) -> str:
    both_seen = all(sign.hand.tracked for sign in signs.both)
    return "the palette was turned away" if both_seen and signs.main.tip is not None else str(Change.LOST.value)
