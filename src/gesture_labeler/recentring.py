"""Both palms held up bring the cloud back in front of the person, upright and in its usual size."""

import numpy as np

from gesture_labeler.running import ENDED, GOES_ON, Recogniser, Room, Running, Step
from gesture_labeler.signs import Head, Signs
from latentvr_common import rotations
from latentvr_common.gestures import RECENTRE, Side
from latentvr_common.placement import Placement

_AHEAD_M = 0.55
_BELOW_M = 0.35
_SEEN_S = 0.3
"""Palms that face up for less than this are on their way to something else."""
_AHEAD = np.array([0.0, 0.0, -1.0])
_UP = np.array([0.0, 1.0, 0.0])


def in_front_of(head: Head) -> Placement:
    """Return where the cloud hangs at arm's length in front of `head`, level with the chest."""
    ahead = rotations.rotate(head.quat_xyzw, _AHEAD)
    level = np.array([ahead[0], 0.0, ahead[2]])
    length = float(np.linalg.norm(level))
    level = level / length if length > 0.1 else _AHEAD
    yaw = float(np.arctan2(-level[0], -level[2]))
    place = head.position + _AHEAD_M * level - _BELOW_M * _UP
    return Placement(place, rotations.about_axis(_UP, yaw))


def _held_s(signs: Signs) -> float:
    """Return for how long both palms have faced up; 0: one does not."""
    since = [sign.palm_up_s for sign in signs.both if sign.palm_up_s is not None]
    return signs.now_s - max(since) if len(since) == len(signs.both) else 0.0


class RecentreRecogniser(Recogniser):
    """Begins when both palms face up."""

    name = RECENTRE

    def __init__(self) -> None:
        """Start armed."""
        self._armed = True

    def begins(self, signs: Signs, room: Room, doing: Running | None) -> bool:
        """After a moment; once for each time the palms are turned up."""
        held_s = _held_s(signs)
        self._armed |= held_s == 0.0
        return self._armed and held_s >= min(_SEEN_S, room.parameters.recentre_s)

    def refusal(self, signs: Signs, room: Room) -> str:
        """Where the head is must be known."""
        self._armed = False
        return "" if signs.head is not None else "nobody tells where the head is"

    def begin(self, gesture_id: str, signs: Signs, room: Room) -> Running:
        """Begin to wait."""
        return Recentring(gesture_id, signs)


class Recentring(Running):
    """Waits for `recentre_s`, then brings the cloud back."""

    name = RECENTRE
    side = Side.BOTH

    def go_on(self, signs: Signs, room: Room) -> Step:
        """Wait, and then do it."""
        if not all(sign.hand.tracked for sign in signs.both):
            return Step(cancelled="hand lost")
        held_s = _held_s(signs)
        if held_s == 0.0:
            return Step(cancelled="a palm was turned away")
        if held_s < room.parameters.recentre_s or signs.head is None:
            return GOES_ON
        room.placement = in_front_of(signs.head)
        return ENDED
