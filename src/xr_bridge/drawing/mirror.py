"""Small copies of what the person sees, for others to watch."""

import moderngl
import numpy as np

from xr_bridge.drawing import shaders
from xr_bridge.show import Picture


class Mirror:
    """Makes copies. One OpenGL context, one thread."""

    def __init__(self, context: moderngl.Context, corners: moderngl.Buffer, is_srgb: bool) -> None:
        """`corners`: a quad over all of clip space; `is_srgb`: what is read is turned into light by the hardware."""
        self._context = context
        self._program = context.program(shaders.MIRROR_VERTEX, shaders.MIRROR_FRAGMENT)
        self._program["encodes"].value = is_srgb  # type: ignore[union-attr]
        self._shape = context.vertex_array(self._program, [(corners, "2f", "in_corner")])
        self._small: moderngl.Framebuffer | None = None

    def picture(self, source: moderngl.Framebuffer, width: int) -> Picture:
        """Return what is in `source`, `width` pixels wide, or as wide as it is where that is less."""
        size = min(width, source.width), max(1, round(source.height * min(1.0, width / source.width)))
        if self._small is None or self._small.size != size:
            if self._small is not None:
                self._small.release()
            self._small = self._context.framebuffer([self._context.renderbuffer(size, 4)])
        self._small.use()
        seen = source.color_attachments[0]
        assert isinstance(seen, moderngl.Texture)
        seen.use(0)
        self._context.disable(moderngl.DEPTH_TEST)
        self._shape.render(moderngl.TRIANGLE_STRIP)
        self._context.enable(moderngl.DEPTH_TEST)
        rows = np.frombuffer(self._small.read(components=3, alignment=1), dtype=np.uint8)
        return np.ascontiguousarray(rows.reshape(size[1], size[0], 3)[::-1])
