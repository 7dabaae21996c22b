"""The check of promises finds what is broken."""

import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fault_runs.author import Entry, digest_of
from fault_runs.invariants import broken_promises

from label_journal.journal import Journal
from latentvr_common.labels import Kind, LabelEvent


@pytest.fixture
def session(tmp_path: Path) -> tuple[Path, dict[str, Entry]]:
    journal, acknowledged = Journal(tmp_path / "labels.db", 10, ["a", "b"]), {}
    for number in range(3):
        ids = np.array([number, 5], np.uint32)
        event = LabelEvent(str(uuid.uuid4()), Kind.ASSIGN, number % 2, ids, author="ann")
        acknowledged[event.event_id] = Entry(journal.submit(event, 0).event.seq, event.category, digest_of(ids))
    journal.close()
    return tmp_path, acknowledged


def test_where_all_is_well_nothing_is_found(session: tuple[Path, dict[str, Entry]]) -> None:
    directory, acknowledged = session
    assert broken_promises(directory, acknowledged, {name: entry.seq for name, entry in acknowledged.items()}) == []


def remove_newest(directory: Path) -> None:
    with sqlite3.connect(directory / "labels.db") as database:
        database.execute("DROP TRIGGER event_is_never_deleted")
        database.execute("DELETE FROM event WHERE seq = 3")


def alter(directory: Path) -> None:
    with sqlite3.connect(directory / "labels.db") as database:
        database.execute("DROP TRIGGER event_is_never_updated")
        database.execute("UPDATE event SET category = 1 WHERE seq = 1")


def damage(directory: Path) -> None:
    path = directory / "labels.db"
    content = bytearray(path.read_bytes())
    content[4096 : 4096 + 600] = bytes(600)
    path.write_bytes(content)


def spoil_bag(directory: Path) -> None:
    (directory / "bag").mkdir()
    (directory / "bag" / "bag_0.mcap").write_text("this is no bag")


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (remove_newest, "was acknowledged and is lost"),
        (alter, "is another one than was acknowledged"),
        (alter, "breaks the chain"),
        (damage, "the journal"),
        (lambda directory: (directory / "labels.db").unlink(), "there is no journal"),
        (lambda directory: (directory / "checkpoints" / "000001-000000010-abc").mkdir(parents=True), "can be used"),
        (spoil_bag, "the bag"),
    ],
)
def test_what_is_broken_is_found(
    session: tuple[Path, dict[str, Entry]], break_it: Callable[[Path], object], said: str
) -> None:
    directory, acknowledged = session
    break_it(directory)
    assert any(said in text for text in broken_promises(directory, acknowledged, {}))


def test_what_was_told_to_be_safe_is_looked_for_too(session: tuple[Path, dict[str, Entry]]) -> None:
    directory, _ = session
    assert broken_promises(directory, {}, {"nobody": 2}) == ["nobody was told to be entry 2, and is not"]
