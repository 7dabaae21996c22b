"""Two pinches in the cloud, pulled apart: a box between them, upright in the room, marks what it holds."""

import numpy as np

from gesture_labeler import both_hands, marking
from gesture_labeler.running import GOES_ON, Recogniser, Room, Running, Step
from gesture_labeler.signs import Signs, fault_of
from latentvr_common import rotations
from latentvr_common.gestures import BOX, Side
from latentvr_common.selecting.found import Found, in_box
from latentvr_common.selecting.frames import Frame


class BoxRecogniser(Recogniser):
    """Begins when both hands pinch in the cloud."""

    name = BOX

    def begins(self, signs: Signs, room: Room, doing: Running | None) -> bool:
        """With the second pinch."""
        return both_hands.both_pinch(signs, room, doing) and both_hands.both_in_the_cloud(signs, room)

    def refusal(self, signs: Signs, room: Room) -> str:
        """As for all marks."""
        return marking.why_not(signs.main.point, signs, room)

    def begin(self, gesture_id: str, signs: Signs, room: Room) -> Running:
        """Begin a box."""
        return Boxing(gesture_id, signs, room)


class Boxing(Running):
    """A box from one pinch to the other, as wide as the brush where these are level with each other."""

    name = BOX
    side = Side.BOTH

    def __init__(self, gesture_id: str, signs: Signs, room: Room) -> None:
        super().__init__(gesture_id, signs)
        frame = room.shown_at(signs.stamp_ns)
        self._item_count = len(frame.cloud) if frame is not None else 0
        self._found = Found()

    def go_on(self, signs: Signs, room: Room) -> Step:
        """Span, or end, or come to nothing."""
        frame = room.shown_at(signs.stamp_ns)
        self.position = signs.middle
        reason = fault_of(*signs.both) or marking.why_no_longer(self._item_count, frame, room)
        if reason or frame is None:
            return Step(cancelled=reason)
        if both_hands.either_opened(signs):
            return self._end(room)
        if not (signs.main.holds and signs.other.holds):
            return GOES_ON
        return self._span(signs, room, frame)

    def _span(self, signs: Signs, room: Room, frame: Frame) -> Step:
        half = np.maximum(np.abs(signs.main.point - signs.other.point) / 2, room.tool.radius_m) / room.placement.scale
        center = room.placement.latent_from_stage(signs.middle)
        quat = rotations.inverse(room.placement.quat_xyzw)
        before, self._found = self._found, in_box(frame, center, half, quat)
        if np.array_equal(before.ids, self._found.ids):
            return GOES_ON
        self.samples = len(self._found)
        return marking.preview(self.gesture_id, signs, room, frame, self._found)

    def _end(self, room: Room) -> Step:
        if not len(self._found):
            return Step(cancelled="no point in the box")
        return marking.commit(self.gesture_id, BOX, room, self._found)
