"""What a person wants of the pace of training, kept in the session's directory.

A trainer that died and is started again goes by it. It is forgotten with the end of the trainer or of the session.
"""

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from latentvr_common.errors import InputError

_MOST_BYTES = 1000


@dataclass(frozen=True)
class Wish:
    """Whether to train, and during which share of the time, above 0 and up to 1."""

    paused: bool
    speed: float = 1.0


def store(wish: Wish, file: Path) -> None:
    """Write it wholly or not at all. After a cut of power nobody reads it: that is another session. Raises OSError."""
    partial = file.with_name(f"{file.name}.partial")
    partial.write_text(json.dumps(asdict(wish)) + "\n", encoding="utf-8")
    os.replace(partial, file)


def stored_in(file: Path) -> Wish | None:
    """Return what is kept there; None: nothing is. Raises InputError for what is none."""
    try:
        with file.open("rb") as opened:
            told = json.loads(opened.read(_MOST_BYTES))
        paused, speed = told["paused"], told["speed"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{file}: {type(error).__name__}, expected whether training is paused, and its speed"
        ) from error
    if not isinstance(paused, bool) or isinstance(speed, bool) or not isinstance(speed, int | float):
        raise InputError(f"{file}: paused is {paused!r} and speed {speed!r}, expected true or false, and a number")
    if not (math.isfinite(speed) and 0 < speed <= 1):
        raise InputError(f"{file}: speed is {speed!r}, expected above 0 and up to 1")
    return Wish(paused, float(speed))
