"""A folder of PNG and JPEG images. Images in subfolders: each subfolder is a category, and that is the truth."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from latentvr_common.datasets.dataset import Dataset, Skipped
from latentvr_common.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg")
SIDE = 32
"""Images are brought to SIDE x SIDE pixels."""
_MOST_PIXELS = 64_000_000


def load_image_folder(folder: Path) -> Dataset:
    """Return the images of a folder and its direct subfolders, by path. Files that cannot be read are in `skipped`."""
    files = find_images(folder)
    if not files:
        raise InputError(f"dataset {folder}: no image in it, expected {', '.join(SUFFIXES)} files")
    # Pillow decodes outside of the interpreter's lock.
    # The warning filters are the whole process's: no thread of the pool may change them.
    with warnings.catch_warnings(), ThreadPoolExecutor() as pool:
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        read = list(pool.map(_read, files))
    good = [(file, picture) for file, picture in zip(files, read, strict=True) if not isinstance(picture, str)]
    skipped = tuple(
        Skipped(str(file.relative_to(folder)), reason)
        for file, reason in zip(files, read, strict=True)
        if isinstance(reason, str)
    )
    if not good:
        first = skipped[0]
        raise InputError(f"dataset {folder}: none of {len(files)} images can be read; {first.name}: {first.reason}")
    kept = [file.relative_to(folder) for file, _ in good]
    truth, categories = _truth(kept)
    return Dataset(
        str(folder),
        np.stack([picture for _, picture in good]),
        truth,
        categories,
        item_names=tuple(map(str, kept)),
        folder=folder,
        skipped=skipped,
    )


def find_images(folder: Path) -> list[Path]:
    """Return the image files in `folder` and its direct subfolders in a fixed order."""
    return sorted(
        f for depth in ("*", "*/*") for f in folder.glob(depth) if f.suffix.lower() in SUFFIXES and f.is_file()
    )


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


def _truth(files: list[Path]) -> tuple[npt.NDArray[np.int16] | None, tuple[str, ...]]:
    if any(len(file.parts) == 1 for file in files):
        return None, ()
    categories = sorted({file.parts[0] for file in files})
    index = {name: i for i, name in enumerate(categories)}
    return np.array([index[file.parts[0]] for file in files], dtype=np.int16), tuple(categories)
