"""One stroke of the brush: the points that it has touched, and where it has been."""

import numpy as np
import numpy.typing as npt

from gesture_labeler.frames import Frame
from latentvr_common.brush import touched
from latentvr_common.labels import Region

_SPACING = 0.5
_MOST_SPHERES = 5000

FloatArray = npt.NDArray[np.floating]


class Stroke:
    """Grows while the brush moves. A point once touched stays marked, wherever training takes it."""

    def __init__(self, item_count: int) -> None:
        """Start without points, for a cloud of `item_count` items."""
        self._marked = np.zeros(item_count, dtype=bool)
        self._spheres: list[tuple[FloatArray, float]] = []
        self._newest: tuple[FloatArray, float] | None = None
        self.count = 0
        """Items marked."""
        self.stamp_ns = 0
        """Of the newest frame it was resolved on."""
        self.epoch = 0

    @property
    def item_count(self) -> int:
        """Items in the cloud that it paints on."""
        return len(self._marked)

    def extend(self, frame: Frame, center: FloatArray, radius: float) -> bool:
        """Move the brush to `center` (3,) with `radius`, latent units, in `frame`; return whether it marked more.

        A fast hand leaves no gaps: the way from the last sphere is filled with spheres. A brush at rest goes on
        marking what moves into it.
        """
        for place in self._way_to(center, radius):
            self._marked |= touched(frame.cloud.positions, place, radius)
            self._spheres.append((place, radius))
        self._marked |= touched(frame.cloud.positions, center, radius)
        self._newest = (np.asarray(center), radius)
        self.stamp_ns, self.epoch = frame.cloud.stamp_ns, frame.epoch
        before, self.count = self.count, int(np.count_nonzero(self._marked))
        return self.count > before

    def _way_to(self, center: FloatArray, radius: float) -> list[FloatArray]:
        if not self._spheres:
            return [np.asarray(center)]
        last = self._spheres[-1][0]
        steps = min(int(np.linalg.norm(center - last) / (_SPACING * radius)), _MOST_SPHERES - len(self._spheres))
        return [last + (center - last) * (i / steps) for i in range(1, steps + 1)]

    def sample_ids(self) -> npt.NDArray[np.uint32]:
        """Return the items marked (K,), rising."""
        return np.flatnonzero(self._marked).astype(np.uint32)

    def region(self) -> Region:
        """Return where the brush has been, latent units."""
        spheres = self._spheres + ([self._newest] if self._newest else [])
        centers = np.array([center for center, _ in spheres]).reshape(-1, 3)
        return Region(centers, np.array([radius for _, radius in spheres], dtype=np.float32))
