"""What goes on, as the topic `gestures` tells it: brushes, the gesture under way, what is offered, what was cancelled.

Pure. Times are seconds of one clock that rises.
"""

import math
from dataclasses import dataclass

from latentvr_common.gestures import ACCEPT, BECAME, BOX, DENSITY, DWELL, PINCH_BRUSH, RADIUS, Phase, Report
from latentvr_common.scene import Brush, Doing, Offer

_BRUSHES = (PINCH_BRUSH, DENSITY, BOX, RADIUS)
"""Gestures that hold something to be seen."""
STALE_S = 1.0
"""A gesture that is not heard of for so long is over: who tells of it has gone, or its end was lost."""
NOTICE_S = 2.0
"""For so long it is told why a gesture was cancelled."""


@dataclass(frozen=True)
class _Seen:
    """A gesture or an offer, what it holds, and when it was last heard of."""

    what: Doing | Offer
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
        self._seen[report.gesture_id] = _Seen(_what(report), brush, now_s)
        # An offer is told again and again: that is no news that would take the place of any other.
        if report.name != ACCEPT or report.phase is Phase.BEGIN:
            self._notice = ""

    def knows(self, gesture_id: str) -> bool:
        """Tell whether this gesture goes on, as far as was heard."""
        return gesture_id in self._seen

    def brushes(self, now_s: float) -> tuple[Brush, ...]:
        """Return what the gestures that go on hold."""
        self._forget(now_s)
        return tuple(seen.brush for seen in self._seen.values() if seen.brush is not None)

    def doing(self, now_s: float) -> Doing | None:
        """Return the gesture that goes on; None: none does. An offer is none: the hands are free while it stands."""
        self._forget(now_s)
        return next((seen.what for seen in reversed(self._seen.values()) if isinstance(seen.what, Doing)), None)

    def offer(self, now_s: float) -> Offer | None:
        """Return what the network would label by itself; None: nobody has asked."""
        self._forget(now_s)
        return next((seen.what for seen in reversed(self._seen.values()) if isinstance(seen.what, Offer)), None)

    def notice(self, now_s: float) -> str:
        """Return why a gesture was cancelled; empty: none was, or a while ago, or another one has begun since."""
        return self._notice if now_s < self._noticed_s + NOTICE_S else ""

    def _forget(self, now_s: float) -> None:
        self._seen = {name: seen for name, seen in self._seen.items() if now_s <= seen.came_s + STALE_S}


def _what(report: Report) -> Doing | Offer:
    if report.name == ACCEPT:
        return Offer(report.gesture_id, report.detail or f"{report.samples:,} items")
    return Doing(report.name, report.position, report.item)
