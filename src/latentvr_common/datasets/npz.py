"""`.npz` files: `items` (N, D), (N, H, W) or (N, H, W, 3); optionally `truth` (N,), `categories` (C,), `ids` (N,)."""

import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from latentvr_common.datasets.dataset import Dataset
from latentvr_common.datasets.texts import one_line
from latentvr_common.errors import InputError

ITEM_KEYS = ("items", "x", "X", "data", "x_train")
TRUTH_KEYS = ("truth", "labels", "y", "target", "y_train")
CATEGORY_KEYS = ("categories", "target_names")
ID_KEYS = ("ids",)
_LARGEST = 8 << 30
_MOST_MEMBERS = 64
UNREADABLE = (
    *(OSError, ValueError, EOFError, KeyError, TypeError, RuntimeError, OverflowError, MemoryError),
    # The header of an array is read as Python's grammar reads it, though never run.
    *(SyntaxError, tokenize.TokenError),
    *(zipfile.BadZipFile, zlib.error),
)
"""What NumPy and zipfile raise for a damaged file."""
_PLAUSIBLE = 64 << 20
_MOST_PACKED = 200
"""More than _PLAUSIBLE bytes that were packed so many times is a bomb, not data."""


def load_npz(path: Path) -> Dataset:
    """Return the dataset in a `.npz` file. Raises InputError for anything else than numbers of fitting shapes."""
    arrays = _read(path)
    items = _first(arrays, ITEM_KEYS)
    if items is None:
        raise InputError(f"dataset {path}: holds no array named {' or '.join(ITEM_KEYS)}, expected `items` (N, D)")
    _check_items(path, items)
    raw_truth = _first(arrays, TRUTH_KEYS)
    truth, categories = (None, ()) if raw_truth is None else _truth(path, raw_truth, _first(arrays, CATEGORY_KEYS))
    names = _ids(path, _first(arrays, ID_KEYS))
    return Dataset(str(path), _as_items(path, items), truth, categories, item_names=names)


def _read(path: Path) -> dict[str, npt.NDArray[Any]]:
    wanted = {*ITEM_KEYS, *TRUTH_KEYS, *CATEGORY_KEYS, *ID_KEYS}
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        _check_members(path, members)
        with np.load(path, allow_pickle=False) as archive:
            found = {key: archive[key] for key in archive.files if key in wanted}
    except UNREADABLE as error:
        raise InputError(
            f"dataset {path}: cannot be read ({one_line(error)}), expected a .npz file of plain arrays"
        ) from error
    for key, array in found.items():
        # What does not begin as an array does, NumPy gives as bytes.
        if not isinstance(array, np.ndarray):
            raise InputError(f"dataset {path}: {key} is not an array, expected a .npz file of plain arrays")
    return found


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    size, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if len(members) > _MOST_MEMBERS or size > _LARGEST:
        raise InputError(
            f"dataset {path}: {len(members)} arrays of {size >> 20} MiB, "
            f"expected at most {_MOST_MEMBERS} of {_LARGEST >> 20} MiB"
        )
    if size > _PLAUSIBLE and size > _MOST_PACKED * packed:
        raise InputError(
            f"dataset {path}: {size >> 20} MiB packed into {packed} bytes, expected at most {_MOST_PACKED}:1"
        )
    if any(m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for m in members):
        raise InputError(f"dataset {path}: packed in an unusual way, expected a .npz file as NumPy writes it")


def _first(arrays: dict[str, npt.NDArray[Any]], keys: tuple[str, ...]) -> npt.NDArray[Any] | None:
    return next((arrays[key] for key in keys if arrays.get(key) is not None), None)


def _check_items(path: Path, items: npt.NDArray[Any]) -> None:
    shape_fits = items.ndim in (2, 3) or (items.ndim == 4 and items.shape[3] == 3)
    if not shape_fits or 0 in items.shape:
        raise InputError(
            f"dataset {path}: items have shape {items.shape}, expected (N, D), (N, H, W) or (N, H, W, 3), "
            "none of them 0"
        )
    if items.dtype.kind not in "iuf":
        raise InputError(f"dataset {path}: items are of type {items.dtype}, expected real numbers")


def _as_items(path: Path, items: npt.NDArray[Any]) -> npt.NDArray[np.uint8] | npt.NDArray[np.float32]:
    if items.ndim == 2:
        with np.errstate(over="ignore"):  # Dataset refuses what is not finite.
            return items.astype(np.float32)
    if items.dtype == np.uint8:
        return items
    # Pictures of another type: their own range becomes 0 to 255.
    low, high = float(np.min(items)), float(np.max(items))
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (items.astype(np.float32) - low) * (255.0 / (high - low) if high > low else 0.0)
    if not np.isfinite(scaled).all():
        raise InputError(f"dataset {path}: pictures hold values that are not finite, expected finite numbers")
    return np.round(scaled).astype(np.uint8)


def _truth(
    path: Path, raw: npt.NDArray[Any], names: npt.NDArray[Any] | None
) -> tuple[npt.NDArray[np.int16], tuple[str, ...]]:
    if raw.ndim != 1 or len(raw) == 0 or raw.dtype.kind not in "iuUS":
        raise InputError(f"dataset {path}: truth is {raw.dtype} of shape {raw.shape}, expected (N,) integers or texts")
    values, indices = np.unique(raw, return_inverse=True)
    if names is None:
        return indices.astype(np.int16), _texts(values)
    if names.ndim != 1:
        raise InputError(f"dataset {path}: categories have shape {names.shape}, expected (C,), one name for each")
    if raw.dtype.kind in "US" or int(values[0]) < 0 or int(values[-1]) >= len(names):
        raise InputError(f"dataset {path}: truth must be integers from 0 to {len(names) - 1}, one for each category")
    return raw.astype(np.int16), _texts(names)


def _ids(path: Path, ids: npt.NDArray[Any] | None) -> tuple[str, ...]:
    if ids is None:
        return ()
    if ids.ndim != 1 or ids.dtype.kind not in "iuUS":
        raise InputError(f"dataset {path}: ids are {ids.dtype} of shape {ids.shape}, expected (N,) integers or texts")
    return _texts(ids)


def _texts(values: npt.NDArray[Any]) -> tuple[str, ...]:
    return tuple(v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in values)
