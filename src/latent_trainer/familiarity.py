"""How much an item is like anything that a person has labelled. Pure.

A classifier is as sure of an item of a category that nobody has named as of any other: it knows nothing else. So
confidence falls with the distance to the nearest labelled item, measured against distances among the labelled ones.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from latent_trainer.calibration import sample_of_marks
from latent_trainer.losses import squared_distances

_LANDMARKS = 256
_COLUMNS = 32
"""Distances are those along so many of the widest columns."""
_USUAL = 0.75
"""Of the labelled items, so many are nearer to another labelled one than what counts as far."""
_NARROWEST = 0.05
"""What counts as far is at least this share of the spread of the inputs: equal items are no measure."""
_BLOCK = 4096


@dataclass(frozen=True)
class Landmarks:
    """Labelled items that others are compared with."""

    places: Tensor
    """(M, C), the widest columns of their inputs."""
    usual: Tensor
    """(), the distance from which on an item is less familiar, in the unit of the inputs."""

    def familiarity(self, inputs: Tensor) -> Tensor:
        """Return for inputs (B, P), widest column first, 1 where labelled items are around, towards 0 where none are.

        At twice the usual distance to the nearest of them it is 1/2, at three times 1/5.
        """
        seen = inputs[:, : self.places.shape[1]]
        nearest = squared_distances(seen, self.places).amin(dim=1).sqrt()
        return 1.0 / (1.0 + (nearest / self.usual - 1.0).clamp(min=0.0).square())


@torch.no_grad()
def landmarks_of(inputs: Tensor, rows: npt.NDArray[np.integer], marks: npt.NDArray[np.integer], seed: int) -> Landmarks:
    """Return what familiarity is measured by.

    inputs: (N, P), widest column first; rows: (L,) labelled items, L > 0; marks: (L,) which mark gave each its label.
    """
    some = torch.from_numpy(np.ascontiguousarray(rows[sample_of_marks(marks, _LANDMARKS, seed)], dtype=np.int64))
    seen = inputs[:, :_COLUMNS].contiguous()
    usual = _usual_distance(seen, torch.from_numpy(np.ascontiguousarray(rows, dtype=np.int64)), some)
    return Landmarks(seen[some], usual)


@torch.no_grad()
def familiarity(inputs: Tensor, landmarks: Landmarks) -> Tensor:
    """Return how familiar each item (N,) is. inputs: (N, P)."""
    return torch.cat([landmarks.familiarity(block) for block in torch.split(inputs, _BLOCK)])


def _usual_distance(seen: Tensor, rows: Tensor, landmarks: Tensor) -> Tensor:
    """Return what most labelled items `rows` (L,) are not farther from the next of `landmarks` (M,) than."""
    distances = squared_distances(seen[rows], seen[landmarks])
    distances[rows[:, None] == landmarks[None, :]] = torch.inf
    others = distances.amin(dim=1).sqrt()
    others = others[others.isfinite()]
    spread = seen.var(dim=0).sum().sqrt() if len(seen) > 1 else seen.new_ones(())
    narrowest = _NARROWEST * spread.clamp(min=1e-6)
    return torch.maximum(others.quantile(_USUAL), narrowest) if len(others) else narrowest
