"""Where a mark would teach the most: where the network is unsure, items are many, and labels are far. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latent_trainer.training import Encoded
from latentvr_common.cloud import NONE
from latentvr_common.cues import Cues, worth_of

FloatArray = npt.NDArray[np.float32]
Neighbours = npt.NDArray[np.int64]

_FARTHEST_STEPS = 255
_SPACING = 0.25
"""Places nearer to each other than this, latent units, are one: about two brushes."""


@dataclass(frozen=True)
class Surroundings:
    """What stays as long as the dataset stays: who is whose neighbour in the data, and how near."""

    neighbours: Neighbours
    """(N, k), rows of items, nearest first."""
    density: FloatArray
    """(N,), 0 to 1."""


def surroundings(inputs: FloatArray, neighbours: Neighbours) -> Surroundings:
    """Return the surroundings of items with `inputs` (N, P) and `neighbours` (N, k); k may be 0.

    Density compares the distance to the last of the neighbours with the median of these: d / (d + own).
    """
    if not neighbours.shape[1]:
        return Surroundings(neighbours, np.full(len(inputs), 0.5, np.float32))
    away = np.linalg.norm(inputs - inputs[neighbours[:, -1]], axis=1)
    median = float(np.median(away))
    density = np.full(len(away), 0.5) if median == 0.0 else median / (median + away)
    return Surroundings(neighbours, density.astype(np.float32))


def steps_to(marked: npt.NDArray[np.bool_], neighbours: Neighbours) -> npt.NDArray[np.int64]:
    """Return for each item (N,) the steps to the next of `marked` (N,) along `neighbours` (N, k); 255: out of reach.

    A step leads from an item to its neighbour, or back.
    """
    steps = np.where(marked, 0, _FARTHEST_STEPS)
    front = marked
    for step in range(1, _FARTHEST_STEPS):
        reached = np.asarray(front[neighbours].any(axis=1))
        reached[neighbours[front].ravel()] = True
        front = reached & (steps == _FARTHEST_STEPS)
        if not front.any():
            break
        steps[front] = step
    return np.asarray(steps, dtype=np.int64)


def cues_of(encoded: Encoded, labels: npt.NDArray[np.int16], around: Surroundings, count: int) -> Cues:
    """Return the cues of all items, with `count` places at most; labels: (N,), -1 none. `stamp_ns` is 0."""
    predicted = encoded.predicted
    steps = steps_to(labels != NONE, around.neighbours)
    others = predicted[around.neighbours] != predicted[:, None]
    disagreement = others.mean(axis=1) if around.neighbours.shape[1] else np.zeros(len(predicted))
    cues = Cues(
        stamp_ns=0,
        positions=encoded.positions,
        uncertainty=np.where(predicted == NONE, 1.0, 1.0 - encoded.confidence).astype(np.float32),
        density=around.density,
        coverage=np.where(steps < _FARTHEST_STEPS, 1.0 / (1.0 + steps), 0.0).astype(np.float32),
        disagreement=disagreement.astype(np.float32),
        places=np.zeros(len(predicted), np.int16),
    )
    rows = where_to_look(cues, count, around.neighbours)
    cues.places[rows] = np.arange(1, len(rows) + 1)
    return cues


def where_to_look(cues: Cues, count: int, neighbours: Neighbours | None = None) -> npt.NDArray[np.int64]:
    """Return at most `count` items around which a mark would teach the most, the most first, spread over the cloud.

    An item is worth the more, the less sure the network is of it, the more its neighbours disagree, the denser it lies,
    and the farther from labels; labelled ones are worth nothing. With `neighbours` (N, k), rows, what surrounds an item
    counts as much as itself: a single odd one is no place to go to.
    """
    worth = worth_of(cues)
    if neighbours is not None and neighbours.shape[1]:
        worth = np.where(worth > 0.0, (worth + worth[neighbours].mean(axis=1)) / 2.0, 0.0)
    found: list[int] = []
    while len(found) < count:
        best = int(np.argmax(worth)) if len(worth) else 0
        if not len(worth) or worth[best] <= 0.0:
            break
        found.append(best)
        away = np.linalg.norm(cues.positions - cues.positions[best], axis=1)
        worth = np.where(away < _SPACING, 0.0, worth)
    return np.array(found, dtype=np.int64)
