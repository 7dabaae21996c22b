"""Who is whose neighbour in the data."""

import contextlib
from collections.abc import Iterator

import faiss
import numpy as np
import numpy.typing as npt

_EXACT_UP_TO = 20_000
_ITEMS_PER_CELL = 250
_CELLS_SEARCHED = 12
_BLOCK = 4096


def nearest_neighbours(inputs: npt.NDArray[np.float32], k: int, threads: int) -> npt.NDArray[np.int32]:
    """Return the k nearest other items (N, k) of each row of `inputs` (N, P), nearest first, by Euclidean distance.

    Exact up to 20,000 items; above, an inverted file searched in a few cells (recall about 0.97).
    k is lowered to N - 1 where there are not so many others.
    """
    rows = np.ascontiguousarray(inputs, dtype=np.float32)
    k = min(k, len(rows) - 1)
    with _openmp_threads(threads):
        found = _search(_index_over(rows), rows, k + 1)
    return _without_self(found, k)


@contextlib.contextmanager
def _openmp_threads(threads: int) -> Iterator[None]:
    """Let faiss use `threads`. The number holds for all that this thread does, also for torch, so it is set back."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _index_over(rows: npt.NDArray[np.float32]) -> faiss.Index:
    exact = faiss.IndexFlatL2(rows.shape[1])
    index = exact if len(rows) <= _EXACT_UP_TO else _cells(exact, rows)
    index.add(rows)
    return index


def _cells(coarse: faiss.Index, rows: npt.NDArray[np.float32]) -> faiss.Index:
    index = faiss.IndexIVFFlat(coarse, rows.shape[1], len(rows) // _ITEMS_PER_CELL)
    index.cp.niter = 6
    index.cp.min_points_per_centroid = 1  # It would only warn.
    index.nprobe = _CELLS_SEARCHED
    index.train(rows[:: max(1, len(rows) // 20_000)])
    return index


def _search(index: faiss.Index, rows: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.int64]:
    """Return the k nearest (N, k) of each row, itself included."""
    found = np.concatenate([index.search(rows[i : i + _BLOCK], k)[1] for i in range(0, len(rows), _BLOCK)])
    # -1: the cells searched hold no more. Where most items are equal, those of the others do; look in all cells then.
    short = np.flatnonzero((found < 0).any(axis=1))
    if len(short) and isinstance(index, faiss.IndexIVF):
        index.nprobe = index.nlist
        found[short] = _search(index, rows[short], k)
    return np.asarray(found)


def _without_self(found: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.int32]:
    """Drop the item itself from each row (N, k + 1); where equal items crowd it out, drop the farthest instead."""
    is_self = found == np.arange(len(found))[:, None]
    is_self[~is_self.any(axis=1), -1] = True
    return np.asarray(found[~is_self].reshape(len(found), k), dtype=np.int32)
