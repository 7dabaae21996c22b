"""A hand as a chain of joints: from the pose of the wrist and how the fingers are bent to the 26 joints of OpenXR.

Right hand, at the wrist: -z to the finger tips, +y out of the back of the hand, so the thumb is at -x. The left hand is
its mirror image. Lengths are those of a medium adult hand (bone lengths after Buryanov and Kotiuk, "Proportions of
hand segments", Int. J. Morphol. 28(3), 2010), metres; angles are radians.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations
from latentvr_common.hands import FULLY_TRACKED, JOINT_COUNT, Hand, Joint

FloatArray = npt.NDArray[np.floating]
X = np.array([1.0, 0.0, 0.0])
Y = np.array([0.0, 1.0, 0.0])
Z = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class _Finger:
    """`base` and `knuckle` (3,): first joint and knuckle at the wrist; `bones`: knuckle to tip; `splay`: about y."""

    first: Joint
    base: tuple[float, float, float]
    knuckle: tuple[float, float, float]
    bones: tuple[float, ...]
    splay: float


_FINGERS = (
    _Finger(Joint.INDEX_METACARPAL, (-0.020, 0.002, -0.022), (-0.026, 0.003, -0.092), (0.042, 0.025, 0.022), 0.06),
    _Finger(Joint.MIDDLE_METACARPAL, (-0.004, 0.003, -0.024), (-0.005, 0.004, -0.094), (0.046, 0.029, 0.023), 0.01),
    _Finger(Joint.RING_METACARPAL, (0.010, 0.002, -0.024), (0.014, 0.002, -0.087), (0.042, 0.027, 0.023), -0.05),
    _Finger(Joint.LITTLE_METACARPAL, (0.022, -0.001, -0.022), (0.031, -0.002, -0.077), (0.033, 0.020, 0.020), -0.13),
)
_THUMB_BASE = np.array([-0.024, -0.008, -0.020])
_THUMB_BONES = np.array([0.044, 0.033, 0.026])
_PALM = np.array([-0.001, 0.000, -0.055])
_RADII = np.array(
    [
        *(0.020, 0.022),
        *(0.017, 0.012, 0.010, 0.008),
        *(0.015, 0.011, 0.009, 0.008, 0.007),
        *(0.015, 0.011, 0.009, 0.008, 0.007),
        *(0.015, 0.010, 0.008, 0.007, 0.007),
        *(0.015, 0.009, 0.007, 0.006, 0.006),
    ]
)


@dataclass(frozen=True)
class Bend:
    """How the fingers are bent, radians: a row for each of index, middle, ring, little; a column for each joint."""

    fingers: FloatArray
    """(4, 3), towards the palm."""
    thumb: FloatArray
    """(5,): at its root about y (out), about x (down) and about its own axis, then its two joints."""
    curls: FloatArray
    """(5,): how far thumb, index, middle, ring and little are closed, 0 to 1, for hands that know no angles."""


OPEN = Bend(
    np.array([[0.12, 0.15, 0.10], [0.10, 0.15, 0.10], [0.12, 0.16, 0.10], [0.15, 0.18, 0.12]]),
    np.array([0.75, 0.25, 0.5, 0.15, 0.10]),
    np.zeros(5),
)
POINTING = Bend(
    np.array([[0.10, 0.10, 0.06], [1.30, 1.60, 0.90], [1.35, 1.60, 0.90], [1.40, 1.60, 0.90]]),
    np.array([0.45, 0.60, 0.6, 0.45, 0.40]),
    np.array([0.5, 0.0, 1.0, 1.0, 1.0]),
)
PINCHED = Bend(
    np.array([[0.845, 0.856, 0.469], [0.45, 0.50, 0.30], [0.40, 0.45, 0.28], [0.35, 0.40, 0.25]]),
    np.array([0.369, 0.618, 0.843, 0.250, 0.347]),
    np.array([1.0, 1.0, 0.2, 0.2, 0.2]),
)


def between(a: Bend, b: Bend, share: float) -> Bend:
    """Return the bend on the way from `a` (share 0) to `b` (share 1)."""
    return Bend(
        a.fingers + share * (b.fingers - a.fingers),
        a.thumb + share * (b.thumb - a.thumb),
        a.curls + share * (b.curls - a.curls),
    )


def hand_at(wrist: FloatArray, quat_xyzw: FloatArray, bend: Bend, *, left: bool) -> Hand:
    """Return the hand, fully tracked, with its wrist at `wrist` (3,), metres, turned by `quat_xyzw`."""
    positions, quats = _at_the_wrist(bend.fingers.tobytes(), bend.thumb.tobytes())
    if left:
        positions = positions * np.array([-1.0, 1.0, 1.0])
        # Mirroring at the plane x = 0 keeps turns about x and reverses those about y and z.
        quats = quats * np.array([1.0, -1.0, -1.0, 1.0])
    return Hand(
        tracked=True,
        positions=wrist + rotations.rotate(quat_xyzw, positions),
        quats_xyzw=rotations.multiply(np.broadcast_to(quat_xyzw, quats.shape), quats),
        radii=_RADII.copy(),
        validity=np.full(JOINT_COUNT, FULLY_TRACKED, dtype=np.uint8),
    )


@lru_cache(maxsize=16)
def _at_the_wrist(fingers: bytes, thumb: bytes) -> tuple[FloatArray, FloatArray]:
    """Return positions (26, 3) and rotations (26, 4) of a right hand whose wrist is the origin.

    A hand that moves as a whole keeps its bend: remembered, since the chain costs most of what a hand costs.
    """
    positions = np.zeros((JOINT_COUNT, 3))
    quats = np.tile(rotations.IDENTITY, (JOINT_COUNT, 1))
    positions[Joint.PALM] = _PALM
    positions[_FINGER_BASES], quats[_FINGER_BASES] = _BASES, _BASE_TURNS
    chain = _chain(_KNUCKLES, _SPLAYS, np.frombuffer(fingers).reshape(4, 3), _BONES)
    for i, (place, turn) in enumerate(chain, start=1):
        positions[_FINGER_BASES + i], quats[_FINGER_BASES + i] = place, turn
    out, down, roll, *joints = np.frombuffer(thumb).tolist()
    root = rotations.multiply(rotations.about_axis(Y, out), rotations.about_axis(X, -down))
    root = rotations.multiply(root, rotations.about_axis(Z, roll))
    for i, (place, turn) in enumerate(_chain(_THUMB_BASE, root, np.array([0.0, *joints]), _THUMB_BONES)):
        positions[Joint.THUMB_METACARPAL + i], quats[Joint.THUMB_METACARPAL + i] = place, turn
    return positions, quats


def _chain(
    start: FloatArray, turn: FloatArray, angles: FloatArray, bones: FloatArray
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield place (..., 3) and turn (..., 4) of each joint to the tip: it bends about its x axis, the bone follows.

    `angles` and `bones` (..., B): of one finger, or of several at once.
    """
    place = start
    for i in range(bones.shape[-1]):
        turn = rotations.multiply(turn, _about_x(-angles[..., i]))
        yield place, turn
        place = place + rotations.rotate(turn, -Z * bones[..., i, None])
    yield place, turn


