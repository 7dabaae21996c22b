"""Make a journal of its second copy: `python -m label_journal.restore <copy> <new labels.db>`."""

import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from label_journal import rows
from label_journal.schema import open_file
from label_journal.second_copy import CATEGORY, ENTRY, FORMAT, lines_of, row_of_line, rows_of
from latentvr_common.errors import EXIT_INPUT_ERROR, InputError
from latentvr_common.voices import NEWEST

_USAGE = "usage: python -m label_journal.restore <copy> <new labels.db>"


def restore(copy: Path, path: Path) -> tuple[int, int]:
    """Make the journal `path`, new, of a copy; return its entries and changes of categories. Raises InputError."""
    if path.exists():
        raise InputError(f"{path} exists already, expected the name of a new file")
    try:
        with copy.open("rb") as file:
            lines = [line for _, line in lines_of(file, copy)]
    except OSError as error:
        raise InputError(f"{copy} cannot be read: {error.strerror}") from error
    if not lines or len(lines[0]) != 2 or lines[0][0] != FORMAT or not isinstance(lines[0][1], int):
        raise InputError(f"{copy}: no copy of labels of latentvr")
    entries, changes = rows_of(lines, ENTRY), rows_of(lines, CATEGORY)
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        _fill(partial, int(lines[0][1]), entries, changes)
    except (sqlite3.Error, ValueError, TypeError) as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"{copy}: {error}, expected a copy of labels as it was written") from error
    partial.rename(path)
    return len(entries), len(changes)


def _fill(path: Path, item_count: int, entries: Sequence[list[Any]], changes: Sequence[list[Any]]) -> None:
    journal = open_file(path, item_count, NEWEST)
    try:
        journal.execute("BEGIN IMMEDIATE")
        journal.executemany(rows.ADD, [row_of_line(line) for line in entries])
        journal.executemany("INSERT INTO category_change VALUES (?, ?, ?, ?, ?, ?)", [line[1:] for line in changes])
        journal.execute("COMMIT")
        broken = rows.first_broken(journal.execute(rows.READ_ALL))
        if broken is not None:
            raise ValueError(f"entry {broken} was altered")
    finally:
        # The last one to close a journal moves its log into the file.
        journal.close()


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    words = sys.argv[1:] if words is None else words
    if len(words) != 2:
        sys.stderr.write(f"{_USAGE}\n")
        return EXIT_INPUT_ERROR
    try:
        entries, changes = restore(Path(words[0]), Path(words[1]))
    except InputError as error:
        sys.stderr.write(f"error: {error}\n")
        return EXIT_INPUT_ERROR
    sys.stdout.write(f"{words[1]}: {entries:,} entries, {changes:,} changes of categories\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
