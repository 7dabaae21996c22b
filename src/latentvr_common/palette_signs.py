"""The signs on the palette's tools, as strokes of a pen: the same in every view."""

from enum import Enum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]

PEN = 0.11
"""Half the width of a stroke, where a sign reaches from -1 to 1."""
_STEPS = 24
_ASIDE = np.array([0.2, 0.0])


class Sign(Enum):
    """What a tool does, or is."""

    NEW = "a tag with a plus"
    ERASE = "an eraser"
    UNDO = "an arrow back"
    REDO = "an arrow ahead"
    BALL = "a ball"
    REGION = "dots with a line around them"
    PAUSE = "two bars"
    GO_ON = "a triangle"
    SMALLER = "a minus in a ring"
    LARGER = "a plus in a ring"
    ACCEPT = "a check mark"
    MORE = "three dots"
    NOW = "a triangle that meets a bar"


@lru_cache(maxsize=len(Sign))
def strokes(sign: Sign) -> tuple[FloatArray, ...]:
    """Return the strokes of `sign`, each (K, 2), K at least 2: across and down, -1 to 1."""
    return tuple(np.clip(stroke, PEN - 1.0, 1.0 - PEN) for stroke in _STROKES[sign])


def _line(*points: tuple[float, float]) -> FloatArray:
    return np.array(points)


def _arc(x: float, y: float, across: float, down: float, start: float = 0.0, end: float = 360.0) -> FloatArray:
    """Return a part of an ellipse; angles in degrees, from the right, clockwise."""
    angles = np.radians(np.linspace(start, end, _STEPS + 1))
    return np.stack([x + across * np.cos(angles), y + down * np.sin(angles)], axis=1)


def _dot(x: float, y: float, radius: float = 0.05) -> FloatArray:
    return _arc(x, y, radius, radius)


def _plus(half: float) -> list[FloatArray]:
    return [_line((-half, 0.0), (half, 0.0)), _line((0.0, -half), (0.0, half))]


def _mirrored(parts: list[FloatArray]) -> list[FloatArray]:
    return [part * [-1.0, 1.0] for part in parts]


def _blob() -> FloatArray:
    angles = np.linspace(0.0, 2 * np.pi, 2 * _STEPS + 1)
    radii = 0.76 + 0.13 * np.sin(3 * angles + 0.6)
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)


_UNDO = [_arc(0.05, 0.1, 0.62, 0.62, -155.0, 120.0), _line((-0.86, -0.55), (-0.52, -0.16), (-0.08, -0.42))]
_STROKES: dict[Sign, list[FloatArray]] = {
    Sign.NEW: [
        _line((-0.85, -0.55), (0.25, -0.55), (0.85, 0.0), (0.25, 0.55), (-0.85, 0.55), (-0.85, -0.55)),
        *(part - _ASIDE for part in _plus(0.28)),
    ],
    Sign.ERASE: [
        _line((-0.75, 0.25), (0.1, -0.7), (0.75, -0.12), (-0.1, 0.75), (-0.75, 0.25)),
        _line((-0.38, -0.16), (0.27, 0.36)),
        _line((0.25, 0.75), (0.85, 0.75)),
    ],
    Sign.UNDO: _UNDO,
    Sign.REDO: _mirrored(_UNDO),
    Sign.BALL: [_arc(0.0, 0.0, 0.8, 0.8), _arc(0.0, 0.0, 0.8, 0.26, 0.0, 180.0)],
    Sign.REGION: [_blob(), *(_dot(x, y) for x, y in ((-0.2, -0.25), (0.25, -0.1), (-0.1, 0.25)))],
    Sign.PAUSE: [_line((-0.32, -0.65), (-0.32, 0.65)), _line((0.32, -0.65), (0.32, 0.65))],
    Sign.GO_ON: [_line((-0.45, -0.7), (0.7, 0.0), (-0.45, 0.7), (-0.45, -0.7))],
    Sign.SMALLER: [_arc(0.0, 0.0, 0.6, 0.6), _line((-0.26, 0.0), (0.26, 0.0))],
    Sign.LARGER: [_arc(0.0, 0.0, 0.85, 0.85), *_plus(0.4)],
    Sign.ACCEPT: [_line((-0.75, 0.05), (-0.2, 0.6), (0.75, -0.55))],
    Sign.NOW: [_line((-0.6, -0.6), (0.35, 0.0), (-0.6, 0.6), (-0.6, -0.6)), _line((0.6, -0.6), (0.6, 0.6))],
    Sign.MORE: [_dot(x, 0.0, 0.08) for x in (-0.62, 0.0, 0.62)],
}
