"""When a session is over: pure logic over time."""

from enum import Enum


class Stage(Enum):
    """Where a session stands."""

    WAITING = "waiting for a person"
    PRESENT = "a person is there"
    SETTLING = "the person has left, training goes on"
    OVER = "over"


class Closing:
    """Follows whether a person is there. Times are monotonic seconds that the caller reads.

    A person who comes back while training settles is there again. Without a person there is no end but `duration_s`.
    """

    def __init__(self, *, settle_s: float, duration_s: float, now_s: float) -> None:
        self._settle_s = settle_s
        self._end_s = now_s + duration_s if duration_s > 0 else None
        self._left_s = now_s
        self.stage = Stage.WAITING

    def update(self, person_is_there: bool, now_s: float) -> Stage:
        """Return where the session stands now; OVER is never left."""
        if self.stage is Stage.OVER:
            return self.stage
        if self._end_s is not None and now_s >= self._end_s:
            self.stage = Stage.OVER
        elif person_is_there:
            self.stage = Stage.PRESENT
        elif self.stage is Stage.PRESENT:
            self.stage, self._left_s = Stage.SETTLING, now_s
        if self.stage is Stage.SETTLING and now_s >= self._left_s + self._settle_s:
            self.stage = Stage.OVER
        return self.stage
