"""What stands in words and pictures in the window: the line of state, help, an item, what could be accepted, a name.

All sizes are in pixels of a window 720 high; a higher window gets the same, larger.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from cloud_view.desktop.keys import GROUPS, MOUSE
from cloud_view.desktop.timeline_bar import Banner
from cloud_view.sheet import BRIGHT, FAINT, REFERENCE_HEIGHT, SOFT, Rgb, Sheet, shortened
from latentvr_common.fonts import font_for

PLATE: Rgb = (19, 23, 31)
_EDGE: Rgb = (48, 55, 68)
_KEY: Rgb = (176, 205, 235)
GOOD: Rgb = (92, 200, 130)
_WARM: Rgb = (230, 190, 96)
_PAD = 20.0
LINE_HEIGHT = 40.0


def _plate(width: float, height: float, window_height: int) -> Sheet:
    """Return a sheet with a ground of its own and a thin edge."""
    sheet = Sheet(width, height, window_height / REFERENCE_HEIGHT)
    sheet.bar(0, 0, width, height, _EDGE)
    sheet.bar(1, 1, width - 2, height - 2, PLATE)
    return sheet


# The line of state


@dataclass(frozen=True)
class Line:
    """The line at the bottom: what the mouse holds, what it would mark, what was acknowledged."""

    tool: str
    color: Rgb
    category: str
    marks: str
    safe: str
    waiting: bool
    """Something is not acknowledged yet."""
    note: str


@lru_cache(maxsize=2)
def paint_line(line: Line, width: float, margin: float, window_height: int) -> Image.Image:
    """Return the line, `width` wide, with so much room at both ends."""
    sheet = Sheet(width, LINE_HEIGHT, window_height / REFERENCE_HEIGHT)
    base, middle = LINE_HEIGHT / 2 + 5, LINE_HEIGHT / 2
    sheet.bar(0, 0, width, 1, FAINT)
    sheet.dot(margin, middle, 12, line.color)
    end = sheet.text(margin + 20, base, line.category, 15, BRIGHT)
    end = sheet.text(end + 12, base, line.tool, 15, SOFT)
    if line.marks:
        end = sheet.text(end + 26, base, line.marks, 15, BRIGHT)
    if line.note:
        sheet.text(end + 26, base, line.note, 15, _WARM)
    right = width - margin
    length = sheet.text(right, base, line.safe, 15, SOFT if line.waiting else BRIGHT, "rs") - right
    sheet.dot(right - length - 17, middle, 9, _WARM if line.waiting else GOOD)
    return sheet.image


# Help

_HELP_ROW = 23.0
_HELP_COLUMN = 392.0


@lru_cache(maxsize=1)
def paint_help(window_height: int) -> Image.Image:
    """Return the help: what mouse and keys do."""
    columns: list[list[tuple[str, list[tuple[str, str]]]]] = [
        [("mouse", list(MOUSE)), _listed(0)],
        [_listed(1), _listed(3), _listed(2)],
    ]
    rows = max(sum(len(rows) + 2 for _, rows in column) for column in columns)
    sheet = _plate(2 * _HELP_COLUMN + 2 * _PAD, rows * _HELP_ROW + 2 * _PAD - 20, window_height)
    for place, column in enumerate(columns):
        y = _PAD + 12
        for title, listed in column:
            sheet.text(_PAD + place * _HELP_COLUMN, y, title, 15, SOFT)
            for shown, says in listed:
                y += _HELP_ROW
                sheet.text(_PAD + place * _HELP_COLUMN, y, shown, 14, _KEY)
                sheet.text(_PAD + place * _HELP_COLUMN + 94, y, says, 14, BRIGHT)
            y += 2 * _HELP_ROW
    return sheet.image


def _listed(group: int) -> tuple[str, list[tuple[str, str]]]:
    title, bindings = GROUPS[group]
    return title, [(binding.shown, binding.says) for binding in bindings if binding.shown]


# Items


@dataclass(frozen=True)
class Look:
    """What one item looks like and what is known of it. `picture`: None where it has none."""

    item: int
    picture: Image.Image | None
    text: str
    words: str
    """Its label; or what it is taken for, and how surely."""
    color: Rgb
    by_hand: bool


_CARD = 210.0
_NEIGHBOURS = 6
_IN_ROW = 3
_SMALL = (_CARD - 2 * 8.0) / _IN_ROW


def words_of(label: int, predicted: int, confidence: float, names: Callable[[int], str]) -> tuple[str, bool]:
    """Return what an item is labelled or taken for, and whether a person's mark says so."""
    if label >= 0:
        return names(label), True
    if predicted >= 0:
        sure = f" · {100 * confidence:.0f} %" if math.isfinite(confidence) else ""
        return f"{names(predicted)}{sure}", False
    return "not known yet", False


