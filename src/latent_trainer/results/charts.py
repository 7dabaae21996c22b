"""Charts as part of a page: SVG, and tables with shading."""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Line:
    """Values (y) against what is counted (x)."""

    points: Sequence[Point]
    """Those that are not finite are left out."""
    color: str
    dashes: str = ""
    """As SVG has it; empty: a whole line."""


def line_chart(points: Sequence[Point], highest: float, unit: str, shown: Callable[[float], str], color: str) -> str:
    """Return an SVG of values (y) against marks (x), from 0 to `highest`; nothing with fewer than two finite points.

    `unit`: what y is, HTML; `shown`: how a value of y is written.
    """
    return lines_chart([Line(points, color)], highest, unit, shown, "marks")


def lines_chart(lines: Sequence[Line], highest: float, unit: str, shown: Callable[[float], str], counted: str) -> str:
    """Return an SVG of lines, from 0 to `highest`; nothing where none has two finite points.

    `unit`: what y is, HTML; `shown`: how a value of y is written; `counted`: what x is, HTML.
    """
    drawn = [(line, finite) for line in lines if len(finite := [p for p in line.points if math.isfinite(p[1])]) > 1]
    if not drawn:
        return ""
    last = max(1.0, *(finite[-1][0] for _, finite in drawn))

    def place(x: float, y: float) -> str:
        across = _LEFT + (_WIDTH - _LEFT - _RIGHT) * x / last
        high = min(max(y / highest, 0.0), 1.0)
        return f"{across:.1f},{_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * high:.1f}"

    marks = [
        *(_level(place(0, y).split(",")[1], shown(y)) for y in _ticks(highest, whole=highest > 1)),
        *(_column(place(x, 0).split(",")[0], count(int(x))) for x in _ticks(last, whole=True)),
        *(_drawn(line, [place(*point) for point in _thinned(finite)]) for line, finite in drawn),
        f'<text x="{(_WIDTH + _LEFT - _RIGHT) / 2}" y="{_HEIGHT - 4}" text-anchor="middle">{counted}</text>',
    ]
    svg = element("svg", "".join(marks), viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=unit)
    return element("figure", f"<figcaption>{unit}</figcaption>{svg}", class_="chart")


def _thinned(points: Sequence[Point]) -> list[Point]:
    kept = np.unique(np.linspace(0, len(points) - 1, _MOST_POINTS).round().astype(int))
    return [points[i] for i in kept]


def _drawn(line: Line, places: Sequence[str]) -> str:
    """`places`: of its points, as "x,y"."""
    dashes = f' stroke-dasharray="{line.dashes}"' if line.dashes else ""
    across, height = places[-1].split(",")
    return (
        f'<polyline points="{" ".join(places)}" fill="none" stroke="{line.color}" stroke-width="2" '
        f'stroke-linejoin="round"{dashes}/><circle cx="{across}" cy="{height}" r="3.5" fill="{line.color}"/>'
    )


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
