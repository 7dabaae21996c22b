"""Pinch and paint: a ball at the fingers marks what it touches; one at a pinch of the other hand takes away."""

from gesture_labeler import marking
from gesture_labeler.pinch import Change
from gesture_labeler.running import GOES_ON, Recogniser, Room, Running, Step
from gesture_labeler.signs import Sign, Signs, fault_of
from latentvr_common.gestures import PINCH_BRUSH, ToolKind
from latentvr_common.selecting.frames import Frame
from latentvr_common.selecting.stroke import Stroke


class PaintRecogniser(Recogniser):
    """Begins with a pinch of the hand that paints."""

    name = PINCH_BRUSH

    def begins(self, signs: Signs, room: Room, doing: Running | None) -> bool:
        """With every pinch, while the brush is a ball."""
        return signs.main.change is Change.BEGAN and room.tool.kind is ToolKind.SPHERE

    def refusal(self, signs: Signs, room: Room) -> str:
        """As for all marks."""
        return marking.why_not(signs.main.point, signs, room)

    def begin(self, gesture_id: str, signs: Signs, room: Room) -> Running:
        """Begin a stroke."""
        return Painting(gesture_id, signs, room)


class Painting(Running):
    """A stroke. Opening the other palm takes it back."""

    name = PINCH_BRUSH

    def __init__(self, gesture_id: str, signs: Signs, room: Room) -> None:
        super().__init__(gesture_id, signs)
        frame = room.shown_at(signs.stamp_ns)
        self._stroke = Stroke(len(frame.cloud) if frame is not None else 0)
        self._other_palm = marking.OtherPalm(signs)
        self._takes_away = False

    def go_on(self, signs: Signs, room: Room) -> Step:
        """Paint, or end, or come to nothing."""
        frame = room.shown_at(signs.stamp_ns)
        self.position = signs.main.point
        reason = self._why_cancelled(signs, room, frame)
        if reason or frame is None:
            return Step(cancelled=reason)
        if signs.main.change is Change.ENDED:
            return self._end(room)
        return self._paint(signs, room, frame)

    def _why_cancelled(self, signs: Signs, room: Room, frame: Frame | None) -> str:
        fault = fault_of(*(signs.both if self._takes_away else (signs.main,)))
        opened = "the other palm opened" if self._other_palm.opens(signs) else ""
        return fault or opened or marking.why_no_longer(self._stroke.item_count, frame, room)

    def _paint(self, signs: Signs, room: Room, frame: Frame) -> Step:
        changed = signs.main.holds and self._dab(signs.main, room, frame, takes_away=False)
        if signs.other.change is Change.BEGAN:
            self._takes_away = True
        if self._takes_away and signs.other.holds:
            changed |= self._dab(signs.other, room, frame, takes_away=True)
        self._takes_away &= signs.other.pinches
        self.samples = self._stroke.count
        if not changed:
            return GOES_ON
        return marking.preview(self.gesture_id, signs, room, frame, self._stroke.found())

    def _dab(self, sign: Sign, room: Room, frame: Frame, *, takes_away: bool) -> bool:
        center = room.placement.latent_from_stage(sign.point)
        return self._stroke.extend(frame, center, room.tool.radius_m / room.placement.scale, takes_away=takes_away)

    def _end(self, room: Room) -> Step:
        if self._stroke.count == 0:
            return Step(cancelled="no point in the brush")
        return marking.commit(self.gesture_id, PINCH_BRUSH, room, self._stroke.found())
