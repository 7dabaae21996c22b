"""Pictures of the window that a person keeps."""

from collections.abc import Callable
from pathlib import Path


def keep_picture(directory: Path | None, write: Callable[[Path], None]) -> str:
    """Have `write` write one into `directory`, under a name that is free; return what to tell the person.

    directory: None: there is none. `write` may raise OSError.
    """
    if directory is None:
        return "no picture: the session has no directory"
    path = _free(directory)
    try:
        write(path)
    except OSError as error:
        return f"no picture: {error.strerror}"
    return f"kept {path.name}"


def _free(directory: Path) -> Path:
    """Return a name for a picture that is not taken."""
    number = 1
    while (path := directory / f"desktop-{number}.png").exists():
        number += 1
    return path
