"""The cloud seen along each of its axes, as one picture."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from latent_trainer.results.outcome import Outcome
from latentvr_common.cloud import NONE
from latentvr_common.colors import UNLABELLED_COLOR, split_rgb

WIDTH = 936
_GAP = 12
_PANEL = (WIDTH - 4 * _GAP) // 3
_FINE = 2
"""Drawn so many times as large, then reduced."""
_GROUND = (16, 19, 26)
_PANEL_GROUND = (24, 28, 38)
_LETTERS = (150, 158, 172)
_VIEWS = ((0, 1, 2), (0, 2, 1), (2, 1, 0))
"""Axis to the right, axis up, axis towards the eye."""
_OUTSIDE = 0.2
"""Per cent of coordinates that may lie beyond the edge: they are shown at it."""

Bytes = npt.NDArray[np.uint8]


def cloud_png(outcome: Outcome) -> bytes:
    """Return a PNG of three views, WIDTH wide: each item in the colour of its predicted category, paler if unsure."""
    positions, colors = outcome.encoded.positions, _colors(outcome)
    edge = max(float(np.percentile(np.abs(positions), 100.0 - _OUTSIDE)), 1e-6) * 1.06
    picture = Image.new("RGB", (WIDTH, _PANEL + 2 * _GAP), _GROUND)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    for column, (right, up, near) in enumerate(_VIEWS):
        panel = _panel(positions[:, [right, up, near]] / edge, colors)
        left = _GAP + column * (_PANEL + _GAP)
        picture.paste(Image.fromarray(panel).resize((_PANEL, _PANEL), Image.Resampling.BOX), (left, _GAP))
        draw.text((left + _PANEL - 16, _GAP + _PANEL - 20), "xyz"[right], _LETTERS, font)
        draw.text((left + 8, _GAP + 4), "xyz"[up], _LETTERS, font)
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def _colors(outcome: Outcome) -> Bytes:
    """Return (N, 3): from grey to the category's colour, as far as the prediction is believed."""
    predicted = outcome.encoded.predicted
    table = np.full(max([int(predicted.max()), *(c.id for c in outcome.marks.categories)]) + 2, UNLABELLED_COLOR)
    for category in outcome.marks.categories:
        table[category.id] = category.color
    grey = split_rgb(UNLABELLED_COLOR).astype(np.float32)
    belief = np.where(predicted == NONE, 0.0, 0.35 + 0.65 * outcome.encoded.confidence).astype(np.float32)
    wanted = split_rgb(table)[predicted].astype(np.float32)
    return np.asarray((grey + belief[:, None] * (wanted - grey)).astype(np.uint8))


def _panel(positions: npt.NDArray[np.float32], colors: Bytes) -> Bytes:
    """Return (side, side, 3). positions: (N, 3) right, up, near, -1 to 1; what is nearer covers what is farther."""
    side = _FINE * _PANEL
    order = np.argsort(positions[:, 2], kind="stable")
    places = (np.clip(positions[order, :2] * (1.0, -1.0), -1.0, 1.0) + 1.0) / 2.0 * (side - 1)
    across, down = np.rint(places).astype(np.int64).T
    depth = np.clip(positions[order, 2] * 0.5 + 0.5, 0.0, 1.0)
    shaded = (_PANEL_GROUND + (0.6 + 0.4 * depth)[:, None] * (colors[order] - np.array(_PANEL_GROUND))).astype(np.uint8)
    panel = np.full((side, side, 3), _PANEL_GROUND, np.uint8)
    # Largest dots that leave most of the panel free.
    radius = int(np.clip(0.3 * side / np.sqrt(len(positions)), 1, 5))
    covered = np.full((side, side), -1, np.int64)
    for dx, dy in _disc(radius):
        x, y = np.clip(across + dx, 0, side - 1), np.clip(down + dy, 0, side - 1)
        np.maximum.at(covered, (y, x), np.arange(len(order)))
    panel[covered >= 0] = shaded[covered[covered >= 0]]
    return panel


def _disc(radius: int) -> list[tuple[int, int]]:
    steps = range(-radius, radius + 1)
    return [(dx, dy) for dx in steps for dy in steps if dx * dx + dy * dy <= radius * radius + 0.5]
