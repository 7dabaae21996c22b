"""Training as it was at some step, on the disk: what a resumed session and a branch go on from.

Each checkpoint is a directory of its own, `<number>-<attempts>-<run>/`, numbered as they were written. Its manifest,
with the sizes and digests of the other files, is written last; all is made durable, then renamed into place. None is
ever written over.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save

from latent_trainer.changes import Change, change_from_json
from latent_trainer.counts import Counts
from latent_trainer.networks import Tensors
from latent_trainer.recipe import Recipe, recipe_from_text
from latentvr_common.durable import make_directory, sync_directory
from latentvr_common.errors import InputError
from latentvr_common.fault_points import reach
from latentvr_common.trace import Place, Said

_FORMAT = 1
_TENSORS = "tensors.safetensors"
_NUMBERS = "numbers.json"
_MANIFEST = "manifest.json"
_PARTIAL = ".partial-"
_MOST = 24
"""Of more than so many, some are deleted."""
_NEWEST = 3
"""So many of the newest, and the oldest, stay; and the newest of each branch."""
_MOST_TEXT = 64 << 20


@dataclass(frozen=True)
class Branch:
    """Of which branch of training a checkpoint is."""

    name: str = ""
    """Empty: the one that was there first."""
    begun: int = 0
    """Its place in the order in which branches were begun, from 0."""
    gone: tuple[int, ...] = ()
    """Entries of the journal that in it were never made."""


@dataclass(frozen=True)
class Checkpoint:
    """All that further steps depend on, beside the data. See Training.state."""

    tensors: Tensors
    counts: Counts
    place: Place
    """The newest entry of the trace before it."""
    changes: tuple[Change, ...]
    """Of what is beside steps, since training began."""
    recipe: Recipe
    branch: Branch = Branch()

    @property
    def attempts(self) -> int:
        """Steps tried until then."""
        return self.counts.steps + self.counts.skipped

    @property
    def said(self) -> Said:
        """The labels then in force."""
        return self.changes[-1].said if self.changes else Said()


class Checkpoints:
    """The checkpoints below one directory. Not safe for use by several threads at once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, checkpoint: Checkpoint) -> Path:
        """Add one, and delete some of the earlier ones; return where it is. Raises OSError."""
        reach("checkpoint.begin")
        if not self._directory.is_dir():
            make_directory(self._directory)
        newest = next(self.newest_first(), None)
        what = f"{checkpoint.attempts:09d}-{checkpoint.place.run[:8]}"
        if newest is not None and newest.name.endswith(what):
            return newest
        place = self._directory / f"{1 + (_numbers_of(newest)[0] if newest else 0):06d}-{what}"
        partial = self._directory / f"{_PARTIAL}{place.name}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        _write_files(partial, checkpoint)
        reach("checkpoint.rename")
        os.rename(partial, place)
        sync_directory(self._directory)
        self._thin()
        return place

    def newest_first(self) -> Iterator[Path]:
        """Yield where checkpoints are, those written last first."""
        if self._directory.is_dir():
            found = [p for p in self._directory.iterdir() if p.is_dir() and not p.name.startswith(".")]
            yield from sorted(found, key=_numbers_of, reverse=True)

    def _thin(self) -> None:
        """Delete what is missed least, while there are too many."""
        places = list(self.newest_first())[::-1]
        kept = [(name_of_branch(place), _numbers_of(place)[1]) for place in places]
        while len(places) > _MOST and (least := _missed_least(kept)) is not None:
            del kept[least]
            shutil.rmtree(places.pop(least), ignore_errors=True)


def _missed_least(kept: Sequence[tuple[str | None, int]]) -> int | None:
    """Return which of the checkpoints, each given by its branch and its step, the oldest first, is missed least.

    That is one that cannot be read, or else one whose neighbours in its branch are near, compared with its age. None:
    all have to stay.
    """
    newest: dict[str | None, int] = {name: i for i, (name, _) in enumerate(kept) if name is not None}
    gaps = [(_gap(kept, i), i) for i in range(1, len(kept) - _NEWEST) if newest.get(kept[i][0]) != i]
    return min(gaps)[1] if gaps else None


