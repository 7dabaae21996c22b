"""Processor, memory, and graphics card for training."""

import os
import subprocess
import sys
from pathlib import Path

from latentvr_session.doctor.finding import Finding, error, ok, warning

_GIB = 1 << 30
LEAST_MEMORY, GOOD_MEMORY = 2 * _GIB, 4 * _GIB
_ASKS_TORCH = (
    "import torch\n"
    "print(torch.cuda.get_device_name(0) if torch.cuda.is_available() else '')\n"
    "print(torch.version.cuda or '')"
)


def processors(count: int, busy: float) -> Finding:
    """Look at how many processors a session may use, and how many are `busy` with other work."""
    text = f"{count}, of which {busy:.1f} are busy"
    if count < 2:
        return warning("processors", text, "training and drawing will be slow: two or more are better")
    if busy > count:
        return warning("processors", text, "end what else runs: pictures and hands will be slow")
    return ok("processors", f"{text}; training takes {min(max(count - 1, 1), 8)} threads")


def memory(free: int) -> Finding:
    """Look at the bytes of memory that can be had."""
    text = f"{free / _GIB:.1f} GiB can be had"
    if free < LEAST_MEMORY:
        return error("memory", text, f"a session on small data takes {LEAST_MEMORY / _GIB:.0f} GiB: end other programs")
    if free < GOOD_MEMORY:
        return warning("memory", text, "enough for small data only")
    return ok("memory", text)


def graphics_card(name: str, built_for: str, driver: bool) -> Finding:
    """Look at the card that would train.

    built_for: the version of CUDA that PyTorch is for, empty: none; driver: NVIDIA's is there.
    """
    if name:
        return ok("training", f"on {name}")
    if driver and not built_for:
        todo = "its PyTorch is one for processors: install one for CUDA to use the card"
        return warning("training", "on the processor, though there is an NVIDIA card", todo)
    if driver:
        return warning("training", "on the processor: PyTorch does not find the NVIDIA card", "look at nvidia-smi")
    return ok("training", "on the processor: there is no card that PyTorch could use")


# How it is found


def free_memory(told: str) -> int:
    """Return the bytes that can be had, from the text of /proc/meminfo."""
    for line in told.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def _card() -> tuple[str, str]:
    """Ask PyTorch in a process of its own: it takes memory, and may end what asks."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ASKS_TORCH], capture_output=True, text=True, timeout=120, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "", ""
    name, _, built_for = done.stdout.partition("\n")
    return name.strip(), built_for.strip()


def look() -> list[Finding]:
    """Look at all of it."""
    return [
        processors(len(os.sched_getaffinity(0)), os.getloadavg()[0]),
        memory(free_memory(Path("/proc/meminfo").read_text())),
        graphics_card(*_card(), driver=Path("/proc/driver/nvidia/version").exists()),
    ]
