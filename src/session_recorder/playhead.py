"""Where a replay stands in recorded time. It can be held and let go.

Thread rule: any thread may call any method.
"""

import threading
import time
from collections.abc import Callable

from latentvr_common.bags.schedule import Schedule

_LONGEST_WAIT_S = 60.0
"""At once: a condition cannot wait for the centuries that a bag may have between two messages."""


class Playhead:
    """Recorded time that goes on at a rate, as a clock of seconds that only goes forward does."""

    def __init__(self, first_ns: int, rate: float, *, held: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """Stand at the recorded time `first_ns`, nanoseconds since 1970; `held`: until told to go on."""
        self._clock = clock
        self._rate = rate
        self._at_ns = first_ns
        self._schedule: Schedule | None = None
        self._held = held
        self._running = False
        self._stopped = False
        self._changed = threading.Condition()

    def begin(self, first_ns: int) -> None:
        """Stand at `first_ns` and go on from there now, unless held."""
        with self._changed:
            self._running = True
            self._stand_at(first_ns)

    def hold(self, held: bool) -> int:
        """Stand still, or go on; return the recorded time at which it does, nanoseconds since 1970."""
        with self._changed:
            at_ns = self._position_ns()
            if held != self._held:
                self._held = held
                self._stand_at(at_ns)
            return at_ns

    @property
    def held(self) -> bool:
        """Whether it was told to stand still."""
        return self._held

    def stop(self) -> None:
        """End all waiting, for good."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def position_ns(self) -> int:
        """Return the recorded time now, nanoseconds since 1970."""
        with self._changed:
            return self._position_ns()

    def wait_until(self, log_ns: int) -> bool:
        """Return when the recorded time `log_ns` has come: True, or False as soon as it is stopped."""
        with self._changed:
            while not self._stopped:
                left_s = self._left_s(log_ns)
                if left_s <= 0:
                    return True
                self._changed.wait(min(left_s, _LONGEST_WAIT_S))
            return False

    def _stand_at(self, at_ns: int) -> None:
        self._at_ns = at_ns
        going = self._running and not self._held
        self._schedule = Schedule(at_ns, self._clock(), self._rate) if going else None
        self._changed.notify_all()

    def _position_ns(self) -> int:
        return self._schedule.recorded_ns(self._clock()) if self._schedule else self._at_ns

    def _left_s(self, log_ns: int) -> float:
        return self._schedule.due_s(log_ns) - self._clock() if self._schedule else _LONGEST_WAIT_S
