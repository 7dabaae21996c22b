"""Directories that a person names."""

import os
from pathlib import Path

from latentvr_common.errors import InputError


def writable_directory(name: str) -> Path | None:
    """Return the directory of the parameter `directory`, made where it is missing; None if `name` is empty.

    Raises InputError where nothing can be written.
    """
    if not name:
        return None
    try:
        directory = Path(name).expanduser()
        directory.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"parameter directory {name!r}: {reason}, expected a writable directory") from error
    if not os.access(directory, os.W_OK):
        raise InputError(f"parameter directory {name!r}: not writable")
    return directory


def user_cache() -> Path | None:
    """Return the folder of latentvr below the user's cache directory; None where there is no home directory."""
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return base / "latentvr"
