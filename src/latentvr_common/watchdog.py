"""A process whose loops no longer turn ends itself, with what each of its threads was doing, and is started again.

Heartbeats come from the loops that do the work: a thread of its own would go on beating while they hang. The alarm
itself is set off by a thread of Python's that needs no lock (faulthandler); the loop that spins the node puts it off
while all are well.
"""

import faulthandler
import math
import os
import sys
import time
from collections.abc import Callable, Mapping

from latentvr_common.errors import InputError

VARIABLE = "LATENTVR_HANG_S"
_DEFAULT_S = 120.0
_PUT_OFF_EVERY_S = 1.0
_START_TURNS = 2.0
"""A start may take as long as so many turns."""


class Watchdog:
    """Knows when each loop last turned."""

    def __init__(
        self,
        limit_s: float,
        set_alarm: Callable[[float], None],
        cancel: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`limit_s`: so long a turn of a loop may take; 0: for ever. `set_alarm`: to end the process so much later."""
        self._limit_s = limit_s
        self._set_alarm = set_alarm
        self._cancel = cancel
        self._clock = clock
        self._beats: dict[str, float] = {}
        self._put_off_s = -math.inf
        self._watches = False

    def beat(self, loop: str) -> None:
        """Take note that `loop` turns. Any thread."""
        self._beats[loop] = self._clock()

    def rest(self, loop: str) -> None:
        """Take note that `loop` does something that may take any time, until its next beat."""
        self._beats.pop(loop, None)

    def put_off(self) -> None:
        """Put the alarm off, unless a loop is late. To be called by the loop that spins the node."""
        now_s = self._clock()
        if self._limit_s <= 0 or now_s < self._put_off_s + min(_PUT_OFF_EVERY_S, self._limit_s / 4):
            return
        if all(now_s - beat_s < self._limit_s for beat_s in tuple(self._beats.values())):
            self._put_off_s, self._watches = now_s, True
            self._set_alarm(self._limit_s)

    def watch_start(self) -> None:
        """Set the alarm for a start, which may take as long as two turns; the loop that spins the node then has it."""
        if self._limit_s > 0:
            self._watches = True
            self._set_alarm(_START_TURNS * self._limit_s)

    def end(self) -> None:
        """Watch no more."""
        if self._watches:
            self._watches = False
            self._cancel()


def limit_s(variables: Mapping[str, str] = os.environ) -> float:
    """Return how long a turn may take, from the environment. Raises InputError."""
    text = variables.get(VARIABLE, "") or str(_DEFAULT_S)
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        raise InputError(f"{VARIABLE} is {text!r}, expected seconds, 0 for no limit")
    return found


def _end_later(seconds: float) -> None:
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or 2)


_watchdog = Watchdog(0.0, _end_later, faulthandler.cancel_dump_traceback_later)


def start() -> Watchdog:
    """Return the watchdog of this process, anew; done by latentvr_common.run. Raises InputError."""
    global _watchdog
    _watchdog = Watchdog(limit_s(), _end_later, faulthandler.cancel_dump_traceback_later)
    return _watchdog


def beat(loop: str) -> None:
    """Take note that `loop` turns. Any thread."""
    _watchdog.beat(loop)


def rest(loop: str) -> None:
    """Take note that `loop` does something that may take any time, until its next beat."""
    _watchdog.rest(loop)
