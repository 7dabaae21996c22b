"""How long to wait for what comes at a pace of its own before it counts as gone. Pure."""

from collections import deque

_LATELY = 30
"""So many of the times between two count: pace may change, and where drawing is slow it does so all the time."""
_TIMES = 2.0


class Patience:
    """Follows the pace of one thing. Times are seconds of one clock that rises."""

    def __init__(self, least_s: float, most_s: float = 0.5) -> None:
        """Wait twice the longest time between two lately; at least `least_s`, and beyond that at most `most_s`."""
        self._least_s = least_s
        self._most_s = max(least_s, most_s)
        self._between_s: deque[float] = deque(maxlen=_LATELY)
        self._heard_s: float | None = None

    def hear(self, at_s: float) -> None:
        """Take in that it came at `at_s`. After `most_s` without, it was gone: that is no pace."""
        if self._heard_s is not None and 0.0 <= at_s - self._heard_s <= self._most_s:
            self._between_s.append(at_s - self._heard_s)
        self._heard_s = at_s

    @property
    def lasts_s(self) -> float:
        """For how long nothing may come."""
        return min(max([self._least_s, *(_TIMES * between_s for between_s in self._between_s)]), self._most_s)
