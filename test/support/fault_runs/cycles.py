"""Sessions that come up and go again and again: what is left of them."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from running import RunningSession

_SHARED_MEMORY = Path("/dev/shm")
_OURS = ("fastrtps_", "fastdds_", "sem.fastrtps_", "sem.fastdds_")
_STARTS_S, _ENDS_S = 120.0, 60.0


@dataclass
class Outcome:
    """What came of it."""

    cycles: int = 0
    leaks: list[str] = field(default_factory=list)


def up_and_down(directory: Path, *, cycles: int) -> Outcome:
    """Have so many sessions come up, and end each one as soon as all its processes run."""
    outcome = Outcome()
    for number in range(cycles):
        before = _resources()
        arguments = ("gestures:=1000", "view:=headless", "max_items:=200", f"directory:={directory}/{number}")
        with RunningSession(*arguments) as session:
            session.wait_for_line("labels 0 of", _STARTS_S)
            family = session.family()
            session.interrupt()
            code = session.end(_ENDS_S)
        outcome.cycles += 1
        _, alive = psutil.wait_procs(family, timeout=20)
        left = [p.name() for p in alive if p.status() != psutil.STATUS_ZOMBIE]
        outcome.leaks += [f"session {number}: process {name} is left" for name in left]
        outcome.leaks += [f"session {number}: {name} is left" for name in sorted(_resources() - before)]
        if code != 130:
            outcome.leaks.append(f"session {number} ended with exit code {code}")
    return outcome


def _resources() -> set[str]:
    """Return shared memory of Fast DDS, and this process's descriptors."""
    found = {f"shared memory {p.name}" for p in _SHARED_MEMORY.iterdir() if p.name.startswith(_OURS)}
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # That of the directory itself is closed by now.
            found.add(f"descriptor {number}, {os.readlink(f'/proc/self/fd/{number}')}")
    return found
