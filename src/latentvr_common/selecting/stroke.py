"""One stroke of the brush: the points that it has touched, and where it has been."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentvr_common.labels import Region, spheres
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
        self._dabs: list[_Dab] = []
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
        for place in self._way_to(center, radius, takes_away):
            self._touch(frame, place, radius, takes_away)
            self._dabs.append(_Dab(place, radius, takes_away))
        self._touch(frame, center, radius, takes_away)
        self._newest = _Dab(center, radius, takes_away)
        self.stamp_ns, self.epoch = frame.cloud.stamp_ns, frame.epoch
        before, self.count = self.count, int(np.count_nonzero(self._marked))
        return self.count != before

    def _touch(self, frame: Frame, center: FloatArray, radius: float, takes_away: bool) -> None:
        hit = frame.points.within_ball(center, radius)
        if takes_away:
            np.greater(self._marked, hit, out=self._marked)
        else:
            np.logical_or(self._marked, hit, out=self._marked)

    def _way_to(self, center: FloatArray, radius: float, takes_away: bool) -> list[FloatArray]:
        if not self._dabs or self._dabs[-1].takes_away != takes_away:
            return [center]
        last = self._dabs[-1].center
        steps = min(int(np.linalg.norm(center - last) / (_SPACING * radius)), _MOST_SPHERES - len(self._dabs))
        return [last + (center - last) * (i / steps) for i in range(1, steps + 1)]

    def sample_ids(self) -> npt.NDArray[np.uint32]:
        """Return the items marked (K,), rising."""
        return np.flatnonzero(self._marked).astype(np.uint32)

    def region(self) -> Region:
        """Return where the brush has been, latent units."""
        dabs = [*self._dabs, *([self._newest] if self._newest else [])]
        centers = np.array([dab.center for dab in dabs], dtype=float).reshape(-1, 3)
        radii = np.array([dab.radius for dab in dabs], dtype=np.float32)
        return spheres(centers, radii, np.array([dab.takes_away for dab in dabs], dtype=bool)) if dabs else Region()
