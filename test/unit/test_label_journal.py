"""The journal: what it acknowledged is there, and nothing else gets in."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing, suppress
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from label_journal import rows
from label_journal.journal import CategoryReceipt, Journal, WriteFailedError
from label_journal.rules import RejectedError
from latentvr_common.cloud import NONE
from latentvr_common.errors import InputError
from latentvr_common.labels import CATEGORY_CAPACITY, Kind, LabelBook, LabelEvent, Region, box, flood, spheres
from latentvr_common.voices import NEWEST

ITEMS = 30
NAMES = ("cat", "dog", "eel")


def open_journal(path: Path, items: int = ITEMS, wins: str = NEWEST) -> Journal:
    return Journal(path, items, NAMES, wins)


def assign(category: int, ids: list[int], author: str = "ann", **more: object) -> LabelEvent:
    return replace(
        LabelEvent(str(uuid.uuid4()), Kind.ASSIGN, category, np.array(ids, dtype=np.uint32), author=author), **more
    )


def labels_of(journal: Journal) -> list[int]:
    book = LabelBook(ITEMS)
    book.add_all(journal.events_after(0, 10_000))
    book.judge_by(journal.categories, journal.wins)
    return book.labels.tolist()


def test_a_committed_entry_is_there_with_all_its_content_after_opening_anew(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    region = spheres(np.array([[0.1, -0.2, 0.3]]), np.array([0.123], dtype=np.float32))
    event = assign(1, [2, 3, 5], cloud_stamp_ns=123_456_789_012, epoch=7, region=region, gesture="pinch_brush")
    receipt = journal.submit(event, 99)
    journal.close()
    back = open_journal(tmp_path / "labels.db").events_after(0, 10)[0]
    assert (receipt.event.seq, receipt.duplicate) == (1, False)
    assert (back.seq, back.committed_ns, back.event_id, back.kind) == (1, 99, event.event_id, Kind.ASSIGN)
    assert (back.cloud_stamp_ns, back.epoch, back.gesture, back.author) == (123_456_789_012, 7, "pinch_brush", "ann")
    assert back.sample_ids.tolist() == [2, 3, 5]
    np.testing.assert_array_equal(back.region.centers, region.centers)
    np.testing.assert_array_equal(back.region.radii, region.radii)


@settings(max_examples=30)
@given(st.sets(st.integers(0, 2**32 - 1), max_size=20), st.integers(0, 2**32 - 5000), st.integers(0, 5000))
def test_items_are_written_as_json_writes_them_however_many(some: set[int], first: int, count: int) -> None:
    ids = np.unique(np.array([*some, *range(first, first + count), *range(0, count, 7)], dtype=np.uint32))
    assert rows.ids_text(ids) == json.dumps(ids.tolist(), separators=(",", ":"))


def test_a_mark_of_most_of_a_million_items_is_there_after_opening_anew(tmp_path: Path) -> None:
    path, count = tmp_path / "labels.db", 1_000_000
    ids = np.flatnonzero(np.random.default_rng(0).random(count) < 0.6).astype(np.uint32)
    event = replace(assign(1, []), sample_ids=ids)
    with closing(open_journal(path, count)) as journal:
        journal.submit(event, 0)
        assert journal.submit(event, 0).duplicate
        with pytest.raises(RejectedError, match="which says something else"):
            journal.submit(replace(event, sample_ids=ids[1:]), 0)
    with closing(open_journal(path, count)) as journal:
        (back,) = journal.events_after(0, 10)
        np.testing.assert_array_equal(back.sample_ids, ids)


def entries_without_log(path: Path) -> int:
    """Return how many entries are in the file itself; what is in its log is left out."""
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    with closing(sqlite3.connect(copy)) as connection:
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return 0
        return int(connection.execute("SELECT count(*) FROM event").fetchone()[0])


def test_a_long_log_is_moved_into_the_file_by_tidying_and_not_while_an_entry_waits(tmp_path: Path) -> None:
    path, count = tmp_path / "labels.db", 200_000
    everything = np.arange(count, dtype=np.uint32)
    with closing(open_journal(path, count)) as journal:
        journal.submit(assign(0, [1]), 0)
        journal.tidy()
        assert entries_without_log(path) == 0
        for _ in range(5):
            journal.submit(replace(assign(0, []), sample_ids=everything), 0)
        assert entries_without_log(path) == 0
        journal.tidy()
        assert entries_without_log(path) == 6


def test_a_log_that_cannot_be_moved_ends_the_taking_of_entries(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path / "labels.db", 200_000)) as journal:
        for _ in range(2):
            journal.submit(replace(assign(0, []), sample_ids=np.arange(200_000, dtype=np.uint32)), 0)
        healthy = journal._file
        journal._file = FailingDisk(healthy, refuses="PRAGMA wal_checkpoint")  # type: ignore[assignment]
        with pytest.raises(WriteFailedError, match="disk is full"):
            journal.tidy()
        journal._file = healthy
        assert "disk is full" in journal.failure
        with pytest.raises(WriteFailedError, match="disk is full"):
            journal.submit(assign(0, [1]), 0)


def test_the_same_entry_again_gives_the_same_seq_also_after_opening_anew(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    event = assign(0, [1])
    assert [journal.submit(event, 0).event.seq, journal.submit(event, 5).event.seq] == [1, 1]
    journal.close()
    again = open_journal(tmp_path / "labels.db").submit(event, 9)
    assert (again.event.seq, again.duplicate, again.event.committed_ns) == (1, True, 0)


def test_the_same_name_with_other_content_is_rejected(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    event = assign(0, [1])
    journal.submit(event, 0)
    with pytest.raises(RejectedError, match="entry 1, which says something else"):
        journal.submit(replace(event, category=1), 0)
    assert journal.last_seq == 1


BAD = {
    "a name that is no UUID": ({"event_id": "mark 1"}, "event_id is 'mark 1', expected a UUID"),
    "an epoch that SQLite cannot hold": ({"epoch": 2**63}, "epoch is 9223372036854775808, expected 0 to"),
    "no author": ({"author": ""}, "author has 0 characters"),
    "a long gesture": ({"gesture": "g" * 101}, "gesture has 101 characters"),
    "an unknown category": ({"category": 3}, r"category is 3, expected one of \[0, 1, 2\]"),
    "no category": ({"category": NONE}, "category is -1"),
    "no samples": ({"sample_ids": np.array([], np.uint32)}, "sample_ids is empty"),
    "falling samples": ({"sample_ids": np.array([4, 2], np.uint32)}, "not in rising order"),
    "a sample twice": ({"sample_ids": np.array([4, 4], np.uint32)}, "not in rising order"),
    "a sample too far": ({"sample_ids": np.array([ITEMS], np.uint32)}, f"up to {ITEMS}, expected less than {ITEMS}"),
    "a target": ({"target_seq": 1}, "target_seq is 1, expected 0"),
    "an erase with category": ({"kind": Kind.ERASE}, "category is 1, expected -1 for ERASE"),
    "a retract with samples": ({"kind": Kind.RETRACT}, "expected category -1 and none"),
    "a retract of nothing": (
        {"kind": Kind.RETRACT, "category": NONE, "sample_ids": np.array([], np.uint32), "target_seq": 9},
        "target_seq is 9, expected an in-force",
    ),
    "a restore of what holds": (
        {"kind": Kind.RESTORE, "category": NONE, "sample_ids": np.array([], np.uint32), "target_seq": 1},
        "target_seq is 1, expected a retracted",
    ),
    "too many spheres": (
        {"region": spheres(np.zeros((10_001, 3)), np.ones(10_001, np.float32))},
        "region has 10001 spheres",
    ),
}


@pytest.mark.parametrize(("change", "said"), BAD.values(), ids=BAD.keys())
def test_a_bad_entry_is_rejected_and_changes_nothing(tmp_path: Path, change: dict[str, object], said: str) -> None:
    journal = open_journal(tmp_path / "labels.db")
    journal.submit(assign(0, [1]), 0)
    with pytest.raises(RejectedError, match=said):
        journal.submit(replace(assign(1, [2]), **change), 0)
    assert journal.last_seq == 1
    assert journal.submit(assign(1, [2]), 0).event.seq == 2


def test_a_step_asked_for_again_is_the_same_step(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    for ids in ([1], [2]):
        journal.submit(assign(0, ids, "ann"), 0)
    name = str(uuid.uuid4())
    first = journal.step_history("ann", name, redo=False, now_ns=0)
    again = journal.step_history("ann", name, redo=False, now_ns=0)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.event == again.event
    assert journal.last_seq == 3
    for author, redo in (("bob", False), ("ann", True)):
        with pytest.raises(RejectedError, match="says something else"):
            journal.step_history(author, name, redo=redo, now_ns=0)


def test_undo_and_redo_follow_one_author_without_limit(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")

    def step(author: str, redo: bool = False) -> int:
        return journal.step_history(author, str(uuid.uuid4()), redo=redo, now_ns=0).event.target_seq

    for category, ids, author in ((0, [1], "ann"), (1, [1, 2], "ann"), (2, [2], "bob")):
        journal.submit(assign(category, ids, author), 0)
    assert [step("ann"), step("ann")] == [2, 1]
    assert labels_of(journal)[:4] == [NONE, NONE, 2, NONE]
    with pytest.raises(RejectedError, match="nothing to undo for author 'ann'"):
        step("ann")
    assert [step("ann", redo=True), step("ann", redo=True)] == [1, 2]
    assert labels_of(journal)[:4] == [NONE, 1, 2, NONE]
    step("ann")
    journal.submit(assign(2, [7], "ann"), 0)
    with pytest.raises(RejectedError, match="nothing to redo"):
        step("ann", redo=True)


def test_categories_keep_their_ids_and_meaning(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    assert [(c.id, c.name) for c in journal.categories] == [(0, "cat"), (1, "dog"), (2, "eel")]
    assert journal.retire_category(1, 0).retired
    assert journal.add_category(" fox ", None, 0).id == 3
    assert journal.rename_category(0, "tiger", 0).name == "tiger"
    assert journal.recolor_category(0, 0x123456, 0).color == 0x123456
    assert journal.add_category("dog", None, 0).id == 4
    before = journal.categories
    journal.close()
    again = open_journal(tmp_path / "labels.db")
    assert again.categories == before
    assert again.revision == 3 + 5
    with pytest.raises(RejectedError, match="expected one of"):
        again.submit(assign(1, [1]), 0)


@pytest.mark.parametrize("name", ["", "  ", "cat", "x" * 101, "two\nlines"])
def test_a_bad_category_name_is_rejected(tmp_path: Path, name: str) -> None:
    with pytest.raises(RejectedError, match="category name"):
        open_journal(tmp_path / "labels.db").add_category(name, None, 0)


def test_there_are_no_more_categories_than_the_network_has_outputs(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    for i in range(len(NAMES), CATEGORY_CAPACITY):
        journal.add_category(f"c{i}", None, 0)
    with pytest.raises(RejectedError, match="there are 256 categories"):
        journal.add_category("one more", None, 0)


marks = st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=8, unique=True).map(sorted)
actions = st.lists(
    st.one_of(
        st.tuples(st.just("assign"), st.integers(0, 2), marks),
        st.tuples(st.just("erase"), st.just(NONE), marks),
        st.tuples(st.sampled_from(["undo", "redo"]), st.just(NONE), st.just([])),
        st.tuples(st.sampled_from(["retire", "restore", "merge"]), st.integers(0, 2), st.just([])),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    actions=actions,
    authors=st.lists(st.sampled_from(["ann", "b'ob"]), min_size=25, max_size=25),
    wins=st.sampled_from([NEWEST, "ann", "b'ob", "nobody"]),
)
def test_the_view_of_the_database_equals_the_labels_in_memory(
    tmp_path: Path, actions: list[tuple[str, int, list[int]]], authors: list[str], wins: str
) -> None:
    path = tmp_path / f"{uuid.uuid4()}.db"
    journal = open_journal(path, wins=wins)
    for (action, category, ids), author in zip(actions, authors, strict=False):
        # There may be nothing to undo, or the category is retired.
        with suppress(RejectedError):
            if action in ("assign", "erase"):
                kind = Kind.ASSIGN if action == "assign" else Kind.ERASE
                journal.submit(replace(assign(category, ids, author), kind=kind), 0)
            elif action == "merge":
                journal.merge_category(category, (category + 1) % 3, author, str(uuid.uuid4()), 0)
            elif action in ("retire", "restore"):
                (
                    journal.retire_category(category, 0)
                    if action == "retire"
                    else journal.restore_category(category, "", 0)
                )
            else:
                journal.step_history(author, str(uuid.uuid4()), redo=action == "redo", now_ns=0)
    with sqlite3.connect(path) as reader:
        found = dict(reader.execute("SELECT sample_id, category FROM current_label").fetchall())
    assert [found.get(i, NONE) for i in range(ITEMS)] == labels_of(journal)
    journal.close()


def test_who_wins_may_be_another_when_the_journal_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "labels.db"
    for wins, label in ((NEWEST, 1), ("ann", 0), ("bob", 1), (NEWEST, 1)):
        journal = open_journal(path, wins=wins)
        if journal.last_seq == 0:
            journal.submit(assign(0, [4], "ann"), 0)
            journal.submit(assign(1, [4], "bob"), 0)
        assert (labels_of(journal)[4], journal.conflict_count) == (label, 1)
        journal.close()
        with sqlite3.connect(path) as reader:
            assert reader.execute("SELECT sample_id, category FROM current_label").fetchall() == [(4, label)]
    with pytest.raises(InputError, match="wins has 101 characters, expected newest or an author, 1 to 100"):
        open_journal(path, wins="x" * 101)


def test_forty_categories_are_marked_and_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "labels.db"
    journal = open_journal(path)
    for i in range(len(NAMES), 40):
        journal.add_category(f"kind {i}", None, 0)
    for item in range(ITEMS):
        journal.submit(assign(39 - item, [item]), 0)
    journal.close()
    again = open_journal(path)
    assert [c.id for c in again.categories] == list(range(40))
    assert len({c.name for c in again.categories}) == 40
    assert labels_of(again) == [39 - item for item in range(ITEMS)]


def test_rows_are_never_changed_or_removed(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    journal.submit(assign(0, [1]), 0)
    other = sqlite3.connect(tmp_path / "labels.db")
    for statement in ("UPDATE event SET category = 1", "DELETE FROM event", "DELETE FROM category_change"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            other.execute(statement)


def test_an_altered_entry_is_found_and_the_file_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "labels.db"
    journal = open_journal(path)
    for i in range(3):
        journal.submit(assign(0, [i]), 0)
    journal.close()
    with sqlite3.connect(path) as forger:
        forger.execute("DROP TRIGGER event_is_never_updated")
        forger.execute("UPDATE event SET category = 1 WHERE seq = 2")
    with pytest.raises(InputError, match="entry 2 was altered"):
        open_journal(path)


def test_a_second_process_is_kept_out_and_a_reader_is_not(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    journal.submit(assign(0, [1]), 0)
    with pytest.raises(InputError, match="another process has it open"):
        open_journal(tmp_path / "labels.db")
    with sqlite3.connect(tmp_path / "labels.db") as reader:
        assert reader.execute("SELECT count(*) FROM event").fetchone() == (1,)


@pytest.mark.parametrize("content", [b"not a database at all" * 99, b"SQLite format 3\0" + bytes(5000)])
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labels.db"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"labels\.db"):
        open_journal(path)
    assert path.read_bytes() == content


def test_a_journal_of_a_version_without_names_of_changes_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "labels.db"
    open_journal(path).close()
    with closing(sqlite3.connect(path)) as older:
        older.execute("DROP TABLE category_request")
    with closing(open_journal(path)) as journal:
        added = journal.once(str(uuid.uuid4()), "add", lambda: CategoryReceipt(journal.add_category("fox", None, 0).id))
        assert added == CategoryReceipt(3)


def test_a_journal_of_another_dataset_is_refused(tmp_path: Path) -> None:
    open_journal(tmp_path / "labels.db").close()
    with pytest.raises(InputError, match="a dataset of 30 items, expected 31"):
        open_journal(tmp_path / "labels.db", ITEMS + 1)


class FailingDisk:
    """Stands for the connection: there is room for `room` more statements that write, as a disk becomes full."""

    def __init__(self, connection: sqlite3.Connection, room: int = 0, refuses: str = "INSERT") -> None:
        self._connection = connection
        self._room = room
        self._refuses = refuses

    def execute(self, statement: str, *rest: object) -> sqlite3.Cursor:
        if statement.startswith(self._refuses):
            self._room -= 1
            if self._room < 0:
                raise sqlite3.OperationalError("database or disk is full")
        return self._connection.execute(statement, *rest)


def test_after_a_failed_write_nothing_is_acknowledged_and_reading_goes_on(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    journal.submit(assign(0, [1]), 0)
    healthy = journal._file
    journal._file = FailingDisk(healthy)
    event = assign(0, [2])
    with pytest.raises(WriteFailedError, match="disk is full"):
        journal.submit(event, 0)
    journal._file = healthy
    with pytest.raises(WriteFailedError, match="disk is full"):
        journal.submit(event, 0)
    assert [e.seq for e in journal.events_after(0, 10)] == [1]
    assert "disk is full" in journal.failure
    journal.close()
    assert open_journal(tmp_path / "labels.db").submit(event, 0).event.seq == 2


def test_after_a_failed_write_the_journal_can_be_opened_anew_with_what_is_on_the_disk(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    journal.submit(assign(0, [1]), 0)
    event, healthy = assign(0, [2]), journal._file
    journal._file = FailingDisk(healthy)
    with pytest.raises(WriteFailedError):
        journal.submit(event, 0)
    journal._file = healthy
    again = journal.opened_anew()
    assert (again.failure, again.last_seq, again.categories) == ("", 1, journal.categories)
    assert again.submit(event, 0).event.seq == 2
    assert [e.seq for e in journal.events_after(0, 10)] == [1]
    with pytest.raises(InputError, match="another process has it open"):
        open_journal(tmp_path / "labels.db")


def test_a_journal_that_lacks_what_was_acknowledged_is_not_opened_anew(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    other = open_journal(tmp_path / "other.db")
    journal.submit(assign(0, [1]), 0)
    other.submit(assign(0, [1]), 0)
    other.close()
    journal._path = tmp_path / "other.db"
    with pytest.raises(InputError, match="that were acknowledged are not there"):
        journal.opened_anew()
    assert journal.last_seq == 1


def test_a_merge_for_which_there_is_room_by_half_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "labels.db"
    journal = open_journal(path)
    journal.submit(assign(0, [1, 2]), 0)
    before, revision, healthy = journal.categories, journal.revision, journal._file
    journal._file = FailingDisk(healthy, room=1)  # type: ignore[assignment]
    with pytest.raises(WriteFailedError, match="disk is full"):
        journal.merge_category(0, 1, "ann", str(uuid.uuid4()), 0)
    assert (journal.last_seq, journal.categories) == (1, before)
    journal._file = healthy
    journal.close()
    again = open_journal(path)
    assert (again.last_seq, again.categories, again.revision) == (1, before, revision)


WRITER = """
import sys, uuid
sys.path.insert(0, sys.argv[1])
import numpy as np
from pathlib import Path
from label_journal import rows
from label_journal.journal import Journal
from latentvr_common.labels import Kind, LabelEvent
journal = Journal(Path(sys.argv[2]), 30, ["cat"])
while True:
    event = LabelEvent(str(uuid.uuid4()), Kind.ASSIGN, 0, np.array([1, 2], np.uint32), author="ann")
    print(event.event_id, journal.submit(event, 0).event.seq, flush=True)
