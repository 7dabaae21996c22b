"""How far something long has come, said now and then."""

import time
from collections.abc import Callable

INTERVAL_S = 1.0


class Progress:
    """Says how far reading has come, at most once in INTERVAL_S, and nothing at all of what is shorter.

    Used by the one thread that made it.
    """

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        """Begin. `say` takes a short text; None: nothing is said."""
        self._say = say
        self._told_s = time.monotonic()

    def tell(self, done: int, total: int, what: str) -> None:
        """Say "read 1,200 of 5,400 images", if it is time. `total` 0: not known."""
        if self._say is None or time.monotonic() - self._told_s < INTERVAL_S:
            return
        self._told_s = time.monotonic()
        self._say(f"read {done:,} of {total:,} {what}" if total else f"read {done:,} {what}")
