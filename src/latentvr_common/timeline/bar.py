"""A timeline as a bar to be painted: what happened, where on it; and where somebody looks. Each view paints its own."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from latentvr_common.timeline.axis import about_in_words
from latentvr_common.timeline.events import Event, What
from latentvr_common.timeline.timeline import LookingBack, Timeline

Rgb = tuple[int, int, int]

_ERASED: Rgb = (226, 228, 234)
_COLORS: Mapping[What, Rgb] = {
    What.FLIPS: (240, 142, 84),
    What.MOVES: (146, 130, 242),
    What.CATEGORIES: (236, 239, 244),
    What.UNDO: (150, 158, 172),
    What.REDO: (150, 158, 172),
}
"""Labels have the colour of their category."""


@dataclass(frozen=True)
class Tick:
    """One mark on the bar, so many steps from its beginning; things that look the same there are one."""

    place: int
    what: What
    color: Rgb


@dataclass(frozen=True)
class Bar:
    """The timeline, from the oldest cloud that is kept to now."""

    ticks: tuple[Tick, ...]
    cursor: int | None
    """Where somebody looks, as the place of a tick; None: at what is now."""
    begins: str
    """How long ago, in words."""


def bar_of(timeline: Timeline, looking: LookingBack, steps: int, colors: Mapping[int, int]) -> Bar | None:
    """Return the bar, so many steps long; None: there is nothing to go back to. `colors`: 0xRRGGBB of each category."""
    if len(timeline) < 2:
        return None
    axis, first_ns = timeline.axis(), int(timeline.frames.stamps[0])
    events = [event for event in timeline.events.all if event.stamp_ns >= first_ns]
    shares = axis.shares(np.array([event.stamp_ns for event in events], np.int64))
    # Of the same place and look only one, in the order in which they came.
    ticks = dict.fromkeys(
        Tick(round(float(share) * steps), event.what, _color(event, colors))
        for share, event in zip(shares, events, strict=True)
    )
    cursor = round(axis.share(looking.at_ns) * steps) if looking.frame is not None else None
    return Bar(tuple(ticks), cursor, f"{about_in_words(timeline.newest_ns - first_ns)} ago")


def _color(event: Event, colors: Mapping[int, int]) -> Rgb:
    if event.what is not What.LABELS:
        return _COLORS[event.what]
    packed = colors.get(event.category)
    return _ERASED if packed is None else (packed >> 16 & 255, packed >> 8 & 255, packed & 255)
