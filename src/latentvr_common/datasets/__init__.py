"""Datasets: named ones, `.npz` files, IDX files, and folders of images."""

from latentvr_common.datasets.dataset import Dataset, Skipped
from latentvr_common.datasets.load import NAMED, load

__all__ = ["NAMED", "Dataset", "Skipped", "load"]
