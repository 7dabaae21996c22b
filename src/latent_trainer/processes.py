"""What the executables begin with: the environment that training needs, then training or a replay of it.

The libraries look at the environment when they are loaded, so they are loaded here.
"""

import os
import sys

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Only training computes in parallel, with threads that it sets itself: the last bits of its inputs depend on that."""


def train() -> int:
    """Be the node that trains; return the exit code."""
    os.environ.update(_ONE_THREAD)
    from latent_trainer import node

    return node.main()


def replay() -> int:
    """Replay what the command line asks for; return the exit code."""
    os.environ.update(_ONE_THREAD)
    from latent_trainer import replay

    return replay.main(sys.argv[1:])
