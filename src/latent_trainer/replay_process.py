"""A replay in a process of its own, with the environment that training has in a session."""

import os
import sys

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Only training computes in parallel, with threads that it sets itself: the last bits of its inputs depend on that."""


def main() -> int:
    """Replay what the command line asks for; return the exit code."""
    os.environ.update(_ONE_THREAD)
    # These libraries look at the environment when they are loaded.
    from latent_trainer import replay

    return replay.main(sys.argv[1:])
