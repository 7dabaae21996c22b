"""When to draw the next picture: not too often, never too costly, and for a film ever more seldom."""

FILM_PICTURES = 480
"""After so many pictures a film's period grows with the session's length, and so the film by its logarithm."""


class Pacing:
    """Times and costs are seconds by clocks that the caller reads: monotonic time, and processor time."""

    _MEMORY = 0.2

    def __init__(self, period_s: float, share: float, thin_after: int | None = None) -> None:
        """`period_s`: between two pictures at the most often; `share`: of one core, at most, above 0 and up to 1.

        `thin_after`: from so many pictures on the period grows with time; None: it does not.
        """
        self._shortest_s = period_s
        self._share = share
        self._thin_after = thin_after
        self._cost_s = 0.0
        self._first_s: float | None = None
        self._due_s = 0.0

    def due(self, now_s: float) -> bool:
        """Tell whether it is time for the next picture."""
        return now_s >= self._due_s

    def note(self, cost_s: float, now_s: float) -> None:
        """Take down that a picture was begun at `now_s` and cost `cost_s` of processor time."""
        if self._first_s is None:
            self._first_s = now_s
        else:
            # The first one includes setting up the renderer, which says nothing about those to come.
            known = self._cost_s > 0
            self._cost_s = self._cost_s + self._MEMORY * (cost_s - self._cost_s) if known else cost_s
        self._due_s = now_s + self.period_s(now_s)

    def period_s(self, now_s: float) -> float:
        """Return the time from one picture to the next."""
        period_s = max(self._shortest_s, self._cost_s / self._share)
        if self._thin_after is None or self._first_s is None:
            return period_s
        return max(period_s, (now_s - self._first_s) / self._thin_after)
