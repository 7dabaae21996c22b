"""The cloud that is shown glides from one snapshot to the next: it never jumps, however seldom the network is asked."""

import numpy as np
import numpy.typing as npt

_LONGEST_S = 2.0
Positions = npt.NDArray[np.float32]


class Glide:
    """Positions (N, 3) on the straight way to the newest target, by the caller's clock (monotonic seconds)."""

    def __init__(self, start: Positions, now_s: float) -> None:
        self._start = start
        self._target = start
        self._began_s = now_s
        self._lasts_s = 0.0

    def aim(self, target: Positions, now_s: float) -> None:
        """Move from where the points are now to `target`, in the time that passed since the last aim.

        The way under way is never cut short: an aim soon after another would make the cloud jump.
        """
        self._start = self.at(now_s)
        self._target = target
        passed_s = now_s - self._began_s
        self._lasts_s = min(max(passed_s, self._lasts_s - passed_s), _LONGEST_S)
        self._began_s = now_s

    def at(self, now_s: float) -> Positions:
        """Return where the points are at `now_s`."""
        if self.arrived(now_s):
            return self._target
        share = np.float32((now_s - self._began_s) / self._lasts_s)
        return self._start + share * (self._target - self._start)

    def arrived(self, now_s: float) -> bool:
        """Tell whether the points are at their target."""
        return now_s - self._began_s >= self._lasts_s
