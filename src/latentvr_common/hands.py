"""Hands as plain data: 26 joints each, in the order of OpenXR's XrHandJointEXT."""

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]


class Joint(IntEnum):
    """XrHandJointEXT. Joint axes: -z along the bone towards the finger tip, +y out of the back of the hand."""

    PALM = 0
    WRIST = 1
    THUMB_METACARPAL = 2
    THUMB_PROXIMAL = 3
    THUMB_DISTAL = 4
    THUMB_TIP = 5
    INDEX_METACARPAL = 6
    INDEX_PROXIMAL = 7
    INDEX_INTERMEDIATE = 8
    INDEX_DISTAL = 9
    INDEX_TIP = 10
    MIDDLE_METACARPAL = 11
    MIDDLE_PROXIMAL = 12
    MIDDLE_INTERMEDIATE = 13
    MIDDLE_DISTAL = 14
    MIDDLE_TIP = 15
    RING_METACARPAL = 16
    RING_PROXIMAL = 17
    RING_INTERMEDIATE = 18
    RING_DISTAL = 19
    RING_TIP = 20
    LITTLE_METACARPAL = 21
    LITTLE_PROXIMAL = 22
    LITTLE_INTERMEDIATE = 23
    LITTLE_DISTAL = 24
    LITTLE_TIP = 25


JOINT_COUNT = len(Joint)

FARTHEST_M = 100.0
"""A joint farther from the origin is a fault of tracking. No headset follows a hand over so many metres, and the square
of a number that is merely finite can be infinite."""

# Chains of joints from the wrist to each tip: what a drawing of a hand connects.
FINGERS: tuple[tuple[Joint, ...], ...] = tuple(
    (Joint.WRIST, *(Joint(i) for i in range(first, last + 1)))
    for first, last in ((2, 5), (6, 10), (11, 15), (16, 20), (21, 25))
)


class Validity(IntFlag):
    """What may be believed of one joint. Equal to the constants of Hand.msg."""

    POSITION_VALID = 1
    ORIENTATION_VALID = 2
    POSITION_TRACKED = 4
    ORIENTATION_TRACKED = 8


FULLY_TRACKED = 15
_POSITION_VALID = int(Validity.POSITION_VALID)


def is_near(positions: FloatArray) -> npt.NDArray[np.bool_]:
    """Tell which of `positions` (..., 3) in metres may be used: finite, and at most FARTHEST_M along each axis."""
    return np.asarray((np.abs(positions) <= FARTHEST_M).all(axis=-1))  # also False for NaN


def _no_positions() -> FloatArray:
    return np.zeros((JOINT_COUNT, 3))


def _no_rotations() -> FloatArray:
    return np.tile(np.array([0.0, 0.0, 0.0, 1.0]), (JOINT_COUNT, 1))


@dataclass(frozen=True)
class Hand:
    """One hand in the frame `stage` (metres, y up). If not `tracked`, nothing else may be used."""

    tracked: bool = False
    positions: FloatArray = field(default_factory=_no_positions)
    """(26, 3), metres."""
    quats_xyzw: FloatArray = field(default_factory=_no_rotations)
    """(26, 4), unit quaternions."""
    radii: FloatArray = field(default_factory=lambda: np.zeros(JOINT_COUNT))
    """(26,), metres."""
    validity: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros(JOINT_COUNT, dtype=np.uint8))
    """(26,), bits of Validity."""

    def position_of(self, joint: Joint) -> FloatArray | None:
        """Return the position of `joint` (3,) in metres, or None where it must not be used."""
        if not (self.tracked and int(self.validity[joint]) & _POSITION_VALID):
            return None
        # Asked some forty times for each message of hands: numbers are five times as fast as arrays of three.
        position = self.positions[joint]
        x, y, z = position.tolist()
        near = abs(x) <= FARTHEST_M and abs(y) <= FARTHEST_M and abs(z) <= FARTHEST_M
        return position if near else None

    def pinch_point(self) -> FloatArray | None:
        """Return where a pinch meets (3,), metres: midway between the tips of thumb and index finger; None: unseen."""
        thumb, index = self.position_of(Joint.THUMB_TIP), self.position_of(Joint.INDEX_TIP)
        return None if thumb is None or index is None else (thumb + index) / 2


@dataclass(frozen=True)
class Hands:
    """Both hands at `stamp_ns` (ROS time, nanoseconds)."""

    stamp_ns: int
    left: Hand
    right: Hand
