"""What items look like, as pictures that hang in the room."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from xr_bridge.sheet import BRIGHT, PLATE, SOFT, Panel, Sheet

_MARGIN_M = 0.008
_LOOK_M, _LARGE_M, _SMALL_M = 0.06, 0.11, 0.03
_WORDS_M, _LARGE_WORDS_M, _TITLE_M = 0.009, 0.012, 0.007
_LONGEST_WORDS = 14
MOST_NEIGHBOURS = 4


@dataclass(frozen=True)
class Look:
    """What one item looks like."""

    words: str
    picture: Image.Image | None = None
    """None: it has none."""
    text: str = ""
    """What it is called or holds, shown where there is no picture and room for it."""


def preview_panel(looks: Sequence[Look]) -> Panel:
    """Return the items side by side, each with its words below."""
    width, height = len(looks) * (_LOOK_M + _MARGIN_M) + _MARGIN_M, _LOOK_M + 0.018 + 2 * _MARGIN_M
    sheet = Sheet(width, height)
    sheet.box(0.0, 0.0, width, height, 0.01, PLATE)
    for i, look in enumerate(looks):
        left = _MARGIN_M + i * (_LOOK_M + _MARGIN_M)
        if look.picture is not None:
            sheet.picture(left, _MARGIN_M, _LOOK_M, look.picture)
        words = look.words if len(look.words) <= _LONGEST_WORDS else look.words[: _LONGEST_WORDS - 1] + "."
        sheet.words(left + _LOOK_M / 2, _LOOK_M + 2 * _MARGIN_M + 0.004, words, _WORDS_M, BRIGHT)
    return sheet.panel()


def dwell_panel(look: Look, neighbours: Sequence[Image.Image]) -> Panel:
    """Return one item large, its words below, and below these the pictures of its nearest neighbours in the data."""
    shown = neighbours[:MOST_NEIGHBOURS]
    large = _LARGE_M if look.picture is not None else 0.0
    width = MOST_NEIGHBOURS * (_SMALL_M + _MARGIN_M) + _MARGIN_M
    row = _MARGIN_M + 1.6 * _TITLE_M + _SMALL_M if shown else 0.0
    height = _MARGIN_M + large + 2.4 * _LARGE_WORDS_M + row + (_MARGIN_M if shown else 0.0)
    sheet = Sheet(width, height)
    sheet.box(0.0, 0.0, width, height, 0.01, PLATE)
    if look.picture is not None:
        sheet.picture((width - large) / 2, _MARGIN_M, large, look.picture)
    below = _MARGIN_M + large + 1.4 * _LARGE_WORDS_M
    sheet.words(width / 2, below, look.words, _LARGE_WORDS_M, BRIGHT, width - 2 * _MARGIN_M)
    if shown:
        below += _LARGE_WORDS_M + _MARGIN_M
        sheet.words(width / 2, below, "most alike in the data", _TITLE_M, SOFT)
        left = (width - len(shown) * (_SMALL_M + _MARGIN_M) + _MARGIN_M) / 2
        for i, picture in enumerate(shown):
            sheet.picture(left + i * (_SMALL_M + _MARGIN_M), below + 1.1 * _TITLE_M, _SMALL_M, picture)
    return sheet.panel()
