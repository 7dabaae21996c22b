"""Points in the code at which something can be made to go wrong, to show that nothing is lost then. Off by default.

`LATENTVR_FAULT=<point>:<kind>[:<n>]` has the process that comes to that point for the n-th time (1 if left out)
be killed, raise, hang, or find the disk full or broken. Once: with `LATENTVR_FAULT_LOG=<file>` what has happened is
written there first, and does not happen to those who come later, such as the same process when it was started again.
Several are separated by commas. Without the first variable `reach` does nothing.
"""

import errno
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from latentvr_common.errors import InputError

VARIABLE, LOG_VARIABLE = "LATENTVR_FAULT", "LATENTVR_FAULT_LOG"

POINTS: Mapping[str, str] = {
    "journal.commit": "before an entry is committed",
    "journal.committed": "an entry is on the disk, and nobody knows",
    "journal.publish": "an entry was acknowledged, and not published yet",
    "journal.tidy": "before the log is moved into the file",
    "trainer.step": "before a step of training",
    "trainer.publish": "before a frame of the cloud",
    "checkpoint.begin": "before a checkpoint is written",
    "checkpoint.file": "before each of its files",
    "checkpoint.rename": "all its files are written, it has no name yet",
    "export.file": "before each file of the results",
    "labeler.hands": "before hands are looked at",
    "marks.submit": "before a mark is given to the journal, or a wish to the trainer",
    "marks.answered": "that was answered, and its end is not reported yet",
    "recorder.write": "before a message is written",
    "recorder.finish": "before the bag gets its end",
    "view.draw": "before a picture is drawn",
    "xr.loop": "before the runtime is asked for anything",
    "host.summary": "before the summary is written",
}
"""By name, what is about to happen there."""

_ERRORS = {"enospc": errno.ENOSPC, "eio": errno.EIO}
KINDS = ("kill", "raise", "hang", *_ERRORS)


class FaultError(RuntimeError):
    """What is raised at a point on demand."""


class Fault:
    """One fault to come."""

    def __init__(self, text: str, log: Path | None = None) -> None:
        """`text`: as in the variable. Raises InputError."""
        point, _, rest = text.partition(":")
        kind, _, turn = rest.partition(":")
        if point not in POINTS or kind not in KINDS or not (turn or "1").isdecimal() or int(turn or 1) < 1:
            raise InputError(
                f"{VARIABLE} is {text!r}, expected <point>:<kind>[:<n>] with one of the points {', '.join(POINTS)}, "
                f"one of the kinds {', '.join(KINDS)}, and n from 1"
            )
        self.point, self._kind, self._text = point, kind, text
        self._left = int(turn or 1)
        self._log = log

    def reach(self, point: str) -> None:
        """Have it happen if it is its turn."""
        if point != self.point:
            return
        self._left -= 1
        if self._left == 0 and self._is_first():
            self._happen()

    def _is_first(self) -> bool:
        """Tell whether nobody had it before, and keep others from it."""
        if self._log is None:
            return True
        with self._log.open("a+") as log:
            log.seek(0)
            if self._text in log.read().splitlines():
                return False
            log.write(f"{self._text}\n")
        return True

    def _happen(self) -> None:
        if self._kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        while self._kind == "hang":
            time.sleep(3600)
        if self._kind == "raise":
            raise FaultError(f"fault at {self.point}, as was asked for")
        raise OSError(_ERRORS[self._kind], os.strerror(_ERRORS[self._kind]))


def _nothing(_point: str) -> None:
    """Nothing is to go wrong."""


def wanted(variables: Mapping[str, str] = os.environ) -> Callable[[str], None]:
    """Return what to call at every point. Raises InputError for a variable that cannot be understood."""
    text, log = variables.get(VARIABLE, ""), variables.get(LOG_VARIABLE, "")
    faults = [Fault(one, Path(log) if log else None) for one in text.split(",") if text]

    def reach(point: str) -> None:
        for fault in faults:
            fault.reach(point)

    return reach if faults else _nothing


class _Points:
    """Has `reach` as an attribute: what it is, is decided once, when a process is told to arm."""

    def __init__(self) -> None:
        self.reach: Callable[[str], None] = _nothing


_points = _Points()


def arm() -> None:
    """Have the fault happen that the environment asks for; done by latentvr_common.run. Raises InputError."""
    _points.reach = wanted()


def reach(point: str) -> None:
    """Come to a point of POINTS."""
    _points.reach(point)
