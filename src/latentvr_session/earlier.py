"""A session that ended, or was killed, and is to go on."""

import dataclasses
import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentvr_common import session_files
from latentvr_common.datasets import Dataset
from latentvr_common.errors import InputError
from latentvr_common.parameters import checked
from latentvr_session.arguments import Arguments

_MOST_BYTES = 64 << 20
_FIXED = ("seed", "max_items", "categories", "directory")
"""What cannot be otherwise in the same session."""
_TYPES = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}
_SQLITE, _SQLITE_HEAD = b"SQLite format 3\0", 100
"""How such a file begins, and how many bytes say what it is."""


@dataclass(frozen=True)
class EarlierSession:
    """What its directory says of it."""

    directory: Path
    """Absolute."""
    arguments: Arguments
    """To go on with: as they were, but for what is given anew."""
    description: Mapping[str, Any]
    """Of session.json."""

    def check(self, dataset: Dataset) -> None:
        """Raise InputError if `dataset` is not that of the session."""
        if dataset.digest != self.description["dataset"]["digest"]:
            raise InputError(
                f"argument resume: {self.directory} is a session on another dataset than {self.arguments.dataset} is "
                "now, expected the same items in the same order"
            )

    def resumed(self, how: Mapping[str, object]) -> dict[str, Any]:
        """Return the description of the session, resumed as `how` says."""
        before = self.description.get("resumed", [])
        return {**self.description, "resumed": [*(before if isinstance(before, list) else []), how]}

    def keep_film(self) -> None:
        """Give the earlier time-lapse another name, so that the next does not take its place."""
        film = self.directory / session_files.VIDEO
        number = 1
        while film.with_stem(f"{film.stem}-{number}").exists():
            number += 1
        try:
            if film.exists():
                os.rename(film, film.with_stem(f"{film.stem}-{number}"))
        except OSError as error:
            raise InputError(f"argument resume: {film}: {error.strerror}, expected a writable directory") from error

    def forget_pause(self) -> None:
        """Begin as `paused` says: the pause with which a session was killed is not that of the next."""
        file = self.directory / session_files.TRAINING
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(f"argument resume: {file}: {error.strerror}, expected a writable directory") from error


def earlier_session(given: Arguments) -> EarlierSession:
    """Return the session in the directory `given.resume`. Raises InputError if there is none that can go on.

    What `given` has at its default is as it was.
    """
    directory = Path(given.resume).expanduser().absolute()
    file = directory / session_files.SESSION
    for needed in (file, directory / session_files.LABELS):
        if not needed.is_file():
            raise InputError(f"argument resume: {directory} holds no session: there is no {needed.name}")
    _check_ended(directory)
    _check_journal(directory / session_files.LABELS)
    description = _read(file)
    try:
        before = Arguments(**{**description["arguments"], "resume": given.resume})
        str(description["dataset"]["digest"])
    except (TypeError, KeyError) as error:
        raise InputError(f"file {file} is not of a session of this version: {error}") from error
    _check_types(before, file)
    news = {
        field.name: getattr(given, field.name)
        for field in dataclasses.fields(Arguments)
        if getattr(given, field.name) != field.default
    }
    for name in _FIXED:
        if name in news and news[name] != getattr(before, name):
            raise InputError(
                f"argument {name} is {news[name]!r}, but the session to resume has {getattr(before, name)!r}; "
                "expected it to be left out"
            )
    return EarlierSession(directory, checked(dataclasses.replace(before, **news)), description)


def _check_types(arguments: Arguments, file: Path) -> None:
    """Raise InputError, naming it, if an argument is of another type than its default."""
    for field in dataclasses.fields(Arguments):
        value, wanted = getattr(arguments, field.name), type(field.default)
        if type(value) is not wanted and (type(value), wanted) != (int, float):
            raise InputError(f"file {file}: argument {field.name} is {value!r:.60}, expected {_TYPES[wanted]}")


def _check_journal(file: Path) -> None:
    """Raise InputError if a journal is certainly none: it looks closer itself, but only once the session has begun."""
    if Path(f"{file}-wal").exists():
        return  # What is not in the file yet is there.
    try:
        with open(file, "rb") as opened:
            head, size = opened.read(_SQLITE_HEAD), os.fstat(opened.fileno()).st_size
    except OSError as error:
        raise InputError(f"file {file} cannot be read: {error.strerror}") from error
    if not size and not (file.parent / session_files.CHECKPOINTS).exists():
        return  # Of a session that was killed before it did anything.
    if len(head) < _SQLITE_HEAD or not head.startswith(_SQLITE):
        raise InputError(f"file {file} is no journal of labels, expected an SQLite file")
    page, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    whole = pages * (65536 if page == 1 else page)
    if size < whole:
        raise InputError(f"file {file} is cut off: it has {size:,} bytes, expected {whole:,}")


def _check_ended(directory: Path) -> None:
    """Raise InputError while a session runs in `directory`: its journal holds a lock."""
    lock = directory / f"{session_files.LABELS}.lock"
    try:
        with open(lock, "rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(f"argument resume: the session in {directory} still runs, expected one that ended") from error
    except OSError:
        return  # Without a lock there is nobody, and what cannot be read the journal will name.


def _read(file: Path) -> Any:
    try:
        with open(file, "rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
        found = json.loads(data) if len(data) <= _MOST_BYTES else None
    except OSError as error:
        raise InputError(f"file {file} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"file {file} is damaged: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"file {file} is damaged, expected the description of a session")
    return found
