"""Who is whose neighbour in the data."""

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
    faiss.omp_set_num_threads(threads)
    rows = np.ascontiguousarray(inputs, dtype=np.float32)
    k = min(k, len(rows) - 1)
    index = _index_over(rows)
    blocks = [index.search(rows[i : i + _BLOCK], k + 1)[1] for i in range(0, len(rows), _BLOCK)]
    return _without_self(np.concatenate(blocks), k)


def _index_over(rows: npt.NDArray[np.float32]) -> faiss.Index:
    exact = faiss.IndexFlatL2(rows.shape[1])
    index = exact if len(rows) <= _EXACT_UP_TO else _cells(exact, rows)
    index.add(rows)
    return index


def _cells(coarse: faiss.Index, rows: npt.NDArray[np.float32]) -> faiss.Index:
    index = faiss.IndexIVFFlat(coarse, rows.shape[1], len(rows) // _ITEMS_PER_CELL)
    index.cp.niter = 6
    index.nprobe = _CELLS_SEARCHED
    index.train(rows[:: max(1, len(rows) // 20_000)])
    return index


def _without_self(found: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.int32]:
    """Drop the item itself from each row (N, k + 1); where equal items crowd it out, drop the farthest instead."""
    is_self = found == np.arange(len(found))[:, None]
    # A cell search may return -1 for "no more"; the row's nearest stands in.
    found = np.where(found < 0, found[:, :1], found)
    is_self[~is_self.any(axis=1), -1] = True
    return np.asarray(found[~is_self].reshape(len(found), k), dtype=np.int32)
