"""Writes checkpoints below `argv[1]` and tells of every one once it is written; `argv[2]`: how many, `argv[3]`: how.

"careless" leaves out the sync of the directory after a checkpoint has got its name: the loss is to be found.
"""

import os
import sys
from pathlib import Path

import torch
from power_cut.checks import ACKNOWLEDGED, CHECKPOINTS

from latent_trainer import checkpoints
from latent_trainer.changes import Change
from latent_trainer.checkpoints import Checkpoint, Checkpoints
from latent_trainer.counts import Counts
from latent_trainer.parameters import Parameters
from latent_trainer.recipe import _DECIDING, Recipe
from latentvr_common.trace import Place, Said

_DECISIONS = {name: getattr(Parameters(), name) for name in _DECIDING}
_RECIPE = Recipe("digits", 0, 10, "d", "i", "n", 1, "cpu", _DECISIONS, {})


def main() -> None:
    root, count, how = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if how == "careless":
        checkpoints.sync_directory = lambda directory: None
    kept = Checkpoints(root / CHECKPOINTS)
    acknowledgements = os.open(root / ACKNOWLEDGED, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in range(1, count + 1):
        kept.write(_checkpoint(number))
        os.write(acknowledgements, f"{number}\n".encode())


def _checkpoint(number: int) -> Checkpoint:
    chance = torch.Generator().manual_seed(number)
    tensors = {"weight": torch.randn(50, 50, generator=chance), "bias": torch.full((3,), float(number))}
    changes = (Change(number, Said(seq=number)),)
    return Checkpoint(tensors, Counts(steps=10 * number), Place("r" * 32, number), changes, _RECIPE)


if __name__ == "__main__":
    main()
