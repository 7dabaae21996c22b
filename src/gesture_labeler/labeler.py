"""From hands to gestures, from gestures to marks: the state machine. Pure, over joints, clouds and time.

At most one gesture at a time: while a stroke is painted the palette does not answer, and a pinch over the palette
paints nothing. Opening the other palm while painting takes the stroke back.
"""

import uuid
from collections.abc import Callable, Sequence

import numpy as np

from gesture_labeler.frames import Frame, Frames
from gesture_labeler.parameters import Parameters
from gesture_labeler.pinch import Change, Pinch
from gesture_labeler.poke import Poke
from gesture_labeler.reports import PINCH_BRUSH, POKE, Outcome, Phase, Preview, Report
from gesture_labeler.stroke import Stroke
from latentvr_common import brush, palette
from latentvr_common.cloud import NONE
from latentvr_common.hands import Hand, Hands
from latentvr_common.labels import Category, Kind, LabelEvent
from latentvr_common.palette import Button, PalettePose
from latentvr_common.placement import Placement

_NS = 1_000_000_000
_PALETTE_REACH_M = 0.12


def _new_id() -> str:
    return str(uuid.uuid4())


class Labeler:
    """Reads gestures of one person. Not safe for use by several threads at once."""

    def __init__(self, parameters: Parameters, new_id: Callable[[], str] = _new_id) -> None:
        """Start with no category chosen. `new_id` names gestures and entries."""
        self._parameters = parameters
        self._new_id = new_id
        self._pinch = Pinch(parameters)
        self._poke = Poke(parameters.poke_rearm_m)
        self._categories: Sequence[Category] = ()
        self._stamp_ns = 0
        self._stroke: Stroke | None = None
        self._stroke_id = ""
        self._palette_was_shown = False
        self.frames = Frames()
        self.placement = Placement()
        self.category = NONE
        """The one that the brush paints; -1: none chosen yet."""
        self.radius_m = parameters.brush_radius_m

    def set_categories(self, categories: Sequence[Category]) -> None:
        """Take in the list of categories; one that is retired is no longer painted."""
        self._categories = categories
        if not any(c.id == self.category and not c.retired for c in categories):
            self.category = NONE

    def update(self, hands: Hands) -> Outcome | None:
        """Take in both hands; return None for hands that are not newer than the last ones: they change nothing."""
        outcome = Outcome()
        if hands.stamp_ns <= self._stamp_ns:
            return None
        self._stamp_ns = hands.stamp_ns
        main, other = self._in_roles(hands)
        pose = palette.palette_pose(other)
        change = self._pinch.update(main, hands.stamp_ns / _NS)
        if self._stroke is None:
            self._choose(main, pose, outcome)
            if change is Change.BEGAN:
                self._begin_stroke(pose, outcome)
        else:
            self._go_on_with_stroke(self._stroke, change, pose, outcome)
        self._palette_was_shown = pose is not None
        return outcome

    def miss(self, silent_s: float) -> Outcome:
        """Take in that no hands were taken for `silent_s` seconds: they are lost like hands that are not tracked.

        After that, hands of any stamp are taken: the clock may have been set.
        """
        outcome = Outcome()
        if silent_s <= self._parameters.lost_s:
            return outcome
        change = self._pinch.miss(self._stamp_ns / _NS + silent_s)
        if self._stroke is not None and change is Change.LOST:
            self._cancel(outcome, "hands no longer arrive")
        self._pinch, self._stamp_ns = Pinch(self._parameters), 0
        return outcome

    def _in_roles(self, hands: Hands) -> tuple[Hand, Hand]:
        is_right = self._parameters.dominant_hand == "right"
        return (hands.right, hands.left) if is_right else (hands.left, hands.right)

    # The palette

    def _choose(self, finger: Hand, pose: PalettePose | None, outcome: Outcome) -> None:
        button = self._poke.update(finger, pose, self._categories)
        if button is None or pose is None:
            return
        self._press(button)
        outcome.reports.append(
            Report(
                self._new_id(),
                POKE,
                Phase.END,
                self._stamp_ns,
                pose.stage_from_palette(button.center),
                self.radius_m,
                self.category,
                detail=button.action,
            )
        )

    def _press(self, button: Button) -> None:
        if button.category != NONE:
            self.category = button.category
        else:
            self.radius_m = brush.resized(self.radius_m, larger=button.action == palette.LARGER)

    # The brush

    def _begin_stroke(self, pose: PalettePose | None, outcome: Outcome) -> None:
        self._stroke_id = self._new_id()
        frame = self.frames.shown_at(self._stamp_ns)
        refusal = self._why_not_paint(pose, frame)
        if refusal or frame is None:
            self._cancel(outcome, refusal)
            return
        self._stroke = Stroke(len(frame.cloud))
        outcome.reports.append(self._report(Phase.BEGIN))
        self._paint(self._stroke, frame, outcome)

    def _why_not_paint(self, pose: PalettePose | None, frame: Frame | None) -> str:
        if frame is None:
            return "there is no cloud yet"
        if pose is not None and np.linalg.norm(self._pinch.point - pose.origin) < _PALETTE_REACH_M:
            return "pinched at the palette"
        return "" if self.category != NONE else "no category chosen: poke one on the palette of the other palm"

    def _go_on_with_stroke(self, stroke: Stroke, change: Change, pose: PalettePose | None, outcome: Outcome) -> None:
        frame = self.frames.shown_at(self._stamp_ns)
        if change in (Change.LOST, Change.JUMPED):
            self._cancel(outcome, change.value)
        elif pose is not None and not self._palette_was_shown:
            self._cancel(outcome, "the other palm opened")
        elif self.category == NONE:
            self._cancel(outcome, "the category was retired")
        elif frame is None or len(frame.cloud) != stroke.item_count:
            self._cancel(outcome, "the cloud was replaced by another")
        elif change is Change.ENDED:
            self._commit(stroke, outcome)
        elif self._pinch.closed:
            self._paint(stroke, frame, outcome)

    def _paint(self, stroke: Stroke, frame: Frame, outcome: Outcome) -> None:
        center = self.placement.latent_from_stage(self._pinch.point)
        if stroke.extend(frame, center, self.radius_m / self.placement.scale):
            outcome.preview = self._preview(stroke, frame)
        outcome.reports.append(self._report(Phase.UPDATE, samples=stroke.count))

    def _preview(self, stroke: Stroke, frame: Frame) -> Preview:
        ids = stroke.sample_ids()
        present, counts = np.unique(frame.cloud.label[ids], return_counts=True)
        by_label = dict(zip(present.tolist(), counts.tolist(), strict=True))
        return Preview(self._stroke_id, self._stamp_ns, stroke.stamp_ns, self.category, stroke.region(), ids, by_label)

    def _commit(self, stroke: Stroke, outcome: Outcome) -> None:
        if stroke.count == 0:
            self._cancel(outcome, "no point in the brush")
            return
        outcome.commit = LabelEvent(
            self._stroke_id,
            Kind.ASSIGN,
            self.category,
            stroke.sample_ids(),
            author=self._parameters.author,
            cloud_stamp_ns=stroke.stamp_ns,
            epoch=stroke.epoch,
            region=stroke.region(),
            gesture=PINCH_BRUSH,
        )
        outcome.end = self._report(Phase.END, samples=stroke.count)
        self._stroke = None

    def _cancel(self, outcome: Outcome, reason: str) -> None:
        samples = self._stroke.count if self._stroke is not None else 0
        outcome.reports.append(self._report(Phase.CANCEL, samples, reason))
        self._stroke = None

    def _report(self, phase: Phase, samples: int = 0, detail: str = "") -> Report:
        return Report(
            self._stroke_id,
            PINCH_BRUSH,
            phase,
            self._stamp_ns,
            self._pinch.point,
            self.radius_m,
            self.category,
            samples,
            detail=detail,
        )
