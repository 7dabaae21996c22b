"""Marks as a brush leaves them in the cloud, and training with them: for tests of what predictions are worth."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from latent_trainer.batches import label_trust
from latent_trainer.belief import Labelled, fit_belief
from latent_trainer.graph import nearest_neighbours
from latent_trainer.inputs import fit_inputs
from latent_trainer.parameters import Parameters
from latent_trainer.training import Encoded, Training
from latentvr_common.cloud import NONE
from latentvr_common.datasets import Dataset

_PUREST = 0.85
"""Share of right items in a mark, at least."""


@dataclass(frozen=True)
class Painted:
    """A training with marks, and what came of it."""

    training: Training
    truth: npt.NDArray[np.int16]
    labelled: Labelled
    alone: Encoded
    """By the network's own word."""
    encoded: Encoded
    """With the belief of `training`."""

    @property
    def unlabelled(self) -> npt.NDArray[np.bool_]:
        return self.labelled.labels == NONE

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        return self.encoded.predicted == self.truth


def paint(
    positions: npt.NDArray[np.float32], truth: npt.NDArray[np.int16], categories: list[int], marks_each: int, size: int
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int32]]:
    """Return labels (N,) and marks (N,): a mark takes the `size` items around one, where most fit, wrong ones too."""
    tree, random = cKDTree(positions), np.random.default_rng(5)
    labels, marks = np.full(len(truth), NONE, np.int16), np.zeros(len(truth), np.int32)
    for number, category in enumerate(categories * marks_each, start=1):
        middles = random.permutation(np.flatnonzero(truth == category))[:60]
        touched = tree.query(positions[middles], k=size)[1]
        pure = (truth[touched] == category).mean(axis=1)
        rows = touched[np.argmax(pure >= _PUREST) if (pure >= _PUREST).any() else np.argmax(pure)]
        labels[rows], marks[rows] = category, number
    return labels, marks


def painted(dataset: Dataset, categories: list[int], marks_each: int = 3, size: int = 15, steps: int = 300) -> Painted:
    """Train a little, mark, and train `steps` steps with the marks."""
    assert dataset.truth is not None
    parameters = Parameters(seed=1)
    training = Training(fit_inputs(dataset, parameters.components, 1)[1], parameters, "cpu")
    training.set_neighbours(nearest_neighbours(training.inputs.cpu().numpy(), parameters.neighbours, 1))
    for _ in range(100):
        training.step()
    labels, marks = paint(training.encode().positions, dataset.truth, categories, marks_each, size)
    training.set_labels(labels)
    for _ in range(steps):
        training.step()
    labelled = Labelled(labels, marks, label_trust(labels, training.neighbours))
    alone = training.encode()
    training.belief = fit_belief(training.inputs, training.average.features, labelled, 1)
    return Painted(training, dataset.truth, labelled, alone, training.encode())
