"""The topic `forces`, sent while somebody beside the recorder listens.

Thread rule: `ForcesOut` lives on the executor's thread. `_Observer` lives on the worker's thread, where it is asked
between two steps with `Worker.put_question`.
"""

import math
import time
from concurrent.futures import Future as Answer
from dataclasses import dataclass, replace
from typing import cast

from rclpy.node import Node

from latent_trainer.force_watch import ForceWatch
from latent_trainer.parameters import Parameters
from latent_trainer.training import NotFiniteError, Training
from latent_trainer.worker import EndedError, Worker
from latentvr_common import conversions, node_tools, topics
from latentvr_common.forces import Forces

_MOST_SHARE = 0.08
"""Of training's time."""


@dataclass(frozen=True)
class _Seen:
    """One look at the forces."""

    forces: Forces | None
    """None for the first: nothing has moved yet."""
    took_s: float


class _Observer:
    """Looks at the forces. Lives on the worker's thread."""

    def __init__(self, settings: Parameters) -> None:
        self._settings = settings
        self._watch: ForceWatch | None = None

    def begin(self, training: Training) -> _Seen:
        began = time.monotonic()
        self._watch = ForceWatch(training, self._settings.forces_items, self._settings.seed)
        return _Seen(None, time.monotonic() - began)

    def look(self, training: Training) -> _Seen:
        if self._watch is None:
            return self.begin(training)
        began = time.monotonic()
        forces = self._watch.look()
        return _Seen(forces, time.monotonic() - began)


class ForcesOut:
    """Asks for the forces now and then, and publishes them."""

    def __init__(self, node: Node, worker: Worker, settings: Parameters) -> None:
        self._node = node
        self._worker = worker
        self._period_s = 1.0 / settings.forces_rate_hz
        self._out = node_tools.advertise(node, topics.FORCES)
        self._observer = _Observer(settings)
        self._watched = False
        self._asked: Answer[object] | None = None
        self._asked_s = -math.inf
        self._due_s = -math.inf

    def tick(self, now_s: float) -> None:
        """Publish what has come, and ask for more when it is time; monotonic seconds. Call it often."""
        if self._asked is not None:
            if not self._asked.done():
                return
            answer, self._asked = self._asked, None
            self._take(answer)
        if now_s < self._due_s:
            return
        self._asked_s, self._due_s = now_s, now_s + self._period_s
        if not node_tools.listeners(self._node, topics.FORCES):
            self._watched = False
            return
        look = self._observer.look if self._watched else self._observer.begin
        self._watched = True
        self._asked = self._worker.put_question(look)

    def _take(self, answer: "Answer[object]") -> None:
        try:
            seen = cast(_Seen, answer.result(0))
        except (EndedError, NotFiniteError):
            return  # The topic `epoch` tells that.
        self._due_s = max(self._due_s, self._asked_s + seen.took_s / _MOST_SHARE)
        if seen.forces is not None:
            stamped = replace(seen.forces, stamp_ns=node_tools.now_ns(self._node))
            self._out.publish(conversions.forces_to_msg(stamped))
