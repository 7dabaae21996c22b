"""A folder of images or of sounds. Files in subfolders: each subfolder is a category, and that is the truth."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from latentvr_common.datasets.choice import Choice, Rows
from latentvr_common.datasets.dataset import Dataset, picked
from latentvr_common.datasets.files import FileKind, read_files
from latentvr_common.datasets.image_folder import IMAGES
from latentvr_common.datasets.progress import Progress
from latentvr_common.datasets.texts import Truth, truth_of
from latentvr_common.errors import InputError

SOUND_SUFFIXES = (".wav", ".flac")


def load_folder(folder: Path, choice: Choice, progress: Progress) -> Dataset:
    """Return the images or sounds, whichever are more, in a folder and its direct subfolders, by path.

    Files that cannot be read are in `skipped`. Raises InputError where none can be read.
    """
    images, sounds = find_files(folder, IMAGES.suffixes), find_files(folder, SOUND_SUFFIXES)
    if not images and not sounds:
        suffixes = ", ".join(IMAGES.suffixes + SOUND_SUFFIXES)
        raise InputError(f"dataset {folder}: no image and no sound in it, expected {suffixes} files")
    if len(images) >= len(sounds):
        notes = (f"{len(sounds)} sounds beside the images are ignored",) if sounds else ()
        return _load(folder, images, IMAGES, choice, progress, notes)
    # Only where it is needed: it takes a while to import.
    from latentvr_common.datasets.sound import SOUNDS

    notes = (f"{len(images)} images beside the sounds are ignored",) if images else ()
    return _load(folder, sounds, SOUNDS, choice, progress, notes)


def find_files(folder: Path, suffixes: Sequence[str]) -> tuple[str, ...]:
    """Return the files of some types in `folder` and its direct subfolders, relative to it, in a fixed order."""
    found = [f for depth in ("*", "*/*") for f in folder.glob(depth) if f.suffix.lower() in suffixes and f.is_file()]
    return tuple(str(file.relative_to(folder)) for file in sorted(found))


def _load(
    folder: Path, names: tuple[str, ...], kind: FileKind, choice: Choice, progress: Progress, notes: tuple[str, ...]
) -> Dataset:
    read = read_files(str(folder), folder, names, kind, choice, progress)
    truth, categories = _truth(names, read.rows, read.skipped_rows)
    kept = picked(names, read.rows)
    return Dataset(
        str(folder),
        read.items,
        truth,
        categories,
        item_names=kept,
        folder=folder,
        skipped=read.skipped,
        files=kept,
        media=kind.media,
        notes=notes,
        rows=read.rows,
    )


def _truth(names: tuple[str, ...], kept: Rows, skipped: Rows) -> Truth:
    """Truth of the files `kept`. Those skipped count for nothing; those not chosen count among the categories."""
    usable = np.setdiff1d(np.arange(len(names)), skipped, assume_unique=True)
    parts = [Path(names[row]).parts for row in usable]
    if any(len(p) == 1 for p in parts):
        return None, ()
    truth, categories = truth_of([p[0] for p in parts])
    return truth[np.searchsorted(usable, kept)], categories
