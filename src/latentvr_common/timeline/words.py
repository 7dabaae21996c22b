"""What is told of the time that somebody looks at."""

from collections.abc import Mapping

from latentvr_common.cloud import NONE
from latentvr_common.timeline.axis import span_in_words
from latentvr_common.timeline.events import in_words
from latentvr_common.timeline.timeline import LookingBack, Timeline


def ago_in_words(timeline: Timeline, looking: LookingBack) -> str:
    """Return how long ago it is, as "2:13 ago"."""
    return f"{span_in_words(timeline.newest_ns - looking.at_ns)} ago"


def what_in_words(timeline: Timeline, looking: LookingBack, names: Mapping[int, str]) -> str:
    """Return what happened then, if an event was gone to; empty: nothing. `names` of categories by their ids."""
    what = "  ·  ".join(in_words(event, names) for event in looking.events)
    frame = looking.frame
    if not what and frame is not None and frame.stamp_ns == timeline.frames.stamps[0]:
        return "the oldest cloud that is kept"
    return what


def mark_in_words(timeline: Timeline, looking: LookingBack, items: int, category: int) -> str:
    """Return what to tell once items were marked in the past (category -1: erased)."""
    done = "lose their label" if category == NONE else "are marked"
    return f"{items:,} items of {ago_in_words(timeline, looking)} {done} now"


def then_in_words(timeline: Timeline, looking: LookingBack) -> str:
    """Return which time is looked at and what that means, in a line; empty: it is now."""
    frame = looking.frame
    if frame is None:
        return ""
    return f"as it was {ago_in_words(timeline, looking)}: epoch {frame.epoch:,}  ·  what you mark is marked now"
