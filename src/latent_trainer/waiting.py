"""Questions to the worker for whose answers somebody waits. No thread, no clock, no ROS."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

Tell = Callable[["Future[object]"], object]


@dataclass(frozen=True)
class _Asked:
    answer: "Future[object]"
    """Given by the worker."""
    until_s: float
    tell: Tell


class Waiting:
    """Who waits for what, by the caller's clock (monotonic seconds). Lives on the caller's thread."""

    def __init__(self) -> None:
        self._asked: list[_Asked] = []

    def __len__(self) -> int:
        """Return how many questions have no answer yet."""
        return len(self._asked)

    def add(self, answer: "Future[object]", until_s: float, tell: Tell) -> None:
        """Call `tell` with `answer` once it is there; it is cancelled if nobody takes the question up by `until_s`."""
        self._asked.append(_Asked(answer, until_s, tell))

    def look(self, now_s: float) -> None:
        """Tell those whose answer is there, and those for whom nobody was found in time."""
        asked, self._asked = self._asked, []
        for one in asked:
            # What is being answered cannot be cancelled; its answer comes.
            if now_s > one.until_s and not one.answer.done():
                one.answer.cancel()
            # Asked once: it may come between two looks.
            if one.answer.done():
                one.tell(one.answer)
            else:
                self._asked.append(one)
