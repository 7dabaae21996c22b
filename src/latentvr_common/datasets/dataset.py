"""A dataset: in memory, or mapped from a file that may be larger than memory."""

import math
from collections import Counter
from dataclasses import InitVar, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from latentvr_common.datasets import blocks
from latentvr_common.datasets.choice import Choice, Rows
from latentvr_common.datasets.progress import Progress
from latentvr_common.errors import InputError
from latentvr_common.labels import CATEGORY_CAPACITY

MINIMUM_ITEMS = 20
"""Fewer points are no cloud."""

Kind = Literal["features", "pictures", "sounds"]
Media = Literal["", "image", "sound"]


@dataclass(frozen=True)
class Skipped:
    """A file that is not in the dataset, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """N items; row i of every array is item i."""

    name: str
    items: npt.NDArray[np.integer[Any]] | npt.NDArray[np.floating[Any]]
    """(N, D) features, (N, H, W) grey or (N, H, W, 3) colour pictures, uint8, 0 to 255.

    (N, H, W) are spectrograms where `kind` is "sounds": row 0 is the lowest frequency, column 0 the beginning.
    Features are float32, or of the type of the file where they are mapped from one: float16 or uint8.
    """
    truth: npt.NDArray[np.int16] | None = None
    """(N,) index into `categories`; for measuring and for the simulated person, never for training."""
    categories: tuple[str, ...] = ()
    """What the numbers in `truth` mean."""
    item_names: tuple[str, ...] = ()
    """One name for each item, every name once; or empty."""
    folder: Path | None = None
    """Where `files` are."""
    skipped: tuple[Skipped, ...] = ()
    files: tuple[str, ...] = ()
    """The file of each item, relative to `folder`; or empty."""
    media: Media = ""
    """What `files` are."""
    notes: tuple[str, ...] = ()
    """What the person who gave the dataset should know: one line each."""
    rows: Rows | None = None
    """(N,) which item of the whole dataset each is; None: these are all."""

    progress: InitVar[Progress | None] = None
    """Told how far the check of the numbers has come."""

    def __post_init__(self, progress: Progress | None) -> None:
        """Raise InputError for arrays that do not fit together, and numbers that are not finite as float32."""
        count = len(self.items)
        if count < MINIMUM_ITEMS:
            raise InputError(f"dataset {self.name}: {count} usable items, expected at least {MINIMUM_ITEMS}")
        if self.truth is not None and self.truth.shape != (count,):
            raise InputError(f"dataset {self.name}: truth has shape {self.truth.shape}, expected ({count},)")
        if len(self.categories) > CATEGORY_CAPACITY:
            raise InputError(
                f"dataset {self.name}: {len(self.categories)} categories, expected at most {CATEGORY_CAPACITY}"
            )
        self._check_names(count)
        if self.items.dtype.kind == "f":
            self._check_numbers(progress or Progress())

    def _check_names(self, count: int) -> None:
        for what, names in (("names of items", self.item_names), ("files", self.files)):
            if names and len(names) != count:
                raise InputError(f"dataset {self.name}: {len(names)} {what}, expected {count}")
        if len(set(self.item_names)) != len(self.item_names):
            name = next(name for name, times in Counter(self.item_names).items() if times > 1)
            raise InputError(f"dataset {self.name}: several items are called {name[:60]!r}, expected every name once")

    def _check_numbers(self, progress: Progress) -> None:
        item = blocks.first_not_finite(self.items, progress)
        if item is not None:
            row = item if self.rows is None else int(self.rows[item])
            raise InputError(
                f"dataset {self.name}: row {row} holds values that are not finite, expected finite numbers"
            )

    def __len__(self) -> int:
        """Return N."""
        return len(self.items)

    @property
    def has_pictures(self) -> bool:
        """Whether items are pictures, spectrograms among them, rather than rows of features."""
        return self.items.ndim > 2

    @property
    def kind(self) -> Kind:
        """What an item is to the network; what its file is to a person, `media` says."""
        if not self.has_pictures:
            return "features"
        return "sounds" if self.media == "sound" else "pictures"

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """An id for each item, every id once, which stays with it however many items are taken.

        It is the item's name, or else its number in the whole dataset.
        """
        rows = range(len(self)) if self.rows is None else self.rows.tolist()
        return self.item_names or tuple(map(str, rows))

    def file_of(self, item: int) -> Path | None:
        """Return the file of item `item`; None: it has none."""
        return self.folder / self.files[item] if self.folder is not None and self.files else None

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the items, their shape and type: the same digest is the same data in the same order."""
        return blocks.digest_of(self.items, Progress())

    def compute_digest(self, progress: Progress) -> None:
        """Compute `digest` now, and tell how far that has come."""
        self.__dict__["digest"] = blocks.digest_of(self.items, progress)

    def features(self) -> npt.NDArray[np.float32]:
        """Return items as (N, D) float32 of about unit scale: pictures 0 to 1, columns of features standardised.

        features = items / scale - mean / scale, with the `scaling` below.
        """
        features = np.empty((len(self), self._row_size), np.float32)
        for rows in blocks.blocks_of(self.items):
            features[rows] = self.features_of(rows)
        return features

    def features_of(self, rows: slice | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float32]:
        """Return the features of some items, as (n, D) float32; reads no other items, after `scaling` has read all."""
        mean, scale = self.scaling()
        columns = blocks.float_rows(self.items, rows)
        return np.asarray(columns / scale.astype(np.float32) - (mean / scale).astype(np.float32), dtype=np.float32)

    def scaling(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return mean (D,) and scale (D,) of the columns; those of pictures are 0 and 255."""
        return self._scaling

    @cached_property
    def _scaling(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        if self.has_pictures:
            return np.zeros(self._row_size), np.full(self._row_size, 255.0)
        columns = blocks.columns_of(self.items)
        return columns.mean, np.where(columns.changes, np.maximum(columns.spread, np.finfo(np.float32).tiny), 1.0)

    @property
    def _row_size(self) -> int:
        return math.prod(self.items.shape[1:])

    def subset(self, max_items: int, seed: int) -> "Dataset":
        """Return `max_items` items chosen by `seed`, in their old order; for 0 or if there are no more, all.

        Of a mapped file, what is chosen is read into memory, and nothing else.
        """
        choice = Choice(max_items, seed)
        if choice.takes_all(len(self)):
            return self
        chosen = choice.rows(len(self))
        return replace(
            self,
            items=np.asarray(self.items[chosen]),
            truth=None if self.truth is None else self.truth[chosen],
            item_names=picked(self.item_names, chosen),
            files=picked(self.files, chosen),
            rows=chosen if self.rows is None else self.rows[chosen],
        )


def picked(texts: tuple[str, ...], rows: Rows) -> tuple[str, ...]:
    """Return the texts of `rows`; of no texts, none."""
    return tuple(texts[row] for row in rows) if texts else ()
