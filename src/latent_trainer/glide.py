"""The cloud that is shown glides from one snapshot to the next: it never jumps, however seldom the network is asked."""

import numpy as np
import numpy.typing as npt

_LONGEST_S = 2.0
_FASTEST = 0.15
"""Half of the items move no faster than so many radii of the cloud a second."""
_LATE = 1.25
_SHORTEST_PART_S = 0.25
_ENOUGH = 4096
"""So many items tell how fast the cloud moves."""
Positions = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


def cloud_radius(positions: Positions) -> float:
    """Return the 90th percentile of the distance of positions (N, 3) from their mean, latent units."""
    return float(np.percentile(np.linalg.norm(positions - positions.mean(axis=0), axis=1), 90))


class Glide:
    """Positions (N, 3) on the straight way to the newest target, by the caller's clock (monotonic seconds)."""

    def __init__(self, start: Positions, now_s: float) -> None:
        self._start = start
        self._target = start
        self._began_s = self._aimed_s = now_s
        self._lasts_s = 0.0
        self._part: Rows = np.zeros(0, np.int64)
        """Items that are on their way for `_part_lasts_s` instead."""
        self._part_lasts_s = 0.0
        self._shown_s = now_s

    def aim(self, target: Positions, now_s: float) -> None:
        """Move from where the points are now to `target`, in the time that passed since the last aim.

        The way under way is never cut short: an aim soon after another would make the cloud jump. Nor is it so short
        that the cloud as a whole would move faster than one can follow.
        """
        self._start = self.at(now_s)
        self._target, self._part = target, self._part[:0]
        passed_s, left_s = now_s - self._aimed_s, self._left_s(now_s)
        self._lasts_s = max(min(max(passed_s, left_s), _LONGEST_S), self._slowest_s())
        self._began_s = self._aimed_s = now_s

    def _left_s(self, now_s: float) -> float:
        return max(0.0, self._began_s + self._lasts_s - now_s)

    def _slowest_s(self) -> float:
        """Return how long the way must last so that the median item is not too fast."""
        some = slice(None, None, -(-len(self._start) // _ENOUGH) or 1)
        start, target = self._start[some], self._target[some]
        radius = cloud_radius(start)
        way = float(np.median(np.linalg.norm(target - start, axis=1)))
        return way / (_FASTEST * radius) if radius > 0 else 0.0

    def aim_part(self, rows: Rows, target: Positions, now_s: float) -> None:
        """Give the items `rows` (R,) another target (R, 3) from `now_s` on; all others go on as they go.

        These items do not wait for the others: they are there soon, unless the cloud as a whole would be too fast.
        `now_s` may lie somewhat back, after the newest frame that was shown: the next then shows a first movement.
        """
        now_s = max(now_s, self._began_s)
        left_s = self._left_s(now_s)
        self._start = self.at(now_s)
        self._target = self._target.copy()
        self._target[rows] = target
        slowest_s = self._slowest_s()
        self._part, self._part_lasts_s = rows, max(_SHORTEST_PART_S, slowest_s)
        self._lasts_s = max(left_s, self._part_lasts_s)
        self._began_s = now_s

    def at(self, now_s: float) -> Positions:
        """Return where the points are at `now_s`."""
        if self.arrived(now_s):
            return self._target
        found = self._between(slice(None), now_s, self._lasts_s)
        if len(self._part):
            found[self._part] = self._between(self._part, now_s, self._part_lasts_s)
        return found

    def shown(self, now_s: float) -> None:
        """Take note that a frame shows where the points are at `now_s`."""
        self._shown_s = now_s

    def wait_for_late_frame(self, now_s: float, usual_s: float) -> None:
        """To be called at `now_s` before points are aimed or shown: those on their way wait for a frame that is late.

        Frames are `usual_s` apart. A late one would show a longer step, however slowly the points go.
        """
        late_s = now_s - self._shown_s - _LATE * usual_s
        if late_s > 0 and not self.arrived(self._shown_s):
            self._began_s += late_s
            self._shown_s += late_s

    def _between(self, rows: Rows | slice, now_s: float, lasts_s: float) -> Positions:
        start = self._start[rows]
        share = np.float32(min(1.0, max(0.0, now_s - self._began_s) / lasts_s))
        return np.asarray(start + share * (self._target[rows] - start))

    def arrived(self, now_s: float) -> bool:
        """Tell whether the points are at their target."""
        return now_s - self._began_s >= self._lasts_s
