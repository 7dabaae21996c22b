"""Simulated person, labeler and journal, each a process, with a cloud that the test shows: hands become marks."""

from pathlib import Path

import numpy as np
from clumps import ITEMS, clumps, show
from latentvr import msg, srv
from node_process import NodeProcess, Peer

from latentvr_common import conversions, node_tools, topics
from latentvr_common.datasets import load
from latentvr_common.labels import LabelBook


def test_hands_alone_mark_regions_and_a_journal_that_comes_back_gets_what_waited(tmp_path: Path) -> None:
    dataset, positions, truth = clumps(tmp_path)
    assert load(str(dataset)).truth is not None
    journal = {"path": str(tmp_path / "labels.db"), "item_count": ITEMS, "categories": ["ant", "bee", "cat"]}
    person = {"dataset": str(dataset), "gestures": 4, "pace": 6.0, "first_look_s": 0.5}
    heard = (topics.LABELS, topics.GESTURES, topics.SELECTION, topics.CATEGORIES, topics.HEAD)
    with (
        Peer(*heard) as peer,
        NodeProcess("label_journal", journal, tmp_path / "journal1.log") as first,
        NodeProcess("gesture_labeler", {}, tmp_path / "labeler.log") as labeler,
    ):
        clouds = node_tools.advertise(peer.node, topics.CLOUD)
        book = LabelBook(ITEMS)
        show(peer, clouds, positions, book.labels)
        peer.wait_until(lambda: peer.heard["categories"], "the categories")

        def marked(count: int) -> bool:
            for message in peer.heard["labels"]:
                if book.add(conversions.label_event_from_msg(message)):
                    show(peer, clouds, positions, book.labels)
            return book.applied_seq >= count

        with NodeProcess("scripted_hands", person, tmp_path / "person.log") as hands:
            peer.wait_until(lambda: marked(1), "the first mark")
            # The journal dies while the person goes on; the mark made meanwhile waits for it.
            first.kill()
            begun = len([g for g in peer.heard["gestures"] if g.phase == msg.Gesture.BEGIN])
            peer.wait_until(
                lambda: len([g for g in peer.heard["gestures"] if g.phase == msg.Gesture.BEGIN]) > begun,
                "a stroke without a journal",
            )
            with NodeProcess("label_journal", journal, tmp_path / "journal2.log"):
                peer.wait_until(lambda: marked(4), "all marks", 120)
                page = peer.call(topics.GET_LABELS, srv.GetLabels.Request())
                peer.wait_until(lambda: "has made 4 of 4 marks, and leaves" in hands.said(), "the person leaves")
            assert hands.stop() == 0
        assert labeler.stop() == 0
    assert [e.seq for e in page.events] == [1, 2, 3, 4]
    for event in page.events:
        assert (truth[np.array(event.sample_ids)] == event.category).mean() > 0.7
    ends = [g for g in peer.heard["gestures"] if g.name == "pinch_brush" and g.phase == msg.Gesture.END]
    assert {g.gesture_id: g.seq for g in ends} == {e.event_id: e.seq for e in page.events}
    assert {g.name for g in peer.heard["gestures"]} == {"poke", "pinch_brush"}
    previewed = {s.gesture_id: list(s.sample_ids) for s in peer.heard["selection"]}
    assert set(previewed) >= {e.event_id for e in page.events}
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
