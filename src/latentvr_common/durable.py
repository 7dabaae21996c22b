"""Names that are still there after a cut of power: a file's sync is not one of the directory that has its name."""

import os
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Wait until the names in `directory` are on the disk. Raises OSError."""
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def make_directory(directory: Path) -> None:
    """Make `directory` where it is missing, for its owner alone, and those above it; wait for the disk. Raises OSError.

    Also where it is there already its name is waited for: who made it may not have done so.
    """
    missing = [directory]
    while not missing[-1].parent.is_dir():
        missing.append(missing[-1].parent)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for made in missing:
        sync_directory(made.parent)
