"""How much memory a node may have for its data.

The middleware believes how many values a message claims to hold, and asks for memory for all of them: whoever asks for
more than this gets none, instead of the machine's last. Counted is what a process may write to and shares with nobody
(RLIMIT_DATA): not shared memory, not files that are mapped to be read, not addresses that are only reserved.
"""

import contextlib
import math
import os
import resource
from collections.abc import Mapping

from latentvr_common.errors import InputError

VARIABLE = "LATENTVR_MEMORY_GIB"
USUAL_GIB = 4.0
"""With a million items the window for labelling takes 1.6 of it, the most of all nodes but the trainer."""
_SHARE = 0.75
_GIB = 1 << 30


def of_machine_gib() -> float:
    """Return what a node may have that needs a lot, GiB: three quarters of the machine's memory."""
    return _SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _GIB


def wanted_gib(usual_gib: float, variables: Mapping[str, str] = os.environ) -> float:
    """Return the bound, GiB, that a person has set in the environment, else `usual_gib`; 0: none. Raises InputError."""
    text = variables.get(VARIABLE, "")
    try:
        found = float(text) if text else usual_gib
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        raise InputError(f"{VARIABLE} is {text!r}, expected GiB for each node, 0 for no limit")
    return found


def limit(most_gib: float) -> None:
    """Let this process, and those that it starts, have no more than so many GiB for their data; 0: no limit.

    It can be lifted again.
    """
    if most_gib > 0:
        _set(int(most_gib * _GIB))


def lift() -> None:
    """Let this process have as much as there is."""
    _set(resource.getrlimit(resource.RLIMIT_DATA)[1])


def _set(most_bytes: int) -> None:
    # Who may not have so much anyway keeps what they have.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, resource.getrlimit(resource.RLIMIT_DATA)[1]))
