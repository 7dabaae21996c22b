"""How hands move: smooth reaches whose time grows with distance and shrinks with the size of the target, and tremor."""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from latentvr_common.hands import Hand, Hands
from scripted_hands.anatomy import Bend, between, hand_at

FloatArray = npt.NDArray[np.floating]

# Mid-air reaching takes 0.1 s to start and about 0.12 s a bit: the form is that of MacKenzie, "Fitts' law as a research
# and design tool in human-computer interaction", HCI 7, 1992.
_START_S = 0.1
_PER_BIT_S = 0.12


def reach_time_s(distance_m: float, target_m: float) -> float:
    """Return how long a person takes to reach a target of size `target_m` that is `distance_m` away."""
    return _START_S + _PER_BIT_S * math.log2(distance_m / target_m + 1)


def minimum_jerk(share: float) -> float:
    """Return the share of the way after `share` of the time, both 0 to 1: Flash and Hogan, J. Neuroscience 5, 1985."""
    s = min(max(share, 0.0), 1.0)
    return s**3 * (10 - 15 * s + 6 * s**2)


@dataclass(frozen=True)
class HandPosture:
    """Where one hand is held: wrist (3,) in metres, frame stage, its rotation, and how the fingers are bent."""

    wrist: FloatArray
    quat_xyzw: FloatArray
    bend: Bend

    def hand(self, *, left: bool) -> Hand:
        """Return the joints."""
        return hand_at(self.wrist, self.quat_xyzw, self.bend, left=left)


@dataclass(frozen=True)
class Posture:
    """Where both hands are held."""

    left: HandPosture
    right: HandPosture
    left_lost: bool = False
    right_lost: bool = False
    """Not tracked: the hand is held so, but nobody sees it."""

    def shaken(self, shake: FloatArray) -> "Posture":
        """Return the same with the right hand moved by `shake` (3,), metres, and the left one the other way."""
        left, right = self.left, self.right
        return Posture(replace(left, wrist=left.wrist - shake), replace(right, wrist=right.wrist + shake))

    def hands(self, stamp_ns: int) -> Hands:
        """Return all joints, those of anatomy.py; none of a hand that is lost."""
        left = Hand() if self.left_lost else self.left.hand(left=True)
        right = Hand() if self.right_lost else self.right.hand(left=False)
        return Hands(stamp_ns, left, right)


@dataclass(frozen=True)
class Pause:
    """A stop on the way, after the share `at` of it, 0 to 1."""

    at: float
    lasts_s: float


@dataclass(frozen=True)
class Move:
    """Both hands go from one posture to another in `lasts_s`; the right wrist through `way` (K, 3), if given."""

    start: Posture
    end: Posture
    lasts_s: float
    """The `pause` included."""
    way: FloatArray | None = None
    pause: Pause | None = None

    def _share(self, passed_s: float) -> float:
        """Return the share of the way after `passed_s`."""
        if self.pause is None:
            return minimum_jerk(passed_s / self.lasts_s) if self.lasts_s > 0 else 1.0
        stops, moves_s = self.pause.at, self.lasts_s - self.pause.lasts_s
        if passed_s < stops * moves_s:
            return stops * minimum_jerk(passed_s / (stops * moves_s))
        again_s = stops * moves_s + self.pause.lasts_s
        return stops + (1 - stops) * minimum_jerk((passed_s - again_s) / (self.lasts_s - again_s))

    def at(self, passed_s: float) -> Posture:
        """Return the posture after `passed_s`."""
        share = self._share(passed_s)
        left = _between(self.start.left, self.end.left, share)
        right = _between(self.start.right, self.end.right, share)
        if self.way is not None:
            right = HandPosture(along(self.way, share), right.quat_xyzw, right.bend)
        return Posture(left, right)


def _between(a: HandPosture, b: HandPosture, share: float) -> HandPosture:
    if share <= 0 or share >= 1 or a is b:
        return a if share <= 0 else b
    # Towards the nearer of the two quaternions that mean the same rotation.
    target = b.quat_xyzw if float(a.quat_xyzw @ b.quat_xyzw) >= 0 else -b.quat_xyzw
    quat = a.quat_xyzw + share * (target - a.quat_xyzw)
    bend = b.bend if a.bend is b.bend else between(a.bend, b.bend, share)
    return HandPosture(a.wrist + share * (b.wrist - a.wrist), quat / np.linalg.norm(quat), bend)


def length_of(way: FloatArray) -> float:
    """Return the length of a way (K, 3) in its unit."""
    return float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())


def along(way: FloatArray, share: float) -> FloatArray:
    """Return the point (3,) after `share` of the length of the polyline `way` (K, 3)."""
    marks = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))])
    if marks[-1] == 0:
        return np.asarray(way[-1])
    return np.array([np.interp(share * marks[-1], marks, way[:, i]) for i in range(3)])


class Tremor:
    """Physiological tremor: a few oscillations of 8 to 12 Hz (Elble and Koller, "Tremor", 1990) and a slow drift."""

    def __init__(self, amplitude_m: float, random: np.random.Generator) -> None:
        """Choose frequencies and phases; `amplitude_m`: typical deviation along each axis."""
        self._amplitude = amplitude_m
        self._frequencies_hz = np.concatenate([random.uniform(8.0, 12.0, (3, 3)), random.uniform(0.2, 0.6, (1, 3))])
        self._phases = random.uniform(0.0, 2 * np.pi, (4, 3))

    def at(self, now_s: float) -> FloatArray:
        """Return the deviation (3,) at `now_s`, metres."""
        waves = np.sin(2 * np.pi * self._frequencies_hz * now_s + self._phases)
        return np.asarray(self._amplitude * waves.sum(axis=0) / np.sqrt(2.0))
