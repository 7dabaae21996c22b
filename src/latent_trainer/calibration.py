"""How far a prediction may be believed: measured on marks that were left out. Pure: no thread, no clock, no ROS.

The labelled part is cut into folds, whole marks together, since the items of one mark lie near each other. For each
fold a linear classifier ("head") learns from the other folds, and one temperature (Guo et al., "On Calibration of
Modern Neural Networks", ICML 2017) makes what the heads say of items they have not seen as sure as they are right.

That is done for each of several views of an item. The network's feature layer has seen every label, and so flatters
what was left out; its inputs have seen none, but tell less. The mean over heads and views errs on the careful side.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

FOLDS = 4
_LARGEST = 2.0 / 3.0
"""Of a category's items, one fold leaves out at most about so many."""
_MOST_ITEMS = 4000
_MOST_LOGITS = 320_000
_FEWEST_ITEMS = 512
_DIRECTIONS = 64
"""A head looks along so many of the widest directions of its view."""
_DECAY = 0.03
_ITERATIONS = 12
_POWER_STEPS = 10
_WIDEST = math.log(20.0)
"""Temperatures are between 1/20 and 20."""
_TEMPERATURE_LOOKS = 24
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0

Rows = npt.NDArray[np.int64]


def expected_calibration_error(
    confidence: npt.NDArray[np.floating],
    right: npt.NDArray[np.bool_],
    bins: int = 15,
    weights: npt.NDArray[np.floating] | None = None,
) -> float:
    """Return how far confidence is from the share of right ones, 0 to 1; NaN for no items. Guo et al. 2017, eq. 3.

    confidence: (N,), 0 to 1, cut into `bins` equal ranges; right: (N,); weights: (N,), how much items count, all alike
    where not given.
    """
    counts = np.ones(len(confidence)) if weights is None else np.asarray(weights, dtype=np.float64)
    total = float(counts.sum())
    if not total > 0.0:
        return math.nan
    places = np.clip((np.asarray(confidence, dtype=np.float64) * bins).astype(np.int64), 0, bins - 1)
    gaps = np.bincount(places, counts * (np.asarray(confidence, dtype=np.float64) - right), minlength=bins)
    return float(np.abs(gaps).sum() / total)


