"""Density tap: a pinch marks the dense region around it; pulled towards the eyes it takes in more, pushed away less."""

import numpy as np
import numpy.typing as npt

from gesture_labeler import marking
from gesture_labeler.pinch import Change
from gesture_labeler.running import GOES_ON, Recogniser, Room, Running, Step
from gesture_labeler.signs import Signs, fault_of
from latentvr_common.gestures import DENSITY, ToolKind
from latentvr_common.selecting.density import Seed
from latentvr_common.selecting.found import Found, in_dense_region
from latentvr_common.selecting.frames import Frame

FloatArray = npt.NDArray[np.floating]

_EYES = np.array([0.0, 1.6, 0.0])
"""Where the eyes are taken to be, metres, frame stage, while nobody tells."""
_SMALLEST_SHARE, _LARGEST_SHARE = 0.02, 1.0
_STEADY = 1.05
"""By less than this factor a share is the same: a hand that trembles does not change what is marked."""


class FloodRecogniser(Recogniser):
    """Begins with a pinch of the hand that paints."""

    name = DENSITY

    def begins(self, signs: Signs, room: Room, doing: Running | None) -> bool:
        """With every pinch, while the brush is one for dense regions."""
        return signs.main.change is Change.BEGAN and room.tool.kind is ToolKind.DENSITY

    def refusal(self, signs: Signs, room: Room) -> str:
        """As for all marks; and there must be something near."""
        reason = marking.why_not(signs.main.point, signs, room)
        frame = room.shown_at(signs.stamp_ns)
        if reason or frame is None:
            return reason
        return "" if _seed(frame, signs.main.point, room) is not None else "no point near the pinch"

    def begin(self, gesture_id: str, signs: Signs, room: Room) -> Running:
        """Begin a flood."""
        return Flooding(gesture_id, signs, room)


def _seed(frame: Frame, point: FloatArray, room: Room) -> Seed | None:
    return frame.density.seed(room.placement.latent_from_stage(point), room.tool.radius_m / room.placement.scale)


class Flooding(Running):
    """What hangs together with the densest place near the pinch."""

    name = DENSITY

    def __init__(self, gesture_id: str, signs: Signs, room: Room) -> None:
        super().__init__(gesture_id, signs)
        frame = room.shown_at(signs.stamp_ns)
        self._item_count = len(frame.cloud) if frame is not None else 0
        self._start = signs.main.point
        self._other_palm = marking.OtherPalm(signs)
        self._share = 0.0
        self._frame: Frame | None = None
        self._found = Found()

    def go_on(self, signs: Signs, room: Room) -> Step:
        """Loosen or tighten, or end, or come to nothing."""
        frame = room.shown_at(signs.stamp_ns)
        self.position = signs.main.point
        reason = self._why_cancelled(signs, room, frame)
        if reason or frame is None:
            return Step(cancelled=reason)
        if signs.main.change is Change.ENDED:
            return self._end(room)
        share = self._share_at(signs, room)
        steady = self._share > 0.0 and max(share, self._share) / min(share, self._share) < _STEADY
        if not signs.main.holds or (steady and frame is self._frame):
            return GOES_ON
        return self._flood(signs, room, frame, self._share if steady else share)

    def _why_cancelled(self, signs: Signs, room: Room, frame: Frame | None) -> str:
        opened = "the other palm opened" if self._other_palm.opens(signs) else ""
        return fault_of(signs.main) or opened or marking.why_no_longer(self._item_count, frame, room)

    def _share_at(self, signs: Signs, room: Room) -> float:
        eyes = signs.head.position if signs.head is not None else _EYES
        pushed_m = float(np.linalg.norm(signs.main.point - eyes) - np.linalg.norm(self._start - eyes))
        share = room.parameters.flood_share * 2.0 ** (pushed_m / room.parameters.flood_travel_m)
        return float(np.clip(share, _SMALLEST_SHARE, _LARGEST_SHARE))

    def _flood(self, signs: Signs, room: Room, frame: Frame, share: float) -> Step:
        seed = _seed(frame, self._start, room)
        if seed is None:
            return GOES_ON
        self._frame, self._share = frame, share
        reach = room.tool.radius_m / room.placement.scale
        place = room.placement.latent_from_stage(self._start)
        self._found = in_dense_region(frame, seed, place, reach, share)
        self.samples = len(self._found)
        return marking.preview(self.gesture_id, signs, room, frame, self._found)

    def _end(self, room: Room) -> Step:
        if not len(self._found):
            return Step(cancelled="no point near the pinch")
        return marking.commit(self.gesture_id, DENSITY, room, self._found)
