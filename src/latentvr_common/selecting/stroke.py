"""One stroke of the brush: the points that it has touched, and where it has been."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentvr_common.labels import Region, spheres
from latentvr_common.selecting.found import Found
from latentvr_common.selecting.frames import Frame

_SPACING = 0.5
_MOST_SPHERES = 5000

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class _Dab:
    center: FloatArray
    radius: float
    takes_away: bool


class Stroke:
    """Grows while the brush moves. A point once touched stays marked, wherever training takes it."""

    def __init__(self, item_count: int) -> None:
        """Start without points, for a cloud of `item_count` items."""
        self._marked = np.zeros(item_count, dtype=bool)
        self._taken = np.zeros(item_count, dtype=bool)
        """Those that were taken away: a brush that rests does not mark them again, one that comes by does."""
        self._dabs: list[_Dab] = []
        self._last: dict[bool, FloatArray] = {}
        """Where the last one of those that take away, or do not, is."""
        self._newest: _Dab | None = None
        self.count = 0
        """Items marked."""
        self.stamp_ns = 0
        """Of the newest frame it was resolved on."""
        self.epoch = 0

    @property
    def item_count(self) -> int:
        """Items in the cloud that it paints on."""
        return len(self._marked)

    def extend(self, frame: Frame, center: FloatArray, radius: float, *, takes_away: bool = False) -> bool:
        """Move the brush to `center` (3,) with `radius`, latent units, in `frame`; return whether it marks others now.

        A fast hand leaves no gaps: the way from the last sphere is filled with spheres. A brush at rest goes on
        marking what moves into it. `takes_away`: what it touches is no longer marked.
        """
        center = np.asarray(center)
        way = self._way_to(center, radius, takes_away)
        for place in way:
            self._come_by(frame, place, radius, takes_away)
            self._dabs.append(_Dab(place, radius, takes_away))
            self._last[takes_away] = place
        if not way:
            self._rest(frame, center, radius, takes_away)
        self._newest = _Dab(center, radius, takes_away)
        self.stamp_ns, self.epoch = frame.cloud.stamp_ns, frame.epoch
        before, self.count = self.count, int(np.count_nonzero(self._marked))
        return self.count != before

    def _come_by(self, frame: Frame, center: FloatArray, radius: float, takes_away: bool) -> None:
        hit = frame.points.within_ball(center, radius)
        gains, loses = (self._taken, self._marked) if takes_away else (self._marked, self._taken)
        np.logical_or(gains, hit, out=gains)
        np.greater(loses, hit, out=loses)

    def _rest(self, frame: Frame, center: FloatArray, radius: float, takes_away: bool) -> None:
        if takes_away:
            self._come_by(frame, center, radius, takes_away)
            return
        hit = frame.points.within_ball(center, radius)
        np.greater(hit, self._taken, out=hit)
        np.logical_or(self._marked, hit, out=self._marked)

    def _way_to(self, center: FloatArray, radius: float, takes_away: bool) -> list[FloatArray]:
        """Return the places of new spheres, up to `center`; none where that is near the last one."""
        last = self._last.get(takes_away)
        if last is None:
            return [center]
        steps = min(int(np.linalg.norm(center - last) / (_SPACING * radius)), _MOST_SPHERES - len(self._dabs))
        between = [last + (center - last) * (i / steps) for i in range(1, steps)]
        return [*between, center] if steps > 0 else []

    def found(self) -> Found:
        """Return all that follows from it."""
        return Found(self.sample_ids(), self.region(), self.stamp_ns, self.epoch)

    def sample_ids(self) -> npt.NDArray[np.uint32]:
        """Return the items marked (K,), rising."""
        return np.flatnonzero(self._marked).astype(np.uint32)

    def region(self) -> Region:
        """Return where the brush has been, latent units."""
        dabs = [*self._dabs, *([self._newest] if self._newest else [])]
        centers = np.array([dab.center for dab in dabs], dtype=float).reshape(-1, 3)
        radii = np.array([dab.radius for dab in dabs], dtype=np.float32)
        return spheres(centers, radii, np.array([dab.takes_away for dab in dabs], dtype=bool)) if dabs else Region()
