"""A dataset in memory."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from latentvr_common.errors import InputError
from latentvr_common.labels import CATEGORY_CAPACITY

MINIMUM_ITEMS = 20
"""Fewer points are no cloud."""


@dataclass(frozen=True)
class Skipped:
    """A file that is not in the dataset, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """N items; row i of every array is item i."""

    name: str
    items: npt.NDArray[np.uint8] | npt.NDArray[np.float32]
    """(N, D) features, (N, H, W) grey or (N, H, W, 3) colour pictures; pictures are uint8, 0 to 255."""
    truth: npt.NDArray[np.int16] | None = None
    """(N,) index into `categories`; for measuring and for the simulated person, never for training."""
    categories: tuple[str, ...] = ()
    """What the numbers in `truth` mean."""
    item_names: tuple[str, ...] = ()
    """One name for each item, or empty."""
    folder: Path | None = None
    """Where `item_names` are files."""
    skipped: tuple[Skipped, ...] = ()

    def __post_init__(self) -> None:
        """Raise InputError for arrays that do not fit together."""
        count = len(self.items)
        if count < MINIMUM_ITEMS:
            raise InputError(f"dataset {self.name}: {count} usable items, expected at least {MINIMUM_ITEMS}")
        if self.truth is not None and self.truth.shape != (count,):
            raise InputError(f"dataset {self.name}: truth has shape {self.truth.shape}, expected ({count},)")
        if len(self.categories) > CATEGORY_CAPACITY:
            raise InputError(
                f"dataset {self.name}: {len(self.categories)} categories, expected at most {CATEGORY_CAPACITY}"
            )
        if self.items.dtype != np.uint8 and not np.isfinite(self.items).all():
            raise InputError(f"dataset {self.name}: items hold values that are not finite, expected finite numbers")

    def __len__(self) -> int:
        """Return N."""
        return len(self.items)

    @property
    def has_pictures(self) -> bool:
        """Whether items are pictures rather than rows of features."""
        return self.items.ndim > 2

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the items, their shape and type: the same digest is the same data in the same order."""
        digest = hashlib.sha256(f"{self.items.dtype.str} {self.items.shape}".encode())
        digest.update(np.ascontiguousarray(self.items).data)
        return digest.hexdigest()

    def features(self) -> npt.NDArray[np.float32]:
        """Return items as (N, D) float32 of about unit scale: pictures 0 to 1, columns of features standardised.

        features = items / scale - mean / scale, with the `scaling` below.
        """
        mean, scale = self.scaling()
        columns = self.items.reshape(len(self), -1).astype(np.float32)
        return np.asarray(columns / scale.astype(np.float32) - (mean / scale).astype(np.float32), dtype=np.float32)

    def scaling(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return mean (D,) and scale (D,) of the columns; those of pictures are 0 and 255."""
        columns = self.items.reshape(len(self), -1)
        if self.has_pictures:
            return np.zeros(columns.shape[1]), np.full(columns.shape[1], 255.0)
        # In float32 the sums lose what is small, and what does not change would seem to.
        mean, spread = columns.mean(axis=0, dtype=np.float64), columns.std(axis=0, dtype=np.float64)
        changes = columns.min(axis=0) < columns.max(axis=0)
        return mean, np.where(changes, np.maximum(spread, np.finfo(np.float32).tiny), 1.0)

    def subset(self, max_items: int, seed: int) -> "Dataset":
        """Return `max_items` items chosen by `seed`, in their old order; for 0 or if there are no more, all."""
        if max_items == 0 or max_items >= len(self):
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(len(self), max_items, replace=False))
        names = tuple(self.item_names[i] for i in chosen) if self.item_names else ()
        truth = None if self.truth is None else self.truth[chosen]
        return replace(self, items=self.items[chosen], truth=truth, item_names=names)
