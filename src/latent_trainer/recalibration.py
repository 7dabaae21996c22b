"""When to find out again how far predictions may be believed: now and then, and when labels need it.

Lives on the thread of its Training, and takes a small share of that thread's time.
"""

import math
import time

import numpy as np
import numpy.typing as npt

from latent_trainer.batches import label_trust
from latent_trainer.belief import Labelled, fit_belief
from latent_trainer.training import Training

_PERIOD_S = 3.0
_MOST_SHARE = 0.05
"""Of the thread's time."""


class Recalibration:
    """Keeps `Training.belief` up to date."""

    def __init__(self) -> None:
        self._labelled: Labelled | None = None
        self._is_new = False
        self._step = -1
        self._due_s = -math.inf

    @classmethod
    def of(cls, training: Training) -> "Recalibration":
        """Return one that knows the labels with which `training` goes on."""
        found = cls()
        found.take_labels(training, training.labels, None)
        return found

    def take_labels(
        self, training: Training, labels: npt.NDArray[np.int16], origins: npt.NDArray[np.int32] | None
    ) -> None:
        """Hear which labels (N,) hold, -1 none, and which journal entry gave each (N,); None: nobody knows."""
        marks = np.zeros(len(labels), np.int32) if origins is None else origins
        self._labelled = Labelled(labels, marks, label_trust(labels, training.neighbours))
        self._is_new = True

    def look(self, training: Training, now_s: float, *, at_rest: bool = False) -> None:
        """Fit again if it is time, by the caller's clock (monotonic seconds).

        At once where no belief fits the labels; at rest also where labels are new, for nothing else comes soon.
        """
        if self._labelled is None or not (self._is_new or training.step_count != self._step):
            return
        if not (training.lacks_belief or (at_rest and self._is_new) or now_s >= self._due_s):
            return
        began = time.thread_time()
        training.belief = fit_belief(
            training.inputs,
            training.average.features,
            self._labelled,
            training.parameters.seed,
            training.belief,
        )
        self._is_new, self._step = False, training.step_count
        self._due_s = now_s + max(_PERIOD_S, (time.thread_time() - began) / _MOST_SHARE)
