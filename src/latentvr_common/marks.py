"""Marks: what is shown before one is made, and the journal's entry that it becomes."""

from latentvr_common.cloud import NONE
from latentvr_common.gestures import Preview
from latentvr_common.labels import Kind, LabelEvent
from latentvr_common.selecting.counts import label_counts
from latentvr_common.selecting.found import Found
from latentvr_common.selecting.frames import Frame


def preview_of(gesture_id: str, stamp_ns: int, category: int, found: Found, frame: Frame) -> Preview:
    """Return what to show of a mark before it is made.

    stamp_ns: of what the gesture was read from. category: -1: it erases. frame: the one whose labels are counted.
    """
    counts = label_counts(frame.labels[found.ids])
    return Preview(gesture_id, stamp_ns, found.stamp_ns, category, found.region, found.ids, counts)


def entry_of(gesture_id: str, gesture: str, author: str, category: int, found: Found, *, erases: bool) -> LabelEvent:
    """Return the entry that marks what was found. The gesture's id names it: submitted twice, it is still one entry."""
    return LabelEvent(
        gesture_id,
        Kind.ERASE if erases else Kind.ASSIGN,
        NONE if erases else category,
        found.ids,
        author=author,
        cloud_stamp_ns=found.stamp_ns,
        epoch=found.epoch,
        region=found.region,
        gesture=gesture,
    )
