"""Pictures that came in messages."""

import io

from PIL import Image

LARGEST_PX = 2048
"""Along an edge."""


def read_png(what: str, png: bytes) -> Image.Image:
    """Return the picture in `png`. Raises ValueError, which names `what`, if that is none, or far too large."""
    try:
        image = Image.open(io.BytesIO(png), formats=("PNG",))
        if max(image.size) > LARGEST_PX:
            raise ValueError(f"it has {image.width}x{image.height} pixels, expected at most {LARGEST_PX} each way")
        image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{what}: the picture cannot be read: {error}") from error
    return image
