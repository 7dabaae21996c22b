"""What was before this window was opened, from the session's bag: another process reads it, this one waits.

Thread rule: as for the node that owns it.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from latentvr_common.bags.layout import files_of
from latentvr_common.timeline.stored import stored_in
from latentvr_common.timeline.timeline import Timeline

_LEAST_BYTES = 1_000_000
"""In a smaller bag is nothing to see: the session has just begun."""
_MB = 1_000_000


class Remembering:
    """At most one reading."""

    def __init__(self, bag: Path | None, budget_mb: float) -> None:
        """`bag`: None, or one that need not exist: there is nothing to be remembered."""
        self._bag = bag
        self._budget_bytes = int(budget_mb * _MB)
        self._reader: subprocess.Popen[str] | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self.reason = ""
        """Why nothing was remembered; empty: something was, or there is nothing."""

    def begin(self, before_ns: int) -> None:
        """Have what was before that time be read. Once; later calls do nothing."""
        bag, self._bag = self._bag, None
        if bag is None or not _holds_much(bag):
            return
        self._scratch = tempfile.TemporaryDirectory(prefix="latentvr-timeline-")
        words = [str(bag), str(before_ns), str(self._budget_bytes), self._scratch.name]
        command = [sys.executable, "-m", "cloud_view.desktop.remember", *words]
        self._reader = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    def look(self) -> Timeline | None:
        """Return what was read, once; None: it is not, or not yet."""
        reader, scratch = self._reader, self._scratch
        if reader is None or scratch is None or reader.poll() is None:
            return None
        try:
            said = reader.communicate()[1].strip()
            if reader.returncode == 0:
                return stored_in(Path(scratch.name), self._budget_bytes)
            self.reason = said.rpartition("\n")[2]
        except (OSError, ValueError) as error:
            self.reason = str(error)
        finally:
            self._forget()
        return None

    def stop(self) -> None:
        """Read no more."""
        if self._reader is not None:
            self._reader.kill()
            self._reader.communicate()
        self._forget()

    def _forget(self) -> None:
        if self._scratch is not None:
            self._scratch.cleanup()
        self._reader = self._scratch = None


def _holds_much(bag: Path) -> bool:
    try:
        return sum(path.stat().st_size for path in files_of(bag)) >= _LEAST_BYTES
    except OSError:
        return False