def _about_x(angles_rad: FloatArray) -> FloatArray:
    """Return the quaternions (..., 4) that turn by `angles_rad` about x."""
    quats = np.zeros((*angles_rad.shape, 4))
    quats[..., 0], quats[..., 3] = np.sin(angles_rad / 2), np.cos(angles_rad / 2)
    return quats


def _towards(direction: FloatArray) -> FloatArray:
    """Return the rotation that takes -z to `direction` (3,) and leaves the back of the hand up."""
    z = -direction / np.linalg.norm(direction)
    x = np.cross(Y, z)
    x /= np.linalg.norm(x)
    return rotations.from_axes(x, np.cross(z, x), z)


_FINGER_BASES = np.array([finger.first for finger in _FINGERS])
_BASES = np.array([finger.base for finger in _FINGERS])
_KNUCKLES = np.array([finger.knuckle for finger in _FINGERS])
_BONES = np.array([finger.bones for finger in _FINGERS])
_SPLAYS = np.array([rotations.about_axis(Y, finger.splay) for finger in _FINGERS])
_BASE_TURNS = np.array([_towards(direction) for direction in _KNUCKLES - _BASES])


def _bent(bend: Bend) -> FloatArray:
    return _at_the_wrist(bend.fingers.tobytes(), bend.thumb.tobytes())[0]


PALM = _PALM
"""(3,): the palm joint, at the wrist."""
PINCH_POINT = (_bent(PINCHED)[Joint.THUMB_TIP] + _bent(PINCHED)[Joint.INDEX_TIP]) / 2
"""(3,): where thumb and index finger of a PINCHED right hand meet, at the wrist."""
FINGER_TIP = _bent(POINTING)[Joint.INDEX_TIP]
"""(3,): the index tip of a POINTING right hand, at the wrist."""
