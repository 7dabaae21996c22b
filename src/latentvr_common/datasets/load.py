"""From the name or path that a person gives to a dataset."""

from collections.abc import Callable
from pathlib import Path

from latentvr_common.datasets import idx, image_folder, npz
from latentvr_common.datasets.dataset import Dataset
from latentvr_common.datasets.digits import load_digits
from latentvr_common.errors import InputError

NAMED: dict[str, Callable[[], Dataset]] = {
    "digits": load_digits,
    "fashion_mnist": idx.load_fashion_mnist,
}


def load(name: str, *, max_items: int = 0, seed: int = 0) -> Dataset:
    """Return the dataset `name`: one of NAMED, a `.npz` file, a directory of IDX files or of images.

    `max_items`: at most so many items, chosen by `seed`; 0: all. Raises InputError, naming what is wrong.
    """
    return _load_whole(name).subset(max_items, seed)


def _load_whole(name: str) -> Dataset:
    if name in NAMED:
        return NAMED[name]()
    try:
        path = Path(name).expanduser()
        exists = path.exists()
    except (OSError, RuntimeError) as error:
        raise InputError(f"dataset {name[:60]!r}: {error}; expected a file or directory that can be read") from error
    if not exists:
        raise InputError(
            f"dataset {name!r}: no such file or directory; expected one of {', '.join(NAMED)}, a .npz file, "
            "a directory of IDX files or a directory of images"
        )
    if path.is_file():
        if path.suffix.lower() == ".npz":
            return npz.load_npz(path)
        raise InputError(f"dataset {name!r}: a file of type {path.suffix or 'unknown'!r}, expected .npz")
    if not path.is_dir():
        raise InputError(f"dataset {name!r}: neither a file nor a directory, expected one of them")
    try:
        return idx.load_idx(path) if idx.holds_idx(path) else image_folder.load_image_folder(path)
    except OSError as error:
        raise InputError(f"dataset {name!r}: {error.strerror}, expected a directory that can be read") from error
