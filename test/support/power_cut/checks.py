"""What is acknowledged, in lines, and whether what is left after a cut still holds it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from label_journal.journal import Journal
from latent_trainer.checkpoints import Checkpoints, read_checkpoint
from latentvr_common.errors import InputError
from latentvr_common.labels import Category, LabelEvent

ACKNOWLEDGED = "acknowledged"
JOURNAL = "labels.db"
CHECKPOINTS = "checkpoints"
ITEMS = 4000
NAMES = ["cat", "dog", "bird"]


def entry_line(event: LabelEvent) -> str:
    """Return an entry of the journal as a line."""
    content = hashlib.sha256(event.sample_ids.tobytes()).hexdigest()
    return f"entry {event.seq} {event.event_id} {event.kind.name} {event.category} {event.target_seq} {content}"


def category_line(category: Category) -> str:
    """Return a category as a line."""
    return f"category {category.id} {category.color} {category.name}"


def lost_labels(directory: Path, acknowledged: Sequence[str]) -> str:
    """Open the journal below `directory`; return what is lost of what was acknowledged, or wrong; empty: nothing."""
    try:
        journal = Journal(directory / JOURNAL, ITEMS, NAMES)
    except InputError as error:
        return f"does not open: {error}" if acknowledged else ""
    try:
        events = journal.events_after(0, 1_000_000)
        found = [entry_line(event) for event in events] + [category_line(c) for c in journal.categories]
        lost = set(acknowledged) - set(found)
        if lost:
            return f"{len(lost)} lost, such as {min(lost)}"
        return "" if [e.seq for e in events] == list(range(1, len(events) + 1)) else "entries are missing in between"
    finally:
        journal.close()


def lost_checkpoints(directory: Path, acknowledged: Sequence[str]) -> str:
    """Look for the newest checkpoint below `directory` that can be used; return what is wrong with it, or nothing."""
    expected = max(map(int, acknowledged), default=0)
    for place in Checkpoints(directory / CHECKPOINTS).newest_first():
        try:
            checkpoint = read_checkpoint(place)
        except InputError:
            continue
        number = checkpoint.place.number
        if float(checkpoint.tensors["bias"][0]) != number or checkpoint.counts.steps != 10 * number:
            return f"{place.name} is not what was written"
        return "" if number >= expected else f"the newest is {number}, {expected} was written"
    return f"there is none, {expected} was written" if expected else ""
