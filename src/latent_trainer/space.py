"""How the cloud lies in its space: how much of it is used, and how far the categories are apart. NumPy only."""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE

_CELLS = 12
"""Cells along an edge of the cube around the ball of radius 1."""


def space_used(positions: npt.NDArray[np.float32]) -> float:
    """Return how much of the ball of radius 1 about the origin is used, 0 to 1; NaN for no items.

    positions: (N, 3), latent units, finite.

    The share of the cells of a grid of 12 x 12 x 12 over the ball, those whose centre is in it, that hold at least one
    item; divided by the share that N items strewn evenly over the ball would be expected to reach, 1 - (1 - 1/C)^N for
    C cells; never more than 1.
    """
    if len(positions) == 0:
        return math.nan
    inside = _cells_inside()
    # One cell more at each end takes the items that are outside.
    cells = np.clip((positions + 1.0) * (_CELLS / 2) + 1.0, 0.0, _CELLS + 1.5).astype(np.int32)
    holds = np.zeros(inside.size, dtype=np.bool_)
    holds[(cells[:, 0] * (_CELLS + 2) + cells[:, 1]) * (_CELLS + 2) + cells[:, 2]] = True
    count = int(inside.sum())
    expected = -math.expm1(len(positions) * math.log1p(-1.0 / count))
    return min(1.0, float(np.count_nonzero(holds & inside)) / count / expected)


@cache
def _cells_inside() -> npt.NDArray[np.bool_]:
    """Return which cells of the grid (14 * 14 * 14,), with its border, have their centre in the ball."""
    squared = ((np.arange(_CELLS + 2) - 0.5) * (2.0 / _CELLS) - 1.0) ** 2
    return np.asarray((squared[:, None, None] + squared[None, :, None] + squared[None, None, :] < 1.0).ravel())


def separation(positions: npt.NDArray[np.float32], labels: npt.NDArray[np.int16]) -> float:
    """Return how far apart the labelled categories are: 2 is twice as far as their items are from their middle.

    positions: (N, 3); labels: (N,), category ids, -1 none. The mean distance between the centroids of two categories,
    divided by the mean distance of a labelled item to the centroid of its category. NaN with fewer than two categories,
    and where all items of all categories lie on one point.
    """
    marked = labels != NONE
    known, category = np.unique(labels[marked], return_inverse=True)
    if len(known) < 2:
        return math.nan
    places = positions[marked].astype(np.float64)
    sums = np.stack([np.bincount(category, axis, len(known)) for axis in places.T], axis=1)
    centroids = sums / np.bincount(category)[:, None]
    first, second = np.triu_indices(len(known), 1)
    between = float(np.linalg.norm(centroids[first] - centroids[second], axis=1).mean())
    within = float(np.linalg.norm(places - centroids[category], axis=1).mean())
    if within == 0.0:
        return math.inf if between > 0.0 else math.nan
    return between / within
