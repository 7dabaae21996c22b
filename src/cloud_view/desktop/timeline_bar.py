"""The timeline at the bottom of the window, and what is told of the time that is looked at. Pure.

Lengths are in pixels of a window 720 high, unless said otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from cloud_view.desktop.picking import Viewport
from cloud_view.sheet import BRIGHT, FAINT, REFERENCE_HEIGHT, SOFT, Rgb, Sheet
from latentvr_common.cloud import NONE
from latentvr_common.timeline.axis import about_in_words, span_in_words
from latentvr_common.timeline.events import Event, What, in_words
from latentvr_common.timeline.timeline import LookingBack, Timeline

BAR_HEIGHT = 24.0
_MARGIN, _BEFORE, _AFTER = 28.0, 88.0, 44.0
"""Room at both ends of the window, for how long ago the bar begins, and for the word "now"."""
_TRACK = 14.0
_LATER: Rgb = (29, 34, 43)
_ERASED: Rgb = (226, 228, 234)
_FLIPS: Rgb = (240, 142, 84)
_MOVES: Rgb = (146, 130, 242)


@dataclass(frozen=True)
class Tick:
    """One mark on the bar: `x` from the window's left edge; things that look the same there are one."""

    x: int
    what: What
    color: Rgb


@dataclass(frozen=True)
class Bar:
    """The timeline, as it is painted. `cursor`: where the person looks, x; None: at what is now."""

    ticks: tuple[Tick, ...]
    cursor: int | None
    begins: str


@dataclass(frozen=True)
class Banner:
    """What is told of the time that is looked at: when it is, what happened then, and what can be done."""

    when: str
    what: str
    hint: str


@dataclass(frozen=True)
class InTime:
    """What the window shows of time. `bar` None: there is nothing to go back to yet; `banner` None: it is now."""

    bar: Bar | None = None
    banner: Banner | None = None


def _width(viewport: Viewport) -> float:
    return viewport.width * REFERENCE_HEIGHT / viewport.height


def _place(share: float, width: float) -> int:
    left, right = _MARGIN + _BEFORE, width - _MARGIN - _AFTER
    return round(left + share * (right - left))


def share_at(viewport: Viewport, x: float) -> float:
    """Return which share of the bar is at a pixel of the window, 0 to 1, that of the nearer end beyond them."""
    left, right = (_place(share, _width(viewport)) for share in (0.0, 1.0))
    return min(max((x * REFERENCE_HEIGHT / viewport.height - left) / max(right - left, 1), 0.0), 1.0)


def is_on_bar(viewport: Viewport, y: float, line_height: float) -> bool:
    """Tell whether a pixel of the window, of that height, is on the bar, which stands above the line of state."""
    below = (viewport.height - y) * REFERENCE_HEIGHT / viewport.height
    return line_height <= below <= line_height + BAR_HEIGHT


def bar_of(timeline: Timeline, looking: LookingBack, viewport: Viewport, colors: Mapping[int, int]) -> Bar | None:
    """Return the bar; None: there is nothing to go back to. `colors`: 0xRRGGBB of each category."""
    if len(timeline) < 2:
        return None
    axis, width = timeline.axis(), _width(viewport)
    # Of the same place and look only one, in the order in which they came.
    first_ns = int(timeline.frames.stamps[0])
    events = [event for event in timeline.events.all if event.stamp_ns >= first_ns]
    shares = axis.shares(np.array([event.stamp_ns for event in events], np.int64))
    ticks = dict.fromkeys(
        Tick(_place(float(share), width), event.what, _color(event, colors))
        for share, event in zip(shares, events, strict=True)
    )
    begins = f"{about_in_words(timeline.newest_ns - first_ns)} ago"
    cursor = _place(axis.share(looking.at_ns), width) if looking.frame is not None else None
    return Bar(tuple(ticks), cursor, begins)


def _color(event: Event, colors: Mapping[int, int]) -> Rgb:
    if event.what is What.LABELS:
        packed = colors.get(event.category)
        return _ERASED if packed is None else (packed >> 16 & 255, packed >> 8 & 255, packed & 255)
    return {What.FLIPS: _FLIPS, What.MOVES: _MOVES, What.CATEGORIES: BRIGHT}.get(event.what, SOFT)


def banner_of(timeline: Timeline, looking: LookingBack, names: Mapping[int, str]) -> Banner | None:
    """Return what to tell of the time that is looked at; None: it is now. `names` of categories by their ids."""
    frame = looking.frame
    if frame is None:
        return None
    what = "  ·  ".join(in_words(event, names) for event in looking.events)
    if not what and frame.stamp_ns == timeline.frames.stamps[0]:
        what = "the oldest cloud that is kept"
    return Banner(
        f"{span_in_words(timeline.newest_ns - looking.at_ns)} ago  ·  epoch {frame.epoch:,}",
        what,
        "what you mark here is marked now    esc: back to now",
    )


def words_of_mark(timeline: Timeline, looking: LookingBack, items: int, category: int) -> str:
    """Return what to tell once items were marked in the past (category -1: erased)."""
    done = "lose their label" if category == NONE else "are marked"
    ago = span_in_words(timeline.newest_ns - looking.at_ns)
    return f"{items:,} items of {ago} ago {done} now"


@lru_cache(maxsize=2)
def paint_bar(bar: Bar, viewport: Viewport) -> Image.Image:
    """Return the bar, as wide as the window."""
    width = _width(viewport)
    sheet = Sheet(width, BAR_HEIGHT, viewport.height / REFERENCE_HEIGHT)
    left, right = _place(0.0, width), _place(1.0, width)
    sheet.text(_MARGIN, _TRACK + 5, bar.begins, 13, SOFT)
    sheet.text(right + 10, _TRACK + 5, "now", 13, BRIGHT if bar.cursor is None else SOFT)
    until = right if bar.cursor is None else bar.cursor
    sheet.bar(left, _TRACK, right - left, 2, _LATER)
    sheet.bar(left, _TRACK, until - left, 2, FAINT if bar.cursor is None else SOFT)
    for tick in bar.ticks:
        _paint_tick(sheet, tick)
    if bar.cursor is not None:
        sheet.bar(bar.cursor - 1, 1, 3, BAR_HEIGHT - 2, BRIGHT)
        sheet.dot(bar.cursor - 4.5, _TRACK + 1, 10, BRIGHT)
    return sheet.image


def _paint_tick(sheet: Sheet, tick: Tick) -> None:
    """Above the line what people did, below it what came of it."""
    if tick.what is What.LABELS:
        sheet.bar(tick.x - 1, 2, 3, 11, tick.color)
    elif tick.what in (What.UNDO, What.REDO):
        sheet.bar(tick.x - 1, 8, 3, 5, tick.color)
    elif tick.what is What.CATEGORIES:
        sheet.dot(tick.x - 3, 7, 6, tick.color)
    else:
        sheet.dot(tick.x - 3, _TRACK + 6, 5, tick.color)
