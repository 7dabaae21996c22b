"""Newly labelled items are looked at often, for a short while: their first movement is seen at once.

A look at all items of a large dataset takes a good part of a second of training; one at a few costs nothing.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latent_trainer.training import Training
from latentvr_common.cloud import NONE

Rows = npt.NDArray[np.int64]
_FOR_S = 1.5
_EVERY_S = 0.05
_MOST_ITEMS = 4096


@dataclass(frozen=True)
class Part:
    """Where the network puts some items."""

    rows: Rows
    """(R,), row numbers."""
    positions: npt.NDArray[np.float32]
    """(R, 3), latent units."""


class Reaction:
    """Follows the items whose labels have just changed. Lives on the thread of its Training; monotonic seconds."""

    def __init__(self) -> None:
        self._labels: npt.NDArray[np.int16] | None = None
        self._rows = np.zeros(0, np.int64)
        self._until_s = self._due_s = -math.inf

    def take_labels(self, labels: npt.NDArray[np.int16], now_s: float) -> None:
        """Hear which labels (N,) hold from now on, -1 none."""
        changed = np.flatnonzero(labels != NONE if self._labels is None else labels != self._labels)
        self._labels = labels
        if len(changed):
            self._rows = changed[:: -(-len(changed) // _MOST_ITEMS)]
            self._until_s, self._due_s = now_s + _FOR_S, now_s

    def look(self, training: Training, now_s: float) -> Part | None:
        """Return where they are after the step that was just made; None: it is not time to look."""
        if now_s < self._due_s or now_s >= self._until_s:
            return None
        self._due_s = now_s + _EVERY_S
        return Part(self._rows, training.positions_of(self._rows))
