"""What the network would label by itself, to be looked at before one says yes: its words, and some of the items."""

import textwrap
from collections.abc import Sequence

from xr_bridge.look_panels import Look
from xr_bridge.sheet import BRIGHT, PLATE, SOFT, Panel, Rgba, Sheet

MOST_LOOKS = 20
_COLUMNS = 5
_MARGIN_M, _LOOK_M = 0.008, 0.05
_WORDS_M, _NAME_M, _TEXT_M, _TEXT_ROW_M = 0.012, 0.0085, 0.0065, 0.009
_NAME_ROW_M = 0.016
_TEXT_CHARACTERS, _TEXT_LINES = 14, 5
_EMPTY: Rgba = (38, 43, 54, 255)

WIDTH_M = _COLUMNS * (_LOOK_M + _MARGIN_M) + _MARGIN_M


def offer_panel(words: str, looks: Sequence[Look]) -> Panel:
    """Return `words`, a line for each sentence, and below them the first 20 of `looks` in rows."""
    lines = words.split(". ")
    shown = looks[:MOST_LOOKS]
    top = _MARGIN_M + 1.6 * _WORDS_M * len(lines) + _MARGIN_M
    height = top + -(-len(shown) // _COLUMNS) * (_LOOK_M + _NAME_ROW_M) + _MARGIN_M / 2
    sheet = Sheet(WIDTH_M, height)
    sheet.box(0.0, 0.0, WIDTH_M, height, 0.01, PLATE)
    for i, text in enumerate(lines):
        middle = _MARGIN_M + 1.6 * _WORDS_M * (i + 0.5)
        sheet.words(WIDTH_M / 2, middle, text, _WORDS_M, BRIGHT, WIDTH_M - 2 * _MARGIN_M)
    for i, look in enumerate(shown):
        row, column = divmod(i, _COLUMNS)
        _draw_look(sheet, _MARGIN_M + column * (_LOOK_M + _MARGIN_M), top + row * (_LOOK_M + _NAME_ROW_M), look)
    return sheet.panel()


def _draw_look(sheet: Sheet, left: float, top: float, look: Look) -> None:
    """Draw one item with its upper left corner there: its picture, or else its text; below it its words."""
    if look.picture is not None:
        sheet.picture(left, top, _LOOK_M, look.picture)
    else:
        sheet.box(left, top, _LOOK_M, _LOOK_M, 0.004, _EMPTY)
        lines = textwrap.wrap(look.text, _TEXT_CHARACTERS, max_lines=_TEXT_LINES, placeholder="...")
        first = top + _LOOK_M / 2 - _TEXT_ROW_M * (len(lines) - 1) / 2
        for i, text in enumerate(lines):
            sheet.words(left + _LOOK_M / 2, first + i * _TEXT_ROW_M, text, _TEXT_M, SOFT, 0.95 * _LOOK_M)
    sheet.words(
        left + _LOOK_M / 2, top + _LOOK_M + _NAME_ROW_M / 2, look.words, _NAME_M, BRIGHT, _LOOK_M + _MARGIN_M / 2
    )
