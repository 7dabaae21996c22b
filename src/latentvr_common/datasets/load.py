"""From the name or path that a person gives to a dataset."""

from collections.abc import Callable, Sequence
from pathlib import Path

from latentvr_common.datasets import folder, idx, npy, npz
from latentvr_common.datasets.choice import Choice
from latentvr_common.datasets.dataset import Dataset
from latentvr_common.datasets.digits import load_digits
from latentvr_common.datasets.progress import Progress
from latentvr_common.errors import InputError

NAMED: dict[str, Callable[[], Dataset]] = {
    "digits": load_digits,
    "fashion_mnist": idx.load_fashion_mnist,
}
FILES = (".npz", ".npy", ".parquet", ".csv")


def load(name: str, *, max_items: int = 0, seed: int = 0, on_progress: Callable[[str], None] | None = None) -> Dataset:
    """Return the dataset `name`: one of NAMED, one of FILES, or a directory of IDX files, of images or of sounds.

    `max_items`: at most so many items, chosen by `seed`; 0: all. Raises InputError, naming what is wrong.

    `on_progress` is given a short text about once a second while reading takes long. With it, `digest` is computed here
    as well, since that takes long where reading does.
    """
    progress = Progress(on_progress)
    dataset = _load(name, Choice(max_items, seed), progress).subset(max_items, seed)
    if on_progress is not None:
        dataset.compute_digest(progress)
    return dataset


def _load(name: str, choice: Choice, progress: Progress) -> Dataset:
    """Return the dataset, of which `choice` may be taken already: where that saves reading the rest."""
    if name in NAMED:
        return NAMED[name]()
    try:
        path = Path(name).expanduser()
        exists = path.exists()
    except (OSError, RuntimeError) as error:
        raise InputError(f"dataset {name[:60]!r}: {error}; expected a file or directory that can be read") from error
    if not exists:
        raise InputError(
            f"dataset {name!r}: no such file or directory; expected one of {', '.join(NAMED)}, a {_any_of(FILES)} "
            "file, a directory of IDX files, of images or of sounds"
        )
    if path.is_file():
        return _load_file(path, choice, progress)
    if not path.is_dir():
        raise InputError(f"dataset {name!r}: neither a file nor a directory, expected one of them")
    try:
        return idx.load_idx(path) if idx.holds_idx(path) else folder.load_folder(path, choice, progress)
    except OSError as error:
        raise InputError(f"dataset {name!r}: {error.strerror}, expected a directory that can be read") from error


def _load_file(path: Path, choice: Choice, progress: Progress) -> Dataset:
    kind = path.suffix.lower()
    if kind not in FILES:
        raise InputError(
            f"dataset {str(path)!r}: a file of type {path.suffix or 'unknown'!r}, expected {_any_of(FILES)}"
        )
    if kind == ".npz":
        return npz.load_npz(path)
    if kind == ".npy":
        return npy.load_npy(path, choice, progress)
    # Only where it is needed: pyarrow takes a while to import.
    from latentvr_common.datasets import table

    return table.load_table(path, choice, progress)


def _any_of(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
