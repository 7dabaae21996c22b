"""The palette's strip through time as a picture: what happened and when, where one looks, and now."""

from functools import lru_cache

from latentvr_common import palette
from latentvr_common.colors import split_rgb
from latentvr_common.palette_faces import TOOL_COLOR
from latentvr_common.palette_signs import Sign
from latentvr_common.timeline.bar import Bar, Tick
from latentvr_common.timeline.events import What
from xr_bridge.sheet import BRIGHT, PLATE, SOFT, Panel, Rgba, Sheet

_WIDTH_M, _HEIGHT_M = palette.STRIP_M[0] + 0.016, 0.033
_WAY_M = palette.STRIP_M[0] - palette.NOW_M
_TOP_M, _LEFT_M = (_HEIGHT_M - palette.STRIP_M[1]) / 2, 0.008
_LINE_M = _TOP_M + 0.0125
"""The line of time, from the upper edge."""
_THIN_M, _TICK_M, _DOT_M = 0.0008, 0.00125, 0.0025
_TALL_M, _SHORT_M = 0.0095, 0.005
_WORDS_M, _NOW_WORDS_M, _WORDS_WIDTH_M = 0.0062, 0.0068, 0.034
_GAP_M, _CORNER_M, _FRAME_M = 0.002, 0.005, 0.0018
_KNOB_M, _SIGN_M = 0.007, 0.0068
_BELOW_M = 0.0045
"""So far below the line one sees where one looks: above the words."""
_LATER: Rgba = (58, 65, 79, 255)


@lru_cache(maxsize=8)
def strip_panel(bar: Bar | None) -> Panel:
    """Return the strip; `bar` None: there is nothing to go back to yet. The same bar gives the same panel."""
    sheet = Sheet(_WIDTH_M, _HEIGHT_M)
    sheet.box(0.0, 0.0, _WIDTH_M, _HEIGHT_M, 0.010, PLATE)
    _paint_now(sheet, is_active=bar is None or bar.cursor is None)
    until = _WAY_M - 2 * _GAP_M
    sheet.box(_LEFT_M, _LINE_M - _THIN_M / 2, until, _THIN_M, _THIN_M, _LATER if bar is None else SOFT)
    if bar is None:
        return sheet.panel()
    for tick in bar.ticks:
        _paint_tick(sheet, _x(tick.place), tick)
    sheet.words(_LEFT_M + _WORDS_WIDTH_M / 2, _LINE_M + 0.0085, bar.begins, _WORDS_M, SOFT, _WORDS_WIDTH_M)
    if bar.cursor is not None:
        at = _x(bar.cursor)
        if at + _KNOB_M < _LEFT_M + until:
            sheet.box(at, _LINE_M - _THIN_M / 2, _LEFT_M + until - at, _THIN_M, _THIN_M, _LATER)
        sheet.box(at - _TICK_M / 2, _TOP_M, _TICK_M, _LINE_M + _BELOW_M - _TOP_M, _TICK_M / 2, BRIGHT)
        sheet.box(at - _KNOB_M / 2, _LINE_M - _KNOB_M / 2, _KNOB_M, _KNOB_M, _KNOB_M / 2, BRIGHT)
    return sheet.panel()


def _x(place: int) -> float:
    return _LEFT_M + _WAY_M * place / palette.STRIP_STEPS


def _paint_now(sheet: Sheet, *, is_active: bool) -> None:
    side = palette.NOW_M
    left = _LEFT_M + _WAY_M
    if is_active:
        out = side + 2 * _FRAME_M
        sheet.box(left - _FRAME_M, _TOP_M - _FRAME_M, out, out, _CORNER_M + _FRAME_M, BRIGHT)
    red, green, blue = (int(value) for value in split_rgb(TOOL_COLOR))
    sheet.box(left, _TOP_M, side, side, _CORNER_M, (red, green, blue, 255))
    middle = _TOP_M + side / 2
    sheet.sign(left + side / 2, middle - 0.0035, _SIGN_M, Sign.NOW, BRIGHT)
    sheet.words(left + side / 2, middle + 0.0083, "now", _NOW_WORDS_M, BRIGHT)


def _paint_tick(sheet: Sheet, x: float, tick: Tick) -> None:
    """Above the line what people did, below it what came of it."""
    color = (*tick.color, 255)
    left = x - _TICK_M / 2
    if tick.what is What.LABELS:
        sheet.box(left, _LINE_M - _GAP_M / 2 - _TALL_M, _TICK_M, _TALL_M, 0.0, color)
    elif tick.what in (What.UNDO, What.REDO):
        sheet.box(left, _LINE_M - _GAP_M / 2 - _SHORT_M, _TICK_M, _SHORT_M, 0.0, color)
    else:
        down = -_SHORT_M if tick.what is What.CATEGORIES else _GAP_M / 2
        sheet.box(x - _DOT_M / 2, _LINE_M + down, _DOT_M, _DOT_M, _DOT_M / 2, color)
