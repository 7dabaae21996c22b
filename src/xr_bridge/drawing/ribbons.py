"""Ribbons of light: straight, flat towards the eye, never thinner than a few pixels."""

import moderngl
import numpy as np
import numpy.typing as npt

from xr_bridge.drawing import shaders

FloatArray = npt.NDArray[np.floating]

_HALF_WIDTH_M = 0.0016
_LEAST_PX = 2.5
"""Width: a thinner ribbon would be broken where it falls between pixels."""
RIBBON = np.dtype([("start", "f4", 3), ("end", "f4", 3), ("color", "f4", 3), ("opacity", "f4", 2)])
"""Stage, metres; colour 0 to 1; opacity at the start and at the end."""


def ribbons(starts: FloatArray, ends: FloatArray, color: FloatArray, opacity: float) -> npt.NDArray[np.void]:
    """Return ribbons (K,), RIBBON, from `starts` to `ends` (K, 3), of one colour (3,), 0 to 1."""
    found = np.zeros(len(starts), RIBBON)
    found["start"], found["end"], found["color"], found["opacity"] = starts, ends, color, opacity
    return found


class Ribbons:
    """Draws them."""

    def __init__(self, context: moderngl.Context, corners: moderngl.Buffer) -> None:
        """`corners`: a quad over all of clip space."""
        self._context = context
        self.program = context.program(shaders.RIBBONS_VERTEX, shaders.RIBBONS_FRAGMENT)
        self.program["half_width"].value = _HALF_WIDTH_M  # type: ignore[union-attr]
        self.program["least_pixels"].value = _LEAST_PX  # type: ignore[union-attr]
        self._corners = corners
        self._buffer: moderngl.Buffer | None = None
        self._shape: moderngl.VertexArray | None = None
        self._count = 0

    def fill(self, found: npt.NDArray[np.void]) -> None:
        """Draw these (K,), RIBBON, from now on."""
        self._count = len(found)
        if self._count:
            self._room(found.nbytes).write(found.tobytes())

    def _room(self, size: int) -> moderngl.Buffer:
        """Return a buffer that holds so many bytes."""
        if self._buffer is None or self._buffer.size < size:
            for thing in (self._shape, self._buffer):
                if thing is not None:
                    thing.release()
            self._buffer = self._context.buffer(reserve=size, dynamic=True)
            names = ("in_start", "in_end", "in_color", "in_opacity")
            self._shape = self._context.vertex_array(
                self.program, [(self._corners, "2f", "in_corner"), (self._buffer, "3f 3f 3f 2f/i", *names)]
            )
        return self._buffer

    def paint(self, view: npt.NDArray[np.float32], projection: npt.NDArray[np.float32], height: int) -> None:
        """Draw into a picture `height` pixels high what an eye sees of them; blending is on."""
        if self._count and self._shape is not None:
            self.program["height"].value = float(height)  # type: ignore[union-attr]
            for name, matrix in (("view", view), ("projection", projection)):
                self.program[name].write(np.ascontiguousarray(matrix.T).tobytes())  # type: ignore[union-attr]
            self._shape.render(moderngl.TRIANGLE_STRIP, instances=self._count)
