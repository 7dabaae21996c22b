"""A journal with more entries than the topic `labels` holds for who comes late."""

import uuid
from pathlib import Path

import numpy as np

from label_journal.journal import Journal
from latentvr_common.labels import Kind, LabelEvent

CATEGORIES = ["ant", "bee", "cat"]


def write_journal(path: Path, entries: int, item_count: int) -> None:
    """Write so many marks by hand: each gives the next item, again from the first, the next category."""
    journal = Journal(path, item_count, CATEGORIES, "newest")
    # Nothing of it has to outlive the machine: to wait for the disk 1,500 times takes ten seconds.
    journal._file.execute("PRAGMA synchronous = OFF")
    for i in range(entries):
        ids = np.array([i % item_count], np.uint32)
        event = LabelEvent(
            str(uuid.UUID(int=i + 1)), Kind.ASSIGN, i % len(CATEGORIES), ids, author="ann", gesture="pinch_brush"
        )
        journal.submit(event, i + 1)
    journal.close()
