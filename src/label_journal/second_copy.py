"""A second copy of a journal in another place, such as on another disk: one line of JSON for each row. No ROS.

It follows the journal within moments, and never keeps it from taking entries: where the copy cannot be written that is
said, and tried again. `python -m label_journal.restore` makes a journal of a copy.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import IO, Any

from label_journal.journal import Journal
from latentvr_common.durable import make_directory, sync_directory
from latentvr_common.errors import InputError

FORMAT = "labels of latentvr, 1"
ENTRY, CATEGORY = "entry", "category"
_MOST_LINE = 64 << 20
"""Bytes; a mark of a million items has about seven million."""


class SecondCopy:
    """Appends to the copy what is new in a journal. Not safe for use by several threads at once."""

    def __init__(self, path: Path, journal: Journal) -> None:
        """Open or make the copy of `journal`. Raises InputError where `path` is something else."""
        self._path = path
        self._journal = journal
        self._file: FileIO | None = None
        self._seq = self._revision = 0
        self.fault = ""
        """Why the copy is behind; empty: it is not."""
        with self._noting_faults():
            self._open()
        self.follow()

    @contextmanager
    def _noting_faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.fault = f"the copy of the labels {self._path} cannot be written: {error.strerror}"
        else:
            self.fault = ""

    def _open(self) -> FileIO:
        """Return the copy; of one that is there, how far it goes is found out."""
        if self._file is None:
            make_directory(self._path.parent)
            # Without a buffer: what a failed write leaves in one would be written with the next.
            file = self._path.open("ab", buffering=0)
            whole = self._find_out_how_far()
            file.truncate(whole)
            if whole == 0:
                _append(file, [[FORMAT, self._journal.item_count]])
                sync_directory(self._path.parent)
            self._file = file
        return self._file

    def _find_out_how_far(self) -> int:
        """Read the copy; return where its last whole line ends."""
        whole, last_hash = 0, ""
        with self._path.open("rb") as file:
            lines = list(lines_of(file, self._path))
        for end, line in lines:
            if whole == 0 and line != [FORMAT, self._journal.item_count]:
                raise InputError(f"{self._path} is no copy of this journal; it was left as it is")
            if line[0] == ENTRY:
                self._seq, last_hash = int(line[1]), str(line[-1])
            elif line[0] == CATEGORY:
                self._revision = int(line[1])
            whole = end
        if self._seq > self._journal.last_seq or last_hash != self._hash_of(self._seq):
            raise InputError(
                f"{self._path} is the copy of another journal, or has more entries than this one; both were left as "
                f"they are"
            )
        return whole

    def _hash_of(self, seq: int) -> str:
        return next((row[-1].hex() for row in self._journal.rows_after(seq - 1, 1)), "") if seq else ""

    def follow(self) -> None:
        """Append what is new, and wait until it is on the disk. What is wrong stands in `fault`."""
        with self._noting_faults():
            file = self._open()
            new = [_entry_line(row) for row in self._journal.rows_after(self._seq)]
            changes = [[CATEGORY, *row] for row in self._journal.category_rows_after(self._revision)]
            # A category before the entries that have it.
            _append(file, [*changes, *new])
            self._seq = int(new[-1][1]) if new else self._seq
            self._revision = int(changes[-1][1]) if changes else self._revision

    def follow_instead(self, journal: Journal) -> None:
        """Follow the same journal, opened anew."""
        self._journal = journal
        self.follow()

    def close(self) -> None:
        """Append what is new, and close."""
        self.follow()
        if self._file is not None:
            self._file.close()


def _append(file: FileIO, lines: list[list[Any]]) -> None:
    """Write lines, all of them or none."""
    if not lines:
        return
    end = file.seek(0, os.SEEK_END)
    rest = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)
    try:
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError:
        os.ftruncate(file.fileno(), end)
        raise


def _entry_line(row: tuple[Any, ...]) -> list[Any]:
    return [ENTRY, *row[:-2], row[-2].hex(), row[-1].hex()]


def row_of_line(line: list[Any]) -> tuple[Any, ...]:
    """Return the row of an entry's line. Raises ValueError."""
    return (*line[1:-2], bytes.fromhex(line[-2]), bytes.fromhex(line[-1]))


def lines_of(file: IO[bytes], path: Path) -> Iterator[tuple[int, list[Any]]]:
    """Yield where each whole line ends, and what it says. Raises InputError for one that says nothing."""
    end = 0
    for number, line in enumerate(iter(lambda: file.readline(_MOST_LINE), b""), start=1):
        if not line.endswith(b"\n"):
            return
        try:
            said = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: line {number} is damaged: {error}; the file was left as it is") from error
        if not isinstance(said, list) or not said or (number > 1 and said[0] not in (ENTRY, CATEGORY)):
            raise InputError(f"{path}: line {number} is no line of a copy of labels; the file was left as it is")
        end += len(line)
        yield end, said


def rows_of(lines: Iterable[list[Any]], kind: str) -> list[list[Any]]:
    """Return the lines of one kind."""
    return [line for line in lines if line[0] == kind]
