"""A file that one process has for itself. The hold is gone with the process, however it ends."""

import fcntl
import os
from pathlib import Path
from typing import IO

from latentvr_common.durable import make_directory
from latentvr_common.errors import InputError


class HeldError(Exception):
    """Another process has it."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"process {holder} has it")
        self.holder = holder
        """The number of that process, as text."""


def hold(lock: Path) -> IO[str]:
    """Return the open file `lock`, made where it is missing: as long as it is open, no other process holds it.

    Raises HeldError where another does, and OSError.
    """
    file = lock.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise HeldError(holder) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def hold_directory(directory: Path, what: str) -> int:
    """Hold a directory itself; return its descriptor, to be closed. `what` it stands for is named in an InputError."""
    held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        raise InputError(f"{what}: another process does that already") from error
    return held


def hold_in_directory(lock: Path, what: str) -> IO[str]:
    """Hold `lock`, whose directory is made where it is missing; `what` it stands for is named in an InputError."""
    try:
        make_directory(lock.parent)
        return hold(lock)
    except OSError as error:
        raise InputError(f"{what}: {error.strerror}, expected a writable directory") from error
    except HeldError as error:
        raise InputError(f"{what}: another process has it open ({error.holder})") from error
