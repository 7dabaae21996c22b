"""Questions to the worker for whose answers the caller of a service waits.

Thread rule: `Questions` lives on the executor's thread. A question runs on the worker's thread, between two steps.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future as Answer
from typing import Any

from rclpy.node import Node
from rclpy.task import Future

from latent_trainer.training import NotFiniteError, Training
from latent_trainer.waiting import Waiting
from latent_trainer.worker import EndedError, Worker
from latentvr_common import node_tools
from latentvr_common.errors import InputError

_LOOK_S = 0.05


class Questions:
    """Puts questions to the worker, and gives the answers to who waits for them: nobody waits here."""

    def __init__(self, node: Node, worker: Worker) -> None:
        self._worker = worker
        self._waiting = Waiting()
        self._timer = node_tools.every(node, _LOOK_S, self.look)
        self._timer.cancel()  # it runs while somebody waits

    def __len__(self) -> int:
        """Return how many questions have no answer yet."""
        return len(self._waiting)

    def ask(
        self, question: Callable[[Training], object], respond: Callable[["Answer[object]"], Any], timeout_s: float
    ) -> Future:
        """Have the worker answer `question`; return the place of what `respond` makes of it.

        The answer is cancelled if the worker does not take the question up within `timeout_s`.
        """
        response = Future()
        answer = self._worker.put_question(question)
        self._waiting.add(answer, time.monotonic() + timeout_s, lambda given: response.set_result(respond(given)))
        self._timer.reset()
        return response

    def look(self) -> None:
        """Give the answers that have come."""
        self._waiting.look(time.monotonic())
        if not len(self._waiting):
            self._timer.cancel()


def reason_of(error: Exception) -> str:
    """Return in words why a question has no answer."""
    known = isinstance(error, InputError | EndedError | NotFiniteError | OSError)
    return (str(error) if known else f"{type(error).__name__}: {error}") or type(error).__name__
