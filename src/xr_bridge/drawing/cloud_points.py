"""The cloud as lit point sprites that go from each cloud to the next."""

from typing import TypeVar

import moderngl
import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import Cloud
from latentvr_common.placement import Placement
from latentvr_common.scene import Scene, Selection
from xr_bridge.drawing import matrices, shaders
from xr_bridge.drawing.cloud_motion import CloudMotion

_RADIUS_M = 0.0026
"""Of a point of 10,000; of more it is smaller, so that a full cloud stays a cloud of points."""
_USUAL_ITEMS = 10_000
_LARGEST_M, _SMALLEST_M = 0.0050, 0.0010
SMALLEST_PX = 1.5
_SELECTED = np.uint32(0xFFFFFF)


Scalar = TypeVar("Scalar", bound=np.generic)


def radius_m(count: int) -> float:
    """Return the radius of each of so many points."""
    return float(np.clip(_RADIUS_M * (_USUAL_ITEMS / max(1, count)) ** (1 / 3), _SMALLEST_M, _LARGEST_M))


class CloudPoints:
    """Vertex data is written once for each cloud, not for each picture. Of more points only `most` show."""

    def __init__(self, context: moderngl.Context, most: int) -> None:
        self._context = context
        self._most = most
        self.program = context.program(shaders.POINTS_VERTEX, shaders.POINTS_FRAGMENT)
        self._motion = CloudMotion()
        self._cloud: Cloud | None = None
        self._selection: Selection | None = None
        self._placement = Placement()
        self._rows: npt.NDArray[np.int64] | None = None
        """Which items are drawn; None: all."""
        self._count = 0
        self._places: tuple[moderngl.Buffer, ...] = ()
        self._colors: moderngl.Buffer | None = None
        self._shape: moderngl.VertexArray | None = None

    def aim(self, scene: Scene, now_s: float) -> None:
        """Show the cloud of `scene` from now on."""
        self._placement = scene.placement
        fresh = scene.cloud is not self._cloud
        if fresh:
            self._take_cloud(scene.cloud, now_s)
        if fresh or scene.selection is not self._selection:
            self._write_colors(scene.cloud, scene.selection)
        self._cloud, self._selection = scene.cloud, scene.selection

    def _take_cloud(self, cloud: Cloud, now_s: float) -> None:
        if self._cloud is None or len(cloud) != len(self._cloud):
            self._make_room(len(cloud))
        self._motion.aim(self._drawn(cloud.positions), now_s)
        for buffer, places in zip(self._places, (self._motion.start, self._motion.end), strict=True):
            _refill(buffer, places.astype(np.float32, copy=False))

    def _drawn(self, column: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        return column if self._rows is None else column[self._rows]

    def _make_room(self, items: int) -> None:
        for thing in (self._shape, *self._places, self._colors):
            if thing is not None:
                thing.release()
        chosen = np.random.default_rng(0).permutation(items)[: self._most]
        self._rows = np.sort(chosen) if items > self._most else None
        self._count = count = min(items, self._most)
        self._places = tuple(self._context.buffer(reserve=12 * count, dynamic=True) for _ in range(2))
        self._colors = self._context.buffer(reserve=4 * count, dynamic=True)
        self._shape = self._context.vertex_array(
            self.program,
            [
                (self._places[0], "3f", "in_start"),
                (self._places[1], "3f", "in_end"),
                (self._colors, "4f1", "in_bgr"),
            ],
        )

    def _write_colors(self, cloud: Cloud, selection: Selection | None) -> None:
        colors = cloud.rgb
        if selection is not None and len(selection.sample_ids):
            colors = colors.copy()
            colors[selection.sample_ids[selection.sample_ids < len(colors)]] = _SELECTED
        assert self._colors is not None
        _refill(self._colors, self._drawn(colors).astype("<u4", copy=False))

    def paint(
        self, view: npt.NDArray[np.float32], projection: npt.NDArray[np.float32], height: int, now_s: float
    ) -> None:
        """Draw into a picture `height` pixels high what an eye sees at `now_s`."""
        if self._shape is None:
            return
        place = self._placement
        model = matrices.model(place.position, place.quat_xyzw, place.scale)
        for name, matrix in (("model", model), ("view", view), ("projection", projection)):
            self.program[name].write(np.ascontiguousarray(matrix.T).tobytes())  # type: ignore[union-attr]
        values = {
            "share": self._motion.share(now_s),
            "radius": radius_m(self._count),
            "height": float(height),
            "smallest": SMALLEST_PX,
        }
        for name, value in values.items():
            self.program[name].value = value  # type: ignore[union-attr]
        self._shape.render(moderngl.POINTS)


def _refill(buffer: moderngl.Buffer, rows: npt.NDArray[np.generic]) -> None:
    """Write `rows` without waiting for pictures that still read the old ones."""
    buffer.orphan()
    buffer.write(np.ascontiguousarray(rows).tobytes())
