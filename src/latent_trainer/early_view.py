"""Where items are shown while what the network sees of them is still being prepared."""

import math

import numpy as np
import numpy.typing as npt

from latent_trainer.ball import in_ball
from latent_trainer.projection import fit_projection
from latentvr_common.datasets import Dataset

_LOOKED_AT = 2000
_MOST_COLUMNS = 800
"""Of larger items every second, third, ... number is looked at: a fifth of a second for 70,000 pictures of 28 x 28."""
_BLOCK = 4096


def early_positions(dataset: Dataset, seed: int) -> npt.NDArray[np.float32]:
    """Return a place for every item (N, 3), in the ball of radius 1: the widest directions of the plain numbers."""
    numbers = math.prod(dataset.items.shape[1:])
    every = -(-numbers // _MOST_COLUMNS)

    def columns(rows: npt.NDArray[np.int64] | slice) -> npt.NDArray[np.float32]:
        items = dataset.items[rows]
        return np.asarray(items.reshape(len(items), numbers)[:, ::every], dtype=np.float32)

    chosen = np.random.default_rng(seed).permutation(len(dataset))[:_LOOKED_AT]
    projection = fit_projection(columns(np.sort(chosen)), 3, seed)
    found = np.zeros((len(dataset), 3), np.float32)
    for start in range(0, len(dataset), _BLOCK):
        block = slice(start, start + _BLOCK)
        inputs = projection.inputs_of(columns(block))
        found[block, : inputs.shape[1]] = inputs
    return in_ball(found)
