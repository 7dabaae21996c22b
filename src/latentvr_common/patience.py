"""How long to wait for what comes at a pace of its own before it counts as gone. Pure."""

from collections import deque
from statistics import median

_USUAL_OF = 7
"""The usual time between two is the median of so many: a single stop does not change it."""


class Patience:
    """Follows the pace of one thing. Times are seconds of one clock that rises."""

    def __init__(self, least_s: float, most_s: float = 0.5, times: float = 3.0) -> None:
        """Wait `times` as long as is usual between two; at least `least_s`, and beyond that at most `most_s`."""
        self._least_s = least_s
        self._most_s = max(least_s, most_s)
        self._times = times
        self._between_s: deque[float] = deque(maxlen=_USUAL_OF)
        self._heard_s: float | None = None

    def hear(self, at_s: float) -> None:
        """Take in that it came at `at_s`."""
        if self._heard_s is not None and 0.0 <= at_s - self._heard_s <= self._most_s:
            self._between_s.append(at_s - self._heard_s)
        self._heard_s = at_s

    @property
    def usual_s(self) -> float:
        """The usual time between two; 0.0 while that is not known."""
        return median(self._between_s) if self._between_s else 0.0

    @property
    def lasts_s(self) -> float:
        """For how long nothing may come."""
        return min(max(self._least_s, self._times * self.usual_s), self._most_s)
