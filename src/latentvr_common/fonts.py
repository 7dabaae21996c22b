"""Fonts for any text, on a machine where none is installed."""

from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

_PILLOWS_OWN = ""
"""Aileron, as far as ASCII."""
_SYSTEM_FONTS = ("DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "NotoSans-Regular.ttf")
_NO_CHARACTER = "\uffff"
_PROBE_SIZE = 20


def font_for(words: str, size: int) -> ImageFont.FreeTypeFont:
    """Return the first font that has all of `words`, or else Pillow's own, `size` pixels high."""
    return _load(_name_for(words), size)


@lru_cache(maxsize=256)
def _name_for(words: str) -> str:
    for name in (_PILLOWS_OWN, *_open3ds_fonts(), *_SYSTEM_FONTS):
        if has_glyphs(name, words):
            return name
    return _PILLOWS_OWN


@lru_cache(maxsize=1)
def _open3ds_fonts() -> tuple[str, ...]:
    """Return Roboto, which Open3D brings along: Latin, Greek and Cyrillic."""
    spec = find_spec("open3d")
    places = spec.submodule_search_locations if spec is not None else None
    return tuple(str(Path(place) / "resources" / "Roboto-Medium.ttf") for place in places or ())


def has_glyphs(name: str, words: str) -> bool:
    """Tell whether the font `name` is there and has all of `words`."""
    with suppress(OSError):
        font = _load(name, _PROBE_SIZE)
        missing = bytes(font.getmask(_NO_CHARACTER))
        return all(c.isspace() or bytes(font.getmask(c)) != missing for c in words)
    return False


@lru_cache(maxsize=64)
def _load(name: str, size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(name, size) if name else ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
