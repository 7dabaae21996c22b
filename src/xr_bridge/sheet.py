"""A transparent picture to write on, measured in metres. Pillow and NumPy."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from latentvr_common.fonts import font_for
from latentvr_common.palette_signs import PEN, Sign, strokes

Rgba = tuple[int, int, int, int]

PIXELS_A_M = 4000.0
BRIGHT: Rgba = (236, 239, 244, 255)
SOFT: Rgba = (170, 178, 192, 255)
PLATE: Rgba = (24, 28, 36, 235)
_FINER = 4
"""Signs are drawn so many times as large and then reduced: Pillow's own edges are jagged."""


@dataclass(frozen=True)
class Panel:
    """A picture of words."""

    pixels: npt.NDArray[np.uint8]
    """(H, W, 4), red, green, blue, opacity; the top row first."""
    width_m: float

    @property
    def height_m(self) -> float:
        """As wide a picture is so high."""
        return float(self.width_m * self.pixels.shape[0] / self.pixels.shape[1])


class Sheet:
    """A transparent picture, in metres from its upper left corner."""

    def __init__(self, width_m: float, height_m: float) -> None:
        self.image = Image.new("RGBA", (px(width_m), px(height_m)), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)
        self._width_m = width_m

    def box(self, left: float, top: float, width: float, height: float, corner: float, color: Rgba) -> None:
        """Fill a rectangle with round corners."""
        where = (px(left), px(top), px(left + width) - 1, px(top + height) - 1)
        self._draw.rounded_rectangle(where, px(corner), fill=color)

    def words(self, x: float, y: float, text: str, height: float, color: Rgba, most_m: float | None = None) -> None:
        """Write `text` around (x, y), `height` high; lower where it would be wider than `most_m`."""
        font = font_for(text, px(height))
        length = font.getlength(text) / PIXELS_A_M
        if most_m is not None and length > most_m:
            font = font_for(text, px(height * most_m / length))
        self._draw.text((px(x), px(y)), text, color, font, "mm")

    def sign(self, x: float, y: float, half: float, sign: Sign, color: Rgba) -> None:
        """Draw `sign` around (x, y), as far as `half` to each side."""
        mask = _sign_mask(sign, px(2 * half))
        left, top = px(x) - mask.width // 2, px(y) - mask.height // 2
        self.image.paste(Image.new("RGBA", mask.size, color), (left, top), mask)

    def picture(self, left: float, top: float, size: float, picture: Image.Image) -> None:
        """Show `picture` as large as fits into a square. Few pixels stay squares: blurred, they would tell less."""
        scale = px(size) / max(picture.size)
        shape = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        shown = picture.convert("RGB").resize(shape, Image.Resampling.NEAREST)
        self.image.paste(shown, (px(left) + (px(size) - shape[0]) // 2, px(top) + (px(size) - shape[1]) // 2))

    def panel(self) -> Panel:
        """Return what is drawn."""
        return Panel(np.asarray(self.image), self._width_m)


def px(length_m: float) -> int:
    """Return a length in pixels, at least 1."""
    return max(1, round(length_m * PIXELS_A_M))


@lru_cache(maxsize=64)
def _sign_mask(sign: Sign, size: int) -> Image.Image:
    large = Image.new("L", (size * _FINER, size * _FINER), 0)
    draw = ImageDraw.Draw(large)
    half = size * _FINER / 2
    pen = PEN * half
    for stroke in strokes(sign):
        points = [(float(x), float(y)) for x, y in half + half * stroke]
        draw.line(points, 255, round(2 * pen))
        for x, y in points:
            draw.ellipse((x - pen, y - pen, x + pen, y + pen), fill=255)
    return large.reduce(_FINER)


@lru_cache(maxsize=64)
def line(text: str, height_m: float, color: Rgba) -> Panel:
    """Return one line of words on a plate. The same words give the same panel."""
    length = font_for(text, px(height_m)).getlength(text) / PIXELS_A_M
    sheet = Sheet(length + 2 * height_m, 2 * height_m)
    sheet.box(0.0, 0.0, length + 2 * height_m, 2 * height_m, 0.6 * height_m, PLATE)
    sheet.words(height_m + length / 2, height_m, text, height_m, color)
    return sheet.panel()
