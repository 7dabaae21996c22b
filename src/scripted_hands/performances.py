"""How each gesture is done: postures over time, for tests, benchmarks and drawings. Pure.

Lengths are metres, frame stage. The right hand paints and pokes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from latentvr_common import palette, rotations
from latentvr_common.labels import Category
from scripted_hands.anatomy import OPEN, PINCHED, POINTING, Bend
from scripted_hands.body import OWN, Body
from scripted_hands.motion import HandPosture, Move, Posture, length_of
from scripted_hands.postures import HEAD, LEVEL, PALETTE_HAND, PALM_UP, POKE_DOWN, REST

FloatArray = npt.NDArray[np.floating]

_MIRROR = np.array([-1.0, 1.0, 1.0])
_ABOVE_M, _BELOW_M = 0.045, 0.010


@dataclass(frozen=True)
class Performance:
    """A gesture from beginning to end."""

    name: str
    moves: Sequence[Move]

    @property
    def lasts_s(self) -> float:
        """How long it takes."""
        return sum(move.lasts_s for move in self.moves)

    def at(self, passed_s: float) -> Posture:
        """Return how the hands are held after `passed_s`."""
        for move in self.moves:
            if passed_s < move.lasts_s:
                return move.at(passed_s)
            passed_s -= move.lasts_s
        return self.moves[-1].end


class Performer:
    """Puts gestures together."""

    def __init__(self, pace: float = 1.0, body: Body = OWN, start: Posture = REST) -> None:
        """`pace`: 1 is a person's; `body`: whose hands they are."""
        self._pace = pace
        self._body = body
        self._posture = start
        self._moves: list[Move] = []

    def performance(self, name: str) -> Performance:
        """Return what was put together."""
        return Performance(name, tuple(self._moves))

    def hold(self, seconds: float) -> None:
        """Stay like this."""
        self._go(self._posture, seconds)

    def reach(self, left: HandPosture | None = None, right: HandPosture | None = None, seconds: float = 0.5) -> None:
        """Bring the hands there; None: it stays where it is."""
        self._go(Posture(left or self._posture.left, right or self._posture.right), seconds)

    def bend(self, left: Bend | None = None, right: Bend | None = None, seconds: float = 0.18) -> None:
        """Bend the fingers so; None: they stay as they are."""
        now = self._posture
        self._go(
            Posture(replace(now.left, bend=left or now.left.bend), replace(now.right, bend=right or now.right.bend)),
            seconds,
        )

    def draw(self, way: FloatArray, m_s: float = 0.25) -> None:
        """Lead the right pinch along `way` (K, 3)."""
        wrists = way - rotations.rotate(self._posture.right.quat_xyzw, self._body.pinch_point)
        end = Posture(self._posture.left, replace(self._posture.right, wrist=wrists[-1]))
        seconds = max(0.15, length_of(wrists) / m_s) / self._pace
        self._moves.append(Move(self._posture, end, seconds, wrists))
        self._posture = end

    def pinching(self, place: FloatArray, bend: Bend = OPEN, *, left: bool = False) -> HandPosture:
        """Return the hand whose pinch is at `place` (3,)."""
        point = self._body.pinch_point * (_MIRROR if left else 1.0)
        return HandPosture(place - rotations.rotate(LEVEL, point), LEVEL, bend)

    def pointing(self, place: FloatArray, quat: FloatArray = POKE_DOWN, *, left: bool = False) -> HandPosture:
        """Return the hand whose index tip is at `place` (3,)."""
        point = self._body.finger_tip * (_MIRROR if left else 1.0)
        return HandPosture(place - rotations.rotate(quat, point), quat, POINTING)

    def palette_spot(self, action: str, categories: Sequence[Category], page: int = 0) -> Callable[[float], FloatArray]:
        """Return, for a button, the function from the height above it to the place (3,)."""
        pose = palette.palette_pose(self._body.palm_of(PALETTE_HAND, left=True))
        assert pose is not None
        center = next(b.center for b in palette.buttons(categories, page) if b.action == action)
        return lambda height_m: pose.stage_from_palette(center, height_m)

    def strip_spot(self, share: float, categories: Sequence[Category], page: int = 0) -> Callable[[float], FloatArray]:
        """Return, for a share of the palette's strip, the function from the height above it to the place (3,)."""
        pose = palette.palette_pose(self._body.palm_of(PALETTE_HAND, left=True))
        assert pose is not None
        place = palette.strip(categories, page).place_of(share)
        return lambda height_m: pose.stage_from_palette(place, height_m)

    def _go(self, end: Posture, seconds: float) -> None:
        self._moves.append(Move(self._posture, end, seconds / self._pace))
        self._posture = end


def paint(way: FloatArray, performer: Performer) -> Performance:
    """Paint along `way` (K, 3)."""
    performer.reach(right=performer.pinching(way[0]))
    performer.bend(right=PINCHED)
    performer.hold(0.15)
    performer.draw(way)
    performer.bend(right=OPEN)
    performer.hold(0.25)
    return performer.performance("pinch_brush")


