"""1,797 handwritten digits of 8x8 pixels, inside scikit-learn: the embedded dataset.

Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998.
"""

import csv
import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from latentvr_common.datasets.dataset import Dataset
from latentvr_common.errors import InputError


def load_digits() -> Dataset:
    """Return the digits; read from scikit-learn's file, since importing scikit-learn takes a second."""
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise InputError("dataset digits: it is a part of scikit-learn, which is not installed")
    packed = (Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz").read_bytes()
    rows = np.array(list(csv.reader(gzip.decompress(packed).decode().splitlines())), dtype=np.float64)
    pictures = np.round(rows[:, :-1] * (255.0 / 16.0)).astype(np.uint8).reshape(-1, 8, 8)
    return Dataset("digits", pictures, rows[:, -1].astype(np.int16), tuple("0123456789"))
