"""The items of one cloud, as they are drawn at rest and while something moves, worked out once."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cloud_view import depth_cue
from cloud_view.beacon_shapes import beacon_shapes
from cloud_view.camera import Camera, Subject
from cloud_view.cloud_shapes import Points, ball_radius, cloud_shapes
from cloud_view.force_shapes import force_arrows
from cloud_view.ghost_shapes import ghost_shapes
from cloud_view.shapes import Mesh, join_meshes
from latentvr_common.colors import split_rgb
from latentvr_common.scene import Scene

FloatArray = npt.NDArray[np.floating]

_FADED = 0.3
"""While something moves all items are as faint as those in the middle of the cloud."""
_FEW = 1_000
"""So few items are large, and have more corners."""
_LARGEST = 2.2
"""Few items are drawn so many times as large at the most: together they look like all."""


@dataclass(eq=False)
class CloudLayer:
    """One scene, seen with one subject. `scene` has no brushes and no selection."""

    scene: Scene
    subject: Subject

    def __post_init__(self) -> None:
        """Start with nothing worked out."""
        self._full: tuple[Camera, Mesh, Points] | None = None
        self._few: tuple[int, Points] | None = None

    @cached_property
    def points(self) -> FloatArray:
        """Where the items are (N, 3), metres."""
        return self.scene.points()

    def full(self, camera: Camera) -> tuple[Mesh, Points]:
        """Return everything, as it is to be seen from `camera`."""
        if self._full is None or self._full[0] is not camera:
            fine = len(self.scene.cloud) <= _FEW
            items, points = cloud_shapes(self.scene, camera, self.subject, fine=fine)
            told = [shapes(self.scene, camera, self.subject) for shapes in (force_arrows, beacon_shapes, ghost_shapes)]
            self._full = camera, join_meshes([items, *told]), points
        return self._full[1:]

    def few(self, count: int) -> Points:
        """Return so many items, spread over the cloud, as points that do for every camera."""
        if self._few is None or self._few[0] != count:
            rows = _spread(len(self.scene.cloud))[:count]
            colors = split_rgb(self.scene.cloud.rgb[rows]) / 255.0
            faded = depth_cue.faded(colors, np.full(len(rows), 1.0 - _FADED))
            grown = min((len(self.scene.cloud) / max(count, 1)) ** 0.5, _LARGEST)
            radius = ball_radius(len(self.scene.cloud), self.subject.radius) * grown
            self._few = count, Points(self.points[rows], faded, radius)
        return self._few[1]


_orders: dict[int, npt.NDArray[np.int64]] = {}


def _spread(count: int) -> npt.NDArray[np.int64]:
    """Return all rows in an order of which every beginning is spread over them."""
    if count not in _orders:
        _orders.clear()
        _orders[count] = np.random.default_rng(0).permutation(count)
    return _orders[count]


def bare(scene: Scene) -> Scene:
    """Return `scene` without what hands hold and would mark: that is drawn by itself."""
    return replace(scene, brushes=(), selection=None, hands=None, place=None)
