"""The palette as a picture. What its buttons show is in latentvr_common/palette_faces.py."""

from functools import lru_cache

import numpy as np

from latentvr_common import palette
from latentvr_common.colors import split_rgb
from latentvr_common.palette_faces import Face, faces
from latentvr_common.scene import Scene
from xr_bridge.sheet import BRIGHT, PLATE, Panel, Rgba, Sheet

_DARK: Rgba = (12, 14, 18, 255)
_LIGHT = 130
"""Brightness 0 to 255, from there on dark words can be read better."""
_MARGIN_M = 0.008
_FRAME_M = 0.0025
_CORNER_M = 0.005
_SIGN_M = 0.0068
"""To each side of a sign's middle."""
_NAME_M, _WORD_M, _COUNT_M = 0.009, 0.0068, 0.0072
"""Heights of words: below 6 mm they cannot be read at arm's length."""
_WIDTH_M = palette.BUTTON_M - 0.003
"""For words on a button."""
_LONGEST_NAME = 9


def palette_panel(scene: Scene) -> Panel | None:
    """Return the palette: a button with name and count for each category, and the tools; None without categories."""
    found = faces(scene)
    return _palette(found) if found else None


@lru_cache(maxsize=8)
def _palette(shown: tuple[Face, ...]) -> Panel:
    """Draw it. The same buttons give the same panel, which then need not go to the graphics card again."""
    centers = np.array([face.center for face in shown])
    # Its middle is the palette's origin, whatever the buttons.
    half = (np.abs(centers).max(axis=0) + palette.PITCH_M / 2 + _MARGIN_M).tolist()
    sheet = Sheet(2 * half[0], 2 * half[1])
    sheet.box(0.0, 0.0, 2 * half[0], 2 * half[1], 0.012, PLATE)
    for face in shown:
        _button(sheet, half[0] + face.center[0], half[1] + face.center[1], face)
    return sheet.panel()


def _button(sheet: Sheet, x: float, y: float, face: Face) -> None:
    half = palette.BUTTON_M / 2
    if face.is_active:
        out = half + _FRAME_M
        sheet.box(x - out, y - out, 2 * out, 2 * out, _CORNER_M + 0.0015, BRIGHT)
    red, green, blue = (int(value) for value in split_rgb(face.color))
    sheet.box(x - half, y - half, 2 * half, 2 * half, _CORNER_M, (red, green, blue, 255))
    if face.sign is not None:
        sheet.sign(x, y - 0.0035, _SIGN_M, face.sign, BRIGHT)
        sheet.words(x, y + 0.0083, face.words, _WORD_M, BRIGHT, _WIDTH_M)
        return
    ink = _DARK if 0.299 * red + 0.587 * green + 0.114 * blue > _LIGHT else BRIGHT
    name = face.words if len(face.words) <= _LONGEST_NAME else face.words[: _LONGEST_NAME - 1] + "."
    sheet.words(x, y - 0.0045, name, _NAME_M, ink, _WIDTH_M)
    sheet.words(x, y + 0.0062, f"{face.count:,}", _COUNT_M, ink, _WIDTH_M)
