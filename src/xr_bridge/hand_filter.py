"""Hands as a device reports them to hands that may be believed. Devices lie: what is impossible is dropped and counted.

Seen in the field: joints marked valid with quaternions of zeros, joints that are never there, numbers that are none,
joints and whole hands that are elsewhere for a moment. No OpenXR.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentvr_common.hands import Hand, Joint, Validity, is_near

FloatArray = npt.NDArray[np.floating]

LARGEST_HAND_M = 0.40
"""No joint is farther from the middle of its hand."""
FASTEST_M_S = 12.0
"""No hand moves faster: a boxer's fist comes to about 10 (Walilko et al., Br. J. Sports Med. 39, 2005: 9.1)."""
SETTLED_S = 0.05
"""A hand that has jumped is believed again once it has been where it is for so long."""
_FORGET_S = 0.25
"""After such a gap a hand may be anywhere."""
_UNIT_WITHIN = 0.05
_FEWEST = 5
"""Of fewer joints nothing can be said."""
_USUAL_RADIUS_M = 0.009
_LARGEST_RADIUS_M = 0.05
# As plain numbers: flags of an enumeration cost more than all that is reckoned with them.
_POSITION_VALID = np.uint8(Validity.POSITION_VALID)
_ORIENTATION_VALID = np.uint8(Validity.ORIENTATION_VALID)
_POSITION = np.uint8(Validity.POSITION_VALID | Validity.POSITION_TRACKED)
_ORIENTATION = np.uint8(Validity.ORIENTATION_VALID | Validity.ORIENTATION_TRACKED)
_NO_TURN = np.array([0.0, 0.0, 0.0, 1.0])


@dataclass(frozen=True)
class RawHand:
    """What a device says of one hand. Frame stage, metres."""

    active: bool
    positions: FloatArray
    """(26, 3)."""
    quats_xyzw: FloatArray
    """(26, 4)."""
    radii: FloatArray
    """(26,)."""
    flags: npt.NDArray[np.uint8]
    """(26,), bits of Validity."""


class HandFilter:
    """Watches one hand over time."""

    def __init__(self) -> None:
        self.faults: Counter[str] = Counter()
        """How often what was wrong, in words for people."""
        self._middle: FloatArray | None = None
        self._seen_s = 0.0
        self._jumped_s: float | None = None

    def believe(self, raw: RawHand, at_s: float) -> Hand:
        """Return what may be believed of `raw`, which is of `at_s`, seconds that rise."""
        if not raw.active:
            self._middle = None
            return Hand()
        validity = raw.flags & (_POSITION | _ORIENTATION)
        quats = self._check_orientations(raw.quats_xyzw, validity)
        self._check_positions(raw.positions, validity)
        there = (validity & _POSITION_VALID) != 0
        if there.sum() < _FEWEST:
            self.faults["hand without joints"] += 1
            self._middle = None
            return Hand()
        self._note_missing(there)
        if self._is_jumping(_middle(raw.positions[there]), at_s):
            return Hand()
        positions = np.where(there[:, None], raw.positions, 0.0)
        return Hand(True, positions, quats, self._check_radii(raw.radii), validity)

    def _check_orientations(self, quats: FloatArray, validity: npt.NDArray[np.uint8]) -> FloatArray:
        """Take away from `validity` what is no rotation; return unit quaternions (26, 4)."""
        with np.errstate(invalid="ignore", over="ignore"):
            lengths = np.sqrt(np.einsum("ij,ij->i", quats, quats))
        good = np.abs(lengths - 1.0) <= _UNIT_WITHIN  # False for NaN
        claimed = (validity & _ORIENTATION_VALID) != 0
        self._count("orientation that is no rotation", claimed & ~good)
        validity[~(good & claimed)] &= _POSITION
        if good.all():
            return np.asarray(quats / lengths[:, None])
        return np.where(good[:, None], quats, _NO_TURN) / np.where(good, lengths, 1.0)[:, None]

    def _check_positions(self, positions: FloatArray, validity: npt.NDArray[np.uint8]) -> None:
        """Take away from `validity` positions that cannot be."""
        claimed = (validity & _POSITION_VALID) != 0
        near = is_near(positions)
        self._count("position that is no place", claimed & ~near)
        good = claimed & near
        if good.any():
            away = np.where(good[:, None], positions, 0.0) - _middle(positions[good])
            together = good & (np.einsum("ij,ij->i", away, away) <= LARGEST_HAND_M**2)
            self._count("joint away from its hand", good & ~together)
            good = together & (not self._are_one_point(positions, good))
        validity[~good] &= _ORIENTATION

    def _are_one_point(self, positions: FloatArray, good: npt.NDArray[np.bool_]) -> bool:
        """Tell whether all joints are at one place, as where a device marks valid what it has not filled in."""
        one_point = good.sum() > 1 and bool((np.ptp(positions[good], axis=0) < 1e-4).all())
        if one_point:
            self.faults["hand with all joints at one point"] += 1
        return one_point

    def _note_missing(self, there: npt.NDArray[np.bool_]) -> None:
        for joint in np.flatnonzero(~there).tolist():
            self.faults[f"no {Joint(joint).name.lower().replace('_', ' ')}"] += 1

    def _is_jumping(self, middle: FloatArray, at_s: float) -> bool:
        """Tell whether the hand is where it cannot have come to, or was so a moment ago."""
        before, passed_s = self._middle, at_s - self._seen_s
        self._middle, self._seen_s = middle, at_s
        if before is None or passed_s > _FORGET_S:
            self._jumped_s = None
        elif float(np.linalg.norm(middle - before)) > FASTEST_M_S * max(passed_s, 0.0) + 0.02:
            self.faults["hand that jumps"] += 1
            self._jumped_s = at_s
        elif self._jumped_s is not None and at_s - self._jumped_s >= SETTLED_S:
            self._jumped_s = None
        return self._jumped_s is not None

    def _check_radii(self, radii: FloatArray) -> FloatArray:
        good = (radii > 0.0) & (radii <= _LARGEST_RADIUS_M)  # False for NaN
        self._count("radius that no finger has", ~good)
        return np.where(good, radii, _USUAL_RADIUS_M)

    def _count(self, fault: str, joints: npt.NDArray[np.bool_]) -> None:
        if joints.any():
            self.faults[fault] += int(joints.sum())


def _middle(positions: FloatArray) -> FloatArray:
    """Return the upper median along each axis (3,) of positions (K, 3): one joint elsewhere does not move it."""
    return np.asarray(np.sort(positions, axis=0)[len(positions) // 2])
