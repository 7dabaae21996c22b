"""What one item looks like."""

import io

import numpy as np
from PIL import Image

from latentvr_common.datasets import Dataset
from latentvr_common.datasets.image_folder import open_image

_SIDE = 128
_VALUES_SHOWN = 16
UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What `picture_png` raises where the file of an item is no sane image any more."""


def picture_png(dataset: Dataset, item: int) -> bytes:
    """Return a PNG of item `item`, at least 128 pixels on its longer side; empty if it is not a picture."""
    if not dataset.has_pictures:
        return b""
    if dataset.folder is not None:
        image = open_image(dataset.folder / dataset.item_names[item], _SIDE)
        image.thumbnail((2 * _SIDE, 2 * _SIDE))
    else:
        image = Image.fromarray(np.asarray(dataset.items[item], dtype=np.uint8))
    times = -(-_SIDE // max(image.size))
    image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def readable(name: str) -> str:
    """Return a file name as text that can be sent and stored: bytes in it that are no UTF-8 become question marks."""
    return name.encode(errors="replace").decode()


def description(dataset: Dataset, item: int) -> str:
    """Return the name of item `item`, or its first values where it is a row of features."""
    if dataset.item_names:
        return readable(dataset.item_names[item])
    if dataset.has_pictures:
        return f"item {item}"
    values = dataset.items[item][:_VALUES_SHOWN]
    more = " ..." if dataset.items.shape[1] > _VALUES_SHOWN else ""
    return " ".join(f"{value:.4g}" for value in values) + more
