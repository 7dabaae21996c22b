"""Drawings to pictures with Open3D, without a window.

Thread rule: as in stage.py.
"""

from functools import lru_cache

from PIL import Image, ImageChops

from cloud_view.drawing import Drawing
from cloud_view.engine import DrawError, load_open3d
from cloud_view.readback import Readback
from cloud_view.stage import Stage, place_camera
from cloud_view.surroundings import glow

INNER_SIZE = (2560, 1440)
"""Open3D draws this many pixels for a picture with fewer: it has no other smoothing without a window."""
ASPECT = INNER_SIZE[0] / INNER_SIZE[1]


class Painter:
    """Draws pictures, all of the same aspect."""

    def __init__(self, *, beside_window: bool = False) -> None:
        """`beside_window`: this process shows windows as well. Raises DrawError if this machine cannot draw."""
        self._open3d = load_open3d(windows=beside_window)
        self._visualizer = self._open3d.visualization.Visualizer()
        if not self._visualizer.create_window("latentvr", *INNER_SIZE, visible=False):
            raise DrawError("Open3D finds no way to draw; expected an OpenGL driver, such as package libegl-mesa0")
        self._stage = Stage(self._open3d, self._visualizer)
        self._readback = Readback(self._visualizer, *INNER_SIZE)

    def paint(self, drawing: Drawing, width: int) -> Image.Image:
        """Return the picture, RGBX, `width` pixels wide and as high as its aspect wants. Raises DrawError."""
        try:
            self._stage.show(drawing, INNER_SIZE[1])
            place_camera(self._open3d, self._visualizer, drawing.camera, *INNER_SIZE)
            large = self._readback.take()
        except RuntimeError as error:
            raise DrawError(f"Open3D could not draw: {error}") from error
        size = width, round(width / ASPECT)
        light, headroom = _glow(*size)
        return ImageChops.add_modulo(ImageChops.darker(_smaller(large, size), headroom), light)

    def close(self) -> None:
        """Let go of the graphics context."""
        self._visualizer.destroy_window()


def _smaller(large: Image.Image, size: tuple[int, int]) -> Image.Image:
    times, rest = divmod(large.width, size[0])
    # Averaging whole pixels costs a fifth of the general way.
    return large.resize(size, Image.Resampling.BICUBIC) if rest else large.reduce(times)


@lru_cache(maxsize=2)
def _glow(width: int, height: int) -> tuple[Image.Image, Image.Image]:
    """Return what to add to a picture, and what the picture may have at most for that."""
    light = Image.fromarray(glow(width, height), "RGBX")
    return light, ImageChops.invert(light)
