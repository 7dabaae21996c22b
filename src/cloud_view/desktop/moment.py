"""Where mouse, hand and eyes are at one moment, and what is told of it."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cloud_view.desktop.hand import Hand
from cloud_view.desktop.marks import Aim, Mark, Sight
from latentvr_common.gestures import POKE, Phase, Report, Side

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Moment:
    """What something that is done is done with."""

    stamp_ns: int
    """ROS time."""
    hand: Hand
    sight: Sight | None
    """None: there is nothing to see yet."""
    aim: Aim
    place: FloatArray
    """Of the brush (3,), metres, frame stage."""

    def report(self, gesture_id: str, name: str, phase: Phase, place: FloatArray, *, detail: str = "") -> Report:
        """Return what to tell of a gesture at `place` (3,)."""
        hand = self.hand
        where, size, category = place, hand.radius_m, hand.marks_with
        return Report(gesture_id, name, phase, self.stamp_ns, where, size, category, detail=detail, side=Side.MOUSE)

    def report_of(self, mark: Mark, phase: Phase, detail: str = "") -> Report:
        """Return what to tell of a mark."""
        report = self.report(mark.gesture_id, mark.name, phase, mark.position, detail=detail)
        return replace(report, samples=len(mark.ids))

    def press(self, gesture_id: str, action: str) -> Report:
        """Return what to tell of a key that stands for a button of the palette."""
        return self.report(gesture_id, POKE, Phase.END, self.place, detail=action)
