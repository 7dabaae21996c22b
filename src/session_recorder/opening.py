"""Decides whether and where a recorder may write a bag."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from latentvr_common.errors import InputError
from session_recorder.layout import State, file_path, next_number, state_of
from session_recorder.metadata import FileInfo
from session_recorder.repair import Repaired, finish_files


@dataclass(frozen=True)
class Place:
    """Where to record."""

    bag: Path
    path: Path
    """The next file of the bag."""
    earlier: Sequence[FileInfo] = ()
    """The files that a killed recorder left, repaired."""
    repaired: Repaired | None = None


def make_place(bag: Path) -> Place:
    """Make the directory of a new bag, or repair the one that a killed recorder of ours left, to go on in it.

    Raises InputError if there is something else, or if the disk does not allow it.
    """
    try:
        state = state_of(bag)
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
