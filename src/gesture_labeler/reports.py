"""What the labeler says, as plain data: the contents of the topics `gestures` and `selection`."""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE
from latentvr_common.labels import LabelEvent, Region

PINCH_BRUSH = "pinch_brush"
POKE = "poke"


class Phase(IntEnum):
    """Equal to the constants of Gesture.msg."""

    BEGIN = 0
    UPDATE = 1
    END = 2
    CANCEL = 3


@dataclass(frozen=True)
class Report:
    """One message of the topic `gestures`; the fields are those of Gesture.msg."""

    gesture_id: str
    name: str
    phase: Phase
    stamp_ns: int
    position: npt.NDArray[np.floating]
    """(3,), metres, frame stage."""
    radius_m: float
    category: int = NONE
    samples: int = 0
    seq: int = 0
    detail: str = ""


@dataclass(frozen=True)
class Preview:
    """One message of the topic `selection`."""

    gesture_id: str
    stamp_ns: int
    cloud_stamp_ns: int
    category: int
    region: Region
    sample_ids: npt.NDArray[np.uint32]
    label_counts: dict[int, int]
    """How many of the samples have which label now; -1: none."""


@dataclass
class Outcome:
    """What one step of the labeler led to."""

    reports: list[Report] = field(default_factory=list)
    preview: Preview | None = None
    commit: LabelEvent | None = None
    """A mark for the journal."""
    end: Report | None = None
    """What to report when the journal has acknowledged `commit`."""
