"""The trace of training as plain data; the fields are those of TraceEntry.msg."""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from latentvr_common.voices import NEWEST


class What(IntEnum):
    """What an entry says. Equal to the constants of TraceEntry.msg."""

    BEGIN = 0
    RESUME = 1
    BRANCH = 2
    LABELS = 3
    CHECK = 4
    RETURN = 5
    END = 6


BEGINNINGS = (What.BEGIN, What.RESUME, What.BRANCH)
"""What a run begins with."""


@dataclass(frozen=True)
class Place:
    """An entry of a run."""

    run: str
    number: int


def _no_numbers() -> npt.NDArray[np.float32]:
    return np.zeros(0, dtype=np.float32)


@dataclass(frozen=True)
class Said:
    """From which entries of the journal, and by which rule, the labels in force follow."""

    seq: int = 0
    """The newest entry."""
    without: tuple[int, ...] = ()
    retired: tuple[int, ...] = ()
    wins: str = NEWEST


@dataclass(frozen=True)
class TraceEntry:
    """One entry of the trace."""

    what: What
    place: Place
    attempts: int
    steps: int
    epoch: int
    parent: Place | None = None
    """For RESUME and BRANCH."""
    said: Said = field(default_factory=Said)
    labels_digest: str = ""
    weights_digest: str = ""
    latents_digest: str = ""
    losses: npt.NDArray[np.float32] = field(default_factory=_no_numbers)
    """(A,), of the steps tried since the entry before."""
    norms: npt.NDArray[np.float32] = field(default_factory=_no_numbers)
    """(A,), the gradient's."""
    text: str = ""
