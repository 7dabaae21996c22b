"""Decides whether and where a recorder may write a bag."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from latentvr_common.bags.layout import METADATA, State, file_path, files_of, is_file_of, next_number, state_of
from latentvr_common.bags.metadata import FileInfo, read_metadata
from latentvr_common.bags.reading import scan
from latentvr_common.bags.wording import shown
from latentvr_common.errors import InputError
from session_recorder.repair import Repaired, finish_files, is_cut


@dataclass(frozen=True)
class Place:
    """Where to record."""

    bag: Path
    path: Path
    """The next file of the bag."""
    earlier: Sequence[FileInfo] = ()
    """The files that a killed recorder left, repaired."""
    repaired: Repaired | None = None


def make_place(bag: Path, *, go_on: bool = False) -> Place:
    """Make the directory of a new bag, or repair the one that a killed recorder of ours left, to go on in it.

    `go_on`: also in one that was finished, of a session that is resumed. Raises InputError if there is something else,
    or if the disk does not allow it.
    """
    try:
        state = state_of(bag)
        if state is State.FINISHED and go_on:
            return _reopen(bag)
        if state in (State.FINISHED, State.OTHER):
            raise InputError(f"{bag} holds {state.value}, expected a new or an empty directory")
        if state is State.UNFINISHED:
            return _go_on(bag)
        bag.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Place(bag, file_path(bag, 0))
    except OSError as error:
        raise InputError(f"cannot record to {bag}: {error}") from error


def _go_on(bag: Path) -> Place:
    repaired = finish_files(bag)
    return Place(bag, file_path(bag, next_number(bag)), repaired.files, repaired)


def _reopen(bag: Path) -> Place:
    """Go on in a finished bag, which is unfinished from here on."""
    _check_ours(bag)
    repaired = finish_files(bag) if is_cut(bag) else None
    files = repaired.files if repaired else [scan(path) for path in files_of(bag)]
    (bag / METADATA).unlink()
    return Place(bag, file_path(bag, next_number(bag)), files, repaired)


def _check_ours(bag: Path) -> None:
    """Raise InputError if it is the bag of another recorder: its metadata would be lost."""
    try:
        named = read_metadata(bag).files
    except InputError:
        if files_of(bag):
            return  # Damaged; it is written anew from the files.
        raise
    others = [name for name in named if not is_file_of(bag, name)]
    if others:
        raise InputError(f"{bag} is of another recorder: it has {shown(others[0])}, expected {file_path(bag, 0).name}")
