"""Small pictures of items."""

import io

from PIL import Image

from latent_trainer.preview import UNREADABLE, picture_png
from latent_trainer.results.markup import picture
from latentvr_common.datasets import Dataset

_SIDE = 144
"""Pixels: twice the size at which they are shown."""
_SMALL = 4096
"""Bytes: a PNG up to this is taken as it is."""
_QUALITY = 82


def thumbnail(dataset: Dataset, item: int, alt: str, **attributes: str) -> str:
    """Return item `item` as an HTML picture; what it looks like in words where there is none. `alt`: HTML."""
    try:
        png = picture_png(dataset, item)
    except UNREADABLE:
        return '<span class="missing">cannot be read</span>'
    if not png:
        return ""
    if len(png) <= _SMALL:
        return picture(png, "png", alt, **attributes)
    with Image.open(io.BytesIO(png)) as image:
        image.thumbnail((_SIDE, _SIDE))
        stream = io.BytesIO()
        image.convert("RGB").save(stream, "JPEG", quality=_QUALITY)
    return picture(stream.getvalue(), "jpeg", alt, **attributes)
