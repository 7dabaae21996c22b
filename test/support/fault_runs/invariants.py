"""What must hold after every fault. One check for all of them."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fault_runs.author import Entry, digest_of
from label_journal import rows
from latent_trainer.checkpoints import Checkpoints, read_checkpoint
from latentvr_common.bags.layout import State, state_of
from latentvr_common.errors import InputError
from latentvr_common.labels import LabelEvent
from session_recorder.examining import examine
from session_recorder.repair import repair_bag


def broken_promises(directory: Path, acknowledged: Mapping[str, Entry], told: Mapping[str, int]) -> list[str]:
    """Return what does not hold in a session's `directory`, a sentence each.

    `acknowledged`: entries by name; `told`: of others only the place in the journal is known.
    """
    events, problems = _journal(directory / "labels.db")
    by_name = {event.event_id: event for event in events}
    problems += [text for name, entry in acknowledged.items() if (text := _lost(name, entry, by_name.get(name)))]
    problems += [
        f"{name} was told to be entry {seq}, and is not"
        for name, seq in told.items()
        if name not in by_name or by_name[name].seq != seq
    ]
    last = events[-1].seq if events else 0
    return [*problems, *_checkpoints(directory / "checkpoints", last), *_bag(directory / "bag")]


def _journal(path: Path) -> tuple[list[LabelEvent], list[str]]:
    if not path.exists():
        return [], ["there is no journal"]
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return _read(database)
    except sqlite3.DatabaseError as error:
        return [], [f"the journal cannot be read: {error}"]
    finally:
        database.close()


def _read(database: sqlite3.Connection) -> tuple[list[LabelEvent], list[str]]:
    problems = []
    state = database.execute("PRAGMA integrity_check").fetchone()[0]
    if state != "ok":
        problems.append(f"the journal is damaged: {state}")
    broken = rows.first_broken(database.execute(rows.READ_ALL))
    if broken is not None:
        problems.append(f"entry {broken} breaks the chain of hashes")
    events = [rows.event_of(row) for row in database.execute(rows.READ_ALL)]
    if len({event.event_id for event in events}) != len(events):
        problems.append("an entry is there twice")
    return events, problems


def _lost(name: str, entry: Entry, found: LabelEvent | None) -> str:
    if found is None:
        return f"entry {entry.seq} ({name}) was acknowledged and is lost"
    if (found.seq, found.category, digest_of(found.sample_ids)) != (entry.seq, entry.category, entry.items):
        return f"entry {entry.seq} ({name}) is another one than was acknowledged"
    return ""


def _checkpoints(directory: Path, last_seq: int) -> list[str]:
    places = list(Checkpoints(directory).newest_first())
    for place in places:
        try:
            checkpoint = read_checkpoint(place)
        except InputError:
            continue
        manifest = json.loads((place / "manifest.json").read_text())
        problems = []
        if manifest["label_seq"] > last_seq:
            problems.append(f"{place.name} knows entry {manifest['label_seq']}, the journal ends with {last_seq}")
        if not all(bool(np.isfinite(t.numpy()).all()) for t in checkpoint.tensors.values() if t.is_floating_point()):
            problems.append(f"{place.name} has numbers that are not finite")
        return problems
    return [f"none of {len(places)} checkpoints can be used"] if places else []


def _bag(bag: Path) -> list[str]:
    if not bag.is_dir():
        return []
    state = state_of(bag)
    try:
        if state is State.UNFINISHED:
            repair_bag(bag)
        elif state is not State.FINISHED:
            return [f"the bag is {state.value}"] if any(bag.iterdir()) else []
        found = examine(bag)
    except InputError as error:
        return [f"the bag does not open: {error}"]
    cut = [f"{name}: {wrong}" for name, _, wrong in found.files if not wrong.startswith("whole")]
    labels = found.topics.get("/latentvr/labels")
    if labels is not None and labels.missing_labels:
        cut.append(f"the bag lacks {labels.missing_labels} labels in between")
    return cut
