"""What there is to draw at one moment, as plain data."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from latentvr_common.beacons import Beacon
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.forces import Forces
from latentvr_common.gestures import BOX, MARKING, PINCH_BRUSH, Tool
from latentvr_common.hands import Hands
from latentvr_common.labels import Category, Region
from latentvr_common.place import Place
from latentvr_common.placement import Placement

FloatArray = npt.NDArray[np.floating]


class State(IntEnum):
    """What the trainer does. Equal to the constants of Epoch.msg."""

    PREPARING = 0
    TRAINING = 1
    PAUSED = 2
    FAULT = 3


@dataclass(frozen=True)
class Progress:
    """Where training stands."""

    state: State = State.PREPARING
    epoch: int = 0
    labelled: int = 0
    accuracy: float = math.nan
    """Share of right predictions, 0 to 1; NaN: not known."""
    confidence: float = math.nan
    """Mean, 0 to 1; NaN: nothing is predicted yet."""
    conflicts: int = 0
    """Items on which authors disagree."""
    branch: str = ""
    """Of training; empty: the one that was there first."""
    agreement: float = math.nan
    """Share of items that are predicted as in the ghost, 0 to 1; NaN: there is none."""
    ghost_accuracy: float = math.nan
    """Share of items that the ghost predicts right, 0 to 1; NaN: not known."""
    step: int = 0
    """Of training, since it began."""


@dataclass(frozen=True)
class Brush:
    """What a gesture holds: a ball in the stage, metres, unless `name` is that of a box."""

    position: FloatArray
    radius: float
    category: int
    name: str = PINCH_BRUSH

    @property
    def erases(self) -> bool:
        """Whether a mark is being made that takes labels away."""
        return self.category == NONE and self.name in MARKING

    @property
    def is_ball(self) -> bool:
        """Whether there is a ball to be seen."""
        return self.name != BOX


@dataclass(frozen=True)
class Doing:
    """A gesture that goes on."""

    name: str
    position: FloatArray
    """(3,), metres, frame stage."""
    item: int = NONE
    """The one that it looks at; -1: none."""


@dataclass(frozen=True)
class Offer:
    """What the network would label by itself: it stands until somebody says yes, or does something else."""

    gesture_id: str
    """Another one has another."""
    words: str
    """How many items, and how many of them are expected to be right."""


@dataclass(frozen=True)
class Selection:
    """Items (row numbers) that the running gesture would mark. `category` -1: erase; of an offer: as predicted."""

    category: int
    sample_ids: npt.NDArray[np.uint32]
    region: Region = field(default_factory=Region)
    """What holds them, latent units."""
    audit_ids: npt.NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    """Of an offer: some of the items by chance, to be looked at first."""


@dataclass(frozen=True)
class Ghost:
    """The cloud of the branch of training that was left, as it was then: as many items as the cloud."""

    positions: npt.NDArray[np.float32]
    """(N, 3), latent units."""
    predicted: npt.NDArray[np.int16]
    """(N,), category ids, -1 none."""


@dataclass(frozen=True)
class Scene:
    """All that a picture shows."""

    cloud: Cloud
    categories: Sequence[Category] = ()
    progress: Progress = field(default_factory=Progress)
    placement: Placement = field(default_factory=Placement)
    hands: Hands | None = None
    brushes: Sequence[Brush] = ()
    selection: Selection | None = None
    tool: Tool = field(default_factory=Tool)
    """What the hands hold."""
    place: Place | None = None
    """What would live where the hand is; None: nobody points, or nobody tells."""
    forces: Forces | None = None
    """On some of the items; None: not wanted, or nobody tells."""
    beacons: Sequence[Beacon] | None = None
    """Where to look next; None: not wanted, or nobody tells."""
    doing: Doing | None = None
    """What the hands do; None: nothing."""
    notice: str = ""
    """Why the last gesture came to nothing, for a moment."""
    offer: Offer | None = None
    """What the network would label by itself, and the selection holds; None: nobody has asked."""
    desks: Mapping[str, Tool] = field(default_factory=dict)
    """What persons at a mouse hold, by author."""
    ghost: Ghost | None = None
    """What was, beside a branch of training; None: there is none."""
    trouble: str = ""
    """Which node is not well, and why; empty: all are."""

    def points(self) -> FloatArray:
        """Return where the items are in the stage (N, 3), metres."""
        return self.placement.stage_from_latent(self.cloud.positions)

    def colors(self) -> Mapping[int, int]:
        """Return the colour 0xRRGGBB of each category id."""
        return {category.id: category.color for category in self.categories}


STILL_HAND_M = 0.002
"""A hand that moves less than this is at rest: headsets never report the same joints twice."""


def hands_moved(before: Hands | None, after: Hands | None) -> bool:
    """Tell whether a picture of the hands `after` would show something else than one of `before`."""
    if before is None or after is None:
        return before is not after
    for old, new in ((before.left, after.left), (before.right, after.right)):
        if old.tracked != new.tracked:
            return True
        if new.tracked and float(np.abs(old.positions - new.positions).max()) > STILL_HAND_M:
            return True
    return False
