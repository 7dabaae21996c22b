"""What mouse and keys led to: gestures to tell, marks to submit, and what is asked of others."""

from dataclasses import dataclass, field
from enum import Enum, auto

from latentvr_common.gestures import Preview, Report
from latentvr_common.labels import LabelEvent


class Kind(Enum):
    """What is wished for, and what `Wish.value` is then."""

    UNDO = auto()
    REDO = auto()
    NEW = auto()
    """A category; its name."""
    PAUSE = auto()
    """Training; whether it is to pause."""
    SPEED = auto()
    """Of training; a share of full speed."""
    SOUND = auto()
    """Of an item; its row number."""
    PROPOSE = auto()
    """Items whose prediction is believed."""
    FORCES = auto()
    CUES = auto()
    WHAT_IF = auto()
    """A branch of training without the newest mark, or back."""
    FORK = auto()
    """A branch of training from the moment on that is looked at."""
    NEXT_BRANCH = auto()
    TIMELAPSE = auto()
    LEAP = auto()
    """Through time; which one, of `Leap`."""
    SCRUB = auto()
    """To a place of the timeline; a share of it."""
    PICTURE = auto()
    QUIT = auto()


@dataclass(frozen=True)
class Wish:
    """Something that others do. `end`: what to report once it is done; None: nothing."""

    kind: Kind
    value: str | float | int | bool = 0
    end: Report | None = None


@dataclass
class Outcome:
    """What one input led to."""

    reports: list[Report] = field(default_factory=list)
    preview: Preview | None = None
    commits: list[tuple[LabelEvent, Report]] = field(default_factory=list)
    """Marks for the journal, each with what to report when it is acknowledged."""
    wishes: list[Wish] = field(default_factory=list)
    note: str = ""
    """What to tell the person."""
