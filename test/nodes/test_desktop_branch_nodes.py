"""What if? On real DDS and a real display: a key leads into a branch of training without the newest mark, and back."""

import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from latentvr import srv
from mouse_and_keys import MouseAndKeys
from node_process import NodeProcess, Peer
from PIL import Image
from virtual_display import virtual_display

from latentvr_common import conversions, topics
from latentvr_common.labels import Kind, LabelEvent

EACH = 100
TRUTH = np.repeat(np.arange(3), EACH).astype(np.int16)
NAMES = ["left", "right", "far"]
SMALL = {"width": 32, "batch": 32, "label_batch": 32, "threads": 1, "neighbours": 6, "cloud_rate_hz": 4.0}
HEARD = (topics.CLOUD, topics.EPOCH, topics.GHOST, topics.LABELS)
WARM = (230, 190, 96)
PICTURES = os.environ.get("LATENTVR_PICTURES", "")
"""A folder in which to keep what was seen; empty: nothing is kept."""


def rows(path: Path) -> Path:
    random = np.random.default_rng(0)
    items = (4.0 * np.eye(3, 8)[TRUTH] + random.normal(size=(len(TRUTH), 8))).astype(np.float32)
    np.savez(path, items=items, truth=TRUTH, categories=np.array(NAMES))
    return path


def mark(peer: Peer, author: str, category: int, first: int) -> None:
    ids = np.arange(first, first + 10, dtype=np.uint32)
    event = LabelEvent(str(uuid.uuid4()), Kind.ASSIGN, category, ids, author=author)
    assert peer.call(
        topics.SUBMIT_LABELS, srv.SubmitLabels.Request(event=conversions.label_event_to_msg(event))
    ).accepted


def epoch(peer: Peer) -> Any:
    return peer.heard["epoch"][-1]


def warm_pixels(hands: MouseAndKeys) -> int:
    """Of words in the line at the bottom."""
    left, top, width, height = hands.window("latentvr") or (0, 0, 0, 0)
    line = hands.screen((left + 200, top + height - 42, width - 480, 40)).astype(int)
    return int((np.abs(line - WARM).max(axis=-1) < 40).sum())


def keep(hands: MouseAndKeys, name: str) -> None:
    if PICTURES:
        left, top, width, height = hands.window("latentvr") or (0, 0, 0, 0)
        seen = hands.screen()[top : top + height, left : left + width]
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(seen)).save(Path(PICTURES) / f"{name}.png")


def test_w_shows_what_would_be_without_ones_newest_mark_and_w_again_what_was(tmp_path: Path) -> None:
    journal = {"path": str(tmp_path / "labels.db"), "categories": NAMES, "item_count": len(TRUTH)}
    trains = {"dataset": str(rows(tmp_path / "rows.npz")), **SMALL}
    with (
        virtual_display() as display,
        MouseAndKeys(display) as hands,
        Peer(*HEARD) as peer,
        NodeProcess("label_journal", journal, tmp_path / "journal.log"),
        NodeProcess("latent_trainer", trains, tmp_path / "trainer.log"),
        NodeProcess(
            "cloud_view.desktop", {}, tmp_path / "log", variables={"DISPLAY": display, "WAYLAND_DISPLAY": ""}
        ) as window,
    ):
        peer.wait_until(lambda: hands.window("latentvr") is not None, "a window", 90.0)
        for author, category, first in (("person", 0, 0), ("person", 1, EACH), ("other", 2, 2 * EACH)):
            mark(peer, author, category, first)
        peer.wait_until(
            lambda: peer.heard["epoch"] and epoch(peer).label_seq == 3 and epoch(peer).accuracy > 0.5,
            "marks are learnt",
            90.0,
        )
        hands.move(700, 400)
        hands.key("escape")

        peer.wait_until(lambda: warm_pixels(hands) < 10, "nothing is told")
        step = epoch(peer).step
        hands.key("w")
        peer.wait_until(lambda: epoch(peer).branch == "without right (entry 2)", "the branch", 90.0)
        peer.wait_until(lambda: warm_pixels(hands) > 100, "what it says")
        peer.wait_until(lambda: len(peer.heard["ghost"]), "the ghost")
        peer.wait_until(lambda: epoch(peer).step > step and not epoch(peer).text, "it has caught up", 90.0)
        assert 0 < epoch(peer).agreement < 1
        cloud = conversions.cloud_from_msg(peer.heard["cloud"][-1])
        assert (cloud.label[EACH : EACH + 10] == -1).all()
        assert (cloud.label[:10] == 0).all()
        assert (cloud.label[2 * EACH : 2 * EACH + 10] == 2).all()
        keep(hands, "what-if")

        hands.key("w")
        peer.wait_until(lambda: epoch(peer).branch == "", "what was", 90.0)
        peer.wait_until(lambda: warm_pixels(hands) > 40, "what it says then")
        # The same key again at once would be taken for one that is held.
        peer.wait_until(lambda: warm_pixels(hands) < 10, "nothing is told any more")
        # The journal stays as it is, and a second time the branch is gone on with: no branch has two names.
        hands.key("w")
        peer.wait_until(lambda: epoch(peer).branch == "without right (entry 2)", "the branch again", 90.0)
        assert len(peer.heard["labels"]) == 3

        # From branch to branch, whoever has begun them.
        wait_for_silence(peer, hands)
        hands.key("shift", "w")
        peer.wait_until(lambda: epoch(peer).branch == "", "the next one is the first", 90.0)
        assert "dropped" not in window.said()


