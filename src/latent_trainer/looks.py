"""Looks at training, now and then while somebody wants to know what they show. No thread, no ROS."""

import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from latent_trainer.training import NotFiniteError, Training
from latent_trainer.worker import EndedError

Found = TypeVar("Found")


@dataclass(frozen=True)
class _Seen(Generic[Found]):
    found: Found
    took_s: float


class Looks(Generic[Found]):
    """Has the worker look once a period, but for at most a share of its time, and tells what was found.

    Lives on the caller's thread; what looks runs on the worker's.
    """

    def __init__(
        self,
        put_question: Callable[[Callable[[Training], object]], "Future[object]"],
        wanted: Callable[[], object],
        tell: Callable[[Found], None],
        *,
        period_s: float,
        most_share: float,
    ) -> None:
        """Take `Worker.put_question`, whether anybody wants to know, and who is told.

        most_share: of the worker's time, above 0 and below 1.
        """
        self._put_question = put_question
        self._wanted = wanted
        self._tell = tell
        self._period_s = period_s
        self._most_share = most_share
        self._asked: Future[object] | None = None
        self._asked_s = -math.inf
        self._due_s = -math.inf
        self.going = False
        """Whether somebody wanted to know the last time that it was time to look."""

    def tick(self, now_s: float, look: Callable[[Training], Found]) -> None:
        """Tell what has come, and have `look` run when it is time; monotonic seconds. Call it often."""
        if self._asked is not None:
            if not self._asked.done():
                return
            answer, self._asked = self._asked, None
            self._take(answer)
        if now_s < self._due_s:
            return
        self._asked_s, self._due_s = now_s, now_s + self._period_s
        self.going = bool(self._wanted())
        if self.going:
            self._asked = self._put_question(lambda training: _timed(look, training))

    def _take(self, answer: "Future[object]") -> None:
        try:
            seen = cast(_Seen[Found], answer.result(0))
        except (EndedError, NotFiniteError):
            return  # The topic `epoch` tells that.
        self._due_s = max(self._due_s, self._asked_s + seen.took_s / self._most_share)
        self._tell(seen.found)


def _timed(look: Callable[[Training], Found], training: Training) -> _Seen[Found]:
    began = time.monotonic()
    found = look(training)
    return _Seen(found, time.monotonic() - began)
