"""Runs a program, cuts its power at every moment, opens again what is left, and counts what is lost."""

import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from power_cut.checks import ACKNOWLEDGED
from power_cut.disk import Cut, Disk, put_on
from power_cut.log import Call, Done, run_logged

_PROGRAMS = Path(__file__).parent / "programs"
Check = Callable[[Path, Sequence[str]], str]
"""Looks at what is left in a directory, of what was acknowledged; returns what is wrong, or nothing."""


@dataclass
class Outcome:
    """What came of the cuts."""

    states: int = 0
    """So many different things that the disk may have held were opened."""
    problems: list[str] = field(default_factory=list)
    """One line for each of them that had lost something."""


def cut_everywhere(
    program: str, count: int, how: str, check: Check, shim: Path, *, every: int = 1, seed: int = 0
) -> Outcome:
    """Run `program` for `count` things, cut at every `every`-th of its calls, in each of the ways, and check."""
    with tempfile.TemporaryDirectory(prefix="latentvr-power-cut-") as place:
        root, left = Path(place) / "disk", Path(place) / "left"
        root.mkdir()
        done = run_logged([str(_PROGRAMS / program), str(root), str(count), how], root, Path(place) / "log", shim)
        return _cut(done, root, left, check, every, random.Random(seed))


def _cut(done: list[Done], root: Path, left: Path, check: Check, every: int, chance: random.Random) -> Outcome:
    disk, acknowledged, outcome, seen = Disk(root), list[str](), Outcome(), set[int]()
    acknowledgements = str(root / ACKNOWLEDGED)
    for number, call in enumerate(done):
        if call.path == acknowledgements:
            acknowledged += call.data.decode().splitlines() if call.call is Call.WRITE else []
            continue
        disk.take(call)
        if number % every:
            continue
        for cut in Cut:
            held = disk.after(cut, chance)
            state = hash((frozenset(held.items()), len(acknowledged)))
            if state in seen:
                continue
            seen.add(state)
            outcome.states += 1
            put_on(held, left)
            problem = check(left, acknowledged)
            if problem:
                outcome.problems.append(f"call {number} ({call.call.name.lower()} {call.path}), {cut.value}: {problem}")
    return outcome
