"""What one step of the labeler led to."""

from dataclasses import dataclass, field

from latentvr_common.gestures import Preview, Report
from latentvr_common.labels import LabelEvent


@dataclass(frozen=True)
class Ask:
    """A button whose effect others have: an action of the palette, and what to report once they have answered."""

    action: str
    end: Report


@dataclass
class Outcome:
    """What one step of the labeler led to."""

    reports: list[Report] = field(default_factory=list)
    preview: Preview | None = None
    commit: LabelEvent | None = None
    """A mark for the journal."""
    end: Report | None = None
    """What to report when the journal has acknowledged `commit`."""
    asks: list[Ask] = field(default_factory=list)
    accepted: list[tuple[LabelEvent, Report]] = field(default_factory=list)
    """More entries for the journal, each with what to report when it is acknowledged."""
