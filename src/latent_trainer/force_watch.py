"""The forces on a sample of items while training goes on: what pulls them, how they moved, what drags them.

Everything is said of the network that is shown, whose weights are the mean of the trained network's: its items stand
where the cloud shows them, and it moves as training drifts, without the shaking of single steps.
"""

import numpy as np
import torch
from torch import Tensor

from latent_trainer.force_draws import MeanPulls
from latent_trainer.forces import own_kernel, own_motion, step_sizes
from latent_trainer.training import NotFiniteError, Training
from latentvr_common.forces import Forces

_KEPT = 0.85
"""A look counts for so much of itself at the next one: means are those of about twelve draws in each role."""
_LOOKS_AT_REST = 12
"""While no steps are made, so many looks draw again; more would tell nothing new."""
_BLOCK = 1024


class ForceWatch:
    """Watches a fixed sample. Lives where its Training lives, which it never changes."""

    def __init__(self, training: Training, count: int, seed: int) -> None:
        """Choose `count` items by `seed`, or all if there are fewer; `training` has its neighbours already."""
        self.training = training
        self.items = torch.from_numpy(np.sort(np.random.default_rng(seed).permutation(len(training))[:count]))
        """(F,), row numbers."""
        self._inputs = training.inputs[self.items]
        self._pulls = MeanPulls(training, self.items, torch.Generator().manual_seed(seed))
        self._step, self._positions = training.step_count, self._where()
        self._looks_at_rest = -1

    def look(self) -> Forces:
        """Return the forces now, with the mean motion of a step since the last look or, first, since the beginning.

        `stamp_ns` is 0: who asks knows the time. Where no step was made, nothing moved: no motion, no drag. Raises
        NotFiniteError if the network does not stand anywhere.
        """
        made = self.training.step_count - self._step
        self._looks_at_rest = 0 if made else self._looks_at_rest + 1
        if self._looks_at_rest < _LOOKS_AT_REST:
            self._pulls.draw(_KEPT if made else 1.0)
        before = self._positions
        self._step, self._positions = self.training.step_count, self._where()
        by_term = self._pulls.by_term()
        pulls = torch.stack(list(by_term.values()), dim=1)
        motion = (self._positions - before) / max(made, 1)
        drag = motion - self._own(pulls.sum(dim=1)) if made else motion
        if not all(bool(numbers.isfinite().all()) for numbers in (self._positions, pulls, drag)):
            raise NotFiniteError("the forces are not finite")
        ids = self.items.numpy().astype(np.uint32)
        columns = (self._positions.numpy(), tuple(by_term), pulls.numpy(), motion.numpy(), drag.numpy())
        return Forces(0, ids, *columns)

    @torch.no_grad()
    def _where(self) -> Tensor:
        model = self.training.average
        blocks = torch.split(self._inputs, _BLOCK)
        return torch.cat([model.to_latent(model.features(block)).cpu() for block in blocks])

    def _own(self, pull: Tensor) -> Tensor:
        """Return the motion of a step (F, 3) that the items' own `pull` (F, 3) makes in the end."""
        training = self.training
        sizes = step_sizes(training.model, training.optimizer)
        kernel = torch.cat([own_kernel(training.average, x, sizes).cpu() for x in torch.split(self._inputs, _BLOCK)])
        return own_motion(kernel, pull)