def press_until(peer: Peer, hands: MouseAndKeys, key: str, condition: Callable[[], bool]) -> None:
    """Press a key again and again: a window that has just been opened may not know of any mark yet."""
    for _ in range(10):
        hands.key(key)
        until = time.monotonic() + 10.0
        peer.wait_until(lambda until=until: condition() or time.monotonic() > until, "an answer", 20.0)  # type: ignore[misc]
        if condition():
            return
    raise AssertionError(f"{key} did nothing")


def wait_for_silence(peer: Peer, hands: MouseAndKeys) -> None:
    peer.wait_until(lambda: warm_pixels(hands) > 40, "what it says")
    peer.wait_until(lambda: warm_pixels(hands) < 10, "nothing is told any more")


def test_a_window_that_is_opened_later_knows_the_branches_and_goes_on_from_an_earlier_moment(tmp_path: Path) -> None:
    journal = {"path": str(tmp_path / "labels.db"), "categories": NAMES, "item_count": len(TRUTH)}
    trains = {"dataset": str(rows(tmp_path / "rows.npz")), **SMALL}
    begun = srv.Branch.Request(name="without right (entry 2)", without=[2])
    with (
        virtual_display() as display,
        MouseAndKeys(display) as hands,
        Peer(*HEARD) as peer,
        NodeProcess("label_journal", journal, tmp_path / "journal.log"),
        NodeProcess("latent_trainer", trains, tmp_path / "trainer.log"),
    ):
        for author, category, first in (("person", 0, 0), ("person", 1, EACH)):
            mark(peer, author, category, first)
        peer.wait_until(
            lambda: peer.heard["epoch"] and epoch(peer).label_seq == 2 and epoch(peer).step > 50, "marks", 90
        )
        assert peer.call(topics.BRANCH, begun).accepted
        peer.wait_until(lambda: epoch(peer).branch == begun.name and not epoch(peer).text, "it has caught up", 90.0)
        assert peer.call(topics.BRANCH, srv.Branch.Request(op=srv.Branch.Request.SWITCH)).accepted
        variables = {"DISPLAY": display, "WAYLAND_DISPLAY": ""}
        with NodeProcess("cloud_view.desktop", {}, tmp_path / "log", variables=variables) as window:
            peer.wait_until(lambda: hands.window("latentvr") is not None, "a window", 90.0)
            hands.move(700, 400)
            hands.key("escape")
            press_until(peer, hands, "w", lambda: epoch(peer).branch == begun.name)
            wait_for_silence(peer, hands)
            hands.key("w")
            peer.wait_until(lambda: epoch(peer).branch == "", "what was", 90.0)
            wait_for_silence(peer, hands)

            then = epoch(peer).step
            mark(peer, "other", 2, 2 * EACH)
            peer.wait_until(lambda: epoch(peer).label_seq == 3 and epoch(peer).step > then + 30, "one more mark", 90.0)
            hands.key("home")
            hands.key("g")
            peer.wait_until(lambda: epoch(peer).branch.startswith("from step "), "on from there", 90.0)
            assert epoch(peer).branch.endswith("(entry 2)")
            peer.wait_until(lambda: not epoch(peer).text, "it is there", 90.0)
            keep(hands, "fork")
            cloud = conversions.cloud_from_msg(peer.heard["cloud"][-1])
            assert (cloud.label == 2).sum() == 0
            mark(peer, "person", 0, 20)
            peer.wait_until(lambda: epoch(peer).label_seq == 4, "a mark in it", 90.0)
            cloud = conversions.cloud_from_msg(peer.heard["cloud"][-1])
            assert (cloud.label[20:30] == 0).all()
            assert "dropped" not in window.said()
