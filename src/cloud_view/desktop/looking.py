"""The item that is looked at: which one, and what is told of it."""

from dataclasses import replace

from cloud_view.desktop.moment import Moment
from cloud_view.desktop.outcome import Outcome
from latentvr_common.gestures import DWELL, Phase, Report


class Looking:
    """At most one item at a time. What comes of it is added to `out`."""

    def __init__(self) -> None:
        self.wanted = False
        """Whether the item under the mouse is to be shown."""
        self.item: int | None = None
        """The one that is."""
        self.begun: Report | None = None
        """What was told when it began."""

    def look_at(self, item: int | None, gesture_id: str, now: Moment, out: Outcome) -> None:
        """Look at `item`; where there is none, at what was looked at before."""
        if item is None or item == self.item:
            return
        self.look_away(now, out)
        self.item = item
        self.begun = replace(now.report(gesture_id, DWELL, Phase.BEGIN, now.place), item=item)
        out.reports.append(self.begun)

    def look_away(self, now: Moment, out: Outcome) -> None:
        """Look at nothing."""
        begun, self.begun, self.item = self.begun, None, None
        if begun is not None:
            out.reports.append(replace(begun, phase=Phase.END, stamp_ns=now.stamp_ns))