def most_items(categories: int) -> int:
    """Return from how many labelled items to learn: fewer where there are many categories, for the sake of the time."""
    return max(_FEWEST_ITEMS, min(_MOST_ITEMS, _MOST_LOGITS // (FOLDS * max(1, categories))))


def sample_of_marks(marks: npt.NDArray[np.integer], count: int, seed: int) -> Rows:
    """Return at most `count` places in `marks` (L,), rising, by `seed`: of every mark as many as of the others."""
    order = np.random.default_rng(seed).permutation(len(marks))
    order = order[np.argsort(marks[order], kind="stable")]
    begins = np.r_[True, np.diff(marks[order]) != 0] if len(marks) else np.zeros(0, np.bool_)
    places = np.arange(len(marks))
    turn = places - np.maximum.accumulate(np.where(begins, places, 0))
    return np.asarray(np.sort(order[np.argsort(turn, kind="stable")[:count]]), dtype=np.int64)


def folds_by_mark(
    targets: npt.NDArray[np.integer], marks: npt.NDArray[np.integer], view: npt.NDArray[np.floating]
) -> Rows:
    """Return which fold (L,) each labelled item is left out with, 0 to FOLDS - 1; -1: never, it is the only one.

    targets: (L,) categories; marks: (L,) which mark gave each label; view: (L, W). All items that a mark gives a
    category are in one fold. But where one mark gives a category more than `_LARGEST` of its items, too little would be
    left to learn from: that mark is cut into slices along its widest direction, so that what is left out is still as
    far as it can be from what is learnt from.
    """
    folds = np.full(len(targets), -1, dtype=np.int64)
    for category in np.unique(targets):
        rows = np.flatnonzero(targets == category)
        if len(rows) < 2:
            continue
        parts = _parts(marks[rows], view[rows])
        folds[rows] = _even(np.bincount(parts))[parts]
    return folds


def _parts(marks: npt.NDArray[np.integer], view: npt.NDArray[np.floating]) -> Rows:
    """Return which part (n,), 0 and up, each of the items of one category belongs to: a mark, or a slice of one."""
    _, parts = np.unique(marks, return_inverse=True)
    for mark, size in enumerate(np.bincount(parts)):
        if size > _LARGEST * len(marks):
            rows = np.flatnonzero(parts == mark)
            slices = _slices(view[rows])
            parts[rows] = np.where(slices == 0, mark, parts.max() + slices)
    return np.asarray(np.unique(parts, return_inverse=True)[1], dtype=np.int64)


def _slices(view: npt.NDArray[np.floating]) -> Rows:
    """Return the slice (n,), 0 to FOLDS - 1, of each row of a view (n, W)."""
    centred = np.asarray(view, dtype=np.float64) - view.mean(axis=0)
    along = centred[np.square(centred).sum(axis=1).argmax()]
    for _ in range(_POWER_STEPS):
        along = centred.T @ (centred @ (along / max(float(np.linalg.norm(along)), 1e-12)))
    order = np.argsort(centred @ along, kind="stable")
    slices = np.empty(len(view), dtype=np.int64)
    slices[order] = np.arange(len(view)) * FOLDS // len(view)
    return slices


def _even(sizes: npt.NDArray[np.integer]) -> Rows:
    """Return a fold for each mark, given its size, such that folds have about as many items."""
    folds, loads = np.empty(len(sizes), dtype=np.int64), np.zeros(FOLDS)
    for mark in np.argsort(-sizes, kind="stable"):
        folds[mark] = int(loads.argmin())
        loads[folds[mark]] += sizes[mark]
    return folds


def fit_temperature(logits: Tensor, targets: Tensor, weights: Tensor) -> float:
    """Return the temperature, 1/20 to 20, at which logits (n, C) of targets (n,) are likeliest; 1 for no items.

    Targets are a little less than certain, the less so the more there are (Platt 1999): where all n are right the
    confidence comes to about 1 - 1/n, not to 1. Minus the log likelihood is convex in one over the temperature.
    """
    if not len(targets):
        return 1.0
    doubt = 1.0 / (len(targets) + 2)
    share = weights / weights.sum()

    def cost(log_temperature: float) -> float:
        log_chances = torch.log_softmax(logits / math.exp(log_temperature), dim=1)
        own = log_chances.gather(1, targets[:, None])[:, 0]
        return -float(((1.0 - doubt) * own + doubt * log_chances.mean(dim=1)) @ share)

    low, high = -_WIDEST, _WIDEST
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = cost(left), cost(right)
    for _ in range(_TEMPERATURE_LOOKS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = cost(right)
    return math.exp((low + high) / 2.0)


@dataclass(frozen=True)
class Heads:
    """FOLDS linear classifiers of one view, their temperature not applied."""

    weight: Tensor
    """(FOLDS, C, W)."""
    bias: Tensor
    """(FOLDS, C)."""
    temperature: float | Tensor

    def logits(self, view: Tensor) -> Tensor:
        """View (B, W) to the logits (B, FOLDS, C) of each head, at temperature 1."""
        folds, count, width = self.weight.shape
        flat = torch.addmm(self.bias.reshape(-1), view, self.weight.reshape(-1, width).T)
        return flat.view(-1, folds, count)

    def chances(self, view: Tensor, columns: Tensor) -> Tensor:
        """Return the probability (B,) of category `columns` (B,), the mean over heads."""
        logits = self.logits(view) / self.temperature
        own = logits.gather(2, columns[:, None, None].expand(-1, logits.shape[1], 1))[:, :, 0]
        return torch.exp(own - torch.logsumexp(logits, dim=2)).mean(dim=1)


@dataclass(frozen=True)
class Calibration:
    """What is to be believed of predictions among `categories`."""

    categories: tuple[int, ...]
    """C ids, rising."""
    heads: tuple[Heads, ...]
    """Of each view."""
    ece: float
    """Expected calibration error on marks left out, 0 to 1, labels counting as far as they are trusted. NaN: there are
    none."""

    def confidence(self, views: Sequence[Tensor], columns: Tensor) -> Tensor:
        """Return how far each item (B,) may be believed to be of category `columns` (B,), places in `categories`.

        views: (B, W) each, as those that this was fitted on.
        """
        found = [heads.chances(view, columns) for heads, view in zip(self.heads, views, strict=True)]
        return torch.stack(found).mean(dim=0)


def fit_calibration(
    views: Sequence[Tensor],
    labels: npt.NDArray[np.integer],
    marks: npt.NDArray[np.integer],
    trust: npt.NDArray[np.floating],
    before: Calibration | None = None,
) -> Calibration | None:
    """Learn from labelled items what predictions are worth; None where fewer than two categories have labels.

    views: (L, W) each, the first one is what marks are cut by; labels: (L,) category ids; marks: (L,) which mark gave
    each label; trust: (L,) how far a label is believed, above 0. Every category counts as much as the others. `before`:
    an earlier fit, from where to go on, which saves time.
    """
    categories, targets = np.unique(labels, return_inverse=True)
    if len(categories) < 2:
        return None
    device, known = views[0].device, tuple(int(c) for c in categories)
    folds = folds_by_mark(targets, marks, views[0].cpu().numpy())
    per_category = np.bincount(targets, weights=trust)
    weights = torch.from_numpy((trust / per_category[targets] / len(known)).astype(np.float32)).to(device)
    problem = _Problem(torch.from_numpy(targets).to(device), torch.from_numpy(folds).to(device), weights, len(known))
    starts = before.heads if before is not None and before.categories == known else (None,) * len(views)
    heads = tuple(problem.fit(view, start) for view, start in zip(views, starts, strict=True))
    return Calibration(known, heads, problem.error_of(heads, views))


@dataclass(frozen=True)
class _Problem:
    """What the heads of every view have to tell, of L items."""

    targets: Tensor
    """(L,), 0 to C - 1."""
    folds: Tensor
    """(L,), -1 never left out."""
    weights: Tensor
    """(L,), sum 1."""
    count: int
    """C."""

    def fit(self, view: Tensor, start: Heads | None) -> Heads:
        """Return the heads of a view (L, W)."""
        mean, axes = _directions(view)
        weight, bias = self._descend((view - mean) @ axes, _along(start, mean, axes))
        weight = (axes @ weight).T.reshape(FOLDS, self.count, -1)
        heads = Heads(weight, bias.view(FOLDS, self.count) - weight @ mean, 1.0)
        is_out, left_out = self.left_out(heads, view)
        temperature = fit_temperature(left_out, self.targets[is_out], self.weights[is_out])
        return Heads(heads.weight, heads.bias, temperature)

    def _descend(self, rows: Tensor, start: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
        """Return weight (D, FOLDS * C) and bias (FOLDS * C,) of multinomial logistic regressions on rows (L, D)."""
        columns = FOLDS * self.count
        weight, bias = start or (rows.new_zeros(rows.shape[1], columns), rows.new_zeros(columns))
        learnt = self._learnt_from()
        own = self.targets[:, None, None].expand(-1, FOLDS, 1)
        parameters = [p.clone(memory_format=torch.contiguous_format).requires_grad_() for p in (weight, bias)]
        optimizer = torch.optim.LBFGS(
            parameters, max_iter=_ITERATIONS, history_size=8, line_search_fn="strong_wolfe", tolerance_change=1e-6
        )

        def cost() -> Tensor:
            optimizer.zero_grad()
            logits = torch.addmm(parameters[1], rows, parameters[0]).view(-1, FOLDS, self.count)
            log_chances = torch.log_softmax(logits, dim=2).gather(2, own)[:, :, 0]
            loss = 0.5 * _DECAY * parameters[0].square().sum() - (log_chances * learnt).sum()
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimizer.step(cost)  # type: ignore[no-untyped-call]
        return parameters[0].detach(), parameters[1].detach()

    def _learnt_from(self) -> Tensor:
        """Return how much each head learns from each item, (L, FOLDS): nothing from those left out with it."""
        used = self.folds[:, None] != torch.arange(FOLDS, device=self.folds.device)
        learnt = used * self.weights[:, None]
        return learnt / learnt.sum(dim=0)

    def left_out(self, heads: Heads, view: Tensor) -> tuple[Tensor, Tensor]:
        """Return which items (L,) are ever left out, and their logits (n, C) by the head that has not seen them."""
        is_out = self.folds >= 0
        logits = heads.logits(view[is_out])
        return is_out, logits[torch.arange(len(logits), device=logits.device), self.folds[is_out]]

    def error_of(self, heads: Sequence[Heads], views: Sequence[Tensor]) -> float:
        """Return the expected calibration error on items left out."""
        is_out = self.folds >= 0
        found = [
            torch.softmax(self.left_out(h, view)[1] / h.temperature, dim=1)
            for h, view in zip(heads, views, strict=True)
        ]
        confidence, column = torch.stack(found).mean(dim=0).max(dim=1)
        right = (column == self.targets[is_out]).cpu().numpy()
        return expected_calibration_error(confidence.cpu().numpy(), right, weights=self.weights[is_out].cpu().numpy())


def _directions(view: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean (W,) of a view (L, W) and its widest directions (W, D), scaled to a mean spread of 1."""
    mean = view.mean(dim=0)
    centred = view - mean
    spreads, axes = torch.linalg.eigh(centred.T @ centred / len(view))
    spreads, axes = spreads[-_DIRECTIONS:], axes[:, -_DIRECTIONS:]
    return mean, axes / spreads.mean().clamp(min=1e-12).sqrt()


def _along(start: Heads | None, mean: Tensor, axes: Tensor) -> tuple[Tensor, Tensor] | None:
    """Return earlier heads in terms of these directions."""
    if start is None or start.weight.shape[2] != len(mean):
        return None
    flat = start.weight.reshape(-1, len(mean))
    lengths = axes.square().sum(dim=0)
    return (flat @ axes / lengths).T, start.bias.reshape(-1) + flat @ mean
