"""Datasets: named ones, arrays, tables, IDX files, and folders of images or sounds."""

from latentvr_common.datasets.dataset import Dataset, Kind, Skipped
from latentvr_common.datasets.load import FILES, NAMED, load

__all__ = ["FILES", "NAMED", "Dataset", "Kind", "Skipped", "load"]
