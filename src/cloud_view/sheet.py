"""A transparent picture to write words and bars on, and the colours of words.

All sizes are in pixels of a picture 720 high; a higher picture gets the same, larger.
"""

from functools import lru_cache

from PIL import Image, ImageDraw

from latentvr_common.fonts import font_for

Rgb = tuple[int, int, int]

REFERENCE_HEIGHT = 720
MARGIN = 40
"""Between the edge of a picture and what is written on it."""
BRIGHT: Rgb = (236, 239, 244)
SOFT: Rgb = (150, 158, 172)
FAINT: Rgb = (44, 50, 62)


def shortened(name: str, most: int) -> str:
    """Return `name`, or its beginning where it has more than `most` characters."""
    return name if len(name) <= most else name[: most - 2].rstrip() + "..."


@lru_cache(maxsize=64)
def _dot(diameter: int, color: Rgb) -> Image.Image:
    """Return a round dot with smooth edges; Pillow's own shapes have jagged ones."""
    large = Image.new("L", (diameter * 8, diameter * 8), 0)
    ImageDraw.Draw(large).ellipse((0, 0, diameter * 8 - 1, diameter * 8 - 1), fill=255)
    dot = Image.new("RGBA", (diameter, diameter), (*color, 0))
    dot.putalpha(large.reduce(8))
    return dot


class Sheet:
    """A transparent picture to write on, with lengths in pixels of a picture 720 high."""

    def __init__(self, width: float, height: float, scale: float) -> None:
        self._scale = scale
        self.image = Image.new("RGBA", (self._px(width), self._px(height)), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)

    def _px(self, length: float) -> int:
        return round(length * self._scale)

    def text(self, x: float, baseline: float, words: str, size: float, color: Rgb, anchor: str = "ls") -> float:
        """Write `words`; return where they end, x."""
        font = font_for(words, self._px(size))
        self._draw.text((self._px(x), self._px(baseline)), words, (*color, 255), font, anchor)
        return x + font.getlength(words) / self._scale

    def bar(self, x: float, y: float, length: float, height: float, color: Rgb, alpha: int = 255) -> None:
        """Fill a rectangle, at least a pixel high; nothing where it would be less than a pixel long."""
        if self._px(length) >= 1:
            left, top = self._px(x), self._px(y)
            right, bottom = left + self._px(length) - 1, top + max(self._px(height), 1) - 1
            self._draw.rectangle((left, top, right, bottom), fill=(*color, alpha))

    def dot(self, x: float, middle: float, diameter: float, color: Rgb) -> None:
        """Put a round dot right of `x`, with its `middle` at that height."""
        dot = _dot(self._px(diameter), color)
        self.image.alpha_composite(dot, (self._px(x), self._px(middle - diameter / 2)))

    def picture(self, x: float, y: float, width: float, height: float, picture: Image.Image) -> None:
        """Put `picture` into the middle of a rectangle, as large as fits."""
        room = self._px(width), self._px(height)
        scale = min(room[0] / picture.width, room[1] / picture.height)
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        place = self._px(x) + (room[0] - size[0]) // 2, self._px(y) + (room[1] - size[1]) // 2
        self.image.paste(picture.convert("RGB").resize(size, Image.Resampling.BICUBIC), place)
