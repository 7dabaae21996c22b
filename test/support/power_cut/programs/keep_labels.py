"""Keeps a journal in `argv[1]` and tells of every entry once it is acknowledged; `argv[2]`: how many, `argv[3]`: how.

"careless" leaves out the sync at every commit, as SQLite's `synchronous = NORMAL` does: the loss is to be found.
"""

import os
import sys
import uuid
from pathlib import Path

import numpy as np
from power_cut.checks import ACKNOWLEDGED, ITEMS, JOURNAL, NAMES, category_line, entry_line

from label_journal import journal as journals
from label_journal import schema
from label_journal.journal import Journal
from latentvr_common.labels import Kind, LabelEvent

SEED = 7
_SHORT_LOG = 40_000
"""Bytes: moved into the file often."""


def main() -> None:
    root, count, how = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if how == "careless":
        _be_careless()
    journals._LONG_LOG = _SHORT_LOG
    chance = np.random.default_rng(SEED)
    journal = Journal(root / JOURNAL, ITEMS, NAMES)
    acknowledgements = os.open(root / ACKNOWLEDGED, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def acknowledge(line: str) -> None:
        os.write(acknowledgements, f"{line}\n".encode())

    for number in range(count):
        if number == count // 2:
            journal.close()
            journal = Journal(root / JOURNAL, ITEMS, NAMES)
        if number % 10 == 5:
            receipt = journal.step_history("ann", str(uuid.uuid4()), redo=False, now_ns=number)
        elif number % 10 == 7:
            acknowledge(category_line(journal.add_category(f"new {number}", None, number)))
            continue
        else:
            receipt = journal.submit(_mark(chance, number), number)
        acknowledge(entry_line(receipt.event))
        if number % 4 == 0:
            journal.tidy()


def _mark(chance: np.random.Generator, number: int) -> LabelEvent:
    """Return a mark of 20 items, or now and then of half of all: entries are within a page of the file and beyond."""
    count = ITEMS // 2 if number % 9 == 0 else 20
    ids = np.sort(chance.choice(ITEMS, count, replace=False)).astype(np.uint32)
    return LabelEvent(str(uuid.uuid4()), Kind.ASSIGN, number % len(NAMES), ids, author="ann")


def _be_careless() -> None:
    durable = schema._make_durable

    def careless(connection: object) -> None:
        durable(connection)  # type: ignore[arg-type]
        connection.execute("PRAGMA synchronous = NORMAL")  # type: ignore[attr-defined]

    schema._make_durable = careless


if __name__ == "__main__":
    main()
