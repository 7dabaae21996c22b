"""What one item looks and sounds like."""

import io
import wave

import numpy as np
import numpy.typing as npt
from PIL import Image

from latentvr_common.datasets import Dataset
from latentvr_common.datasets.image_folder import open_image

_SIDE = 128
_VALUES_SHOWN = 16
UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What `picture_png` and `sound_wav` raise where the file of an item is no sane image or sound any more."""


def picture_png(dataset: Dataset, item: int) -> bytes:
    """Return a PNG of item `item`, at least 128 pixels on its longer side; empty if there is nothing to see.

    Of a sound it is the spectrogram, low frequencies at the bottom.
    """
    image = _image(dataset, item)
    if image is None:
        return b""
    return enlarged_png(image)


def enlarged_png(image: Image.Image, *, quick: bool = False) -> bytes:
    """Return a PNG of `image`, pixels enlarged by a whole number to at least 128 on the longer side.

    `quick`: made in less time, and larger.
    """
    times = -(-_SIDE // max(image.size))
    image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=1 if quick else -1)
    return stream.getvalue()


def _image(dataset: Dataset, item: int) -> Image.Image | None:
    file = dataset.file_of(item)
    if file is not None and dataset.media == "image":
        image = open_image(file, _SIDE)
        image.thumbnail((2 * _SIDE, 2 * _SIDE))
        return image
    pixels: npt.NDArray[np.uint8] | None = np.asarray(dataset.items[item], np.uint8) if dataset.has_pictures else None
    if dataset.media == "sound":
        pixels = np.flipud(_spectrogram(dataset, item) if pixels is None else pixels)
    return None if pixels is None else Image.fromarray(pixels)


def _spectrogram(dataset: Dataset, item: int) -> npt.NDArray[np.uint8]:
    from latentvr_common.datasets import sound

    return sound.spectrogram(_stretch(dataset, item))


def _stretch(dataset: Dataset, item: int) -> npt.NDArray[np.float32]:
    # Only where it is needed: it takes a while to import.
    from latentvr_common.datasets import sound

    file = dataset.file_of(item)
    if file is None:
        raise ValueError(f"item {item} has no file")
    return sound.heard(sound.decode(file))


def sound_wav(dataset: Dataset, item: int) -> bytes:
    """Return what is heard of item `item` as a WAV file; empty if it is no sound.

    It is what the spectrogram shows: at most 3.1 s, 16 kHz, mono, 16 bits.
    """
    if dataset.media != "sound":
        return b""
    from latentvr_common.datasets.sound import RATE_HZ

    samples = np.round(32767.0 * np.clip(_stretch(dataset, item), -1.0, 1.0)).astype("<i2")
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
    return stream.getvalue()


def readable(name: str) -> str:
    """Return a file name as text that can be sent and stored: bytes in it that are no UTF-8 become question marks."""
    return name.encode(errors="replace").decode()


def description(dataset: Dataset, item: int) -> str:
    """Return the name of item `item`, or its first values where it is a row of features."""
    if dataset.item_names:
        return readable(dataset.item_names[item])
    if dataset.has_pictures:
        return f"item {dataset.ids[item]}"
    return values_text(dataset.items[item])


def values_text(row: npt.NDArray[np.floating]) -> str:
    """Return the first values of `row` (D,)."""
    more = " ..." if len(row) > _VALUES_SHOWN else ""
    return " ".join(f"{value:.4g}" for value in row[:_VALUES_SHOWN]) + more
