"""A network and its optimiser as they were when all was well."""

import copy

import torch
from torch import nn


class Kept:
    """A copy of a state, at some step."""

    def __init__(self, step: int, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self.step = step
        """So many steps led to it."""
        self._networks = copy.deepcopy((model.state_dict(), average.state_dict()))
        self._optimizer = copy.deepcopy(optimizer.state_dict())

    def restore(self, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Give the three their state of then; the copy stays as it is."""
        for network, state in zip((model, average), self._networks, strict=True):
            network.load_state_dict(state)
        optimizer.load_state_dict(copy.deepcopy(self._optimizer))