"""


def test_kill_9_loses_no_acknowledged_entry(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "src"
    path = tmp_path / "labels.db"
    acknowledged: dict[int, str] = {}
    for round_number in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(source), str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(20 + 7 * round_number):
            name, seq = writer.stdout.readline().split()
            acknowledged[int(seq)] = name
        os.kill(writer.pid, signal.SIGKILL)
        rest, _ = writer.communicate(timeout=10)
        acknowledged |= {int(s): n for n, s in (line.split() for line in rest.splitlines() if line.count(" ") == 1)}
    kept = {e.seq: e.event_id for e in Journal(path, 30, ["cat"]).events_after(0, 1_000_000)}
    assert len(acknowledged) >= 100
    assert acknowledged.items() <= kept.items()


REGIONS = {
    "some taken away": spheres(np.eye(3)[:2], np.array([0.5, 0.25], np.float32), np.array([False, True])),
    "box": box(np.array([0.1, 0.2, 0.3]), np.array([0.5, 0.6, 0.7]), np.array([0.0, 0.6, 0.0, 0.8])),
    "flood": flood(np.array([0.1, 0.2, 0.3]), 0.125, 1024.0),
}


@pytest.mark.parametrize("name", REGIONS)
def test_regions_of_every_kind_are_there_after_opening_anew(name: str, tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    event = assign(1, [2], region=REGIONS[name])
    journal.submit(event, 0)
    journal.close()
    journal = open_journal(tmp_path / "labels.db")
    (back,) = journal.events_after(0, 10)
    for field in fields(Region):
        np.testing.assert_array_equal(getattr(back.region, field.name), getattr(REGIONS[name], field.name))
    assert journal.submit(event, 0).duplicate
