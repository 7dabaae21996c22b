"""How the cloud lies in its space: how much of it is used, and how far the categories are apart. NumPy only."""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE

_CELLS = 12
"""Cells along an edge of the cube around the ball of radius 1."""
_BORDER = _CELLS + 2
"""With one cell more at each end, which takes the items that are outside."""
_FINE = 8
"""Points along an edge of a cell at which is looked how much of it is in the ball."""


def space_used(positions: npt.NDArray[np.float32]) -> float:
    """Return how much of the ball of radius 1 about the origin is used, 0 to 1; NaN for no items.

    positions: (N, 3), latent units, finite.

    The cells of a grid of 12 x 12 x 12 over the ball, those whose centre is in it, are counted that hold at least one
    item. The result is that number, divided by the one expected of N items strewn evenly over the ball: the sum of
    1 - (1 - p)^N over the cells, where p is the part of the ball that lies in the cell. It is never more than 1.
    """
    if len(positions) == 0:
        return math.nan
    parts = _parts_of_the_ball()
    cells = np.clip((positions + 1.0) * (_CELLS / 2) + 1.0, 0.0, _BORDER - 0.5).astype(np.int32)
    holds = np.zeros(_BORDER**3, dtype=np.bool_)
    holds[(cells[:, 0] * _BORDER + cells[:, 1]) * _BORDER + cells[:, 2]] = True
    expected = -np.expm1(len(positions) * np.log1p(-parts[parts > 0])).sum()
    return min(1.0, float(np.count_nonzero(holds[parts > 0]) / expected))


@cache
def _parts_of_the_ball() -> npt.NDArray[np.float64]:
    """Return for each cell, with the border (14 * 14 * 14,), the part of the ball in it; 0 if its centre is outside."""
    fine = ((np.arange(_CELLS * _FINE) + 0.5) * (2.0 / (_CELLS * _FINE)) - 1.0) ** 2
    in_ball = fine[:, None, None] + fine[None, :, None] + fine[None, None, :] < 1.0
    parts = in_ball.reshape(_CELLS, _FINE, _CELLS, _FINE, _CELLS, _FINE).sum(axis=(1, 3, 5)) / in_ball.sum()
    centers = ((np.arange(_CELLS) + 0.5) * (2.0 / _CELLS) - 1.0) ** 2
    parts[centers[:, None, None] + centers[None, :, None] + centers[None, None, :] >= 1.0] = 0.0
    return np.pad(parts, 1).ravel()


def separation(positions: npt.NDArray[np.float32], labels: npt.NDArray[np.int16]) -> float:
    """Return how far apart the labelled categories are; 2: twice as far as their items are from their middle.

    positions: (N, 3), latent units; labels: (N,), category ids, -1 none.

    The mean distance between the centroids of two categories, divided by the mean distance of a labelled item to the
    centroid of its category. NaN with fewer than two categories, and where all labelled items are at one point;
    infinite where each category is at a point of its own.
    """
    marked = labels != NONE
    category, places = labels[marked], positions[marked].astype(np.float64)
    counts = np.bincount(category)
    known = np.flatnonzero(counts)
    if len(known) < 2:
        return math.nan
    sums = np.stack([np.bincount(category, weights=axis) for axis in places.T], axis=1)
    centroids = sums / np.maximum(counts, 1)[:, None]
    first, second = np.triu_indices(len(known), 1)
    between = float(np.linalg.norm(centroids[known[first]] - centroids[known[second]], axis=1).mean())
    within = float(np.linalg.norm(places - centroids[category], axis=1).mean())
    if within == 0.0:
        return math.inf if between > 0.0 else math.nan
    return between / within
