"""Plays a bag.

Thread rule: `_run` and all that it calls run on the replay's own thread, so do the methods of the outlets and `on_end`;
`start`, `stop` and `progress` belong to the caller; `playhead` to both.
"""

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from latentvr_common.bags.bag import Bag
from latentvr_common.errors import InputError
from session_recorder.playhead import Playhead

_LOOK_S = 0.05
_MATCH_S = 0.25
"""A publisher knows of its listener some 0.1 s before the listener knows of it."""
_SETTLE_S = 3.5
"""A listener may acknowledge what it has only when it is asked, which Fast DDS does every 3 s."""


class Outlet(Protocol):
    """Where the messages of one topic go."""

    def publish(self, data: bytes) -> None:
        """Publish one serialized message."""

    def has_listener(self) -> bool:
        """Whether somebody gets what is published."""

    def settled(self, timeout_s: float) -> bool:
        """Whether all that was published has arrived; wait for it at most so long."""


@dataclass(frozen=True)
class Pace:
    """How to play: see PlayerParameters."""

    rate: float = 1.0
    start_offset_s: float = 0.0
    loop: bool = False
    wait_s: float = 0.0
    paused: bool = False


@dataclass(frozen=True)
class Progress:
    """Where a replay stands. `position_s`: recorded time since the bag's beginning."""

    position_s: float = 0.0
    messages: int = 0


class Replay:
    """Plays a bag once, or again and again, into outlets by topic."""

    def __init__(self, bag: Bag, outlets: Mapping[str, Outlet], pace: Pace, on_end: Callable[[str], None]) -> None:
        """`on_end` is called once, unless stopped before, with what went wrong; empty: nothing did."""
        self._bag = bag
        self._outlets = outlets
        self._pace = pace
        self._on_end = on_end
        self._stopping = threading.Event()
        self.playhead = Playhead(self._first_ns, pace.rate, held=pace.paused)
        # A thread that reads a slow disk must not keep the process.
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)
        self.progress = Progress()

    def start(self) -> None:
        """Begin to play."""
        self._thread.start()

    def stop(self, timeout_s: float = 0.5) -> None:
        """Stop playing, and wait at most so long until it has stopped."""
        self._stopping.set()
        self.playhead.stop()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    @property
    def _first_ns(self) -> int:
        return self._bag.info.start_ns + round(self._pace.start_offset_s * 1e9)

    def _run(self) -> None:
        try:
            self._play()
            wrong = ""
        except (InputError, OSError) as error:
            wrong = str(error)
        except Exception:
            wrong = traceback.format_exc()
        if not self._stopping.is_set():
            self._on_end(wrong)

    def _play(self) -> None:
        self._bag.check()
        self._wait_for_listeners()
        # A pass without a message would make the loop spin.
        while self._play_once() and self._pace.loop and not self._stopping.is_set():
            pass
        self._settle()

    def _play_once(self) -> int:
        """Play to the end or until stopped; return how many messages there were."""
        self.playhead.begin(self._first_ns)
        before = self.progress.messages
        for message in self._bag.messages(self._outlets.keys(), self._first_ns):
            if not self.playhead.wait_until(message.log_ns):
                break
            self._outlets[message.topic].publish(message.data)
            position_s = (message.log_ns - self._bag.info.start_ns) / 1e9
            self.progress = Progress(position_s, self.progress.messages + 1)
        return self.progress.messages - before

    def _wait_for_listeners(self) -> None:
        # Discovery takes DDS some 100 ms, and whoever is not discovered yet misses the first messages for good. There
        # is nothing to wait on: matched events reach the executor's thread only while it spins, and are not kept.
        until = time.monotonic() + self._pace.wait_s
        while time.monotonic() < until and not all(outlet.has_listener() for outlet in self._outlets.values()):
            if self._stopping.wait(_LOOK_S):
                return
        if self._pace.wait_s > 0:
            self._stopping.wait(_MATCH_S)

    def _settle(self) -> None:
        """Give the last messages time to arrive: the publishers end with this process."""
        until = time.monotonic() + _SETTLE_S
        for outlet in self._outlets.values():
            while not self._stopping.is_set() and time.monotonic() < until and not outlet.settled(_LOOK_S):
                pass
