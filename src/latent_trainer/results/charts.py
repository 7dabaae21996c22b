"""Charts as part of a page: SVG, and tables with shading."""

import io
import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from latent_trainer.results.figures import Confusion
from latent_trainer.results.markup import count, element, picture

_WIDTH, _HEIGHT = 456, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 14, 12, 40
_MOST_POINTS = 400
_MOST_IN_A_TABLE = 16
_IMAGE_SIDE = 560
_INK = np.array([0, 94, 162])

Point = tuple[float, float]


def line_chart(points: Sequence[Point], highest: float, unit: str, shown: Callable[[float], str], color: str) -> str:
    """Return an SVG of values (y) against marks (x), from 0 to `highest`; nothing with fewer than two finite points.

    `unit`: what y is, HTML; `shown`: how a value of y is written.
    """
    finite = [(x, y) for x, y in points if math.isfinite(y)]
    if len(finite) < 2:
        return ""
    last = max(1.0, finite[-1][0])
    kept = [finite[i] for i in np.unique(np.linspace(0, len(finite) - 1, _MOST_POINTS).round().astype(int))]

    def place(x: float, y: float) -> str:
        across = _LEFT + (_WIDTH - _LEFT - _RIGHT) * x / last
        return f"{across:.1f},{_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * y / highest:.1f}"

    path = " ".join(place(x, y) for x, y in kept)
    end = place(*kept[-1]).split(",")
    marks = [
        *(_level(place(0, y).split(",")[1], shown(y)) for y in _ticks(highest, whole=highest > 1)),
        *(_column(place(x, 0).split(",")[0], count(int(x))) for x in _ticks(last, whole=True)),
        f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2" stroke-linejoin="round"/>',
        f'<circle cx="{end[0]}" cy="{end[1]}" r="3.5" fill="{color}"/>',
        f'<text x="{(_WIDTH + _LEFT - _RIGHT) / 2}" y="{_HEIGHT - 4}" text-anchor="middle">marks</text>',
    ]
    svg = element("svg", "".join(marks), viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=unit)
    return element("figure", f"<figcaption>{unit}</figcaption>{svg}", class_="chart")


def _level(height: str, shown: str) -> str:
    line = f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{height}" y2="{height}"/>'
    return f'{line}<text x="{_LEFT - 8}" y="{height}" text-anchor="end" dominant-baseline="middle">{shown}</text>'


def _column(across: str, shown: str) -> str:
    return f'<text x="{across}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{shown}</text>'


def _ticks(highest: float, whole: bool) -> list[float]:
    """Return about five round numbers from 0 to at most `highest`, whole ones if so wanted."""
    rough = highest / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = min(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * 0.999)
    if whole:
        step = max(1, math.ceil(step))
    return [i * step for i in range(int(highest / step * 1.001) + 1)]


def confusion_chart(confusion: Confusion, names: Sequence[str]) -> str:
    """Return what is taken for what, shaded by the share of the row; `names` (K,) are HTML."""
    shares = confusion.counts / np.maximum(confusion.counts.sum(axis=1, keepdims=True), 1)
    if len(names) > _MOST_IN_A_TABLE:
        return _confusion_picture(shares)
    head = "".join(element("th", element("span", name), scope="col") for name in names)
    body = [
        element("tr", element("th", name, scope="row") + "".join(map(_cell, confusion.counts[row], shares[row])))
        for row, name in enumerate(names)
    ]
    return element(
        "div", element("table", f"<tr><td></td>{head}</tr>{''.join(body)}", class_="confusion"), class_="wide"
    )


def _cell(number: int, part: float) -> str:
    red, green, blue = np.rint(255 + part**0.6 * (_INK - 255)).astype(int)
    style = f"background:rgb({red},{green},{blue});color:{'#fff' if part > 0.35 else '#1c2430'}"
    return element("td", count(number) if number else "", style=style)


def _confusion_picture(shares: np.ndarray) -> str:
    shaded = np.rint(255 + shares[..., None] ** 0.6 * (_INK - 255)).astype(np.uint8)
    times = max(1, _IMAGE_SIDE // len(shares))
    stream = io.BytesIO()
    Image.fromarray(shaded.repeat(times, axis=0).repeat(times, axis=1)).save(stream, "PNG")
    return picture(
        stream.getvalue(), "png", "true categories from top to bottom, predicted from left to right", class_="matrix"
    )
