"""Forces as lines: an item's own pull, and how it really moves. What they are is in latentvr_common/force_arrows.py."""

import moderngl
import numpy as np
import numpy.typing as npt

from latentvr_common.force_arrows import MOST_ARROWS, MOTION_COLOR, PULL_COLOR, chosen_items, scaled
from latentvr_common.scene import Scene
from xr_bridge.drawing import shaders

_POINT = np.dtype([("place", "f4", 3), ("color", "f4", 3)])
"""Stage, metres; colour 0 to 1."""
_FADED = 0.25
"""A line is dark where it begins: its bright end is where it points to."""


def arrow_lines(scene: Scene) -> npt.NDArray[np.void]:
    """Return the ends of the lines (4 K,), two for a pull and two for a motion of each item; none without forces."""
    forces = scene.forces
    if forces is None or not len(forces):
        return np.zeros(0, _POINT)
    chosen = chosen_items(forces, len(scene.cloud))
    placement = scene.placement
    starts = placement.stage_from_latent(scene.cloud.positions[forces.sample_ids[chosen]])
    parts = []
    for vectors, color in ((forces.pull, PULL_COLOR), (forces.motion, MOTION_COLOR)):
        turned = placement.stage_from_latent(vectors[chosen]) - placement.stage_from_latent(np.zeros(3))
        lines = np.zeros((len(chosen), 2), _POINT)
        lines["place"][:, 0] = starts
        lines["place"][:, 1] = starts + scaled(turned, placement.scale)
        lines["color"] = np.array(color) / 255
        lines["color"][:, 0] *= _FADED
        parts.append(lines.ravel())
    return np.concatenate(parts)


class ArrowLines:
    """Draws them."""

    def __init__(self, context: moderngl.Context) -> None:
        self.program = context.program(shaders.LINES_VERTEX, shaders.LINES_FRAGMENT)
        self._buffer = context.buffer(reserve=4 * MOST_ARROWS * _POINT.itemsize, dynamic=True)
        self._shape = context.vertex_array(self.program, [(self._buffer, "3f 3f", "in_place", "in_color")])
        self._count = 0

    def fill(self, scene: Scene) -> None:
        """Draw those of `scene` from now on."""
        lines = arrow_lines(scene)
        self._count = len(lines)
        if self._count:
            self._buffer.write(lines.tobytes())

    def paint(self, view: npt.NDArray[np.float32], projection: npt.NDArray[np.float32]) -> None:
        """Draw what an eye sees of them."""
        if self._count:
            for name, matrix in (("view", view), ("projection", projection)):
                self.program[name].write(np.ascontiguousarray(matrix.T).tobytes())  # type: ignore[union-attr]
            self._shape.render(moderngl.LINES, vertices=self._count)
