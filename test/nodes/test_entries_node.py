"""Who listens to labels hears all of them, also of a journal that has more than the topic holds for latecomers."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from latentvr import srv
from long_journal import CATEGORIES, write_journal
from node_process import NodeProcess, Peer

from label_journal.journal import Journal
from latentvr_common import conversions, node_tools, topics
from latentvr_common.bags.layout import files_of
from latentvr_common.bags.reading import scan
from latentvr_common.entries_node import Entries
from latentvr_common.labels import Kind, LabelBook, LabelEvent
from session_recorder.examining import examine

ITEMS, ENTRIES = 400, 1500


class Drops:
    """Stands for a node's health: counts what is dropped."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def drop(self, reason: str) -> None:
        self.reasons.append(reason)


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "labels.db"
    write_journal(path, ENTRIES, ITEMS)
    return path


@pytest.fixture
def journal(labels: Path, tmp_path: Path) -> Iterator[NodeProcess]:
    parameters = {"path": str(labels), "categories": CATEGORIES, "item_count": ITEMS}
    with NodeProcess("label_journal", parameters, tmp_path / "journal.log") as process:
        yield process


def test_a_book_has_all_entries_of_a_journal_that_has_1500(journal: NodeProcess, labels: Path) -> None:
    with Peer() as peer:
        book, changes, drops = LabelBook(ITEMS), [], Drops()
        Entries(peer.node, book, drops, lambda: changes.append(book.applied_seq))  # type: ignore[arg-type]
        peer.wait_until(lambda: book.applied_seq == ENTRIES, "all entries")
    expected = np.full(ITEMS, -1)
    for i in range(ENTRIES):
        expected[i % ITEMS] = i % len(CATEGORIES)
    np.testing.assert_array_equal(book.labels, expected)
    assert (book.gap_after, drops.reasons, changes[-1]) == (None, [], ENTRIES)
    assert changes == sorted(changes)


def test_the_summary_of_a_session_that_goes_on_counts_all_marks(journal: NodeProcess, tmp_path: Path) -> None:
    parameters = {"directory": str(tmp_path), "max_items": ITEMS, "progress_s": 0.5}
    with NodeProcess("session_host", parameters, tmp_path / "host.log") as host, Peer() as peer:
        peer.wait_until(lambda: f"gesture {ENTRIES} · labels {ITEMS}" in host.said(), "a progress line", 40.0)
        host.stop()
    assert json.loads((tmp_path / "summary.json").read_text())["gestures"] == ENTRIES


def test_a_recorder_that_comes_late_records_all_entries_each_once(journal: NodeProcess, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    recorder = NodeProcess("session_recorder", {"bag": str(bag)}, tmp_path / "recorder.log", module="recorder_node")
    with recorder as process, Peer() as peer:
        peer.wait_until(lambda: bag.is_dir() and labels_in(bag) >= ENTRIES, "all entries", 40.0)
        process.stop()
    found = examine(bag)
    assert found.problems == []
    labels = found.topics["/latentvr/labels"]
    assert labels.labels == set(range(1, ENTRIES + 1))
    assert (labels.count, labels.missing) == (ENTRIES, 0)


def labels_in(bag: Path) -> int:
    """How many there are by now."""
    counted = [topic for file in files_of(bag) for topic in scan(file).topics]
    return sum(topic.count for topic in counted if topic.name == "/latentvr/labels")


def event(seq: int, item: int = 0) -> LabelEvent:
    return LabelEvent(f"e{seq}", Kind.ASSIGN, 1, np.array([item], np.uint32), seq=seq)


def test_an_entry_that_got_lost_is_asked_for_again_until_it_is_there_and_bad_ones_are_dropped() -> None:
    asked: list[int] = []

    def answer(request: srv.GetLabels.Request, response: srv.GetLabels.Response) -> Any:
        asked.append(int(request.after_seq))
        if len(asked) > 1:
            response.events = [conversions.label_event_to_msg(event(2)), conversions.label_event_to_msg(event(4, 99))]
        return response

    with Peer() as peer:
        out = node_tools.advertise(peer.node, topics.LABELS)
        node_tools.serve(peer.node, topics.GET_LABELS, answer)
        book, drops = LabelBook(10), Drops()
        Entries(peer.node, book, drops)  # type: ignore[arg-type]
        for seq in (1, 3):
            out.publish(conversions.label_event_to_msg(event(seq)))
        began_s = time.monotonic()
        peer.wait_until(lambda: book.applied_seq == 3, "the entry that got lost")
    # Where the journal has no better answer it is left in peace for a while.
    assert time.monotonic() > began_s + 1.0
    assert asked == [1, 1]
    assert ["99" in reason for reason in drops.reasons] == [True]


def test_the_journal_holds_more_than_the_topic_does(labels: Path) -> None:
    assert topics.LABELS.qos.depth < ENTRIES
    journal = Journal(labels, ITEMS, CATEGORIES, "newest")
    assert journal.last_seq == ENTRIES
    journal.close()
