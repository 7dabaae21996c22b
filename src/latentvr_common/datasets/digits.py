"""1,797 handwritten digits of 8x8 pixels, inside scikit-learn: the embedded dataset.

Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998.
"""

import csv
import gzip
from importlib.resources import files

import numpy as np

from latentvr_common.datasets.dataset import Dataset


def load_digits() -> Dataset:
    """Return the digits; read from scikit-learn's file, since importing scikit-learn takes a second."""
    packed = files("sklearn.datasets.data").joinpath("digits.csv.gz").read_bytes()
    rows = np.array(list(csv.reader(gzip.decompress(packed).decode().splitlines())), dtype=np.float64)
    pictures = np.round(rows[:, :-1] * (255.0 / 16.0)).astype(np.uint8).reshape(-1, 8, 8)
    return Dataset("digits", pictures, rows[:, -1].astype(np.int16), tuple("0123456789"))
