"""How many cores this process may use: fewer than the machine has where it is pinned, or in a container."""

import os
from pathlib import Path, PurePosixPath

_MOST_THREADS = 8
"""The network is small: more threads wait for each other longer than they compute."""
_CGROUP_FILE = Path("/proc/self/cgroup")
_CGROUPS = Path("/sys/fs/cgroup")


def default_threads() -> int:
    """Return one less than the cores that may be used, at least 1 and at most 8: one is left to the other processes."""
    return min(max(1, _usable_cores() - 1), _MOST_THREADS)


def preparing_threads() -> int:
    """Return as many as the cores that may be used, at most 8: before there is a cloud the others have little to do."""
    return min(_usable_cores(), _MOST_THREADS)


def _usable_cores() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota()
    return cores if quota is None else max(1, min(cores, int(quota)))


def cpu_quota(cgroup_file: Path = _CGROUP_FILE, cgroups: Path = _CGROUPS) -> float | None:
    """Return how many cores' time the control groups (version 2) of this process give it; None: no limit is known.

    The narrowest of the group and those above it counts. Source: "CPU Interface Files" of the kernel's cgroup-v2.rst.
    """
    try:
        lines = cgroup_file.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    own = next((line[3:] for line in lines if line.startswith("0::/")), "/")
    group = PurePosixPath("/", own)
    limits = [_limit_of(cgroups / str(place).lstrip("/") / "cpu.max") for place in (group, *group.parents)]
    return min((limit for limit in limits if limit is not None), default=None)


def _limit_of(file: Path) -> float | None:
    """Read a file cpu.max: "max 100000" for no limit, "150000 100000" for one and a half cores."""
    try:
        quota, period = file.read_text().split()
        limit = int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None
    return limit if limit > 0 else None