def paint_and_take_away(way: FloatArray, away: FloatArray, performer: Performer) -> Performance:
    """Paint along `way` (K, 3), and take away at `away` (3,) with the other hand, before the pinch opens."""
    performer.reach(performer.pinching(away, left=True), performer.pinching(way[0]))
    performer.bend(right=PINCHED)
    performer.hold(0.15)
    performer.draw(way)
    performer.hold(0.3)
    performer.bend(left=PINCHED)
    performer.hold(0.2)
    performer.bend(left=OPEN)
    performer.hold(0.2)
    performer.bend(right=OPEN)
    performer.hold(0.25)
    return performer.performance("pinch_brush")


def flood(place: FloatArray, performer: Performer, pull_m: float = 0.0) -> Performance:
    """Tap at `place` (3,) with the brush for dense regions; pull by `pull_m` towards the eyes before letting go."""
    performer.reach(right=performer.pinching(place))
    performer.bend(right=PINCHED)
    performer.hold(0.15)
    if pull_m:
        towards = HEAD - place
        performer.draw(np.stack([place, place + pull_m * towards / np.linalg.norm(towards)]), 0.15)
        performer.hold(0.1)
    performer.bend(right=OPEN)
    performer.hold(0.25)
    return performer.performance("density")


def with_both(
    name: str, start: tuple[FloatArray, FloatArray], end: tuple[FloatArray, FloatArray], performer: Performer
) -> Performance:
    """Pinch with both hands at `start` (left and right, (3,) each), bring them to `end`, let go: a box, or a grab."""
    performer.reach(performer.pinching(start[0], left=True), performer.pinching(start[1]))
    performer.bend(PINCHED, PINCHED)
    performer.hold(0.15)
    performer.reach(performer.pinching(end[0], PINCHED, left=True), performer.pinching(end[1], PINCHED), 0.8)
    performer.hold(0.1)
    performer.bend(OPEN, OPEN)
    performer.hold(0.25)
    return performer.performance(name)


def size(middle: FloatArray, radius_m: float, performer: Performer) -> Performance:
    """Point with both hands, and hold the tips so far apart that a ball of `radius_m` fits between them."""
    across = np.array([1.0, 0.0, 0.0])
    for half_m, seconds in ((0.08, 0.5), (radius_m + 0.007, 0.6)):
        left = performer.pointing(middle - half_m * across, LEVEL, left=True)
        performer.reach(left, performer.pointing(middle + half_m * across, LEVEL), seconds)
        performer.hold(0.5)
    performer.bend(OPEN, OPEN)
    performer.hold(0.1)
    return performer.performance("radius")


def poke(action: str, categories: Sequence[Category], performer: Performer, page: int = 0) -> Performance:
    """Hold the palette up and poke the button of `action`."""
    spot = performer.palette_spot(action, categories, page)
    performer.reach(left=PALETTE_HAND)
    performer.reach(right=performer.pointing(spot(_ABOVE_M)))
    performer.reach(right=performer.pointing(spot(-_BELOW_M)), seconds=0.2)
    performer.reach(right=performer.pointing(spot(_ABOVE_M)), seconds=0.2)
    performer.reach(REST.left, REST.right)
    return performer.performance("poke")


def scrub(shares: Sequence[float], categories: Sequence[Category], performer: Performer, page: int = 0) -> Performance:
    """Hold the palette up, touch its strip at the first of `shares`, 0 to 1, lead the finger to the others, lift it."""
    spots = [performer.strip_spot(share, categories, page) for share in shares]
    performer.reach(left=PALETTE_HAND)
    performer.reach(right=performer.pointing(spots[0](_ABOVE_M)))
    performer.reach(right=performer.pointing(spots[0](-_BELOW_M)), seconds=0.2)
    for spot in spots[1:]:
        performer.reach(right=performer.pointing(spot(-_BELOW_M)), seconds=0.6)
    performer.hold(0.2)
    performer.reach(right=performer.pointing(spots[-1](_ABOVE_M)), seconds=0.2)
    performer.reach(REST.left, REST.right)
    return performer.performance("scrub")


def dwell(place: FloatArray, performer: Performer) -> Performance:
    """Point at `place` (3,) and stay there, then go."""
    performer.reach(right=performer.pointing(place, LEVEL))
    performer.hold(0.8)
    performer.reach(right=REST.right)
    performer.hold(0.1)
    return performer.performance("dwell")


def recentre(performer: Performer) -> Performance:
    """Hold both palms up."""
    left = HandPosture(np.array([-0.2, 1.05, -0.3]), PALM_UP, OPEN)
    right = HandPosture(np.array([0.2, 1.05, -0.3]), PALM_UP, OPEN)
    performer.reach(left, right, 0.6)
    performer.hold(1.3)
    performer.reach(REST.left, REST.right)
    return performer.performance("recentre")
