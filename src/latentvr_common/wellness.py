"""Which nodes of a session are not well, in one line for people. No ROS.

Times are seconds of one clock that rises.
"""

from collections.abc import Callable
from dataclasses import dataclass

OK, WARN, ERROR = 0, 1, 2
"""Levels of diagnostic_msgs/DiagnosticStatus; 3 is STALE."""
SILENT_S = 5.0
"""Nodes tell how they are once a second."""
LASTING_S = 2.5
"""A warning that is gone by then, as of one message that could not be used, is not for people."""
_LONGEST = 100
"""Characters of what a node says."""


@dataclass(frozen=True)
class _Said:
    level: int
    text: str
    came_s: float
    since_s: float
    """Since when it has not been well."""


class Wellness:
    """What each node said of itself last."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self._said: dict[str, _Said] = {}

    def take(self, node: str, level: int, text: str, now_s: float) -> None:
        """Note what `node` says of itself."""
        before = self._said.get(node)
        was_ill = before is not None and before.level != OK
        self._said[node] = _Said(level, text, now_s, before.since_s if before is not None and was_ill else now_s)

    def trouble(self, is_there: Callable[[str], bool]) -> str:
        """Return who is not well, and why; empty: all are, or nobody was heard.

        `is_there`: whether a node takes part in the graph; one that fell silent and does not has ended, and is
        forgotten. Silence is measured against what was heard last of anybody: who hears nothing says nothing of others.
        """
        newest_s = max((said.came_s for said in self._said.values()), default=0.0)
        silent = [node for node, said in self._said.items() if newest_s - said.came_s > SILENT_S]
        for node in [node for node in silent if not is_there(node)]:
            del self._said[node]
            silent.remove(node)
        ill = [
            (said.level == ERROR, node)
            for node, said in self._said.items()
            if node not in silent
            and said.level != OK
            and (said.level == ERROR or said.came_s - said.since_s >= LASTING_S)
        ]
        lines = [f"{node} is not heard" for node in silent]
        lines += [f"{node}: {_short(self._said[node].text)}" for _, node in sorted(ill, key=lambda pair: not pair[0])]
        more = f"  ·  {len(lines) - 1} more" if len(lines) > 1 else ""
        return lines[0] + more if lines else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
