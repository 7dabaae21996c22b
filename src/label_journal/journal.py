"""The journal: the only owner of labels and categories. No ROS.

An entry that `submit` returned is on disk. After a failed write nothing more is accepted, while reading goes on.
Not safe for use by several threads at once.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from errno import EIO
from pathlib import Path
from typing import IO, Any

import numpy as np

from label_journal import rows
from label_journal.history import redo_target, undo_target
from label_journal.rules import (
    LONGEST_NAME,
    RejectedError,
    check_author,
    check_event,
    check_event_id,
    checked_color,
    checked_name,
)
from label_journal.schema import move_log_into_file, open_file
from latentvr_common.colors import category_color
from latentvr_common.errors import InputError
from latentvr_common.fault_points import reach
from latentvr_common.holding import hold_in_directory
from latentvr_common.labels import CATEGORY_CAPACITY, MERGE, Category, Kind, LabelBook, LabelEvent
from latentvr_common.voices import NEWEST

_LONG_LOG = 2 << 20
"""Bytes of the write-ahead log, about, that are worth moving to the file."""
_ROW_BYTES = 4 * 4096
"""What a small entry adds to the log, about: the pages of the table and of its indices."""
Write = tuple[str, tuple[Any, ...]]
"""A statement that adds a row, and the row."""


class WriteFailedError(Exception):
    """The disk did not take an entry; nothing is acknowledged until the journal is opened anew."""


@dataclass(frozen=True)
class Receipt:
    """The acknowledgement of an entry."""

    event: LabelEvent
    duplicate: bool


@dataclass(frozen=True)
class CategoryReceipt:
    """The acknowledgement of a change of categories."""

    id: int
    """The category; of a merge that into which the other went."""
    seq: int = 0
    """The entry that was made with it, 0: none."""
    duplicate: bool = False


class Journal:
    """One journal file, held by this process alone."""

    def __init__(
        self,
        path: Path,
        item_count: int,
        names: Sequence[str],
        wins: str = NEWEST,
        *,
        held: IO[str] | None = None,
    ) -> None:
        """Open or make the journal; `names`: the first categories of a new one. Raises InputError.

        `wins`: whose marks hold where authors disagree, NEWEST or an author. `held`: its lock, where this process has
        it already.
        """
        if not 1 <= len(wins) <= LONGEST_NAME:
            raise InputError(f"wins has {len(wins)} characters, expected {NEWEST} or an author, 1 to {LONGEST_NAME}")
        self._path = path
        self._lock = held or hold_in_directory(path.with_name(path.name + ".lock"), f"journal {path}")
        self._file = open_file(path, item_count, wins)
        self.wins = wins
        """Whose marks hold where authors disagree."""
        self.item_count = item_count
        self._failure = ""
        self._log_bytes = 0
        self._book = LabelBook(item_count)
        self._hash = rows.NO_HASH
        self._categories: dict[int, Category] = {}
        self.revision = 0
        self._requests: dict[str, tuple[str, CategoryReceipt]] = {}
        """By name: what was asked for, and the answer."""
        self._request: tuple[str, str] | None = None
        """Name and content of the one that is being answered."""
        self._read(path)
        if not self._categories:
            for name in names:
                self.add_category(name, None, 0)

    def _read(self, path: Path) -> None:
        broken = rows.first_broken(self._file.execute(rows.READ_ALL))
        if broken is not None:
            raise InputError(f"journal {path}: entry {broken} was altered; the file was left as it is")
        for row in self._file.execute(rows.READ_ALL):
            self._book.add(rows.event_of(row))
            self._hash = row[-1]
        changes = "SELECT revision, id, name, color, retired FROM category_change ORDER BY revision"
        for revision, *category in self._file.execute(changes):
            self._keep(revision, Category(category[0], category[1], category[2], bool(category[3])))
        for name, asked, category_id, seq in self._file.execute(
            "SELECT event_id, asked, id, seq FROM category_request"
        ):
            self._requests[name] = asked, CategoryReceipt(category_id, seq)

    @property
    def last_seq(self) -> int:
        """The newest entry; 0: none."""
        return self._book.applied_seq

    @property
    def conflict_count(self) -> int:
        """On how many items authors disagree."""
        return len(self._book.conflicts)

    @property
    def failure(self) -> str:
        """Why nothing is accepted any more; empty while all is well."""
        return self._failure

    @property
    def categories(self) -> list[Category]:
        """All categories, the retired ones too, in rising order of id."""
        return [self._categories[i] for i in sorted(self._categories)]

    def events_after(self, seq: int, limit: int) -> list[LabelEvent]:
        """Return at most `limit` entries with a greater seq, in order."""
        return self._book.events(after=seq, limit=limit)

    def rows_after(self, seq: int, limit: int = -1) -> list[rows.Row]:
        """Return the rows of entries with a greater seq, in order; at most `limit`, -1: all. Raises OSError."""
        return self._rows(rows.READ_AFTER, (seq, limit))

    def category_rows_after(self, revision: int) -> list[tuple[Any, ...]]:
        """Return the rows of later changes of categories, in order. Raises OSError."""
        return self._rows("SELECT * FROM category_change WHERE revision > ? ORDER BY revision", (revision,))

    def _rows(self, statement: str, values: tuple[int, ...]) -> list[Any]:
        try:
            return self._file.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise OSError(EIO, f"the journal cannot be read: {error}") from error

    def submit(self, event: LabelEvent, now_ns: int) -> Receipt:
        """Commit an entry, or find it committed before; when this returns it is on disk.

        Raises RejectedError for an entry that may not enter, WriteFailedError if the disk does not take it.
        """
        known = self._book.find(event.event_id)
        if known is not None:
            if not rows.same_content(known, event):
                raise RejectedError(f"event_id {event.event_id} is entry {known.seq}, which says something else")
            return Receipt(known, duplicate=True)
        check_event(event, self._book, self._categories, self.item_count)
        placed, write = self._next(event, now_ns)
        self._write(write)
        self._take_in(placed, write)
        return Receipt(placed, duplicate=False)

    def _next(self, event: LabelEvent, now_ns: int) -> tuple[LabelEvent, Write]:
        placed = event.with_seq(self.last_seq + 1, now_ns)
        return placed, (rows.ADD, rows.row_of(placed, self._hash))

    def _take_in(self, placed: LabelEvent, written: Write) -> None:
        self._book.add(placed)
        self._hash = written[1][-1]

    def step_history(self, author: str, event_id: str, *, redo: bool, now_ns: int) -> Receipt:
        """Undo or redo the newest mark of `author` by an entry named `event_id`; return that entry.

        The same name again is the same step.

        Raises RejectedError if there is nothing to undo or redo, and what `submit` raises.
        """
        known = self._book.find(event_id)
        if known is not None:
            if known.author != author or known.kind is not (Kind.RESTORE if redo else Kind.RETRACT):
                raise RejectedError(f"event_id {event_id} is entry {known.seq}, which says something else")
            return Receipt(known, duplicate=True)
        find, kind = (redo_target, Kind.RESTORE) if redo else (undo_target, Kind.RETRACT)
        target = find(self._book.events(), author)
        if target is None:
            raise RejectedError(f"nothing to {'redo' if redo else 'undo'} for author {author!r}")
        return self.submit(LabelEvent(event_id, kind, target_seq=target, author=author), now_ns)

    def once(self, name: str, asked: str, change: Callable[[], CategoryReceipt]) -> CategoryReceipt:
        """Do `change`, one of the changes of categories, by the name `name`; return its receipt, also when asked again.

        The name is kept together with the change, both or neither. `asked`: what the change is, to tell it from others.
        An empty name is none. Raises RejectedError, and what `change` raises.
        """
        if not name:
            return change()
        known, receipt = self._requests.get(name, (asked, None))
        if known != asked or (receipt is None and self._book.find(name) is not None):
            raise RejectedError(f"event_id {name} names something else, expected a new name")
        if receipt is not None:
            return replace(receipt, duplicate=True)
        check_event_id(name)
        self._request = name, asked
        try:
            return change()
        finally:
            self._request = None

    def add_category(self, name: str, color: int | None, now_ns: int) -> Category:
        """Add a category; `color` None: the next of the default colours. Raises RejectedError, WriteFailedError."""
        new_id = max(self._categories, default=-1) + 1
        if new_id >= CATEGORY_CAPACITY:
            raise RejectedError(f"there are {new_id} categories, retired ones included, which is the most there can be")
        chosen = category_color(new_id) if color is None else checked_color(color)
        return self._change(Category(new_id, checked_name(name, new_id, self._categories), chosen), now_ns)

    def rename_category(self, category_id: int, name: str, now_ns: int) -> Category:
        """Give a category another name. Raises RejectedError, WriteFailedError."""
        old = self._existing(category_id)
        return self._change(replace(old, name=checked_name(name, category_id, self._categories)), now_ns)

    def recolor_category(self, category_id: int, color: int, now_ns: int) -> Category:
        """Give a category another colour. Raises RejectedError, WriteFailedError."""
        return self._change(replace(self._existing(category_id), color=checked_color(color)), now_ns)

    def retire_category(self, category_id: int, now_ns: int) -> Category:
        """Offer a category no longer. Raises RejectedError, WriteFailedError."""
        return self._change(replace(self._existing(category_id), retired=True), now_ns)

    def restore_category(self, category_id: int, name: str, now_ns: int) -> Category:
        """Offer a retired category again, as `name` if that is not empty. Raises RejectedError, WriteFailedError."""
        old = self._categories.get(category_id)
        if old is None or not old.retired:
            raise RejectedError(f"category id is {category_id}, expected that of a retired category")
        name = checked_name(name or old.name, category_id, self._categories)
        return self._change(replace(old, name=name, retired=False), now_ns)

    def merge_category(
        self, category_id: int, into: int, author: str, event_id: str, now_ns: int
    ) -> tuple[Category, LabelEvent | None]:
        """Make all items of a category items of `into`, by an entry of `author`, and retire it: both or neither.

        Returns `into` and the entry; None where the category had no items. Raises RejectedError, WriteFailedError.
        """
        old, new = self._existing(category_id), self._existing(into, "into")
        if old is new:
            raise RejectedError(f"into is {into}, expected another category than the one that is merged")
        check_author(author)
        retired = replace(old, retired=True)
        ids = np.flatnonzero(self._book.labels == category_id).astype(np.uint32)
        if not len(ids):
            self._change(retired, now_ns, receipt=CategoryReceipt(into))
            return new, None
        entry = LabelEvent(event_id, Kind.ASSIGN, into, ids, author=author, gesture=MERGE)
        placed, write = self._next(entry, now_ns)
        self._change(retired, now_ns, write, receipt=CategoryReceipt(into, placed.seq))
        self._take_in(placed, write)
        return new, placed

    def tidy(self) -> None:
        """Do what need not be done while somebody waits for an entry: move a long log into the file.

        Raises WriteFailedError.
        """
        if self._failure or self._log_bytes < _LONG_LOG:
            return
        self._log_bytes = 0
        try:
            reach("journal.tidy")
            move_log_into_file(self._file)
        except (sqlite3.Error, OSError) as error:
            self._failure = f"the journal could not write: {error}"
            raise WriteFailedError(self._failure) from error

    def opened_anew(self) -> "Journal":
        """Return the journal with all that is on the disk, to be used instead of this one, which had a failure.

        Raises InputError where it cannot be opened, or lacks what was acknowledged; this one can then still be read.
        """
        with suppress(sqlite3.Error):
            self._file.close()
        found = Journal(self._path, self.item_count, (), self.wins, held=self._lock)
        known = [(e.seq, e.event_id) for e in self._book.events()]
        if [(e.seq, e.event_id) for e in found.events_after(0, len(known))] != known:
            found._file.close()
            raise InputError(f"journal {self._path}: entries that were acknowledged are not there")
        return found

    def close(self) -> None:
        """Close the file and let others open it."""
        self._file.close()
        self._lock.close()

    def _existing(self, category_id: int, field: str = "category id") -> Category:
        category = self._categories.get(category_id)
        if category is None or category.retired:
            raise RejectedError(f"{field} is {category_id}, expected that of a category that is not retired")
        return category

    def _change(
        self, category: Category, now_ns: int, *with_it: Write, receipt: CategoryReceipt | None = None
    ) -> Category:
        receipt = receipt or CategoryReceipt(category.id)
        row = (self.revision + 1, category.id, category.name, category.color, int(category.retired), now_ns)
        writes: list[Write] = [*with_it, ("INSERT INTO category_change VALUES (?, ?, ?, ?, ?, ?)", row)]
        if self._request is not None:
            writes.append(
                ("INSERT INTO category_request VALUES (?, ?, ?, ?)", (*self._request, receipt.id, receipt.seq))
            )
        self._write(*writes)
        if self._request is not None:
            self._requests[self._request[0]] = self._request[1], receipt
        self._keep(self.revision + 1, category)
        return category

    def _keep(self, revision: int, category: Category) -> None:
        self.revision = revision
        self._categories[category.id] = category
        self._book.judge_by(self._categories.values(), self.wins)

    def _write(self, *rows_to_add: Write) -> None:
        """Add rows to the file: all of them, or none."""
        if self._failure:
            raise WriteFailedError(self._failure)
        try:
            reach("journal.commit")
            self._file.execute("BEGIN IMMEDIATE")
            for statement, row in rows_to_add:
                self._file.execute(statement, row)
            self._file.execute("COMMIT")
            reach("journal.committed")
            self._log_bytes += sum(_ROW_BYTES + _length(row) for _, row in rows_to_add)
        except (OverflowError, ValueError) as error:
            # The file is as it was: this is about what was to be written.
            self._file.execute("ROLLBACK")
            raise RejectedError(f"cannot be stored: {error}") from error
        except Exception as error:
            # Whether it reached the disk is unknown; only opening the file anew can tell.
            self._failure = f"the journal could not write: {error}"
            with suppress(sqlite3.Error):
                self._file.execute("ROLLBACK")
            raise WriteFailedError(self._failure) from error


def _length(row: tuple[Any, ...]) -> int:
    """Return about how many bytes the long values of a row take."""
    return sum(len(value) for value in row if isinstance(value, str | bytes))
