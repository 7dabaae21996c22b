"""The topics `gestures`, `selection` and `tool` as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from latentvr_common import brush
from latentvr_common.cloud import NONE
from latentvr_common.labels import Region

PINCH_BRUSH = "pinch_brush"
DENSITY = "density"
BOX = "box"
GRAB = "grab"
RADIUS = "radius"
RECENTRE = "recentre"
DWELL = "dwell"
POKE = "poke"
SCRUB = "scrub"
ACCEPT = "accept"

MARKING = (PINCH_BRUSH, DENSITY, BOX)
"""Those that end in an entry of the journal."""


class Phase(IntEnum):
    """Equal to the constants of Gesture.msg."""

    BEGIN = 0
    UPDATE = 1
    END = 2
    CANCEL = 3


BECAME = "it became another gesture: "
"""So the reason of a cancelled gesture begins that gave way to another: nothing went wrong."""


class Side(IntEnum):
    """Whose gesture. Equal to the constants of Gesture.msg; all but BOTH to those of Tool.msg too."""

    LEFT = 0
    RIGHT = 1
    BOTH = 2
    MOUSE = 3
    """No hand: a mouse at a desk."""


class ToolKind(IntEnum):
    """What a pinch of one hand, or the mouse, does. Equal to the constants of Tool.msg."""

    SPHERE = 0
    DENSITY = 1
    BOX = 2
    """Of a mouse only."""


HAND_KINDS = (ToolKind.SPHERE, ToolKind.DENSITY)
"""Those that a hand may hold, in the order in which its button goes through them."""


@dataclass(frozen=True)
class Tool:
    """What a person holds; the fields are those of Tool.msg."""

    kind: ToolKind = ToolKind.SPHERE
    category: int = NONE
    erases: bool = False
    radius_m: float = brush.RADIUS_M
    page: int = 0
    paused: bool = False
    side: Side = Side.RIGHT
    """The hand that paints and pokes, LEFT or RIGHT; or MOUSE."""
    author: str = ""
    looks_at_ns: int = 0
    """Stamp of the cloud that its holder looks at; 0: the newest one."""

    @property
    def paints(self) -> bool:
        """Whether a mark would say anything."""
        return self.erases or self.category != NONE


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
    side: Side = Side.RIGHT
    item: int = NONE


@dataclass(frozen=True)
class Preview:
    """One message of the topic `selection`; the fields are those of Selection.msg."""

    gesture_id: str
    stamp_ns: int
    cloud_stamp_ns: int
    category: int
    region: Region
    sample_ids: npt.NDArray[np.uint32]
    label_counts: Mapping[int, int] = field(default_factory=dict)
    """How many of the samples have which label now; -1: none."""
    audit_ids: npt.NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    """Some of the samples by chance, to be looked at first."""
