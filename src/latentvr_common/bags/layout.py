"""Where the files of a bag are, and what their presence says about it."""

import re
from enum import Enum
from pathlib import Path

from latentvr_common.session_files import BAG

METADATA = "metadata.yaml"
PARTIAL = ".partial"
"""Ends the name of a file that is being written and is not in place yet."""
REST = ".rest"
"""Ends the name of a file with the bytes that a repair could not read."""


class State(Enum):
    """What a bag directory holds."""

    NEW = "nothing"
    FINISHED = "a finished bag"
    UNFINISHED = "a bag whose recorder was killed"
    OTHER = "something that is no bag"


def bag_name(bag: Path) -> str:
    """Return the name of a bag: that of its directory."""
    return bag.resolve().name


def file_path(bag: Path, number: int) -> Path:
    """Return the path of the MCAP file `number`, from 0."""
    return bag / f"{bag_name(bag)}_{number}.mcap"


def _numbered(bag: Path) -> re.Pattern[str]:
    return re.compile(re.escape(bag_name(bag)) + r"_([0-9]{1,9})\.mcap")


def is_file_of(bag: Path, name: str) -> bool:
    """Tell whether the recorder gives files of a bag such a name."""
    return _numbered(bag).fullmatch(name) is not None


def files_of(bag: Path) -> list[Path]:
    """Return the MCAP files of a bag in the order of their numbers; no pipes or devices of such a name."""
    pattern = _numbered(bag)
    named = [(int(match[1]), path) for path in bag.iterdir() if (match := pattern.fullmatch(path.name))]
    numbered = [(number, path) for number, path in named if path.is_file()]
    return [path for _, path in sorted(numbered)]


def next_number(bag: Path) -> int:
    """Return the number of the file after the last one."""
    files = files_of(bag)
    return int(files[-1].stem.rpartition("_")[2]) + 1 if files else 0


def why_no_bag(directory: Path, state: State) -> str:
    """Return why there is no bag in a directory of that state, and where there is one if that is near."""
    if not directory.exists():
        return f"{directory} does not exist, expected the directory of a bag"
    within = directory / BAG
    near = f": {within} is one" if state is State.OTHER and within.is_dir() and files_of(within) else ""
    return f"{directory} holds {state.value}, expected a bag{near}"


def state_of(bag: Path) -> State:
    """Return what the directory `bag` holds; one that does not exist holds nothing. Raises OSError if unreadable."""
    if not bag.exists():
        return State.NEW
    if not bag.is_dir():
        return State.OTHER
    if (bag / METADATA).exists():
        return State.FINISHED
    if not any(bag.iterdir()):
        return State.NEW
    return State.UNFINISHED if files_of(bag) else State.OTHER
