"""How many of some items have which label."""

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE


def label_counts(labels: npt.NDArray[np.int16]) -> dict[int, int]:
    """Return how often each category id appears among `labels` (K,), in rising order; -1: none."""
    counts = np.bincount(np.subtract(labels, NONE, dtype=np.intp))
    return {int(found) + NONE: int(counts[found]) for found in np.flatnonzero(counts)}
