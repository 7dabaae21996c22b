"""Cues as plain arrays: what tells a person where a mark would teach the most. Row i is item i of the dataset."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

CUES_DTYPE = np.dtype(
    [
        *((axis, "<f4") for axis in "xyz"),
        *((name, "<f4") for name in ("uncertainty", "density", "coverage", "disagreement")),
        ("place", "<i2"),
    ]
)
"""One row of the topic `cues`: 30 bytes, little-endian."""


@dataclass(frozen=True)
class Cues:
    """Of all N items at one moment."""

    stamp_ns: int
    """When they were looked at (ROS time, nanoseconds)."""
    positions: FloatArray
    """(N, 3), latent units."""
    uncertainty: FloatArray
    """(N,), 0 to 1: 1 less the confidence of the prediction; 1 where nothing is predicted."""
    density: FloatArray
    """(N,), 0 to 1: how near the neighbours in the data are; 1/2 for the median item."""
    coverage: FloatArray
    """(N,), 0 to 1: how near the next labelled item is, in steps from neighbour to neighbour in the data: 1 labelled,
    1/2 one step, 1/3 two; 0 out of reach."""
    disagreement: FloatArray
    """(N,), 0 to 1: share of its neighbours in the data that are predicted to be something else."""
    places: npt.NDArray[np.int16]
    """(N,), 1 for the item around which to look first, 2 for the next, and so on; 0 for all others."""

    def __len__(self) -> int:
        """Return N."""
        return len(self.positions)


def worth_of(cues: Cues) -> npt.NDArray[np.float64]:
    """Return what marking each item (N,) would teach, 0 to 1; 0 for labelled ones."""
    doubt = (2.0 * cues.uncertainty.astype(np.float64) + cues.disagreement) / 3.0
    return np.where(cues.coverage >= 1.0, 0.0, doubt * cues.density * (1.0 - cues.coverage))
