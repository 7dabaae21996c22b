"""Hands that go all the way through a real OpenXR runtime become marks; those of a runtime that dies do not."""

import sqlite3
import time
from pathlib import Path

import monado_runtime
import pytest
from clumps import ITEMS, clumps, show
from latentvr.msg import Gesture, XrState
from node_process import NodeProcess, Peer
from running import RunningSession

from latentvr_common import conversions, node_tools, topics
from latentvr_common.labels import LabelBook

MARKS = 5
SLOW_RESOLUTION = 3.0
"""A picture then takes longer than hands usually stay away, where the processor draws."""


def test_a_runtime_that_dies_in_a_stroke_leaves_no_mark_and_the_person_goes_on_when_it_is_back(tmp_path: Path) -> None:
    dataset, positions, _ = clumps(tmp_path)
    journal = {"path": str(tmp_path / "labels.db"), "item_count": ITEMS, "categories": ["ant", "bee", "cat"]}
    heard = (topics.LABELS, topics.GESTURES, topics.CATEGORIES, topics.XR_STATE)
    with monado_runtime.running() as runtime, Peer(*heard) as peer:
        monado = runtime.monado
        person = {
            "dataset": str(dataset),
            "gestures": 2,
            "first_look_s": 0.5,
            "hands_by": "monado",
            "port": monado.port,
        }
        runtime.start()

        def strokes(phase: int) -> int:
            return len([g for g in peer.heard["gestures"] if (g.name, g.phase) == ("pinch_brush", phase)])

        with (
            NodeProcess("label_journal", journal, tmp_path / "journal.log"),
            NodeProcess("gesture_labeler", {}, tmp_path / "labeler.log"),
            NodeProcess("xr_bridge", {}, tmp_path / "bridge.log", monado.client_command(), monado.client_environment()),
            NodeProcess("scripted_hands", person, tmp_path / "person.log"),
        ):
            clouds = node_tools.advertise(peer.node, topics.CLOUD)
            book = LabelBook(ITEMS)
            show(peer, clouds, positions, book.labels)
            peer.wait_until(lambda: strokes(Gesture.BEGIN), "a stroke", 120)
            runtime.kill()
            peer.wait_until(lambda: strokes(Gesture.CANCEL), "the stroke is cancelled")
            until = time.monotonic() + 1.0
            peer.wait_until(lambda: time.monotonic() > until, "time for a mark")
            assert strokes(Gesture.END) == 0
            assert peer.heard["labels"] == []
            runtime.start()
            peer.wait_until(lambda: peer.heard["xr_state"][-1].state == XrState.FOCUSED, "the runtime is back")
            peer.wait_until(lambda: peer.heard["labels"], "a mark", 120)
        event = conversions.label_event_from_msg(peer.heard["labels"][0])
        assert book.add(event)
        assert len(event.sample_ids) > 3


@pytest.mark.alone
def test_slow_drawing_takes_no_stroke_away(tmp_path: Path) -> None:
    """So many pixels that a picture takes longer than hands may usually stay away."""
    dataset, positions, _ = clumps(tmp_path)
    journal = {"path": str(tmp_path / "labels.db"), "item_count": ITEMS, "categories": ["ant", "bee", "cat"]}
    with monado_runtime.running() as runtime, Peer(topics.LABELS, topics.GESTURES) as peer:
        monado = runtime.monado
        person = {"dataset": str(dataset), "gestures": 2, "first_look_s": 0.5, "hands_by": "monado", "pace": 0.5}
        person["port"] = monado.port
        runtime.start()

        slow = {"resolution": SLOW_RESOLUTION}
        with (
            NodeProcess("label_journal", journal, tmp_path / "journal.log"),
            NodeProcess("gesture_labeler", {}, tmp_path / "labeler.log"),
            NodeProcess(
                "xr_bridge", slow, tmp_path / "bridge.log", monado.client_command(), monado.client_environment()
            ),
            NodeProcess("scripted_hands", person, tmp_path / "person.log"),
        ):
            clouds = node_tools.advertise(peer.node, topics.CLOUD)
            show(peer, clouds, positions, LabelBook(ITEMS).labels)
            peer.wait_until(lambda: peer.heard["labels"], "a mark", 120)
        lost = [g.detail for g in peer.heard["gestures"] if g.phase == Gesture.CANCEL and "hand" in g.detail]
        # What else the machine does may take one; slow drawing would take each.
        assert len(lost) <= 1, lost


def test_a_whole_session_through_openxr(tmp_path: Path) -> None:
    with monado_runtime.running():
        pass  # Skips where there is no Monado.
    directory = tmp_path / "session"
    arguments = (f"gestures:={MARKS}", "pace:=4", "settle_s:=1", "view:=off", f"directory:={directory}")
    with RunningSession("hands:=openxr", "xr_runtime:=monado", *arguments) as session:
        session.wait_for_line("running on Monado", 120)
        assert session.end(at_most_s=300) == 0, session.output
        summary = session.summary()
    assert summary["gestures"] == MARKS
    assert summary["label_purity"] > 0.7
    with sqlite3.connect(directory / "labels.db") as journal:
        ((labelled,),) = journal.execute("SELECT count(*) FROM current_label")
    assert labelled == summary["labels"] > 50


def test_where_monado_cannot_be_had_the_session_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTVR_RUNTIMES", str(tmp_path / "runtimes"))
    monkeypatch.setenv("PATH", f"{tmp_path}")
    with RunningSession("hands:=openxr", "xr_runtime:=monado") as session:
        assert session.end(at_most_s=60) == 2
    (line,) = [line for line in session.lines if line.startswith("error: ")]
    assert line.startswith("error: argument xr_runtime is monado, which cannot be had here: not on this machine: ")
    assert "apt-get" in line
