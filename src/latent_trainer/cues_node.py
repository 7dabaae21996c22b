"""The topic `cues`, sent while somebody beside the recorder listens.

Thread rule: `CuesOut` lives on the executor's thread. What it asks is answered on the worker's thread, between two
steps, with `Worker.put_question`; arrays that it hands over are not changed by anybody.
"""

import math
import time
from concurrent.futures import Future as Answer
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt
from rclpy.node import Node

from latent_trainer.cues import Surroundings, cues_of, surroundings
from latent_trainer.training import Encoded, Training
from latent_trainer.worker import EndedError, Worker
from latentvr_common import conversions, node_tools, topics
from latentvr_common.cues import Cues

_PERIOD_S = 2.0
_MOST_SHARE = 0.05
"""Of training's time."""
_PLACES = 5


@dataclass(frozen=True)
class _Seen:
    cues: Cues
    took_s: float


class CuesOut:
    """Asks for the cues now and then, and publishes them."""

    def __init__(self, node: Node, worker: Worker) -> None:
        self._node = node
        self._worker = worker
        self._out = node_tools.advertise(node, topics.CUES)
        self._around: Surroundings | None = None
        self._asked: Answer[object] | None = None
        self._asked_s = -math.inf
        self._due_s = -math.inf

    def tick(self, now_s: float, encoded: Encoded, labels: npt.NDArray[np.int16]) -> None:
        """Publish what has come, and ask for more when it is time; monotonic seconds. Call it often.

        encoded: what is shown; labels: (N,) in force, -1 none.
        """
        if self._asked is not None:
            if not self._asked.done():
                return
            answer, self._asked = self._asked, None
            self._take(answer)
        if now_s < self._due_s:
            return
        self._asked_s, self._due_s = now_s, now_s + _PERIOD_S
        if node_tools.listeners(self._node, topics.CUES):
            self._asked = self._worker.put_question(lambda training: self._look(training, encoded, labels))

    def _look(self, training: Training, encoded: Encoded, labels: npt.NDArray[np.int16]) -> _Seen:
        """Runs on the worker's thread, alone in using `_around`."""
        began = time.monotonic()
        if self._around is None:
            self._around = surroundings(training.inputs.cpu().numpy(), training.neighbours)
        cues = cues_of(encoded, labels, self._around, _PLACES)
        return _Seen(cues, time.monotonic() - began)

    def _take(self, answer: "Answer[object]") -> None:
        try:
            seen = cast(_Seen, answer.result(0))
        except EndedError:
            return  # The topic `epoch` tells that.
        self._due_s = max(self._due_s, self._asked_s + seen.took_s / _MOST_SHARE)
        stamped = replace(seen.cues, stamp_ns=node_tools.now_ns(self._node))
        self._out.publish(conversions.cues_to_msg(stamped))
