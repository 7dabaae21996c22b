"""The tensors of a network, of its running mean and of its optimiser, as one flat table: to keep, and to go back to."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

Tensors = dict[str, Tensor]
"""Each one a copy, on the CPU."""


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """Return the same with names below `prefix`."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> Tensors:
    """Return what `prefixed` has put below `prefix`."""
    return {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}


def network_tensors(model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> Tensors:
    """Return copies of all tensors of the three."""
    found: dict[str, Tensor] = prefixed("model", model.state_dict()) | prefixed("average", average.state_dict())
    for number, values in optimizer.state_dict()["state"].items():
        found |= prefixed(f"optimizer.{number}", values)
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in found.items()}


def restore_networks(
    tensors: Mapping[str, Tensor], model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Give the three what `network_tensors` returned of such ones; `tensors` stay as they are.

    Raises KeyError where names or shapes are not those of these networks.
    """
    for name, network in (("model", model), ("average", average)):
        try:
            network.load_state_dict(part_of(tensors, name))
        except RuntimeError as error:
            raise KeyError(f"{name}: {' '.join(str(error).split())}") from error
    states: dict[int, dict[str, Any]] = {}
    for name, tensor in part_of(tensors, "optimizer").items():
        number, _, what = name.partition(".")
        states.setdefault(int(number), {})[what] = tensor.clone()
    optimizer.load_state_dict({"state": states, "param_groups": optimizer.state_dict()["param_groups"]})
