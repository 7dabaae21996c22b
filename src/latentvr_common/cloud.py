"""The cloud as plain arrays: row i is item i of the dataset."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NONE = -1
"""The category of an item that has none."""

CLOUD_DTYPE = np.dtype(
    [
        ("x", "<f4"),
        ("y", "<f4"),
        ("z", "<f4"),
        ("rgb", "<u4"),
        ("label", "<i2"),
        ("predicted", "<i2"),
        ("confidence", "<f4"),
    ]
)
"""One row of the topic `cloud`: 24 bytes, little-endian."""


@dataclass(frozen=True)
class Cloud:
    """One frame of the cloud, N items."""

    stamp_ns: int
    """Names the frame (ROS time, nanoseconds)."""
    positions: npt.NDArray[np.float32]
    """(N, 3), latent units."""
    rgb: npt.NDArray[np.uint32]
    """(N,), 0xRRGGBB."""
    label: npt.NDArray[np.int16]
    """(N,), category id by a person's mark, -1 none."""
    predicted: npt.NDArray[np.int16]
    """(N,), category id by the network, -1 none."""
    confidence: npt.NDArray[np.float32]
    """(N,), of the prediction, 0 to 1."""

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.positions)
