"""What steps of training look at, by chance: pairs of neighbours, labelled items, directions. No thread, no clock."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from latent_trainer.networks import Tensors
from latent_trainer.parameters import Parameters
from latentvr_common.cloud import NONE

_DIRECTIONS = 32


@dataclass(frozen=True)
class Batch:
    """What one step looks at. Item i of `items` and item i of `others` are neighbours in the data."""

    items: Tensor
    """(B,) row numbers."""
    others: Tensor
    """(B,) row numbers."""
    labelled: Tensor
    """(L,) row numbers; L = 0 before there are labels."""
    categories: Tensor
    """(L,) what they are labelled as."""
    directions: Tensor
    """(S, 3) unit vectors, for the term `spread`."""

    @property
    def rows(self) -> Tensor:
        """All row numbers (2 B + L,): items, others, labelled."""
        return torch.cat([self.items, self.others, self.labelled])


def label_trust(labels: npt.NDArray[np.int16], neighbours: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return for each item (N,) how far its label may be believed, above 0 and below 1.

    Marks made by hand are not all right. A label is believed as far as the labels of the item's neighbours in the data
    agree with it, as in Wilson's edited nearest neighbours (IEEE Trans. SMC 2, 1972), but without ever dropping one.
    labels: (N,), -1 none; neighbours: (N, k), rows of items, k may be 0.
    """
    around = labels[neighbours]
    seen = (around != NONE).sum(axis=1)
    same = (around == labels[:, None]).sum(axis=1)
    return np.asarray(np.square((same + 1) / (seen + 2)), dtype=np.float32)


class Batches:
    """Draws batches. Not safe for use by several threads at once."""

    def __init__(self, count: int, parameters: Parameters, device: torch.device) -> None:
        """Take the number of items N, what to draw, and where the network is."""
        self._count = count
        self._label_batch = parameters.label_batch
        self._device = device
        self._random = torch.Generator().manual_seed(parameters.seed)
        self._neighbours: Tensor | None = None
        self._order = torch.empty(0, dtype=torch.int64)
        self._labels: npt.NDArray[np.int16] | None = None
        self.size = min(parameters.batch, max(8, count // 2))
        """Pairs in a batch, B."""
        self.known = torch.empty(0, dtype=torch.int64)
        """Ids (K,) of the categories that have labels, ascending, on the device."""
        self.members: Sequence[Tensor] = ()
        """The labelled items (L_k,) of each of the `known` categories."""
        self.trust: Sequence[Tensor] = ()
        """How far each label (L_k,) of each of the `known` categories is believed, above 0 and below 1."""

    def set_neighbours(self, neighbours: npt.NDArray[np.int32]) -> None:
        """Give the neighbours (N, k) of every item; steps need them."""
        self._neighbours = torch.from_numpy(neighbours.astype(np.int64))
        if self._labels is not None:
            self._use(self._labels)

    @property
    def neighbours(self) -> npt.NDArray[np.int64]:
        """The neighbours (N, k) of every item; (N, 0) before they are known."""
        if self._neighbours is None:
            return np.zeros((self._count, 0), dtype=np.int64)
        return np.asarray(self._neighbours.numpy())

    def set_labels(self, labels: npt.NDArray[np.int16]) -> bool:
        """Give the labels (N,) that hold from the next batch on, -1 none; return whether they are new."""
        self._use(labels)
        if self._labels is not None and np.array_equal(labels, self._labels):
            return False
        self._labels = labels.copy()
        return True

    def _use(self, labels: npt.NDArray[np.int16]) -> None:
        known = np.unique(labels[labels != NONE])
        members = [np.flatnonzero(labels == c) for c in known]
        trust = label_trust(labels, self.neighbours)
        self.known = torch.from_numpy(known.astype(np.int64)).to(self._device)
        self.members = [torch.from_numpy(ids) for ids in members]
        self.trust = [torch.from_numpy(trust[ids]) for ids in members]

    def state(self) -> Tensors:
        """Return a copy of what further draws depend on, beside the neighbours."""
        found = {"random": self._random.get_state(), "order": self._order.clone()}
        return found if self._labels is None else {**found, "labels": torch.from_numpy(self._labels.copy())}

    def restore(self, tensors: Tensors) -> None:
        """Draw on as from when `state` returned `tensors`. Raises KeyError where they are of other items."""
        order, labels = tensors["order"], tensors.get("labels")
        if labels is not None and labels.shape != (self._count,):
            raise KeyError(f"labels have shape {tuple(labels.shape)}, expected ({self._count},)")
        if len(order) and int(order.max()) >= self._count:
            raise KeyError(f"order names item {int(order.max())}, expected less than {self._count}")
        self._random.set_state(tensors["random"])
        self._order = order.clone()
        self._labels = np.full(self._count, NONE, np.int16) if labels is None else labels.numpy().copy()
        self._use(self._labels)
        if labels is None:
            self._labels = None

    @contextmanager
    def drawn_only_if_used(self) -> Iterator[None]:
        """Have nothing been drawn where what follows raises an exception."""
        random, order = self._random.get_state(), self._order
        try:
            yield
        except BaseException:
            self._random.set_state(random)
            self._order = order
            raise

    def drawing_from(self, random: torch.Generator) -> "Batches":
        """Return what draws the same, but takes chance from `random`."""
        view = copy.copy(self)
        view._random = random
        return view

    def draw(self) -> Batch:
        """Return what the next step looks at."""
        items, others = self._draw_pairs()
        directions = torch.nn.functional.normalize(torch.randn(_DIRECTIONS, 3, generator=self._random), dim=1)
        labelled, categories = self._draw_labelled()
        return Batch(items, others, labelled, categories.to(self._device), directions.to(self._device))

    def _draw_pairs(self) -> tuple[Tensor, Tensor]:
        """Return the next items (B,), every item once an epoch, and a random neighbour of each (B,)."""
        if self._neighbours is None:
            raise RuntimeError("set_neighbours must come before the first step")
        while len(self._order) < self.size:
            self._order = torch.cat([self._order, torch.randperm(self._count, generator=self._random)])
        items, self._order = self._order[: self.size], self._order[self.size :]
        column = torch.randint(self._neighbours.shape[1], (len(items),), generator=self._random)
        return items, self._neighbours[items, column]

    def _draw_labelled(self) -> tuple[Tensor, Tensor]:
        """Return labelled items (L,) and their categories (L,); L = 0 before there are labels.

        Every category is drawn as often as the others. Within a category a label is drawn as often as it is trusted.
        """
        if not self.members:
            return torch.empty(0, dtype=torch.int64), torch.empty(0, dtype=torch.int64)
        each = max(1, self._label_batch // len(self.members))
        drawn = [
            ids[torch.multinomial(trust, each, replacement=True, generator=self._random)]
            for ids, trust in zip(self.members, self.trust, strict=True)
        ]
        categories = torch.cat([c.expand(len(d)) for c, d in zip(self.known, drawn, strict=True)])
        return torch.cat(drawn), categories
