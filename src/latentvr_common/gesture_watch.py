"""What goes on, as the topic `gestures` tells it: brushes, the gesture under way, and why the last one was cancelled.

Pure. Times are seconds of one clock that rises.
"""

import math
from dataclasses import dataclass

from latentvr_common.gestures import BECAME, BOX, DENSITY, DWELL, PINCH_BRUSH, RADIUS, Phase, Report
from latentvr_common.scene import Brush, Doing

_BRUSHES = (PINCH_BRUSH, DENSITY, BOX, RADIUS)
"""Gestures that hold something to be seen."""
STALE_S = 1.0
"""A gesture that is not heard of for so long is over: who tells of it has gone, or its end was lost."""
NOTICE_S = 2.0
"""For so long it is told why a gesture was cancelled."""


@dataclass(frozen=True)
class _Seen:
    """A gesture, what it holds, and when it was last heard of."""

    doing: Doing
    brush: Brush | None
    came_s: float


class GestureWatch:
    """Follows the gestures of one person."""

    def __init__(self) -> None:
        """Start with none."""
        self._seen: dict[str, _Seen] = {}
        self._notice = ""
        self._noticed_s = -math.inf

    def take(self, report: Report, now_s: float) -> None:
        """Take in what was heard at `now_s`."""
        self._forget(now_s)
        if report.phase in (Phase.END, Phase.CANCEL):
            self._seen.pop(report.gesture_id, None)
            if report.phase is Phase.CANCEL and report.name != DWELL and not report.detail.startswith(BECAME):
                self._notice, self._noticed_s = f"cancelled: {report.detail}", now_s
            return
        brush = None
        if report.name in _BRUSHES and report.radius_m > 0:
            brush = Brush(report.position, report.radius_m, report.category, report.name)
        self._seen[report.gesture_id] = _Seen(Doing(report.name, report.position, report.item), brush, now_s)
        self._notice = ""

    def knows(self, gesture_id: str) -> bool:
        """Tell whether this gesture goes on, as far as was heard."""
        return gesture_id in self._seen

    def brushes(self, now_s: float) -> tuple[Brush, ...]:
        """Return what the gestures that go on hold."""
        self._forget(now_s)
        return tuple(seen.brush for seen in self._seen.values() if seen.brush is not None)

    def doing(self, now_s: float) -> Doing | None:
        """Return the gesture that goes on; None: none does."""
        self._forget(now_s)
        return next((seen.doing for seen in reversed(self._seen.values())), None)

    def notice(self, now_s: float) -> str:
        """Return why a gesture was cancelled; empty: none was, or a while ago, or another one has begun since."""
        return self._notice if now_s < self._noticed_s + NOTICE_S else ""

    def _forget(self, now_s: float) -> None:
        self._seen = {name: seen for name, seen in self._seen.items() if now_s <= seen.came_s + STALE_S}
