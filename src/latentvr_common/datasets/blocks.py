"""Arrays that may be larger than memory, a block of rows at a time.

items: (N, ...) real numbers, in memory or mapped from a file. No function here takes more than a few BLOCK_BYTES.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from latentvr_common.datasets.progress import Progress

BLOCK_BYTES = 16 << 20

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


def row_blocks(count: int, row_size: int) -> Iterator[slice]:
    """Give the blocks of `count` rows of `row_size` numbers, in order: a row at least, or BLOCK_BYTES as float64."""
    rows = max(1, BLOCK_BYTES // (8 * max(1, row_size)))
    return (slice(start, min(start + rows, count)) for start in range(0, count, rows))


def blocks_of(items: Array) -> Iterator[slice]:
    """Give the blocks of rows of `items`, in order."""
    return row_blocks(len(items), math.prod(items.shape[1:]))


def float_rows(items: Array, rows: slice | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float32]:
    """Return `rows` of `items` as (n, D) float32, which is infinite where float32 is too small for a number."""
    chosen = np.asarray(items[rows])
    with np.errstate(over="ignore"):
        return chosen.reshape(len(chosen), math.prod(items.shape[1:])).astype(np.float32, copy=False)


def digest_of(items: Array, progress: Progress) -> str:
    """Return the SHA-256 over type, shape and content, row after row wherever they lie."""
    digest = hashlib.sha256(f"{items.dtype.str} {items.shape}".encode())
    for rows in blocks_of(items):
        digest.update(np.ascontiguousarray(items[rows]).data)
        progress.tell(rows.stop, len(items), "items for the digest")
    return digest.hexdigest()


def first_not_finite(items: Array, progress: Progress) -> int | None:
    """Return the first row that holds a number that is not finite as float32; None: there is none."""
    for rows in blocks_of(items):
        finite = np.isfinite(float_rows(items, rows))
        if not finite.all():
            return int(rows.start) + int(np.argmin(finite.all(axis=1)))
        progress.tell(rows.stop, len(items), "items")
    return None


@dataclass(frozen=True)
class Columns:
    """What the D columns of items are like, as float32."""

    mean: Floats
    """(D,)"""
    spread: Floats
    """(D,), standard deviation."""
    changes: npt.NDArray[np.bool_]
    """(D,), whether not all numbers are the same."""


def columns_of(items: Array) -> Columns:
    """Look at all items, twice; in float64, where sums do not lose what is small."""
    first = float_rows(items, slice(0, 1))[0]
    low, high, total = first.copy(), first.copy(), np.zeros(len(first))
    for rows in blocks_of(items):
        block = float_rows(items, rows)
        np.minimum(low, block.min(axis=0), out=low)
        np.maximum(high, block.max(axis=0), out=high)
        total += block.sum(axis=0, dtype=np.float64)
    mean = total / len(items)
    squares = np.zeros(len(first))
    for rows in blocks_of(items):
        squares += np.square(float_rows(items, rows) - mean).sum(axis=0)
    return Columns(mean, np.sqrt(squares / len(items)), low < high)
