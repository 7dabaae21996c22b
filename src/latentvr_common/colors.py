"""Colours of categories: distinguishable with the common forms of colour blindness, on a dark ground.

The first seven are Okabe and Ito's ("Color Universal Design", 2008, without black), the others are chosen between them
after Paul Tol's "muted" set ("Colour schemes", SRON technical note 3.2, 2021), lightened for a dark ground.
"""

import numpy as np
import numpy.typing as npt

CATEGORY_COLORS: tuple[int, ...] = (
    0xE69F00,
    0x56B4E9,
    0x009E73,
    0xF0E442,
    0x0072B2,
    0xD55E00,
    0xCC79A7,
    0xAA4499,
    0x999933,
    0xB9A7F0,
    0x8C5A3C,
    0x3DE0D0,
)
UNLABELLED_COLOR = 0x7A7F87


def category_color(category: int) -> int:
    """Return the default colour of category `category` (0 or more) as 0xRRGGBB; the list repeats after twelve."""
    return CATEGORY_COLORS[category % len(CATEGORY_COLORS)]


def split_rgb(colors: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Turn colours 0xRRGGBB of shape (...) into (..., 3) uint8 red, green, blue."""
    packed = np.asarray(colors, dtype=np.uint32)
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=-1).astype(np.uint8)


def join_rgb(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Turn (..., 3) uint8 red, green, blue into colours 0xRRGGBB of shape (...)."""
    wide = rgb.astype(np.uint32)
    return (wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]).astype(np.uint32)
