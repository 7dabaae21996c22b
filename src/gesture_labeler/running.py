"""What all gestures have in common: what they work on, and what one step of them leads to."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from gesture_labeler.parameters import Parameters
from gesture_labeler.signs import Signs
from latentvr_common.gestures import Preview, Side, Tool
from latentvr_common.labels import Category, LabelEvent
from latentvr_common.placement import Placement
from latentvr_common.selecting.frames import Frame, Frames
from latentvr_common.timeline.past import Past

FloatArray = npt.NDArray[np.floating]


@dataclass
class Room:
    """What gestures work on, and change."""

    parameters: Parameters
    frames: Frames = field(default_factory=Frames)
    placement: Placement = field(default_factory=Placement)
    tool: Tool = field(default_factory=Tool)
    categories: Sequence[Category] = ()
    past: Past = field(init=False)
    """The clouds of earlier, and which of them is looked at."""

    def __post_init__(self) -> None:
        """Start with no past."""
        self.past = Past(self.parameters.timeline_mb, tells=False)

    def shown_at(self, stamp_ns: int) -> Frame | None:
        """Return the frame that the person saw at that time, on which marks are made; None: no cloud yet."""
        return self.past.frame or self.frames.shown_at(stamp_ns)


@dataclass(frozen=True)
class Step:
    """What one step of a gesture led to. Unless it has ended or was cancelled, it goes on."""

    ended: bool = False
    cancelled: str = ""
    """Why."""
    preview: Preview | None = None
    commit: LabelEvent | None = None
    """The mark that its end makes."""


GOES_ON = Step()
ENDED = Step(ended=True)


class Running(ABC):
    """A gesture that has begun."""

    name: ClassVar[str]
    side: Side | None = None
    """None: of the hand that paints."""

    def __init__(self, gesture_id: str, signs: Signs) -> None:
        self.gesture_id = gesture_id
        self.began_s = signs.now_s
        self.position: FloatArray = signs.main.point
        """(3,), metres, frame stage."""
        self.samples = 0
        """Items that it would mark."""
        self.item = -1
        """The one that it looks at."""

    @abstractmethod
    def go_on(self, signs: Signs, room: Room) -> Step:
        """Take in what the hands show now."""

    def take_back(self, room: Room) -> None:  # noqa: B027 most have changed nothing
        """Undo what it has changed in the room: it is cancelled."""


class Recogniser(ABC):
    """Sees a gesture begin."""

    name: ClassVar[str]

    @abstractmethod
    def begins(self, signs: Signs, room: Room, doing: Running | None) -> bool:
        """Tell whether the hands begin it now. `doing`: what they do already, which gives way to it."""

    def refusal(self, signs: Signs, room: Room) -> str:
        """Return why it cannot be done now; empty: it can."""
        return ""

    @abstractmethod
    def begin(self, gesture_id: str, signs: Signs, room: Room) -> Running:
        """Return the gesture that begins."""
