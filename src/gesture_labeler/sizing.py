"""Both hands point: the brush is the ball between the finger tips."""

from dataclasses import replace

import numpy as np

from gesture_labeler.running import ENDED, GOES_ON, Recogniser, Room, Running, Step
from gesture_labeler.signs import Signs
from latentvr_common import brush
from latentvr_common.gestures import RADIUS, Side
from latentvr_common.hands import Joint

_FARTHEST_M = 2.5 * brush.LARGEST_M
"""Fingers farther apart do not mean the brush."""


class SizeRecogniser(Recogniser):
    """Begins when both hands have pointed for a while, near to each other."""

    name = RADIUS

    def begins(self, signs: Signs, room: Room, doing: Running | None) -> bool:
        """After `radius_hold_s`."""
        since = [sign.pointing_s for sign in signs.both]
        if None in since or _apart_m(signs) is None:
            return False
        held_s = signs.now_s - max(s for s in since if s is not None)
        apart_m = _apart_m(signs)
        return held_s >= room.parameters.radius_hold_s and apart_m is not None and apart_m <= _FARTHEST_M

    def begin(self, gesture_id: str, signs: Signs, room: Room) -> Running:
        """Begin to size."""
        return Sizing(gesture_id, signs, room)


def _apart_m(signs: Signs) -> float | None:
    a, b = signs.main.tip, signs.other.tip
    if a is None or b is None:
        return None
    radii = signs.main.hand.radii[Joint.INDEX_TIP] + signs.other.hand.radii[Joint.INDEX_TIP]
    return float(max(np.linalg.norm(a - b) - radii, 0.0))


class Sizing(Running):
    """Half the gap between the finger tips is the radius."""

    name = RADIUS
    side = Side.BOTH

    def __init__(self, gesture_id: str, signs: Signs, room: Room) -> None:
        super().__init__(gesture_id, signs)
        self._before = room.tool
        self._follow(signs, room)

    def go_on(self, signs: Signs, room: Room) -> Step:
        """Follow the fingers, until one no longer points."""
        if not all(sign.hand.tracked for sign in signs.both):
            return Step(cancelled="hand lost")
        if any(sign.pointing_s is None for sign in signs.both):
            return ENDED
        self._follow(signs, room)
        return GOES_ON

    def take_back(self, room: Room) -> None:
        """Give the brush its size back."""
        room.tool = replace(room.tool, radius_m=self._before.radius_m)

    def _follow(self, signs: Signs, room: Room) -> None:
        apart_m = _apart_m(signs)
        if apart_m is None or signs.main.tip is None or signs.other.tip is None:
            return
        self.position = (signs.main.tip + signs.other.tip) / 2
        radius_m = float(np.clip(apart_m / 2, brush.SMALLEST_M, brush.LARGEST_M))
        room.tool = replace(room.tool, radius_m=radius_m)
