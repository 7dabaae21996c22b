"""The picture that Open3D has just drawn, as bytes.

Open3D hands it out as floats, at three to ten times the cost of the bytes that the driver already has. So the driver is
asked directly, through the C library that Open3D itself draws with, once one picture has proved that this gives the
same bytes; otherwise (with a display the picture lies in another buffer) Open3D's floats are used.
"""

import ctypes
from typing import Any

import numpy as np
from PIL import Image

_GL_RGBA, _GL_UNSIGNED_BYTE = 0x1908, 0x1401
_TOP_FIRST, _BOTTOM_FIRST = 1, -1
_APART = 1e-3


class Readback:
    """Takes pictures of an Open3D `Visualizer`, all of one size. Lives on the thread of that visualizer."""

    def __init__(self, visualizer: Any, width: int, height: int) -> None:
        self._visualizer = visualizer
        self._pixels = np.zeros((height, width, 4), np.uint8)
        self._library = _opengl()
        self._proven: bool | None = None if self._library is not None else False

    def take(self) -> Image.Image:
        """Return what there is to draw now, RGB and an unused byte; valid until the next call."""
        if self._proven is None:
            self._proven = self._is_the_same()
        if self._proven:
            self._draw()
            self._read()
            return self._image(_BOTTOM_FIRST)
        self._convert(self._visualizer.capture_screen_float_buffer(True))
        return self._image(_TOP_FIRST)

    def _image(self, order: int) -> Image.Image:
        size = self._pixels.shape[1::-1]
        return Image.frombuffer("RGBX", size, self._pixels, "raw", "RGBX", 0, order)

    def _draw(self) -> None:
        # The first only notes that there is something to draw.
        self._visualizer.update_renderer()
        self._visualizer.poll_events()

    def _read(self) -> None:
        assert self._library is not None
        height, width = self._pixels.shape[:2]
        pointer = self._pixels.ctypes.data_as(ctypes.c_void_p)
        self._library.glReadPixels(0, 0, width, height, _GL_RGBA, _GL_UNSIGNED_BYTE, pointer)

    def _convert(self, floats: Any) -> None:
        np.multiply(np.asarray(floats), 255.0, out=self._pixels[..., :3], casting="unsafe")

    def _is_the_same(self) -> bool:
        self._draw()
        self._read()
        direct = self._pixels[::-1, :, :3]
        floats = np.asarray(self._visualizer.capture_screen_float_buffer(True))
        # Open3D draws once more for its floats, into another buffer, where edges may come to lie a pixel apart.
        apart = np.abs(floats[::2, ::2] * 255.0 - direct[::2, ::2]).max(axis=-1) > 1.0
        return bool(direct[::8, ::8].std() > 0.0 and apart.mean() < _APART)


def _opengl() -> ctypes.CDLL | None:
    for name in ("libGL.so.1", "libOpenGL.so.0"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None
