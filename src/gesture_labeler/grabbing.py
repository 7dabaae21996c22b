"""Two pinches in empty space take hold of the cloud: it moves, turns and grows with the hands."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gesture_labeler import both_hands
from gesture_labeler.running import ENDED, GOES_ON, Recogniser, Room, Running, Step
from gesture_labeler.signs import Signs, fault_of
from latentvr_common import rotations
from latentvr_common.gestures import GRAB, Side
from latentvr_common.placement import Placement

FloatArray = npt.NDArray[np.floating]

_NEAREST_M = 0.05
"""Hands nearer to each other than this do not scale: their distance trembles."""
_FARTHEST_M = 50.0


class GrabRecogniser(Recogniser):
    """Begins when both hands pinch, at least one of them in empty space."""

    name = GRAB

    def begins(self, signs: Signs, room: Room, doing: Running | None) -> bool:
        """With the second pinch; not with a palm that faces up, which holds the palette."""
        palms = any(sign.palm_up is not None for sign in signs.both)
        return not palms and both_hands.both_pinch(signs, room, doing) and not both_hands.both_in_the_cloud(signs, room)

    def begin(self, gesture_id: str, signs: Signs, room: Room) -> Running:
        """Take hold."""
        return Grabbing(gesture_id, signs, room)


class Grabbing(Running):
    """The cloud in both hands. Cancelled, it goes back to where it was."""

    name = GRAB
    side = Side.BOTH

    def __init__(self, gesture_id: str, signs: Signs, room: Room) -> None:
        super().__init__(gesture_id, signs)
        self._before = room.placement
        self._middle = signs.middle
        self._between = signs.main.point - signs.other.point

    def go_on(self, signs: Signs, room: Room) -> Step:
        """Carry, or let go."""
        self.position = signs.middle
        reason = fault_of(*signs.both)
        if reason:
            return Step(cancelled=reason)
        if both_hands.either_opened(signs):
            return ENDED
        if signs.main.holds and signs.other.holds:
            between = signs.main.point - signs.other.point
            room.placement = carried(self._before, self._middle, self._between, signs.middle, between, _limits(room))
        return GOES_ON

    def take_back(self, room: Room) -> None:
        """Put it back."""
        room.placement = self._before


def _limits(room: Room) -> tuple[float, float]:
    usual = Placement().scale
    return usual * room.parameters.smallest_scale, usual * room.parameters.largest_scale


def carried(
    before: Placement,
    middle: FloatArray,
    between: FloatArray,
    middle_now: FloatArray,
    between_now: FloatArray,
    limits: tuple[float, float],
) -> Placement:
    """Return where hands have carried the cloud that was at `before`.

    middle, between: (3,), midway between the hands and from one to the other when they took hold, metres; `_now`: where
    they are. limits: of the scale. What was midway between them still is.
    """
    far, far_now = (max(float(np.linalg.norm(v)), _NEAREST_M) for v in (between, between_now))
    scale = float(np.clip(before.scale * far_now / far, *limits))
    turn = shortest_turn(between, between_now)
    moved = middle_now + rotations.rotate(turn, (before.position - middle) * (scale / before.scale))
    if float(np.abs(moved).max()) > _FARTHEST_M:
        return before
    quat = rotations.multiply(turn, before.quat_xyzw)
    return replace(before, position=moved, quat_xyzw=quat / np.linalg.norm(quat), scale=scale)


def shortest_turn(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the rotation (4,) that takes the direction of `a` (3,) to that of `b` (3,) by the shortest way."""
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    if lengths < 1e-9:
        return rotations.IDENTITY.copy()
    w = 1.0 + float(a @ b) / lengths
    if w < 1e-6:
        # Straight back: about any axis across.
        across = np.cross(a, np.eye(3)[int(np.argmin(np.abs(a)))])
        return np.append(across / np.linalg.norm(across), 0.0)
    quat = np.append(np.cross(a, b) / lengths, w)
    return np.asarray(quat / np.linalg.norm(quat))
