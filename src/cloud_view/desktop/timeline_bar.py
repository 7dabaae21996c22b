"""The timeline at the bottom of the window, and what is told of the time that is looked at. Pure.

Lengths are in pixels of a window 720 high, unless said otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

from cloud_view.desktop.picking import Viewport
from cloud_view.sheet import BRIGHT, FAINT, REFERENCE_HEIGHT, SOFT, Rgb, Sheet
from latentvr_common.timeline.bar import Bar, Tick
from latentvr_common.timeline.events import What
from latentvr_common.timeline.timeline import LookingBack, Timeline
from latentvr_common.timeline.words import ago_in_words, what_in_words

BAR_HEIGHT = 24.0
_MARGIN, _BEFORE, _AFTER = 28.0, 88.0, 44.0
"""Room at both ends of the window, for how long ago the bar begins, and for the word "now"."""
_TRACK = 14.0
_LATER: Rgb = (29, 34, 43)


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


def steps_of(viewport: Viewport) -> int:
    """Return how long the bar is."""
    return _place(1.0, _width(viewport)) - _place(0.0, _width(viewport))


def banner_of(timeline: Timeline, looking: LookingBack, names: Mapping[int, str]) -> Banner | None:
    """Return what to tell of the time that is looked at; None: it is now. `names` of categories by their ids."""
    frame = looking.frame
    if frame is None:
        return None
    # Before the first step there is no network to go on with.
    hints = [
        "what you mark here is marked now",
        *["g: go on from here"] * (frame.progress.step > 0),
        "esc: back to now",
    ]
    return Banner(
        f"{ago_in_words(timeline, looking)}  ·  epoch {frame.epoch:,}",
        what_in_words(timeline, looking, names),
        "  ·  ".join(hints),
    )


@lru_cache(maxsize=2)
def paint_bar(bar: Bar, viewport: Viewport) -> Image.Image:
    """Return the bar, as wide as the window."""
    width = _width(viewport)
    sheet = Sheet(width, BAR_HEIGHT, viewport.height / REFERENCE_HEIGHT)
    left, right = _place(0.0, width), _place(1.0, width)
    sheet.text(_MARGIN, _TRACK + 5, bar.begins, 13, SOFT)
    sheet.text(right + 10, _TRACK + 5, "now", 13, BRIGHT if bar.cursor is None else SOFT)
    cursor = None if bar.cursor is None else left + bar.cursor
    sheet.bar(left, _TRACK, right - left, 2, _LATER)
    sheet.bar(left, _TRACK, (right if cursor is None else cursor) - left, 2, FAINT if cursor is None else SOFT)
    for tick in bar.ticks:
        _paint_tick(sheet, left + tick.place, tick)
    if cursor is not None:
        sheet.bar(cursor - 1, 1, 3, BAR_HEIGHT - 2, BRIGHT)
        sheet.dot(cursor - 4.5, _TRACK + 1, 10, BRIGHT)
    return sheet.image


def _paint_tick(sheet: Sheet, x: int, tick: Tick) -> None:
    """Above the line what people did, below it what came of it."""
    if tick.what is What.LABELS:
        sheet.bar(x - 1, 2, 3, 11, tick.color)
    elif tick.what in (What.UNDO, What.REDO):
        sheet.bar(x - 1, 8, 3, 5, tick.color)
    elif tick.what is What.CATEGORIES:
        sheet.dot(x - 3, 7, 6, tick.color)
    else:
        sheet.dot(x - 3, _TRACK + 6, 5, tick.color)
