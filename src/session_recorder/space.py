"""What may still be recorded with the free space that the disk has."""

import shutil
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

_BACK = 1.1
"""More comes back only when there is a tenth more space than at which it went: no going back and forth."""
_LEAST = 0.1
"""Of the space to keep free: below it nothing is recorded, since the label journal needs the rest."""


class Room(IntEnum):
    """What there is room for."""

    NOTHING = 0
    SMALL = 1
    """Labels, gestures, epochs, health: what the session cannot be understood without."""
    ALL = 2


def free_bytes(directory: Path) -> int:
    """Return the bytes that may still be written below `directory`. Raises OSError."""
    return shutil.disk_usage(directory).free


class SpaceGuard:
    """Watches the free space of a disk."""

    def __init__(self, keep_free: int, free: Callable[[], int]) -> None:
        """Keep `keep_free` bytes free; 0: use all. `free` returns how many there are."""
        self._keep_free = keep_free
        self._free = free
        self.room = Room.ALL
        self.free = 0

    def look(self) -> Room:
        """Look at the disk and return what there is room for. Raises OSError as `free` does."""
        self.free = self._free()
        now = self._room(self.free)
        self.room = now if now <= self.room else max(self.room, self._room(self.free / _BACK))
        return self.room

    def _room(self, free: float) -> Room:
        if free >= self._keep_free:
            return Room.ALL
        return Room.SMALL if free >= self._keep_free * _LEAST else Room.NOTHING
