"""What if? On real DDS and a real display: a key leads into a branch of training without the newest mark, and back."""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
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


class AtWork:
    """A journal and a trainer that are at work, and hands at a display; a window once it is opened."""

    def __init__(self, hands: MouseAndKeys, peer: Peer, display: str, directory: Path) -> None:
        self.hands = hands
        self.peer = peer
        self._display = display
        self._directory = directory

    @contextmanager
    def window(self) -> Iterator[NodeProcess]:
        """Open it, with the mouse on the cloud and no help before it; whatever comes to it has to be understood."""
        variables = {"DISPLAY": self._display, "WAYLAND_DISPLAY": ""}
        with NodeProcess("cloud_view.desktop", {}, self._directory / "log", variables=variables) as window:
            self.wait(lambda: self.hands.window("latentvr") is not None, "a window")
            self.hands.move(700, 400)
            self.hands.key("escape")
            yield window
            assert "dropped" not in window.said()

    def wait(self, condition: Callable[[], Any], what: str) -> None:
        self.peer.wait_until(condition, what, 90.0)

    def mark(self, author: str, category: int, first: int) -> None:
        ids = np.arange(first, first + 10, dtype=np.uint32)
        event = LabelEvent(str(uuid.uuid4()), Kind.ASSIGN, category, ids, author=author)
        request = srv.SubmitLabels.Request(event=conversions.label_event_to_msg(event))
        assert self.peer.call(topics.SUBMIT_LABELS, request).accepted

    @property
    def epoch(self) -> Any:
        return self.peer.heard["epoch"][-1]

    @property
    def label(self) -> Any:
        """Labels of the newest cloud (N,)."""
        return conversions.cloud_from_msg(self.peer.heard["cloud"][-1]).label

    def wait_for_marks(self, seq: int, after: int = 0) -> None:
        """Wait until training has taken them in, and has made more than `after` steps."""
        self.wait(lambda: self.peer.heard["epoch"] and self.epoch.label_seq == seq and self.epoch.step > after, "marks")

    def wait_for_branch(self, name: str) -> None:
        self.wait(lambda: self.epoch.branch == name, f"branch {name!r}")

    def wait_until_caught_up(self, after: int = 0) -> None:
        self.wait(lambda: self.epoch.step > after and not self.epoch.text, "it has caught up")

    def warm_pixels(self) -> int:
        """Of words in the line at the bottom."""
        left, top, width, height = self.hands.window("latentvr") or (0, 0, 0, 0)
        line = self.hands.screen((left + 200, top + height - 42, width - 480, 40)).astype(int)
        return int((np.abs(line - WARM).max(axis=-1) < 40).sum())

    def wait_for_silence(self) -> None:
        """Wait until something is told and gone: the same key at once would be taken for one that is held."""
        self.wait(lambda: self.warm_pixels() > 40, "what it says")
        self.wait(lambda: self.warm_pixels() < 10, "nothing is told any more")

    def press_until(self, key: str, condition: Callable[[], bool]) -> None:
        """Press a key again and again: a window that has just been opened may not know of any mark yet."""
        for _ in range(10):
            self.hands.key(key)
            until = time.monotonic() + 10.0
            self.wait(lambda until=until: condition() or time.monotonic() > until, "an answer")  # type: ignore[misc]
            if condition():
                return
        raise AssertionError(f"{key} did nothing")

    def keep(self, name: str) -> None:
        """Keep a picture of the window, where that is asked for."""
        if PICTURES:
            left, top, width, height = self.hands.window("latentvr") or (0, 0, 0, 0)
            seen = self.hands.screen()[top : top + height, left : left + width]
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.ascontiguousarray(seen)).save(Path(PICTURES) / f"{name}.png")


@pytest.fixture
def work(tmp_path: Path) -> Iterator[AtWork]:
    journal = {"path": str(tmp_path / "labels.db"), "categories": NAMES, "item_count": len(TRUTH)}
    trains = {"dataset": str(rows(tmp_path / "rows.npz")), **SMALL}
    with (
        virtual_display() as display,
        MouseAndKeys(display) as hands,
        Peer(*HEARD) as peer,
        NodeProcess("label_journal", journal, tmp_path / "journal.log"),
        NodeProcess("latent_trainer", trains, tmp_path / "trainer.log"),
    ):
        yield AtWork(hands, peer, display, tmp_path)


def test_w_shows_what_would_be_without_ones_newest_mark_and_w_again_what_was(work: AtWork) -> None:
    name = "without right (entry 2)"
    with work.window():
        for author, category, first in (("person", 0, 0), ("person", 1, EACH), ("other", 2, 2 * EACH)):
            work.mark(author, category, first)
        work.wait_for_marks(3)
        work.wait(lambda: work.epoch.accuracy > 0.5, "marks are learnt")

        work.wait(lambda: work.warm_pixels() < 10, "nothing is told")
        step = work.epoch.step
        work.hands.key("w")
        work.wait_for_branch(name)
        work.wait(lambda: work.warm_pixels() > 100, "what it says")
        work.wait(lambda: len(work.peer.heard["ghost"]), "the ghost")
        work.wait_until_caught_up(step)
        assert 0 < work.epoch.agreement < 1
        assert [set(work.label[i : i + 10]) for i in (0, EACH, 2 * EACH)] == [{0}, {-1}, {2}]
        work.keep("what-if")

        work.hands.key("w")
        work.wait_for_branch("")
        work.wait_for_silence()
        # The journal stays as it is, and a second time the branch is gone on with: no branch has two names.
        work.hands.key("w")
        work.wait_for_branch(name)
        assert len(work.peer.heard["labels"]) == 3

        # From branch to branch, whoever has begun them.
        work.wait_for_silence()
        work.hands.key("shift", "w")
        work.wait_for_branch("")


def test_a_window_that_is_opened_later_knows_the_branches(work: AtWork) -> None:
    begun = srv.Branch.Request(name="without right (entry 2)", without=[2])
    for category, first in ((0, 0), (1, EACH)):
        work.mark("person", category, first)
    work.wait_for_marks(2, after=50)
    assert work.peer.call(topics.BRANCH, begun).accepted
    work.wait_for_branch(begun.name)
    work.wait_until_caught_up()
    assert work.peer.call(topics.BRANCH, srv.Branch.Request(op=srv.Branch.Request.SWITCH)).accepted
    work.wait_for_branch("")
    with work.window():
        work.press_until("w", lambda: work.epoch.branch == begun.name)
        work.wait_for_silence()
        work.hands.key("w")
        work.wait_for_branch("")


def test_g_goes_on_from_an_earlier_moment_without_what_was_marked_since(work: AtWork) -> None:
    for category, first in ((0, 0), (1, EACH)):
        work.mark("person", category, first)
    work.wait_for_marks(2, after=50)
    with work.window():
        # The oldest cloud that the window knows is the one that it heard first.
        work.wait_for_marks(2, after=work.epoch.step + 30)
        work.mark("other", 2, 2 * EACH)
        work.wait_for_marks(3, after=work.epoch.step + 30)
        work.hands.key("home")
        work.hands.key("g")
        work.wait(lambda: work.epoch.branch.startswith("from step "), "on from there")
        assert work.epoch.branch.endswith("(entry 2)")
        work.wait_until_caught_up()
        work.keep("fork")
        assert (work.label == 2).sum() == 0
        work.mark("person", 0, 20)
        work.wait(lambda: work.epoch.label_seq == 4, "a mark in it")
        assert set(work.label[20:30]) == {0}
