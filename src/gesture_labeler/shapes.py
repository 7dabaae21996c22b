"""What one hand shows: a stretched finger, where the palm faces. Pure, over joints."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations
from latentvr_common.hands import Hand, Joint, Validity

FloatArray = npt.NDArray[np.floating]

INDEX = (Joint.INDEX_PROXIMAL, Joint.INDEX_INTERMEDIATE, Joint.INDEX_DISTAL, Joint.INDEX_TIP)
MIDDLE = (Joint.MIDDLE_PROXIMAL, Joint.MIDDLE_INTERMEDIATE, Joint.MIDDLE_DISTAL, Joint.MIDDLE_TIP)
RING = (Joint.RING_PROXIMAL, Joint.RING_INTERMEDIATE, Joint.RING_DISTAL, Joint.RING_TIP)

_UP = np.array([0.0, 1.0, 0.0])


def stretch(hand: Hand, finger: Sequence[Joint]) -> float | None:
    """Return how straight a finger is: knuckle to tip, as a share of its bones' length; None: joints are missing.

    No joint of the palm is asked for: some devices never track those.
    """
    places = [hand.position_of(joint) for joint in finger]
    known = [place.tolist() for place in places if place is not None]
    if len(known) < len(places):
        return None
    length = sum(math.dist(a, b) for a, b in pairwise(known))
    return math.dist(known[0], known[-1]) / length if length > 0.0 else None


def points(hand: Hand, straight: float, bent: float) -> bool:
    """Tell whether the index finger is stretched (by `straight` or more) and the next two are not (`bent` at most)."""
    index = stretch(hand, INDEX)
    if index is None or index < straight:
        return False
    others = (stretch(hand, finger) for finger in (MIDDLE, RING))
    return all(other is not None and other <= bent for other in others)


def palm_normal(hand: Hand) -> FloatArray | None:
    """Return the direction (3,) in which the palm faces, or None where it is not known."""
    quat = hand.quats_xyzw[Joint.PALM]
    known = hand.tracked and hand.validity[Joint.PALM] & Validity.ORIENTATION_VALID and bool(rotations.is_unit(quat))
    return rotations.rotate(quat, -_UP) if known else None


def faces(hand: Hand, eye: FloatArray | None, cosine: float) -> bool:
    """Tell whether the palm faces `eye` (3,), within the angle of that cosine: a pinch is then the headset's own."""
    normal, palm = palm_normal(hand), hand.position_of(Joint.PALM)
    if eye is None or normal is None or palm is None:
        return False
    away = eye - palm
    length = float(np.linalg.norm(away))
    return length > 0.0 and float(normal @ away) / length >= cosine
