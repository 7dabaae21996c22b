"""How far to believe what the network takes each item for. Pure.

Two things are said at once: how right such predictions were where marks were left out (calibration.py), and how much
the item is like anything that was labelled (familiarity.py). Confidence is the product.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from latent_trainer.calibration import Calibration, fit_calibration, most_items, sample_of_marks
from latent_trainer.familiarity import Landmarks, familiarity, landmarks_of
from latentvr_common.cloud import NONE


@dataclass(frozen=True)
class Labelled:
    """The labelled part of a dataset."""

    labels: npt.NDArray[np.int16]
    """(N,), -1 none."""
    marks: npt.NDArray[np.int32]
    """(N,), number of the journal's entry that gave the label."""
    trust: npt.NDArray[np.float32]
    """(N,), how far a label is believed, above 0."""


@dataclass(frozen=True)
class Belief:
    """What confidence is made of, for one state of the network and of the labels."""

    calibration: Calibration
    landmarks: Landmarks
    familiarity: Tensor
    """(N,), 0 to 1: what the landmarks say of all items."""
    labelled: Labelled

    @property
    def categories(self) -> tuple[int, ...]:
        """Ids of the categories that this knows, rising."""
        return self.calibration.categories

    def confidence(self, features: Tensor, inputs: Tensor, columns: Tensor, start: int) -> Tensor:
        """Return the confidence (B,) that items from row `start` on are of category `columns` (B,).

        features: (B, width); inputs: (B, P); columns: places in `categories`.
        """
        calibrated = self.calibration.confidence((features, inputs), columns)
        return calibrated * self.familiarity[start : start + len(columns)]


@torch.no_grad()
def fit_belief(
    inputs: Tensor, features_of: Callable[[Tensor], Tensor], labelled: Labelled, seed: int, before: Belief | None = None
) -> Belief | None:
    """Return what to believe; None where fewer than two categories have labels, or features are not finite.

    inputs: (N, P) of all items, widest column first; features_of: inputs (B, P) to the feature layer (B, width) of the
    network that is shown. `before`: an earlier one, from where to go on. Draws no random numbers but by `seed`.
    """
    labels, marks = labelled.labels, labelled.marks
    rows = np.flatnonzero(labels != NONE)
    count = len(np.unique(labels[rows]))
    if count < 2:
        return None
    some = rows[sample_of_marks(marks[rows], most_items(count), seed)]
    chosen = inputs[torch.from_numpy(some).to(inputs.device)]
    features = features_of(chosen)
    if not bool(features.isfinite().all()):
        return None
    calibration = fit_calibration(
        (features, chosen),
        labels[some],
        marks[some],
        labelled.trust[some],
        None if before is None else before.calibration,
    )
    if calibration is None:
        return None
    if before is not None and before.labelled is labelled:
        return Belief(calibration, before.landmarks, before.familiarity, labelled)
    landmarks = landmarks_of(inputs, rows, marks[rows], seed)
    return Belief(calibration, landmarks, familiarity(inputs, landmarks), labelled)
