"""What a gesture would mark, resolved on the frame that the person saw."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from latentvr_common import labels
from latentvr_common.labels import Region
from latentvr_common.selecting.density import Seed
from latentvr_common.selecting.frames import Frame

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Found:
    """Items of one frame, and what holds them."""

    ids: npt.NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    """(K,), rows of the dataset, rising."""
    region: Region = field(default_factory=Region)
    """Latent units."""
    stamp_ns: int = 0
    """Of the frame."""
    epoch: int = 0

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self.ids)


def nothing_in(frame: Frame) -> Found:
    """Return that no item of `frame` is marked."""
    return Found(stamp_ns=frame.cloud.stamp_ns, epoch=frame.epoch)


def in_box(frame: Frame, center: FloatArray, half_size: FloatArray, quat_xyzw: FloatArray) -> Found:
    """Return what a box around `center` (3,) holds: `half_size` (3,) along axes turned by `quat_xyzw` (4,)."""
    inside = frame.points.within_box(center, half_size, quat_xyzw)
    return _found(frame, inside, labels.box(center, half_size, quat_xyzw))


def in_dense_region(frame: Frame, seed: Seed, place: FloatArray, reach: float, share: float) -> Found:
    """Return what hangs together with `seed`, the densest cell within `reach` of `place` (3,).

    share: of the seed's density, which the region has at least.
    """
    density = share * seed.density
    return _found(frame, frame.density.flood(seed, density), labels.flood(place, reach, density))


def _found(frame: Frame, inside: npt.NDArray[np.bool_], region: Region) -> Found:
    ids = np.flatnonzero(inside).astype(np.uint32)
    return Found(ids, region, frame.cloud.stamp_ns, frame.epoch)
