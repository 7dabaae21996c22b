"""PNG and JPEG images, brought to pictures of SIDE x SIDE pixels."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from latentvr_common.datasets.files import FileKind

SUFFIXES = (".png", ".jpg", ".jpeg")
SIDE = 32
"""Images are brought to SIDE x SIDE pixels."""
_MOST_PIXELS = 64_000_000


def open_image(file: Path, side: int) -> Image.Image:
    """Return the image in `file` as RGB, `side` pixels or larger where its format can shrink it cheaply.

    Raises OSError, ValueError, SyntaxError or Image.DecompressionBombError for what is not a sane image.
    """
    with Image.open(file, formats=("PNG", "JPEG")) as image:
        if image.width * image.height > _MOST_PIXELS:
            raise ValueError(f"{image.width}x{image.height} pixels, expected at most {_MOST_PIXELS} in all")
        image.draft("RGB", (side, side))
        if image.mode.startswith("I"):
            # 16 bits of grey; Pillow would make everything above 255 white.
            return Image.fromarray((np.asarray(image, dtype=np.uint32) >> 8).astype(np.uint8)).convert("RGB")
        return image.convert("RGB")


def _read(file: Path) -> npt.NDArray[np.uint8] | str:
    try:
        return np.asarray(open_image(file, SIDE).resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        return str(error).replace(str(file), file.name) or type(error).__name__


@contextmanager
def _strict_warnings() -> Iterator[None]:
    # The warning filters are the whole process's: no thread of a pool may change them.
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


IMAGES = FileKind("image", SUFFIXES, (SIDE, SIDE, 3), _read, _strict_warnings)
