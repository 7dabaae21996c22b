"""What a check has come to."""

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How good that is."""

    OK = 0
    WARNING = 1
    """A session runs, but not with everything."""
    ERROR = 2
    """No session runs."""


@dataclass(frozen=True)
class Finding:
    """One line."""

    what: str
    """What was looked at."""
    level: Level
    text: str
    todo: str = ""
    """What to do about it; empty: nothing."""

    @property
    def line(self) -> str:
        """For people."""
        advice = f"; {self.todo}" if self.todo else ""
        return f"{self.level.name.lower():<8} {self.what:<14} {self.text}{advice}"


def ok(what: str, text: str) -> Finding:
    """Return that all is well."""
    return Finding(what, Level.OK, text)


def warning(what: str, text: str, todo: str) -> Finding:
    """Return that something is missing that a session can do without."""
    return Finding(what, Level.WARNING, text, todo)


def error(what: str, text: str, todo: str) -> Finding:
    """Return that no session can run."""
    return Finding(what, Level.ERROR, text, todo)
