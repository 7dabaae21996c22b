"""Simulated person, labeler and journal, each a process, with a cloud that the test shows: hands become marks."""

from pathlib import Path
from typing import Any

import numpy as np
from clumps import ITEMS, clumps, show
from latentvr import msg, srv
from node_process import NodeProcess, Peer

from latentvr_common import conversions, node_tools, topics
from latentvr_common.datasets import load
from latentvr_common.labels import LabelBook


class Shown:
    """A cloud that the test shows, with the labels that the journal publishes."""

    def __init__(self, peer: Peer, positions: np.ndarray) -> None:
        self._peer, self._positions = peer, positions
        self._clouds = node_tools.advertise(peer.node, topics.CLOUD)
        self._book = LabelBook(ITEMS)
        show(peer, self._clouds, positions, self._book.labels)

    def marked(self, count: int) -> bool:
        """Show what has been marked; tell whether there are `count` marks."""
        for message in self._peer.heard["labels"]:
            if self._book.add(conversions.label_event_from_msg(message)):
                show(self._peer, self._clouds, self._positions, self._book.labels)
        return self._book.applied_seq >= count


def begun(peer: Peer) -> int:
    """Return how many gestures have begun."""
    return sum(g.phase == msg.Gesture.BEGIN for g in peer.heard["gestures"])


def mark_with_a_journal_that_dies(peer: Peer, shown: Shown, tmp_path: Path, person: dict[str, object]) -> list[Any]:
    """Have a person make 4 marks; the journal dies after the first, while the person goes on. Return the entries."""
    journal = {"path": str(tmp_path / "labels.db"), "item_count": ITEMS, "categories": ["ant", "bee", "cat"]}
    with (
        NodeProcess("label_journal", journal, tmp_path / "journal1.log") as first,
        NodeProcess("gesture_labeler", {}, tmp_path / "labeler.log") as labeler,
    ):
        peer.wait_until(lambda: peer.heard["categories"], "the categories")
        with NodeProcess("scripted_hands", person, tmp_path / "person.log") as hands:
            peer.wait_until(lambda: shown.marked(1), "the first mark")
            first.kill()
            before = begun(peer)
            peer.wait_until(lambda: begun(peer) > before, "a stroke without a journal")
            with NodeProcess("label_journal", journal, tmp_path / "journal2.log"):
                peer.wait_until(lambda: shown.marked(4), "all marks", 120)
                page = peer.call(topics.GET_LABELS, srv.GetLabels.Request())
                peer.wait_until(lambda: "has made 4 of 4 marks, and leaves" in hands.said(), "the person leaves")
            assert hands.stop() == 0
        assert labeler.stop() == 0
    return list(page.events)


def test_hands_alone_mark_regions_and_a_journal_that_comes_back_gets_what_waited(tmp_path: Path) -> None:
    dataset, positions, truth = clumps(tmp_path)
    assert load(str(dataset)).truth is not None
    person = {"dataset": str(dataset), "gestures": 4, "pace": 6.0, "first_look_s": 0.5}
    with Peer(topics.LABELS, topics.GESTURES, topics.SELECTION, topics.CATEGORIES, topics.HEAD) as peer:
        events = mark_with_a_journal_that_dies(peer, Shown(peer, positions), tmp_path, person)
    assert [e.seq for e in events] == [1, 2, 3, 4]
    for event in events:
        assert (truth[np.array(event.sample_ids)] == event.category).mean() > 0.7
    ends = [g for g in peer.heard["gestures"] if g.name == "pinch_brush" and g.phase == msg.Gesture.END]
    assert {g.gesture_id: g.seq for g in ends} == {e.event_id: e.seq for e in events}
    assert {g.name for g in peer.heard["gestures"]} == {"poke", "pinch_brush"}
    previewed = {s.gesture_id: list(s.sample_ids) for s in peer.heard["selection"]}
    assert set(previewed) >= {e.event_id for e in events}
    assert peer.heard["head"]


def test_a_labeler_whose_thresholds_are_swapped_says_so(tmp_path: Path) -> None:
    with NodeProcess("gesture_labeler", {"pinch_on_m": 0.02}, tmp_path / "log") as labeler:
        assert labeler.wait() == 2
        assert labeler.said() == "error: parameter pinch_off_m is 0.015, expected more than pinch_on_m\n"


def test_a_person_needs_truth(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", items=np.random.default_rng(0).normal(size=(30, 3)))
    with NodeProcess("scripted_hands", {"dataset": str(tmp_path / "data.npz")}, tmp_path / "log") as person:
        assert person.wait() == 2
        assert "has no truth, which the simulated person needs" in person.said()
