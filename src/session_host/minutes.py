"""The minutes of a session: what was done in it, counted as it goes."""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE
from latentvr_common.labels import MERGE, LabelBook


@dataclass(frozen=True)
class Standing:
    """Where training stands; NaN where that is not known. What the figures are stands in Epoch.msg."""

    epoch: int = 0
    accuracy: float = math.nan
    confidence: float = math.nan
    ece: float = math.nan
    space_used: float = math.nan
    branch: str = ""
    """Of training; empty: the one that was there first."""


@dataclass
class Minutes:
    """Counts for the summary and the progress line. Times are monotonic seconds, but those of frames: ROS seconds."""

    item_count: int
    truth: npt.NDArray[np.int16] | None
    """(N,), category ids; None: not known."""
    began_s: float
    book: LabelBook = field(init=False)
    standing: Standing = Standing()
    frames: int = 0
    first_frame_s: float = 0.0
    last_frame_s: float = 0.0

    def __post_init__(self) -> None:
        """Start with no labels."""
        self.book = LabelBook(self.item_count)

    def note_frame(self, standing: Standing, training: bool, stamp_s: float) -> None:
        """Take down where training stands at `stamp_s`. Frames count towards the cloud rate while `training` runs."""
        self.standing = standing
        if not training:
            return
        if self.frames == 0:
            self.first_frame_s = stamp_s
        self.frames += 1
        self.last_frame_s = stamp_s

    @property
    def gestures(self) -> int:
        """Marks made by hand."""
        return sum(1 for e in self.book.events() if e.is_mark and e.gesture not in ("", MERGE))

    @property
    def labelled(self) -> int:
        """Items that have a label in force."""
        return int((self.book.labels != NONE).sum())

    @property
    def label_purity(self) -> float:
        """Share of labels in force that equal the truth; NaN without truth or labels."""
        labels = self.book.labels
        marked = labels != NONE
        if self.truth is None or not marked.any():
            return math.nan
        return float((labels[marked] == self.truth[marked]).mean())

    @property
    def cloud_hz(self) -> float:
        """Cloud frames a second while training ran."""
        passed_s = self.last_frame_s - self.first_frame_s
        return (self.frames - 1) / passed_s if passed_s > 0 else 0.0

    def summary(self, directory: str, now_s: float) -> dict[str, object]:
        """Return the summary; a number that is not known is None."""
        return {
            "items": self.item_count,
            "gestures": self.gestures,
            "labels": self.labelled,
            "conflicts": len(self.book.conflicts),
            "label_purity": _known(self.label_purity),
            "accuracy": _known(self.standing.accuracy),
            "confidence": _known(self.standing.confidence),
            "ece": _known(self.standing.ece),
            "space_used": _known(self.standing.space_used),
            "epochs": self.standing.epoch,
            "branch": self.standing.branch,
            "duration_s": round(now_s - self.began_s, 1),
            "cloud_hz": round(self.cloud_hz, 2),
            "directory": directory,
        }

    def progress(self, planned_gestures: int, now_s: float) -> str:
        """Return the progress line."""
        of = f" of {planned_gestures}" if planned_gestures else ""
        parts = [
            f"{now_s - self.began_s:.0f} s",
            f"gesture {self.gestures}{of}",
            f"labels {self.labelled:,} of {self.item_count:,}",
            f"epoch {self.standing.epoch}",
        ]
        if not math.isnan(self.standing.accuracy):
            parts.append(f"correct {self.standing.accuracy:.1%}")
        elif not math.isnan(self.standing.confidence):
            parts.append(f"confidence {self.standing.confidence:.0%}")
        return " · ".join(parts)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
