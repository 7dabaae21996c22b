"""Clouds come a few times a second, pictures ten times as often: between two clouds points go from one to the other.

NumPy only. Nothing here is done for each picture but a division: arrays change only with a new cloud.
"""

import numpy as np
import numpy.typing as npt

LONGEST_S = 0.5
"""However late a cloud comes: this long points go on their way to it."""
_USUAL_S = 1.0 / 12.0
_MEMORY = 0.7


class CloudMotion:
    """From where to where points go, and how far they have come. Times are seconds that rise."""

    def __init__(self) -> None:
        self.start: npt.NDArray[np.float32] = np.zeros((0, 3), np.float32)
        """(N, 3) where they come from, latent units."""
        self.end: npt.NDArray[np.float32] = np.zeros((0, 3), np.float32)
        """(N, 3) where they go to: the newest cloud."""
        self._began_s = 0.0
        self._heard_s = 0.0
        self._lasts_s = _USUAL_S

    def aim(self, positions: npt.NDArray[np.float32], now_s: float) -> None:
        """Go to `positions` (N, 3) from where the points are now. Other points than before are there at once."""
        same = len(positions) == len(self.end)
        self.start = self.start + np.float32(self.share(now_s)) * (self.end - self.start) if same else positions
        self.end = positions
        if same:
            between_s = min(max(now_s - self._heard_s, 0.0), LONGEST_S)
            self._lasts_s = _MEMORY * self._lasts_s + (1 - _MEMORY) * between_s
        self._began_s = self._heard_s = now_s

    def share(self, now_s: float) -> float:
        """Return how much of the way is behind the points, 0 to 1."""
        return min(1.0, max(0.0, (now_s - self._began_s) / self._lasts_s)) if self._lasts_s > 0 else 1.0