def _gap(kept: Sequence[tuple[str | None, int]], which: int) -> float:
    """Return how wide a gap one of them, not the newest of its branch, would leave, compared with its age."""
    name, step = kept[which]
    if name is None:
        return -1.0
    steps = [at for other, at in kept if other == name]
    place = sum(other == name for other, _ in kept[:which])
    return abs(steps[place + 1] - steps[max(place - 1, 0)]) / (1 + abs(kept[-1][1] - step))


def _numbers_of(place: Path) -> tuple[int, int]:
    """Return the number of a checkpoint, and how many steps were tried until it was written; -1 of anything else."""
    number, _, rest = place.name.partition("-")
    attempts = rest.partition("-")[0]
    return (int(number), int(attempts)) if number.isdecimal() and attempts.isdecimal() else (-1, -1)


def _write_files(directory: Path, checkpoint: Checkpoint) -> None:
    numbers = {
        "counts": asdict(checkpoint.counts),
        "place": asdict(checkpoint.place),
        "changes": [asdict(change) for change in checkpoint.changes],
        "recipe": checkpoint.recipe.as_text(),
        "branch": asdict(checkpoint.branch),
    }
    contents = {_TENSORS: save(checkpoint.tensors), _NUMBERS: json.dumps(numbers).encode()}
    files = {name: {"bytes": len(data), "sha256": _digest(data)} for name, data in contents.items()}
    manifest = {
        "format": _FORMAT,
        "label_seq": checkpoint.said.seq,
        "branch": checkpoint.branch.name,
        "files": files,
    }
    for name, data in [*contents.items(), (_MANIFEST, json.dumps(manifest, indent=2).encode())]:
        reach("checkpoint.file")
        with open(directory / name, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    sync_directory(directory)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def name_of_branch(place: Path) -> str | None:
    """Return of which branch the checkpoint at `place` is; None: that cannot be read."""
    try:
        manifest = _read_json(place / _MANIFEST, _read_file(place / _MANIFEST, _MOST_TEXT))
        return str(manifest.get("branch", ""))  # Earlier versions kept one branch only.
    except (InputError, AttributeError):
        return None


def read_checkpoint(place: Path) -> Checkpoint:
    """Return the checkpoint at `place`. Raises InputError, naming the file, for one that is not as it was written."""
    manifest = _read_json(place / _MANIFEST, _read_file(place / _MANIFEST, _MOST_TEXT))
    try:
        if manifest["format"] != _FORMAT:
            raise InputError(f"{place / _MANIFEST}: format is {manifest['format']!r}, expected {_FORMAT}")
        files = {name: (int(f["bytes"]), str(f["sha256"])) for name, f in manifest["files"].items()}
        tensors = _read_checked(place / _TENSORS, *files[_TENSORS])
        numbers = _read_json(place / _NUMBERS, _read_checked(place / _NUMBERS, *files[_NUMBERS]))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"{place / _MANIFEST}: {error!r}, expected the manifest of a checkpoint") from error
    return _checkpoint_of(place, tensors, numbers)


def _checkpoint_of(place: Path, tensors: bytes, numbers: Any) -> Checkpoint:
    try:
        return Checkpoint(
            load(tensors),
            Counts(**numbers["counts"]),
            Place(**numbers["place"]),
            tuple(map(change_from_json, numbers["changes"])),
            recipe_from_text(numbers["recipe"], str(place / _NUMBERS)),
            _branch_from_json(numbers.get("branch", {})),
        )
    except (AttributeError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{place}: {error!r}, expected a checkpoint") from error


def _branch_from_json(found: Any) -> Branch:
    gone = tuple(int(seq) for seq in found.get("gone", ()))
    return Branch(str(found.get("name", "")), int(found.get("begun", 0)), gone)


def _read_checked(file: Path, size: int, digest: str) -> bytes:
    data = _read_file(file, size)
    if len(data) != size or _digest(data) != digest:
        raise InputError(f"{file} is damaged: it is not what was written")
    return data


def _read_file(file: Path, most: int) -> bytes:
    try:
        with open(file, "rb") as opened:
            return opened.read(most + 1)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error


def _read_json(file: Path, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is damaged: {error}") from error
