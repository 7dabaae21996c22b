"""How much an item is like anything that a person has labelled. Pure.

A classifier is as sure of an item of a category that nobody has named as of any other: it knows nothing else. So
confidence falls with the distance to the nearest labelled item, measured against distances among the labelled ones.
"""

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


@torch.no_grad()
def familiarity(inputs: Tensor, rows: npt.NDArray[np.integer], marks: npt.NDArray[np.integer], seed: int) -> Tensor:
    """Return for each item (N,) 1 where labelled items are around, towards 0 where none are far and wide.

    inputs: (N, P), widest column first; rows: (L,) labelled items, L > 0; marks: (L,) which mark gave each its label.
    At twice the usual distance to the nearest of them it is 1/2, at three times 1/5.
    """
    some = torch.from_numpy(np.ascontiguousarray(rows[sample_of_marks(marks, _LANDMARKS, seed)], dtype=np.int64))
    seen = inputs[:, :_COLUMNS].contiguous()
    landmarks = seen[some]
    usual = _usual_distance(seen, torch.from_numpy(np.ascontiguousarray(rows, dtype=np.int64)), some)
    nearest = torch.cat([_nearest(block, landmarks) for block in torch.split(seen, _BLOCK)])
    return 1.0 / (1.0 + (nearest / usual - 1.0).clamp(min=0.0).square())


def _nearest(rows: Tensor, landmarks: Tensor) -> Tensor:
    return squared_distances(rows, landmarks).amin(dim=1).sqrt()


def _usual_distance(seen: Tensor, rows: Tensor, landmarks: Tensor) -> Tensor:
    """Return what most labelled items `rows` (L,) are not farther from the next of `landmarks` (M,) than."""
    distances = squared_distances(seen[rows], seen[landmarks])
    distances[rows[:, None] == landmarks[None, :]] = torch.inf
    others = distances.amin(dim=1).sqrt()
    others = others[others.isfinite()]
    spread = seen.var(dim=0).sum().sqrt() if len(seen) > 1 else seen.new_ones(())
    narrowest = _NARROWEST * spread.clamp(min=1e-6)
    return torch.maximum(others.quantile(_USUAL), narrowest) if len(others) else narrowest
