"""Forces on items: their own pull, by term, and what part of their motion that pull makes.

An item's own pull is -dL/dz: minus the gradient of the weighted loss of one batch with respect to its latent position.
The network moves no position by itself, though. A step changes weights that all items share, so that an item moves
mostly as others drag it. To first order, with J_i = dz_i / d(weights) and D the optimiser's step sizes,

    motion_i = J_i D J_i^T pull_i  +  the sum over all others j of J_i D J_j^T pull_j  +  what else moved the weights.

The first part is the item's own; everything else here is called drag: other items, terms that do not act through
positions (classification and agreement act on the feature layer, so that their pulls are zero), weight decay, and what
first order leaves out. The matrix J_i D J_j^T is the neural tangent kernel (Jacot et al., NeurIPS 2018), with D inside.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from latent_trainer.batches import Batch
from latent_trainer.model import LATENT_SIZE, LatentModel
from latent_trainer.training import Terms, Training


@dataclass(frozen=True)
class Pulls:
    """The pulls of one batch, row by row."""

    rows: Tensor
    """(R,) which items the rows are; an item may have several, each in another role."""
    by_term: dict[str, Tensor]
    """Of each term (R, 3), weighted: loss per latent unit. They sum to minus the gradient of the whole loss."""

    @property
    def total(self) -> Tensor:
        """All terms together, (R, 3)."""
        return torch.stack(list(self.by_term.values())).sum(dim=0)

    def of_items(self, items: Tensor) -> dict[str, Tensor]:
        """Return the pulls on `items` (F,), all different, by term (F, 3): 0 for those that are in no row.

        An item's rows are summed: the weights feel all of them.
        """
        ids, order = items.sort()
        place = torch.searchsorted(ids, self.rows).clamp(max=len(ids) - 1)
        found = ids[place] == self.rows
        target = order[place[found]]
        return {
            term: torch.zeros(len(items), LATENT_SIZE, dtype=pull.dtype).index_add_(0, target, pull[found])
            for term, pull in self.by_term.items()
        }


def pulls_of(training: Training, batch: Batch) -> Pulls:
    """Return the pull of each term on each row of `batch`. Nothing of the training changes."""
    terms = training.terms(batch)
    by_term = {name: _pull(training.weighted({name: value}), terms) for name, value in terms.values.items()}
    return Pulls(batch.rows.cpu(), by_term)


def _pull(loss: Tensor, terms: Terms) -> Tensor:
    gradient: Tensor | None = None
    if loss.requires_grad:
        (gradient,) = torch.autograd.grad(loss, [terms.latents], retain_graph=True, allow_unused=True)
    return torch.zeros_like(terms.latents).cpu() if gradient is None else -gradient.cpu()


def forces_relative_error(training: Training, batch: Batch) -> float:
    """Return how far the pulls by term are from minus the gradient of the whole loss, relative to its length."""
    terms = training.terms(batch)
    whole = _pull(training.weighted(terms.values), terms)
    by_term = pulls_of(training, batch).total
    return float((by_term - whole).norm() / whole.norm().clamp(min=torch.finfo(whole.dtype).tiny))


# How far a pull moves its own item


def step_sizes(model: LatentModel, optimizer: torch.optim.Optimizer, *, at_once: bool = False) -> dict[str, Tensor]:
    """Return how far a unit of its gradient moves each number of each parameter: D with the learning rate, by name.

    Of AdamW the step sizes are those that the newest step had; 0 before the first. Its momentum spreads a gradient over
    many steps: `at_once` counts what shows in the step of the gradient itself (a tenth, after the first steps),
    otherwise all that comes of it. A gradient that training clips moves less. Raises TypeError for an optimiser that is
    neither AdamW nor SGD without momentum.
    """
    group_of = {id(parameter): group for group in optimizer.param_groups for parameter in group["params"]}
    return {
        name: _step_size(optimizer, group_of[id(parameter)], parameter, at_once).detach()
        for name, parameter in model.named_parameters()
    }


def _step_size(optimizer: torch.optim.Optimizer, group: dict[str, Any], parameter: Tensor, at_once: bool) -> Tensor:
    if isinstance(optimizer, torch.optim.SGD) and not group["momentum"]:
        return torch.full_like(parameter, group["lr"])
    if not isinstance(optimizer, torch.optim.AdamW) or group["amsgrad"]:
        raise TypeError(f"optimiser is {type(optimizer).__name__}, expected AdamW, or SGD without momentum")
    state = optimizer.state.get(parameter)
    if not state:
        return torch.zeros_like(parameter)
    steps, (beta1, beta2) = float(state["step"]), group["betas"]
    share = (1 - beta1) / (1 - beta1**steps) if at_once else 1.0
    spread = (state["exp_avg_sq"] / (1 - beta2**steps)).sqrt() + group["eps"]
    return torch.as_tensor(share * group["lr"] / spread)


@dataclass
class _Layer:
    """One linear layer as it was used: its name, input (F, in) and output (F, out)."""

    name: str
    input: Tensor
    output: Tensor


def own_kernel(model: LatentModel, inputs: Tensor, sizes: Mapping[str, Tensor]) -> Tensor:
    """Return J_i D J_i^T (F, 3, 3) of the items with `inputs` (F, P): how far a unit of its own pull moves each.

    `sizes`: D, of each parameter by its name in `model`. The gradient of one item in a linear layer is g x^T, with x
    the layer's input and g the gradient of its output, so that no item's gradient has to be written out (Goodfellow
    2015, arXiv 1510.01799): the layer's part is the sum over its outputs o of g_co g_do (D (x*x))_o. Raises TypeError
    for a network with weights in other than linear layers with a bias, or with one that is used twice for positions.
    """
    with _recorded(model) as layers:
        latents = model.to_latent(model.features(inputs))
    outputs = [used.output for used in layers]
    grads = [
        torch.autograd.grad(latents[:, axis].sum(), outputs, retain_graph=axis + 1 < LATENT_SIZE)
        for axis in range(LATENT_SIZE)
    ]
    kernel = torch.zeros(len(inputs), LATENT_SIZE, LATENT_SIZE, dtype=latents.dtype, device=latents.device)
    for used, by_axis in zip(layers, zip(*grads, strict=True), strict=True):
        squares = used.input.detach().square()
        reach = torch.addmm(sizes[f"{used.name}.bias"], squares, sizes[f"{used.name}.weight"].T)
        g = torch.stack(by_axis, dim=1)
        kernel += (g * reach[:, None, :]) @ g.transpose(1, 2)
    return kernel


@contextlib.contextmanager
def _recorded(model: LatentModel) -> Iterator[list[_Layer]]:
    """Give the linear layers of `model` that are used meanwhile, in order. Raises TypeError as `own_kernel` says."""
    linear = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    covered = {f"{name}.{kind}" for name in linear for kind in ("weight", "bias")}
    if covered != {name for name, _ in model.named_parameters()}:
        raise TypeError("the network has weights in other than linear layers with a bias")
    layers: list[_Layer] = []

    def recorder(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        return lambda _, given, output: layers.append(_Layer(name, given[0], output))

    hooks = [module.register_forward_hook(recorder(name)) for name, module in linear.items()]
    try:
        yield layers
    finally:
        for hook in hooks:
            hook.remove()
    if len({used.name for used in layers}) < len(layers):
        raise TypeError("a layer is used twice, expected each once")


def own_motion(kernel: Tensor, pulls: Tensor) -> Tensor:
    """Return the motion (F, 3) that the items' own `pulls` (F, 3) make, latent units, by their `kernel` (F, 3, 3)."""
    return torch.einsum("fcd,fd->fc", kernel, pulls)


class _Encoder(nn.Module):
    """The part of a network that leads to positions, as `functional_call` wants it."""

    def __init__(self, model: LatentModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs (F, P) to latent positions (F, 3)."""
        return torch.as_tensor(self.model.to_latent(self.model.features(inputs)))


def first_order_motion(model: LatentModel, inputs: Tensor, change: Mapping[str, Tensor]) -> Tensor:
    """Return how the items with `inputs` (F, P) move to first order, (F, 3) latent units: J_i times `change`.

    `change`: of parameters, by their names in `model`; those that are missing stay as they are.
    """
    encoder = _Encoder(model)
    weights = {f"model.{name}": value.detach() for name, value in model.named_parameters()}
    tangents = {name: change.get(name.removeprefix("model."), torch.zeros_like(v)) for name, v in weights.items()}

    def positions(weights: dict[str, Tensor]) -> Tensor:
        return torch.as_tensor(torch.func.functional_call(encoder, weights, (inputs,)))

    return torch.as_tensor(torch.func.jvp(positions, (weights,), (tangents,))[1])
