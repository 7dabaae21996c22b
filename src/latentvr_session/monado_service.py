"""The process `monado_service`: becomes Monado's service. Not a node: its parameter `command` is what it becomes."""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from latentvr_common.errors import EXIT_INPUT_ERROR

_PR_SET_PDEATHSIG = 1


def as_a_service() -> None:
    """Make of this process what the service should be: it ends with who started it, and outlives who talks to it."""
    # A client that goes away in the middle of a word would end it.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def main(words: Sequence[str] | None = None) -> int:
    """Become the service, with the parameters that a ROS node would take: `--ros-args --params-file <file>`."""
    given = sys.argv[1:] if words is None else list(words)
    try:
        parameters = json.loads(Path(given[given.index("--params-file") + 1]).read_text(encoding="utf-8"))
        command = next(iter(parameters.values()))["ros__parameters"]["command"]
        as_a_service()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.execv(command[0], command)
    except (ValueError, IndexError, KeyError, TypeError, StopIteration, OSError) as error:
        print(f"error: monado_service: {error!r}, expected --params-file with a `command`", file=sys.stderr)
    return EXIT_INPUT_ERROR
