"""The mark that is being made: how it begins, follows the mouse, ends, or comes to nothing."""

from cloud_view.desktop.marks import Mark, Sight
from cloud_view.desktop.moment import Moment
from cloud_view.desktop.outcome import Outcome
from latentvr_common import marks
from latentvr_common.cloud import NONE
from latentvr_common.gestures import Phase


class Marking:
    """At most one mark at a time. What comes of it is added to `out`."""

    def __init__(self, author: str) -> None:
        """`author` of the marks."""
        self._author = author
        self.mark: Mark | None = None

    def begin(self, gesture_id: str, ahead_m: float | None, now: Moment, out: Outcome) -> None:
        """Begin one `ahead_m` ahead of the eye (None: nothing is there), or say why not."""
        reason = why_not(ahead_m, now)
        if reason or now.sight is None or ahead_m is None:
            out.note = reason
            report = now.report(gesture_id, now.hand.tool.name, Phase.CANCEL, now.place, detail=reason)
            out.reports.append(report)
            return
        self.mark = now.hand.tool(gesture_id, now.sight, ahead_m)
        self._follow(self.mark, now.sight, Phase.BEGIN, now, out)

    def follow(self, now: Moment, out: Outcome) -> None:
        """Take in where the mouse is now."""
        if self.mark is not None and now.sight is not None:
            self._follow(self.mark, now.sight, Phase.UPDATE, now, out)

    def _follow(self, mark: Mark, sight: Sight, phase: Phase, now: Moment, out: Outcome) -> None:
        before = mark.ids
        mark.follow(sight, now.aim)
        out.reports.append(now.report_of(mark, phase))
        if mark.ids is not before:
            self.preview(now, out)

    def preview(self, now: Moment, out: Outcome) -> None:
        """Show what is being marked, in the colour that it would get now."""
        mark, sight = self.mark, now.sight
        if mark is None or sight is None:
            return
        category = now.hand.marks_with
        out.preview = marks.preview_of(mark.gesture_id, now.stamp_ns, category, mark.found, sight.frame)

    def end(self, now: Moment, out: Outcome) -> None:
        """Have the mark made."""
        mark = self.mark
        if mark is None:
            return
        if not len(mark.ids):
            self.cancel("no item in it", now, out)
            return
        mark.finish()
        self.mark = None
        hand = now.hand
        event = marks.entry_of(mark.gesture_id, mark.name, self._author, hand.category, mark.found, erases=hand.erases)
        out.commits.append((event, now.report_of(mark, Phase.END)))

    def cancel(self, reason: str, now: Moment, out: Outcome) -> None:
        """Take it back."""
        mark, self.mark = self.mark, None
        if mark is not None:
            out.reports.append(now.report_of(mark, Phase.CANCEL, reason))
            out.note = reason


def why_not(ahead_m: float | None, now: Moment) -> str:
    """Return why nothing can be marked now; empty: it can."""
    if now.sight is None or not len(now.sight.frame.cloud):
        return "there is no cloud yet"
    if now.hand.marks_with == NONE and not now.hand.erases:
        return "no category chosen: press its number"
    return "" if ahead_m is not None else "nothing is there"
