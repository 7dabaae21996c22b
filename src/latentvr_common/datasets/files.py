"""Files that are an item each: read by several threads; those that cannot be read are left out, with a reason."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from latentvr_common.datasets.choice import Choice, Rows
from latentvr_common.datasets.dataset import Media, Skipped
from latentvr_common.datasets.progress import Progress
from latentvr_common.errors import InputError

_AT_ONCE = 256
"""So many files are given to the threads at a time: what is read and not yet kept stays small."""


@dataclass(frozen=True)
class FileKind:
    """A kind of files of which each is an item."""

    media: Media
    suffixes: tuple[str, ...]
    """In lower case, with the dot."""
    shape: tuple[int, ...]
    """Of an item."""
    read: Callable[[Path], npt.NDArray[np.uint8] | str]
    """Returns the item, or why there is none. Called by several threads at once."""
    around: Callable[[], AbstractContextManager[None]] = nullcontext
    """What holds, for all of the threads, while files are read."""


@dataclass(frozen=True)
class FilesRead:
    """What became of files."""

    items: npt.NDArray[np.uint8]
    """(n, ...)"""
    rows: Rows
    """(n,) which of the files each item is, ascending."""
    skipped_rows: Rows
    """Which of the files could not be read, ascending."""
    skipped: tuple[Skipped, ...]
    """Why, for each of these."""


def read_files(
    dataset: str, folder: Path, names: Sequence[str], kind: FileKind, choice: Choice, progress: Progress
) -> FilesRead:
    """Read the files `names` of `folder`; where not all are wanted, only as many as it takes.

    Raises InputError, which names `dataset`, where none can be read.
    """
    wanted = len(names) if choice.takes_all(len(names)) else choice.max_items
    order = choice.order(len(names))
    items = np.empty((wanted, *kind.shape), np.uint8)
    kept: list[int] = []
    reasons: dict[int, str] = {}
    begun = 0
    with kind.around(), ThreadPoolExecutor() as pool:
        while len(kept) < wanted and begun < len(order):
            batch = order[begun : begun + min(_AT_ONCE, wanted - len(kept))].tolist()
            begun += len(batch)
            for row, read in zip(batch, pool.map(lambda row: _read(kind, folder / names[row]), batch), strict=True):
                if isinstance(read, str):
                    reasons[row] = read
                else:
                    items[len(kept)] = read
                    kept.append(row)
                progress.tell(len(kept) + len(reasons), max(wanted, begun), f"{kind.media}s")
    skipped = tuple(Skipped(names[row], reasons[row]) for row in sorted(reasons))
    if not kept:
        raise InputError(
            f"dataset {dataset}: none of {len(names)} {kind.media}s can be read; {skipped[0].name}: {skipped[0].reason}"
        )
    return FilesRead(*_in_order(items, kept), np.array(sorted(reasons), dtype=np.int64), skipped)


def _read(kind: FileKind, file: Path) -> npt.NDArray[np.uint8] | str:
    return kind.read(file) if file.is_file() else "no such file"


def _in_order(items: npt.NDArray[np.uint8], kept: list[int]) -> tuple[npt.NDArray[np.uint8], Rows]:
    rows = np.array(kept, dtype=np.int64)
    if (np.diff(rows) > 0).all():
        return items[: len(rows)], rows
    order = np.argsort(rows)
    return items[order], rows[order]
