"""What was, beside a branch of training: faint points, and ribbons from where items were to where they are.

What of it is drawn is in latentvr_common/ghost.py.
"""

import moderngl
import numpy as np
import numpy.typing as npt

from latentvr_common.ghost import GHOST_COLOR, MOST_POINTS, POINT_SIZE, STILL, arrow_colors, differences, points_of
from latentvr_common.held import CLOUD_RADIUS
from latentvr_common.placement import Placement
from latentvr_common.scene import Ghost, Scene
from xr_bridge.drawing import matrices, shaders
from xr_bridge.drawing.cloud_points import SMALLEST_PX, radius_m
from xr_bridge.drawing.ribbons import RIBBON

_MOVED, _TURNED = (0.1, 0.5), (0.25, 1.0)
"""Opacity of a ribbon where its item was, and where it is: its bright end is where it points to."""


def change_ribbons(scene: Scene) -> npt.NDArray[np.void]:
    """Return the ribbons (K,), RIBBON, of the items that differ most from the ghost; (0,) without one."""
    ghost = scene.ghost
    if ghost is None:
        return np.zeros(0, RIBBON)
    found = differences(scene, ghost, STILL * CLOUD_RADIUS * scene.placement.scale)
    made = np.zeros(len(found.rows), RIBBON)
    made["start"], made["end"], made["color"] = found.starts, found.ends, arrow_colors(scene, found)
    made["opacity"] = np.where(found.turned[:, None], _TURNED, _MOVED)
    return made


class GhostPoints:
    """Draws some items of the ghost where they were."""

    def __init__(self, context: moderngl.Context) -> None:
        self.program = context.program(shaders.POINTS_VERTEX, shaders.POINTS_FRAGMENT)
        self._places = context.buffer(reserve=12 * MOST_POINTS, dynamic=True)
        color = np.array([*GHOST_COLOR[::-1], 0], np.uint8)
        colors = context.buffer(np.tile(color, MOST_POINTS).tobytes())
        self._shape = context.vertex_array(
            self.program,
            [(self._places, "3f", "in_start"), (self._places, "3f", "in_end"), (colors, "4f1", "in_bgr")],
        )
        self._count = 0
        self._ghost: Ghost | None = None
        self._placement = Placement()

    def fill(self, scene: Scene) -> None:
        """Draw that of `scene` from now on."""
        self._placement = scene.placement
        if scene.ghost is self._ghost:
            return
        self._ghost = scene.ghost
        places = points_of(scene.ghost) if scene.ghost is not None else np.zeros((0, 3), np.float32)
        self._count = len(places)
        if self._count:
            self._places.write(np.ascontiguousarray(places, np.float32).tobytes())

    def paint(self, view: npt.NDArray[np.float32], projection: npt.NDArray[np.float32], height: int) -> None:
        """Draw into a picture `height` pixels high what an eye sees of it."""
        if not self._count:
            return
        place = self._placement
        model = matrices.model(place.position, place.quat_xyzw, place.scale)
        for name, matrix in (("model", model), ("view", view), ("projection", projection)):
            self.program[name].write(np.ascontiguousarray(matrix.T).tobytes())  # type: ignore[union-attr]
        radius = POINT_SIZE * radius_m(self._count)
        for name, value in (("share", 0.0), ("radius", radius), ("height", float(height)), ("smallest", SMALLEST_PX)):
            self.program[name].value = value  # type: ignore[union-attr]
        self._shape.render(moderngl.POINTS, vertices=self._count)
