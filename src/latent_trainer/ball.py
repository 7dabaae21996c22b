"""The ball of radius 1 that the cloud is to fill."""

import numpy as np
import numpy.typing as npt


def in_ball(coordinates: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return `coordinates` (N, 3), of any size and middle, brought to the ball; what is far out comes in."""
    spread = np.maximum(coordinates.std(axis=0, ddof=1 if len(coordinates) > 1 else 0), 1e-6)
    # Three directions of a ball of radius 1 have a spread of 1/sqrt(5) each.
    wanted = (coordinates - coordinates.mean(axis=0)) / spread * 5**-0.5
    return np.asarray(wanted / np.sqrt(1.0 + np.square(wanted).sum(axis=1, keepdims=True) / 4.0), dtype=np.float32)
