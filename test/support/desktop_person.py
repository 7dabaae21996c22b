"""A person at a desktop session, of whom only the hands are simulated: mouse and keys are all that goes in.

What a person sees of items is taken from what the window shows them: which ones light up under the brush (`selection`),
and what these are (a person knows the pictures, a test the truth). Where to paint is read off the screen's pixels.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from mouse_and_keys import RIGHT, MouseAndKeys
from node_process import Peer

from latentvr_common import conversions, topics
from latentvr_common.cloud import Cloud

CAPTION_WIDTH = 330
BOTTOM_HEIGHT = 76
"""Of the line of state and the timeline, pixels."""
_GROUND = 30
"""Pixels that are no brighter than this in any colour are ground."""
_FEWEST, _PURE = 5, 0.9
_LOOK_S = 0.35
_WRONG, _PATIENCE = 0.25, 25
HEARD = (topics.SELECTION, topics.GESTURES, topics.CLOUD, topics.CATEGORIES, topics.EPOCH)


@dataclass
class DesktopPerson:
    """Knows `truth` (N,), the category id of every item. `peer` hears what HEARD names."""

    hands: MouseAndKeys
    peer: Peer
    truth: npt.NDArray[np.int64]
    title: str = "latentvr"
    marks: int = 0
    tries: int = 0
    on_stroke: Callable[[int], None] = lambda _: None
    """Called with the number of the mark while it is being made."""
    _idle: int = 0
    """Places tried in vain since the last mark."""
    _random: random.Random = field(default_factory=lambda: random.Random(0))

    # What is seen

    def cloud(self) -> Cloud:
        """Return the newest cloud."""
        return conversions.cloud_from_msg(self.peer.heard["cloud"][-1])

    def right(self) -> float:
        """Return the share of items whose label, or else prediction, is right."""
        cloud = self.cloud()
        given = np.where(cloud.label >= 0, cloud.label, cloud.predicted)
        return float((given == self.truth).mean())

    def box(self) -> tuple[int, int, int, int]:
        """Return the window's place: left, top, width and height, pixels of the screen."""
        found = self.hands.window(self.title)
        assert found is not None, "there is no window"
        return found

    def places(self) -> npt.NDArray[np.int64]:
        """Return pixels of the screen at which items are to be seen (K, 2), x and y: greyish ones, not known well."""
        left, top, width, height = self.box()
        picture = self.hands.screen()[top : top + height, left : left + width].astype(int)
        bright, grey = picture.max(axis=-1), picture.max(axis=-1) - picture.min(axis=-1)
        seen = (bright > 2 * _GROUND) & (grey < 0.75 * bright)
        seen[:, :CAPTION_WIDTH] = seen[-BOTTOM_HEIGHT:] = seen[:40] = False
        y, x = np.nonzero(seen)
        return np.stack([x + left, y + top], axis=1)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.peer._executor.spin_once(timeout_sec=0.02)

    def selected(self) -> npt.NDArray[np.int64]:
        """Return the items that would be marked now."""
        heard = self.peer.heard["selection"]
        return np.asarray(heard[-1].sample_ids, np.int64) if heard else np.zeros(0, np.int64)

    # What is done

    def categorise(self, share: float, at_most_s: float) -> None:
        """Mark until so many items are right."""
        until = time.monotonic() + at_most_s
        self.hands.key("escape")
        self.hands.key("1")
        while self.right() < share:
            assert time.monotonic() < until, f"{self.right():.3f} right after {self.marks} marks, {self.tries} tries"
            self.mark()
            if self.tries % 6 == 0:
                self.turn()

    def turn(self) -> None:
        """Look from another side."""
        left, top, width, height = self.box()
        middle = left + 0.65 * width, top + 0.5 * height
        self.hands.drag(middle, (middle[0] + self._random.choice([-170, 170]), middle[1]), RIGHT)
        self._wait(0.6)

    def mark(self) -> None:
        """Press somewhere, look at what lights up, go on as long as it is of one kind, name it, let go; or leave it."""
        places = self.places()
        self.tries += 1
        if not len(places):
            self.turn()
            return
        x, y = (int(v) for v in self._random.choice(places))
        self.peer.heard["selection"].clear()
        self.hands.move(x, y)
        self._wait(0.15)
        self.hands.press()
        self._wait(_LOOK_S)
        kind = self._kind()
        if kind is None or not self._is_worth_it():
            self._idle += 1
            self._leave()
            return
        self.hands.key(str((kind + 1) % 10))
        self._extend(x, y, kind)
        self.on_stroke(self.marks)
        if self._kind() != kind:
            self._leave()
            return
        self._let_go()

    def _extend(self, x: int, y: int, kind: int) -> None:
        """Paint on around the place, and stop before something else is touched."""
        for _ in range(5):
            x, y = x + self._random.randint(-22, 22), y + self._random.randint(-22, 22)
            self.hands.move(x, y)
            self._wait(0.12)
            ids = self.selected()
            if (self.truth[ids] == kind).mean() < 0.95 * _PURE + 0.05:
                return

    def _kind(self) -> int | None:
        """Return what nearly all of the selected items are; None: they are too few, or of several kinds."""
        ids = self.selected()
        if len(ids) < _FEWEST:
            return None
        kinds, counts = np.unique(self.truth[ids], return_counts=True)
        most = int(np.argmax(counts))
        return int(kinds[most]) if counts[most] >= _PURE * len(ids) else None

    def _is_worth_it(self) -> bool:
        """Tell whether many of the selected items have another colour than they should, or nothing better was found."""
        ids, cloud = self.selected(), self.cloud()
        given = np.where(cloud.label >= 0, cloud.label, cloud.predicted)
        return bool((given[ids] != self.truth[ids]).mean() >= _WRONG or self._idle >= _PATIENCE)

    def _leave(self) -> None:
        self.hands.key("escape")
        self.hands.release()
        self._wait(0.05)

    def _let_go(self) -> None:
        ends = self._ends()
        self.hands.release()
        self.peer.wait_until(lambda: self._ends() > ends, "the mark is acknowledged")
        self.marks += 1
        self._idle = 0
        self._wait(0.5)

    def _ends(self) -> int:
        return sum(self._is_end(gesture) for gesture in self.peer.heard["gestures"])

    @staticmethod
    def _is_end(gesture: Any) -> bool:
        return bool(gesture.phase == gesture.END and gesture.seq > 0)
