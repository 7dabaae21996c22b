"""Reads a session's bag for the window, in a process of its own that gives way to all others.

From a command line: python -m cloud_view.desktop.remember BAG BEFORE_NS BUDGET_BYTES DIRECTORY. What was before that
time is written into the directory (see timeline/stored.py). Exit code 2: the bag cannot be read; why is on standard
error.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from latentvr_common.bags.bag import open_bag
from latentvr_common.errors import EXIT_INPUT_ERROR, InputError
from latentvr_common.timeline.of_bag import timeline_of
from latentvr_common.timeline.stored import store

_NICE = 19


def main(words: Sequence[str]) -> int:
    """Read what the words name; return the exit code."""
    os.nice(_NICE)
    bag, before_ns, budget_bytes, directory = words
    try:
        store(timeline_of(open_bag(Path(bag)), int(before_ns), int(budget_bytes)), Path(directory))
    except (InputError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_INPUT_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
