"""A hand as balls: one at each joint, and smaller ones along each bone. NumPy only."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from latentvr_common.hands import FINGERS, Hand, Joint, Validity, is_near

_SKIN = np.array([206.0, 214.0, 226.0], dtype=np.float32) / 255
_SLIMMER = 0.82
_SMALLEST_M, _LARGEST_M = 0.004, 0.03
_BALLS_A_BONE = 5
_KNUCKLES = (Joint.INDEX_PROXIMAL, Joint.MIDDLE_PROXIMAL, Joint.RING_PROXIMAL, Joint.LITTLE_PROXIMAL)
_BONES = np.array([*(pair for chain in FINGERS for pair in pairwise(chain)), *pairwise(_KNUCKLES)], dtype=np.int64)
_POSITION_VALID = np.uint8(Validity.POSITION_VALID)
_SHARES = np.linspace(0.0, 1.0, _BALLS_A_BONE + 2, dtype=np.float32)
BALL = np.dtype([("center", "f4", 3), ("radius", "f4"), ("color", "f4", 3)])
"""Stage, metres; colour 0 to 1."""


def hand_balls(hand: Hand) -> npt.NDArray[np.void]:
    """Return what to draw (K,), BALL; joints that are not there are left out, with their bones."""
    there = ((hand.validity & _POSITION_VALID) != 0) & is_near(hand.positions)
    bones = _BONES[there[_BONES].all(axis=1)] if hand.tracked else _BONES[:0]
    radii = np.clip(hand.radii * _SLIMMER, _SMALLEST_M, _LARGEST_M)
    found = np.zeros((len(bones), len(_SHARES)), dtype=BALL)
    first, last = bones[:, :1], bones[:, 1:]
    share = _SHARES[None, :, None]
    found["center"] = (1 - share) * hand.positions[first] + share * hand.positions[last]
    found["radius"] = (1 - share[..., 0]) * radii[first] + share[..., 0] * radii[last]
    found["color"] = _SKIN
    return found.ravel()


def ball(center: npt.NDArray[np.floating], radius_m: float, color: npt.NDArray[np.floating]) -> npt.NDArray[np.void]:
    """Return one ball (1,), BALL."""
    found = np.zeros(1, dtype=BALL)
    found["center"], found["radius"], found["color"] = center, radius_m, color
    return found
