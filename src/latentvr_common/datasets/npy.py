"""`.npy` files: (N, D) numbers, such as precomputed embeddings, or uint8 pictures (N, H, W) or (N, H, W, 3).

float32, float16 and uint8 are mapped, not read: the file may be larger than memory, and must stay as it is while it is
in use. Other numbers become float32 in memory.

A table of the same name beside it, `birds.csv` beside `birds.npy`, says what its rows are, in their order: columns
`id`, `truth`, and `image` or `audio`, as in `table`. The image or sound is what a person sees or hears of an item; the
network gets the numbers. Pictures beside which there is `audio` are spectrograms: their row 0 is the lowest frequency.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from latentvr_common.datasets import blocks
from latentvr_common.datasets.choice import Choice
from latentvr_common.datasets.dataset import Dataset, picked
from latentvr_common.datasets.npz import UNREADABLE
from latentvr_common.datasets.progress import Progress
from latentvr_common.datasets.texts import one_line
from latentvr_common.errors import InputError

_MAPPED = (np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.uint8))
_LARGEST = 8 << 30


def load_npy(path: Path, choice: Choice, progress: Progress) -> Dataset:
    """Return the dataset in a `.npy` file. Raises InputError for anything else than numbers of a fitting shape.

    Where not all items are taken, those that are are read into memory.
    """
    items = _mapped(path)
    table = path.with_suffix(".csv")
    if table.is_file():
        return _with_table(path, items, table, choice, progress)
    return _dataset(path, items, choice, progress)


def _mapped(path: Path) -> npt.NDArray[Any]:
    try:
        # Not np.load: for what is no array, that tries archives and pickles.
        with np.errstate(over="ignore"):
            items = np.lib.format.open_memmap(path, mode="r")
    except UNREADABLE as error:
        raise InputError(
            f"dataset {path}: cannot be read ({one_line(error)}), expected a .npy file of plain numbers"
        ) from error
    if items.dtype.kind not in "iuf":
        raise InputError(f"dataset {path}: items are of type {items.dtype}, expected real numbers")
    is_pictures = items.dtype == np.uint8 and (items.ndim == 3 or (items.ndim == 4 and items.shape[3] == 3))
    if not (items.ndim == 2 or is_pictures) or 0 in items.shape:
        raise InputError(
            f"dataset {path}: items are {items.dtype} of shape {items.shape}, expected (N, D), or uint8 (N, H, W) or "
            "(N, H, W, 3), none of them 0"
        )
    return items


def _dataset(path: Path, items: npt.NDArray[Any], choice: Choice, progress: Progress, **more: Any) -> Dataset:
    rows = choice.rows(len(items))
    chosen = items if choice.takes_all(len(items)) else np.asarray(items[rows])
    return Dataset(str(path), _as_items(path, chosen), rows=rows, progress=progress, **more)


def _as_items(path: Path, items: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if items.dtype in _MAPPED:
        return items
    if 4 * items.size > _LARGEST:
        raise InputError(
            f"dataset {path}: {items.shape} numbers of type {items.dtype}, which is too much to be converted; "
            "expected float32, float16 or uint8"
        )
    converted = np.empty(items.shape, np.float32)
    for rows in blocks.blocks_of(items):
        converted[rows] = blocks.float_rows(items, rows)
    return converted


def _with_table(path: Path, items: npt.NDArray[Any], beside: Path, choice: Choice, progress: Progress) -> Dataset:
    # Only where it is needed: pyarrow takes a while to import.
    from latentvr_common.datasets import table
    from latentvr_common.datasets.table_file import open_table

    file = open_table(beside, table.TEXT_COLUMNS)
    columns = table.sort_columns(file)
    if not columns.texts:
        note = f"{beside.name} beside it has no column {', '.join(table.TEXT_COLUMNS)}: ignored"
        return _dataset(path, items, choice, progress, notes=(note,))
    texts = table.read_texts(file, columns, progress)
    if texts.count != len(items):
        raise InputError(
            f"dataset {path}: {texts.count} rows in {beside.name}, expected {len(items)}, one for each item"
        )
    rows = choice.rows(len(items))
    truth, categories = texts.truth
    return _dataset(
        path,
        items,
        choice,
        progress,
        truth=None if truth is None else truth[rows],
        categories=categories,
        item_names=picked(texts.names or texts.files, rows),
        folder=path.parent if texts.files else None,
        files=picked(texts.files, rows),
        media=table.MEDIA[columns.media],
    )
