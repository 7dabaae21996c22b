"""Marks on their way to the journal: kept until it has answered, in the order in which they were made.

Pure; times are monotonic seconds that the caller reads. No answer means unknown, so the same entry is sent again: its
name makes that harmless.
"""

from collections import deque
from dataclasses import dataclass, replace

from gesture_labeler.reports import Phase, Report
from latentvr_common.labels import LabelEvent

RETRY_S = 2.0


@dataclass(frozen=True)
class _Pending:
    event: LabelEvent
    end: Report


class Outbox:
    """A queue of which the first entry is sent until it is answered."""

    def __init__(self) -> None:
        """Start empty."""
        self._pending: deque[_Pending] = deque()
        self._sent_s: float | None = None

    def __len__(self) -> int:
        """Return how many marks are not answered yet."""
        return len(self._pending)

    def add(self, event: LabelEvent, end: Report) -> None:
        """Add a mark, and the report that says that it took effect."""
        self._pending.append(_Pending(event, end))

    def due(self, now_s: float) -> LabelEvent | None:
        """Return the entry to send now, if one is to be sent."""
        if not self._pending or (self._sent_s is not None and now_s - self._sent_s < RETRY_S):
            return None
        self._sent_s = now_s
        return self._pending[0].event

    def answered(self, event_id: str, accepted: bool, seq: int, message: str) -> Report | None:
        """Take in the journal's answer; return the report for it, or None for an answer that came before."""
        if not self._pending or self._pending[0].event.event_id != event_id:
            return None
        end = self._pending.popleft().end
        self._sent_s = None
        if accepted:
            return replace(end, seq=seq)
        return replace(end, phase=Phase.CANCEL, detail=f"the journal did not accept it: {message}")
