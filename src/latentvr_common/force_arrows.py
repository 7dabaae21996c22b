"""How forces become arrows: of which items, and how long.

Pulls and motions have different units, and both shrink as training goes on. So each is drawn to a scale of its own: the
median arrow has a fixed length.
"""

import numpy as np
import numpy.typing as npt

from latentvr_common.forces import Forces

FloatArray = npt.NDArray[np.floating]

PULL_COLOR = (255, 250, 235)
MOTION_COLOR = (255, 96, 150)
MOST_ARROWS = 240
_MEDIAN, _LONGEST, _SHORTEST = 0.07, 0.2, 0.015
"""Lengths, as shares of the radius of the cloud; what is shorter than the last would be hidden in its item."""


def chosen_items(forces: Forces, items: int) -> npt.NDArray[np.intp]:
    """Return which rows of `forces` (K,) get an arrow: at most 240, evenly, of a cloud of so many items."""
    known = np.flatnonzero(forces.sample_ids < items)
    # The ids are in the order of the dataset, which may be sorted by category.
    return np.asarray(known[np.unique(np.linspace(0, len(known) - 1, min(len(known), MOST_ARROWS)).astype(int))])


def scaled(vectors: FloatArray, size: float) -> FloatArray:
    """Return `vectors` (K, 3) so long that the median is 7 % of `size`, none longer than 20 %, short ones as zero."""
    lengths = np.linalg.norm(vectors, axis=1)
    median = float(np.median(lengths[lengths > 0])) if (lengths > 0).any() else 1.0
    wanted = np.minimum(_MEDIAN * lengths / median, _LONGEST) * size
    wanted[wanted < _SHORTEST * size] = 0.0
    return np.asarray(vectors * (wanted / np.maximum(lengths, np.finfo(float).tiny))[:, None])
