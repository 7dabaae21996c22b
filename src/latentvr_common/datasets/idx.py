"""IDX files, the format of MNIST and its relatives: http://yann.lecun.com/exdb/mnist (archived)."""

import gzip
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from latentvr_common.datasets.dataset import Dataset
from latentvr_common.errors import InputError

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
FASHION_MNIST_PACKAGE = "dataset-fashion-mnist"
"""The package of Debian and Ubuntu that holds it."""
FASHION_CATEGORIES = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

_UNSIGNED_BYTE = 8
_LARGEST_FILE = 4 << 30
_PLAUSIBLE = 64 << 20
_MOST_PACKED = 200
"""More than _PLAUSIBLE bytes that were packed so many times is a bomb, not data."""


class MissingPackageError(InputError):
    """A dataset is in a system package that is not installed."""

    def __init__(self, package: str, dataset: str) -> None:
        self.package = package
        self._dataset = dataset
        super().__init__(f"dataset {dataset}: not on this machine; install it with: apt-get install {package}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """Let other processes have it."""
        return type(self), (self.package, self._dataset)


def load_fashion_mnist() -> Dataset:
    """Return all 70,000 pictures of Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), the training part first."""
    if not FASHION_MNIST.is_dir() or not holds_idx(FASHION_MNIST):
        raise MissingPackageError(FASHION_MNIST_PACKAGE, "fashion_mnist")
    found = load_idx(FASHION_MNIST)
    return Dataset("fashion_mnist", found.items, found.truth, FASHION_CATEGORIES)


def holds_idx(directory: Path) -> bool:
    """Tell whether a directory holds IDX pictures."""
    return bool(_files(directory, "images"))


def load_idx(directory: Path) -> Dataset:
    """Return the pictures of all `*images*idx3*` files of a directory, with the truth of their `*labels*idx1*` files.

    Files ending in .gz are decompressed. Files come in the order train, then the others by name.
    """
    pictures = [_checked_pictures(file) for file in _files(directory, "images")]
    sizes = {p.shape[1:] for p in pictures}
    if len(sizes) > 1:
        raise InputError(f"dataset {directory}: pictures of sizes {sorted(sizes)}, expected one size")
    label_files = _files(directory, "labels")
    truth = None
    if label_files:
        numbers = np.concatenate([read_idx(file).ravel() for file in label_files])
        if len(numbers) != sum(map(len, pictures)):
            raise InputError(f"dataset {directory}: {len(numbers)} labels, expected {sum(map(len, pictures))}")
        truth = numbers.astype(np.int16)
    categories = tuple(str(i) for i in range(int(truth.max()) + 1)) if truth is not None else ()
    return Dataset(str(directory), np.concatenate(pictures), truth, categories)


def _checked_pictures(file: Path) -> npt.NDArray[np.uint8]:
    pictures = read_idx(file)
    if pictures.ndim != 3:
        raise InputError(f"dataset file {file}: {pictures.ndim} dimensions, expected 3 (pictures, rows, columns)")
    if 0 in pictures.shape:
        raise InputError(f"dataset file {file}: pictures of shape {pictures.shape}, expected none of them 0")
    return pictures


def read_idx(file: Path) -> npt.NDArray[np.uint8]:
    """Return the array of unsigned bytes in an IDX file, plain or .gz."""
    try:
        with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as stream:
            most = min(max(_PLAUSIBLE, _MOST_PACKED * file.stat().st_size), _LARGEST_FILE)
            data = stream.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"dataset file {file}: cannot be read ({error}), expected an IDX file") from error
    if len(data) > most:
        raise InputError(f"dataset file {file}: unpacks to more than {most >> 20} MiB, expected at most so much")
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != _UNSIGNED_BYTE or len(data) < 4 + 4 * data[3]:
        raise InputError(f"dataset file {file}: begins with {data[:4].hex()}, expected an IDX file of unsigned bytes")
    shape = tuple(int(n) for n in np.frombuffer(data, dtype=">u4", count=data[3], offset=4))
    body = np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * data[3])
    expected = 1
    for n in shape:
        expected *= n
    if expected != len(body):
        raise InputError(f"dataset file {file}: {len(body)} bytes of data, expected {expected} for shape {shape}")
    return body.reshape(shape)


def _files(directory: Path, kind: str) -> list[Path]:
    rank = {"images": "idx3", "labels": "idx1"}[kind]
    found = [f for f in directory.iterdir() if kind in f.name and rank in f.name and f.is_file()]
    by_stem = {f.name.removesuffix(".gz"): f for f in sorted(found)}
    return sorted(by_stem.values(), key=lambda f: (not f.name.startswith("train"), f.name))
