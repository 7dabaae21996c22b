"""Pictures of words that hang in the room."""

import moderngl
import numpy as np
import numpy.typing as npt

from xr_bridge.drawing import matrices, shaders
from xr_bridge.sheet import Panel

FloatArray = npt.NDArray[np.floating]


class PanelQuads:
    """A picture goes to the graphics card when it changes, not for each frame."""

    def __init__(self, context: moderngl.Context, corners: moderngl.Buffer) -> None:
        """`corners`: a quad over all of clip space."""
        self._context = context
        self.program = context.program(shaders.PANELS_VERTEX, shaders.PANELS_FRAGMENT)
        self._shape = context.vertex_array(self.program, [(corners, "2f", "in_corner")])
        self._known: dict[str, tuple[Panel, moderngl.Texture]] = {}

    def paint(
        self,
        name: str,
        panel: Panel,
        place: tuple[FloatArray, FloatArray],
        view: npt.NDArray[np.float32],
        projection: npt.NDArray[np.float32],
    ) -> None:
        """Draw the panel `name` with its middle at `place`, a position (3,) in the stage and a rotation (4,)."""
        self._texture(name, panel).use(0)
        model = matrices.model(*place)
        model[:3, 0] *= panel.width_m / 2
        model[:3, 1] *= panel.height_m / 2
        for uniform, matrix in (("model", model), ("view", view), ("projection", projection)):
            self.program[uniform].write(np.ascontiguousarray(matrix.T).tobytes())  # type: ignore[union-attr]
        self._shape.render(moderngl.TRIANGLE_STRIP)

    def _texture(self, name: str, panel: Panel) -> moderngl.Texture:
        known = self._known.get(name)
        if known is not None and known[0] is panel:
            return known[1]
        height, width = panel.pixels.shape[:2]
        if known is not None and known[1].size == (width, height):
            texture = known[1]
            texture.write(panel.pixels.tobytes())
        else:
            if known is not None:
                known[1].release()
            texture = self._context.texture((width, height), 4, panel.pixels.tobytes(), alignment=1)
        texture.build_mipmaps()
        texture.filter = moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR
        self._known[name] = panel, texture
        return texture
