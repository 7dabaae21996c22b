"""Shared memory, in which Fast DDS hands large messages over."""

import subprocess
from contextlib import suppress
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
_SEGMENT_BYTES = 64 * 2**20  # As in config/fastdds.xml.
_SEGMENTS = 11  # A session has at most ten processes with ROS; one more for a node of one's own.
NEEDED_BYTES = _SEGMENTS * _SEGMENT_BYTES


def profile_fits(free_bytes: int) -> bool:
    """Tell whether so much free shared memory holds the segments of config/fastdds.xml, one for each process.

    Where it does not, as in a container with Docker's 64 MB, every process would report that it cannot make its own.
    """
    return free_bytes >= NEEDED_BYTES


def give_back_dead() -> None:
    """Give back what Fast DDS left in /dev/shm after processes that were killed; a living one's is never touched."""
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(["fastdds", "shm", "clean"], capture_output=True, timeout=20, check=False)
