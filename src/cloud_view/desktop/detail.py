"""How much is drawn: everything at rest, and while a person moves something only as much as can be drawn in time."""

from cloud_view.cloud_shapes import MOST_BALLS

BUDGET_S = 0.06
"""For a frame while something moves."""
REST_S = 0.35
"""After so long without an input everything is drawn again."""
_FEWEST = 4_000
_LESS, _MORE = 0.5, 1.25
_STEADY = 0.15
"""So far from the budget, as a share, nothing is changed."""


class Detail:
    """Learns from how long frames take. Times are seconds by a clock that the caller reads (monotonic)."""

    def __init__(self, budget_s: float = BUDGET_S) -> None:
        self._budget_s = budget_s
        self._items: int | None = None
        self._moved_s = -REST_S

    def note_input(self, now_s: float) -> None:
        """Take in that mouse or keyboard did something."""
        self._moved_s = now_s

    def at_rest(self, now_s: float) -> bool:
        """Tell whether nothing has moved for a while."""
        return now_s >= self._moved_s + REST_S

    def items(self, count: int, now_s: float) -> int:
        """Return how many of `count` items to draw now; `count`: all, as at rest."""
        if self.at_rest(now_s) or self._items is None or count <= _FEWEST:
            return count
        return min(count, self._items)

    def note_frame(self, drawn: int, took_s: float) -> None:
        """Take in that a frame with `drawn` items took so long while something moved."""
        if drawn <= _FEWEST and took_s > self._budget_s:
            return
        ratio = self._budget_s / max(took_s, 1e-4)
        if abs(ratio - 1.0) > _STEADY:
            wanted = int(drawn * min(max(ratio, _LESS), _MORE))
            self._items = max(wanted, _FEWEST)


def has_balls(count: int) -> bool:
    """Tell whether all of so many items are drawn as balls when everything is drawn."""
    return count <= MOST_BALLS
