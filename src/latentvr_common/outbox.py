"""What is asked of others, kept until they have answered, in the order in which it was asked.

Pure; times are monotonic seconds that the caller reads. No answer means unknown, so the same is asked again:
whatever is put here must be harmless when it is asked twice.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from latentvr_common.gestures import Phase, Report

RETRY_S = 2.0

Request = TypeVar("Request")


@dataclass(frozen=True)
class Asked(Generic[Request]):
    """What is asked, and what to report once it is done."""

    name: str
    """Unique."""
    request: Request
    end: Report


class Outbox(Generic[Request]):
    """A queue of which the first is asked until it is answered."""

    def __init__(self) -> None:
        """Start empty."""
        self._pending: deque[Asked[Request]] = deque()
        self._sent_s: float | None = None

    def __len__(self) -> int:
        """Return how many are not answered yet."""
        return len(self._pending)

    def add(self, name: str, request: Request, end: Report) -> None:
        """Add something to ask, and the report that says that it took effect."""
        self._pending.append(Asked(name, request, end))

    def due(self, now_s: float) -> Asked[Request] | None:
        """Return what to ask now, if anything."""
        if not self._pending or (self._sent_s is not None and now_s - self._sent_s < RETRY_S):
            return None
        self._sent_s = now_s
        return self._pending[0]

    def put_off(self) -> None:
        """Take note that what was due could not be asked; it is due again at once."""
        self._sent_s = None

    def answered(self, name: str, accepted: bool, message: str, seq: int = 0) -> Report | None:
        """Take in an answer; return the report for it, or None for an answer that came before."""
        if not self._pending or self._pending[0].name != name:
            return None
        end = self._pending.popleft().end
        self._sent_s = None
        return replace(end, seq=seq) if accepted else replace(end, phase=Phase.CANCEL, detail=message)

    def give_up(self, message: str) -> list[Report]:
        """Drop all that is not answered; return the reports for that."""
        reports = [replace(asked.end, phase=Phase.CANCEL, detail=message) for asked in self._pending]
        self._pending.clear()
        self._sent_s = None
        return reports
