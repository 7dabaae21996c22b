"""What a disk may hold after a cut of power, by what POSIX promises and no more.

Of a file, what was written before its last sync is there; of what came after, each write may be there, or not, or in
part, in any order. The names in a directory are as at its last sync; of later changes of names the first so many are
there, as a file system with a journal has it.
"""

import random
import shutil
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path, PurePosixPath

from power_cut.log import Call, Done

_SECTOR = 512


class Cut(Enum):
    """What becomes of that which was not synced."""

    DROPPED = "dropped"
    KEPT = "kept"
    MIXED = "mixed"
    TORN = "torn"


@dataclass(frozen=True)
class _Write:
    """Bytes at a place; `data` None: the file is cut to `place` bytes."""

    place: int
    data: bytes | None


@dataclass
class _File:
    """One file, whatever its name is."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[_Write] = field(default_factory=list)
    is_directory: bool = False

    def sync(self) -> None:
        self.synced = _with(self.synced, self.pending)
        self.pending = []


def _with(content: bytearray, writes: Iterable[_Write]) -> bytearray:
    made = bytearray(content)
    for write in writes:
        if write.data is None:
            del made[write.place :]
            made.extend(bytes(write.place - len(made)))
            continue
        made.extend(bytes(max(0, write.place - len(made))))
        made[write.place : write.place + len(write.data)] = write.data
    return made


@dataclass(frozen=True)
class _Naming:
    """A change in a directory: `name` is that file from now on; None: nothing has that name."""

    name: str
    file: _File | None
    gone: str = ""
    """Another name that goes at the same moment, of a rename."""


class Disk:
    """Takes in calls one by one; at any moment it can say what would be there after a cut."""

    def __init__(self, root: Path) -> None:
        """`root`: the directory below which calls count; it is there, and empty."""
        self._root = str(root)
        self._now: dict[str, _File] = {}
        """By path, as a program sees it."""
        self._synced: dict[str, _File] = {}
        self._namings: dict[str, list[_Naming]] = defaultdict(list)
        """By directory, in order, since its last sync."""

    def take(self, done: Done) -> None:
        """Take in the next call."""
        path = done.path
        if done.call is Call.WRITE:
            self._now[path].pending.append(_Write(done.number, done.data))
        elif done.call is Call.TRUNCATE:
            self._now[path].pending.append(_Write(done.number, None))
        elif done.call is Call.SYNC:
            self._sync(path)
        elif done.call in (Call.CREATE, Call.MKDIR):
            self._name(path, _File(is_directory=done.call is Call.MKDIR))
        elif done.call in (Call.UNLINK, Call.RMDIR):
            self._name(path, None)
        else:
            self._rename(path, done.data.decode())

    def _sync(self, path: str) -> None:
        file = self._now.get(path)
        if file is not None and not file.is_directory:
            file.sync()
            return
        for naming in self._namings.pop(path, ()):
            _apply(self._synced, naming)

    def _name(self, path: str, file: _File | None, gone: str = "") -> None:
        naming = _Naming(path, file, gone)
        _apply(self._now, naming)
        self._namings[str(PurePosixPath(path).parent)].append(naming)

    def _rename(self, old: str, new: str) -> None:
        self._name(new, self._now[old], old)
        for path in [p for p in self._now if p.startswith(f"{old}/")]:
            self._now[new + path[len(old) :]] = self._now.pop(path)
        # Names inside a directory belong to it, not to its name.
        if old in self._namings:
            self._namings[new] = [_moved(n, old, new) for n in self._namings.pop(old)]
        for path in [p for p in self._synced if p.startswith(f"{old}/")]:
            self._synced[f"{new}{path[len(old) :]}"] = self._synced[path]

    def after(self, cut: Cut, chance: random.Random) -> dict[str, bytes | None]:
        """Return content by path relative to the root, None of a directory, as it may be after a cut now."""
        names = dict(self._synced)
        for namings in self._namings.values():
            kept = {Cut.DROPPED: 0, Cut.KEPT: len(namings)}.get(cut, chance.randint(0, len(namings)))
            for naming in namings[:kept]:
                _apply(names, naming)
        return {
            path[len(self._root) + 1 :]: None if file.is_directory else _content(file, cut, chance)
            for path, file in names.items()
            if _is_reached(path, names, self._root)
        }


def _apply(names: dict[str, _File], naming: _Naming) -> None:
    if naming.gone:
        names.pop(naming.gone, None)
    if naming.file is None:
        names.pop(naming.name, None)
    else:
        names[naming.name] = naming.file


def _moved(naming: _Naming, old: str, new: str) -> _Naming:
    gone = new + naming.gone[len(old) :] if naming.gone else ""
    return _Naming(new + naming.name[len(old) :], naming.file, gone)


def _is_reached(path: str, names: dict[str, _File], root: str) -> bool:
    """Tell whether all directories above `path` are there."""
    above = str(PurePosixPath(path).parent)
    return above == root or (above in names and _is_reached(above, names, root))


def _content(file: _File, cut: Cut, chance: random.Random) -> bytes:
    if cut is Cut.DROPPED:
        return bytes(file.synced)
    if cut is Cut.KEPT:
        return bytes(_with(file.synced, file.pending))
    kept = [write for write in file.pending if chance.random() < 0.5]
    if cut is Cut.TORN and kept:
        torn = chance.randrange(len(kept))
        kept[torn] = _torn(kept[torn], chance)
    return bytes(_with(file.synced, kept))


def _torn(write: _Write, chance: random.Random) -> _Write:
    """Return the part of a write in some of its sectors."""
    if write.data is None or len(write.data) < 2:
        return write
    edges = [0, *range(_SECTOR - write.place % _SECTOR, len(write.data), _SECTOR), len(write.data)]
    if len(edges) == 2:
        # Within a sector: disks do not tear there, file systems may where they copy.
        edges.insert(1, chance.randrange(1, len(write.data)))
    first = chance.randrange(len(edges) - 1)
    last = chance.randrange(first + 1, len(edges))
    return _Write(write.place + edges[first], write.data[edges[first] : edges[last]])


def put_on(disk: dict[str, bytes | None], directory: Path) -> None:
    """Make `directory` hold what is on `disk`, and nothing else."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for path in sorted(disk):
        content = disk[path]
        if content is None:
            (directory / path).mkdir(exist_ok=True)
        else:
            (directory / path).write_bytes(content)