def paint_look(look: Look, neighbours: Sequence[Look], window_height: int) -> Image.Image:
    """Return the card of an item, with its nearest neighbours in the data."""
    near = neighbours[:_NEIGHBOURS]
    top = _CARD if look.picture is not None else 0.0
    rows = -(-len(near) // _IN_ROW)
    words = [] if look.picture is not None else _wrapped(look.text)
    height = 14 + top + 18.0 * len(words) + 62 + (26 + rows * (_SMALL + 14) if near else 0) + 8
    sheet = _plate(_CARD + 28, height, window_height)
    y = 14.0
    if look.picture is not None:
        _picture(sheet, 14, y, _CARD, look.picture)
        y += _CARD
    for line in words:
        y += 18
        sheet.text(14, y, line, 14, BRIGHT)
    sheet.dot(14, y + 23, 12, look.color)
    sheet.text(34, y + 28, shortened(look.words, 22), 16, BRIGHT)
    if look.picture is not None:
        sheet.text(14, y + 50, shortened(look.text, 30), 13, SOFT)
    told = "marked" if look.by_hand else "predicted" if look.words != "not known yet" else ""
    sheet.text(14 + _CARD, y + 28, told, 13, SOFT, "rs")
    if near:
        sheet.text(14, y + 78, "its neighbours in the data", 13, SOFT)
        _grid(sheet, near, 14, y + 88, _SMALL, 8, _IN_ROW, 14)
    return sheet.image


def _wrapped(text: str) -> list[str]:
    words = text.split()
    lines = [" ".join(words[i : i + 3]) for i in range(0, len(words), 3)]
    return [shortened(line, 30) for line in lines[:6]]


def _picture(sheet: Sheet, x: float, y: float, side: float, picture: Image.Image) -> None:
    sheet.picture(x, y, side, side, picture)


def _grid(
    sheet: Sheet, looks: Sequence[Look], x: float, y: float, side: float, gap: float, columns: int, below: float
) -> None:
    """Put small pictures in rows, each with the colour of what it is below it."""
    for place, look in enumerate(looks):
        left, top = x + place % columns * (side + gap), y + place // columns * (side + below)
        if look.picture is not None:
            _picture(sheet, left, top, side, look.picture)
        else:
            sheet.bar(left, top, side, side, FAINT)
            sheet.text(left + 6, top + side / 2, shortened(look.text, 9), 11, SOFT)
        sheet.bar(left, top + side + 2, side, 3, look.color)


# What could be accepted

_AUDIT_COLUMNS, _AUDIT_SIDE, _AUDIT_GAP = 5, 84.0, 10.0


def paint_proposal(count: int, expected: float, audit: Sequence[Look], window_height: int) -> Image.Image:
    """Return the question whether `count` predictions are to become labels, with a sample of them."""
    rows = -(-len(audit) // _AUDIT_COLUMNS)
    width = _AUDIT_COLUMNS * (_AUDIT_SIDE + _AUDIT_GAP) - _AUDIT_GAP + 2 * _PAD
    row = _AUDIT_SIDE + 28
    sheet = _plate(width, 84 + rows * row + 46, window_height)
    sheet.text(_PAD, 34, f"Accept {count:,} predictions as labels?", 19, BRIGHT)
    sure = f"about {100 * expected:.1f} % of them are right" if np.isfinite(expected) else ""
    sheet.text(_PAD, 60, f"{sure}; here are {len(audit)} by chance", 14, SOFT)
    _grid(sheet, audit, _PAD, 78, _AUDIT_SIDE, _AUDIT_GAP, _AUDIT_COLUMNS, 28)
    for place, look in enumerate(audit):
        left = _PAD + place % _AUDIT_COLUMNS * (_AUDIT_SIDE + _AUDIT_GAP)
        top = 78 + place // _AUDIT_COLUMNS * row + _AUDIT_SIDE
        sheet.text(left, top + 18, shortened(look.words, 13), 12, BRIGHT)
    sheet.text(_PAD, 78 + rows * row + 22, "a  accept", 15, _KEY)
    sheet.text(_PAD + 110, 78 + rows * row + 22, "esc  leave it", 15, _KEY)
    return sheet.image


# A name


def paint_naming(name: str, window_height: int) -> Image.Image:
    """Return the question for the name of a new category, as far as it is typed."""
    sheet = _plate(420, 96, window_height)
    sheet.text(_PAD, 32, "Name of the new category", 15, SOFT)
    end = sheet.text(_PAD, 64, name, 20, BRIGHT)
    sheet.bar(end + 2, 46, 2, 22, _KEY)
    sheet.text(_PAD, 86, "enter: add it    esc: leave it", 12, SOFT)
    return sheet.image


# Time

_BANNER_CHARACTERS = 66
_BANNER_LINE = 20.0


@lru_cache(maxsize=2)
def paint_banner(banner: Banner, window_height: int) -> Image.Image:
    """Return what is told of the time that is looked at."""
    lines = [
        (banner.when, 18.0, BRIGHT),
        *((line, 14.0, _WARM) for line in [shortened(banner.what, _BANNER_CHARACTERS)] if line),
        (banner.hint, 13.0, SOFT),
    ]
    scale = window_height / REFERENCE_HEIGHT
    width = max(font_for(words, round(size * scale)).getlength(words) / scale for words, size, _ in lines)
    sheet = _plate(width + 2 * _PAD, 18 + _BANNER_LINE * len(lines) + 4, window_height)
    for place, (words, size, color) in enumerate(lines):
        sheet.text(_PAD, 28 + _BANNER_LINE * place, words, size, color)
    return sheet.image
