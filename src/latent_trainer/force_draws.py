"""The pull that a training step exerts on some items on average, from draws that training does not notice.

The pull of one batch on an item is mostly chance: which of its neighbours it met, and whom else. On Fashion-MNIST the
pulls of two batches on one item have a cosine of 0.26. What is told is therefore a running mean over draws.

A step draws an item in three roles: as one of its items, as the neighbour of another, and for its label. A draw here
puts the sample into one role of an ordinary batch. The mean pull in each role counts as often as a step draws the item
in it: their sum is minus the gradient of a step's expected loss.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from latent_trainer.batches import Batch
from latent_trainer.forces import pulls_of
from latent_trainer.model import LATENT_SIZE
from latent_trainer.training import Training


class _Role:
    """The running mean of the pulls on each of F items in one role, by term."""

    def __init__(self, count: int) -> None:
        self._draws = torch.zeros(count)
        self._sums: dict[str, Tensor] = {}

    def forget(self, kept: float) -> None:
        """Let what was added so far count for less."""
        self._draws *= kept
        for total in self._sums.values():
            total *= kept

    def add(self, places: Tensor, pulls: dict[str, Tensor]) -> None:
        """Add the pulls (P, 3) by term of one draw on the items at `places` (P,)."""
        self._draws.index_add_(0, places, torch.ones(len(places)))
        for term, pull in pulls.items():
            total = self._sums.setdefault(term, torch.zeros(len(self._draws), LATENT_SIZE))
            total.index_add_(0, places, pull.float())

    def mean(self, term: str) -> Tensor:
        """Return the mean pull of `term` (F, 3); 0 for items that were not drawn."""
        if term not in self._sums:
            return torch.zeros(len(self._draws), LATENT_SIZE)
        return self._sums[term] / self._draws.clamp(min=1e-6)[:, None]


class MeanPulls:
    """The mean pulls on some items at the network that is shown. Lives with its Training, which it never changes."""

    def __init__(self, training: Training, items: Tensor, random: torch.Generator) -> None:
        """Take `items` (F,), ascending row numbers; `training` has its neighbours already."""
        self._training = training
        self._items = items
        self._random = random
        self._neighbours = torch.from_numpy(training.neighbours)
        self._met_by, self._met_from = _who_has_as_neighbour(training.neighbours, items.numpy())
        self._met = self._met_from.diff()
        """By so many others, (F,)."""
        self._as_item, self._as_other, self._as_labelled = (_Role(len(items)) for _ in range(3))
        self._look_again()
        self._batch = len(self._shown.draw().items)
        self._terms: tuple[str, ...] = ()

    def draw(self, kept: float) -> None:
        """Draw each item once in each role, with what was drawn before at the weight `kept`, 0 to 1.

        For their labels only so many are drawn as a quarter of the places for labelled items holds: with more, whom
        they meet would no longer be who is drawn for being trusted. (As it is, their pulls are up to 8 % too short.)
        """
        self._look_again()
        for role in (self._as_item, self._as_other, self._as_labelled):
            role.forget(kept)
        for places in self._parts(torch.arange(len(self._items))):
            self._draw_as_items(places)
        for places in self._parts(torch.nonzero(self._met)[:, 0]):
            self._draw_as_others(places)

    def by_term(self) -> dict[str, Tensor]:
        """Return the pull (F, 3) of each term that a step exerts on average, weighted: loss per latent unit."""
        share = self._batch / len(self._training)
        met = share * self._met / self._neighbours.shape[1]
        return {
            term: share * self._as_item.mean(term)
            + met[:, None] * self._as_other.mean(term)
            + self._labelled_often[:, None] * self._as_labelled.mean(term)
            for term in self._terms
        }

    def _look_again(self) -> None:
        """Take in the network and the labels of the moment."""
        self._shown = _shown(self._training, self._random)
        often, category = _label_draws(self._training)
        self._labelled_often, self._category = often[self._items], category[self._items]

    def _parts(self, places: Tensor) -> tuple[Tensor, ...]:
        """Return `places` by chance in parts of at most a quarter of a batch: whom they meet is mostly anybody."""
        mixed = places[torch.randperm(len(places), generator=self._random)]
        return tuple(part for part in torch.split(mixed, max(1, self._batch // 4)) if len(part))

    def _draw_as_items(self, places: Tensor) -> None:
        items = self._items[places]
        column = torch.randint(self._neighbours.shape[1], (len(places),), generator=self._random)
        batch = self._batch_with(items, self._neighbours[items, column])
        self._add(self._as_item, places, slice(0, len(places)), batch)

    def _draw_as_others(self, places: Tensor) -> None:
        one = (torch.rand(len(places), generator=self._random) * self._met[places]).long()
        meeting = self._met_by[self._met_from[places] + torch.minimum(one, self._met[places] - 1)]
        _, once = np.unique(meeting.numpy(), return_index=True)
        meeting, places = meeting[once], places[once]
        batch = self._batch_with(meeting, self._items[places])
        self._add(self._as_other, places, slice(self._batch, self._batch + len(places)), batch)

    def _batch_with(self, items: Tensor, others: Tensor) -> Batch:
        """Return an ordinary batch that begins with these pairs of neighbours: a step draws no item twice."""
        batch = self._shown.draw()
        rest = torch.nonzero(~torch.isin(batch.items, items))[: self._batch - len(items), 0]
        return replace(
            batch,
            items=torch.cat([items, batch.items[rest]]),
            others=torch.cat([others, batch.others[rest]]),
        )

    def _add(self, role: _Role, places: Tensor, rows: slice, batch: Batch) -> None:
        """Add the pulls of a batch that has the items at `places` in its `rows`."""
        slots, labelled = self._labelled_places(batch.categories.cpu())
        own = batch.labelled.clone()
        own[slots] = self._items[labelled]
        by_term = pulls_of(self._shown, replace(batch, labelled=own)).by_term
        self._terms = tuple(by_term)
        role.add(places, {term: pull[rows] for term, pull in by_term.items()})
        self._as_labelled.add(labelled, {term: pull[2 * self._batch + slots] for term, pull in by_term.items()})

    def _labelled_places(self, categories: Tensor) -> tuple[Tensor, Tensor]:
        """Choose up to a quarter of the slots of each category in `categories` (L,), and the items for them."""
        nothing = torch.empty(0, dtype=torch.int64)
        slots, places = [nothing], [nothing]
        for category in categories.unique():  # type: ignore[no-untyped-call]
            free = torch.nonzero(categories == category)[:, 0]
            members = torch.nonzero(self._category == category)[:, 0]
            members = members[torch.randperm(len(members), generator=self._random)][: (len(free) + 3) // 4]
            slots.append(free[: len(members)])
            places.append(members)
        return torch.cat(slots), torch.cat(places)


def _shown(training: Training, random: torch.Generator) -> Training:
    """Return a training with the network that is shown, to draw and to ask for terms: `training` stays as it is."""
    shown = training.drawing_from(random)
    shown.model = training.average
    return shown


def _label_draws(training: Training) -> tuple[Tensor, Tensor]:
    """Return how often a step draws each item for its label, on average (N,), and its category (N,), -1 none."""
    often = torch.zeros(len(training))
    category = torch.full((len(training),), -1)
    each = max(1, training.parameters.label_batch // max(1, len(training.members)))
    for known, ids, trust in zip(training.known.tolist(), training.members, training.trust, strict=True):
        often[ids] = each * trust / trust.sum()
        category[ids] = known
    return often, category


def _who_has_as_neighbour(neighbours: npt.NDArray[np.int64], items: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Return who has each of `items` (F,) among its `neighbours` (N, k): rows, and where those of each item start.

    Item f has the rows from start f to start f + 1 of (F + 1,).
    """
    place = np.full(len(neighbours), -1)
    place[items] = np.arange(len(items))
    rows, columns = np.nonzero(place[neighbours] >= 0)
    found = place[neighbours[rows, columns]]
    order = np.argsort(found, kind="stable")
    starts = np.searchsorted(found[order], np.arange(len(items) + 1))
    return torch.from_numpy(rows[order]), torch.from_numpy(starts)
