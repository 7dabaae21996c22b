"""Somebody who labels all the time, beside the session's own people, and remembers what was acknowledged."""

import hashlib
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import rclpy
from latentvr import srv
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from latentvr_common import conversions, node_tools, topics
from latentvr_common.gestures import Phase, Report
from latentvr_common.labels import Kind, LabelEvent
from latentvr_common.outbox import Outbox

LOOK_S = 0.02


@dataclass(frozen=True)
class Entry:
    """An entry as it was acknowledged."""

    seq: int
    category: int
    items: str
    """SHA-256, in hex, of the ids."""


def digest_of(ids: np.ndarray) -> str:
    return hashlib.sha256(np.asarray(ids, np.uint32).tobytes()).hexdigest()


class Author:
    """Marks some items `rate_hz` times a second, from a thread of its own; use as a context manager."""

    def __init__(self, item_count: int, categories: int, rate_hz: float, seed: int = 0) -> None:
        self.acknowledged: dict[str, Entry] = {}
        """By name."""
        self.answered_s: list[float] = []
        """When, monotonic seconds."""
        self.refusals: list[str] = []
        self._random = np.random.default_rng(seed)
        self._item_count, self._categories, self._period_s = item_count, categories, 1.0 / rate_hz
        self._events: dict[str, LabelEvent] = {}
        self._outbox: Outbox[LabelEvent] = Outbox()
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = Node("author", namespace=topics.NAMESPACE, context=self._context)
        self._client = node_tools.client(self._node, topics.SUBMIT_LABELS)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Author":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(10)
        self._executor.shutdown(timeout_sec=1)
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._stopping.is_set():
            now_s = time.monotonic()
            if now_s >= due_s and len(self._outbox) < 3:
                due_s = now_s + self._period_s
                self._add()
            self._ask(now_s)
            self._executor.spin_once(timeout_sec=LOOK_S)

    def _add(self) -> None:
        ids = np.flatnonzero(self._random.random(self._item_count) < 0.02).astype(np.uint32)
        name, category = str(uuid.uuid4()), int(self._random.integers(self._categories))
        event = LabelEvent(name, Kind.ASSIGN, category, ids if len(ids) else np.array([0], "u4"), author="author")
        self._events[name] = event
        self._outbox.add(name, event, Report(name, "mark", Phase.END, 0, np.zeros(3), 0.0))

    def _ask(self, now_s: float) -> None:
        asked = self._outbox.due(now_s)
        if asked is None:
            return
        if not self._client.service_is_ready():
            self._outbox.put_off()
            return
        request = srv.SubmitLabels.Request(event=conversions.label_event_to_msg(asked.request))
        self._client.call_async(request).add_done_callback(lambda done, name=asked.name: self._note(name, done))

    def _note(self, name: str, done: object) -> None:
        response = done.result()  # type: ignore[attr-defined]
        if response is None:
            return
        event = self._events[name]
        if response.accepted:
            # Also an answer that comes late, to one of several questions: acknowledged is acknowledged.
            self.acknowledged[name] = Entry(int(response.seq), event.category, digest_of(event.sample_ids))
            self.answered_s.append(time.monotonic())
        else:
            self.refusals.append(response.message)
        self._outbox.answered(name, response.accepted, response.message, int(response.seq))


def known_from(gestures: list[object]) -> Mapping[str, int]:
    """Return what hands were told is safe, place in the journal by name, from messages of `gestures`."""
    ends = [m for m in gestures if m.phase == m.END and m.seq > 0]  # type: ignore[attr-defined]
    return {m.gesture_id: int(m.seq) for m in ends}  # type: ignore[attr-defined]
