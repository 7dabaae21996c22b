"""Marks: what they all ask for, say and commit."""

import numpy as np
import numpy.typing as npt

from gesture_labeler.running import Room, Step
from gesture_labeler.signs import Signs
from latentvr_common.gestures import Preview
from latentvr_common.labels import Kind, LabelEvent, Region
from latentvr_common.selecting.counts import label_counts
from latentvr_common.selecting.frames import Frame

FloatArray = npt.NDArray[np.floating]

PALETTE_REACH_M = 0.12
"""A pinch this near to the palette's middle is none in the cloud."""


def why_not(point: FloatArray, signs: Signs, room: Room) -> str:
    """Return why nothing can be marked by a pinch at `point` (3,); empty: it can."""
    frame = room.frames.shown_at(signs.stamp_ns)
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


def preview(
    gesture_id: str, signs: Signs, room: Room, frame: Frame, region: Region, ids: npt.NDArray[np.uint32]
) -> Step:
    """Return the step that shows what would be marked."""
    counts = label_counts(frame.labels[ids])
    stamp_ns = frame.cloud.stamp_ns
    return Step(preview=Preview(gesture_id, signs.stamp_ns, stamp_ns, room.tool.category, region, ids, counts))


def commit(
    gesture_id: str, name: str, room: Room, seen: tuple[int, int], region: Region, ids: npt.NDArray[np.uint32]
) -> Step:
    """Return the step that marks; `seen`: stamp and epoch of the cloud that the person saw."""
    tool, (stamp_ns, epoch) = room.tool, seen
    event = LabelEvent(
        gesture_id,
        Kind.ERASE if tool.erases else Kind.ASSIGN,
        tool.category,
        ids,
        author=room.parameters.author,
        cloud_stamp_ns=stamp_ns,
        epoch=epoch,
        region=region,
        gesture=name,
    )
    return Step(ended=True, commit=event)
