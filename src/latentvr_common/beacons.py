"""Beacons: the places where a mark would teach the most, each with what makes it one."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from latentvr_common.cues import Cues, FloatArray, worth_of

MOST_BEACONS = 9
"""Numbers have one digit."""


class Why(Enum):
    """What makes a place worth a mark, more than anything else. The value is what a person reads."""

    UNSURE = "unsure"
    """The network hardly knows what the item is."""
    UNLABELLED = "unlabelled"
    """Items are many, and labels far."""
    MIXED = "mixed"
    """Neighbours are predicted to be something else."""


COLORS = {Why.UNSURE: (255, 236, 140), Why.UNLABELLED: (150, 240, 255), Why.MIXED: (255, 136, 120)}
"""Red, green, blue; paler than those of categories."""


@dataclass(frozen=True)
class Beacon:
    """One place."""

    number: int
    """1: where to look first."""
    item: int
    """Row of the dataset: the item around which to look."""
    why: Why


def beacons_of(cues: Cues) -> tuple[Beacon, ...]:
    """Return the first nine places of `cues` at most, the first one first."""
    rows = np.flatnonzero((cues.places >= 1) & (cues.places <= MOST_BEACONS))
    numbers, first = np.unique(cues.places[rows], return_index=True)
    chosen = rows[first]
    return tuple(
        Beacon(int(number), int(row), why)
        for number, row, why in zip(numbers, chosen, _whys(cues, chosen), strict=True)
    )


def _whys(cues: Cues, rows: npt.NDArray[np.intp]) -> list[Why]:
    """Return for each of `rows` the cue that makes most of its worth: with the median in its stead, most is lost.

    Where two make the same, the one that stands first in `Why`.
    """
    if not len(rows):
        return []
    without = {
        Why.UNSURE: replace(cues, uncertainty=_usual(cues.uncertainty)),
        Why.UNLABELLED: replace(cues, density=_usual(cues.density), coverage=_usual(cues.coverage)),
        Why.MIXED: replace(cues, disagreement=_usual(cues.disagreement)),
    }
    left = np.stack([worth_of(without[why])[rows] for why in Why])
    return [list(Why)[i] for i in left.argmin(axis=0)]


def _usual(cue: FloatArray) -> FloatArray:
    return np.full_like(cue, np.median(cue))
