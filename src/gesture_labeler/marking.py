"""Marks: what they all ask for, say and commit."""

import numpy as np
import numpy.typing as npt

from gesture_labeler.running import Room, Step
from gesture_labeler.signs import Signs
from latentvr_common import marks
from latentvr_common.selecting.found import Found
from latentvr_common.selecting.frames import Frame

FloatArray = npt.NDArray[np.floating]

PALETTE_REACH_M = 0.12
"""A pinch this near to the palette's middle is none in the cloud."""


def why_not(point: FloatArray, signs: Signs, room: Room) -> str:
    """Return why nothing can be marked by a pinch at `point` (3,); empty: it can."""
    frame = room.shown_at(signs.stamp_ns)
    if frame is None or not len(frame.cloud):
        return "there is no cloud yet"
    palette = signs.other.palm_up
    if palette is not None and np.linalg.norm(point - palette.origin) < PALETTE_REACH_M:
        return "pinched at the palette"
    return "" if room.tool.paints else "no category chosen: poke one on the palette of the other palm"


class OtherPalm:
    """The palm that, opened while the other hand marks, takes the mark back."""

    def __init__(self, signs: Signs) -> None:
        self._was_up = signs.other.palm_up is not None

    def opens(self, signs: Signs) -> bool:
        """Take in what it shows now; tell whether it has just opened."""
        was_up, self._was_up = self._was_up, signs.other.palm_up is not None
        return self._was_up and not was_up


def why_no_longer(item_count: int, frame: Frame | None, room: Room) -> str:
    """Return why a mark that is being made comes to nothing; empty: it goes on."""
    if not room.tool.paints:
        return "the category was retired"
    return "" if frame is not None and len(frame.cloud) == item_count else "the cloud was replaced by another"


def preview(gesture_id: str, signs: Signs, room: Room, frame: Frame, found: Found) -> Step:
    """Return the step that shows what would be marked."""
    return Step(preview=marks.preview_of(gesture_id, signs.stamp_ns, room.tool.category, found, frame))


def commit(gesture_id: str, name: str, room: Room, found: Found) -> Step:
    """Return the step that marks."""
    tool, author = room.tool, room.parameters.author
    event = marks.entry_of(gesture_id, name, author, tool.category, found, erases=tool.erases)
    return Step(ended=True, commit=event)
