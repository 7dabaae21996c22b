"""What becomes of a session when one of its processes ends. Pure; both starters go by it."""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from latentvr_common.errors import EXIT_INPUT_ERROR
from latentvr_session.description import Process, how_it_ended

_WITHIN_S = 120.0
_FIRST_S, _LONGEST_S = 0.5, 8.0


@dataclass(frozen=True)
class Verdict:
    """What follows from the end of a process."""

    text: str | None
    """What to say; None: it is no fault."""
    again_s: float | None = None
    """After so many seconds it is started again; None: it is not."""
    ends_session: bool = False


class Supervision:
    """Knows how often each process was started again: not for ever, and the oftener the later."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`most`: so many times within two minutes a process is started again. `clock`: seconds."""
        self._most = most
        self._clock = clock
        self._restarts: defaultdict[str, deque[float]] = defaultdict(deque)

    def judge(self, process: Process, exit_code: int) -> Verdict:
        """Return what follows from the end of `process` while the session runs."""
        fault = process.fault(exit_code)
        # A clean end was wanted by somebody; what was wrong with its arguments will be so again.
        if fault is None or not process.restarts or exit_code in (0, EXIT_INPUT_ERROR):
            return Verdict(fault, ends_session=process.required)
        recent, now_s = self._restarts[process.executable], self._clock()
        while recent and recent[0] < now_s - _WITHIN_S:
            recent.popleft()
        if len(recent) >= self._most:
            tried = f", for the {_ordinal(len(recent) + 1)} time in a short while" if recent else ""
            name, _, rest = fault.partition("; ")
            return Verdict(f"{name}{tried}; {rest}", ends_session=process.required)
        again_s = min(_FIRST_S * 2 ** len(recent), _LONGEST_S)
        recent.append(now_s)
        said = f"{process.executable} {how_it_ended(exit_code)}; it is started again in {again_s:g} s"
        return Verdict(said, again_s)


def _ordinal(number: int) -> str:
    """Return 2 as "2nd"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
