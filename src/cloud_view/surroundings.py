"""What is around the cloud: a glow in the middle of the picture, and a round grid below the cloud."""

import numpy as np
import numpy.typing as npt

from cloud_view.camera import Subject
from cloud_view.shapes import Lines, circle, join_lines

FloatArray = npt.NDArray[np.floating]

GROUND = np.array([9.0, 11.0, 16.0]) / 255
"""The colour of everything that is far away."""
_GLOW = np.array([17.0, 20.0, 28.0, 0.0], dtype=np.float32)
_GLOW_REACH = 0.72
"""Of the picture's height."""
_GRID = np.array([72.0, 84.0, 108.0]) / 255
FARTHEST_M = 30.0


def glow(width: int, height: int) -> npt.NDArray[np.uint8]:
    """Return what to add to a picture so that its middle is a little lighter (H, W, 4), RGBX.

    Fractions of a step of brightness are kept by noise, which hides the bands that a dark gradient has otherwise.
    """
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = np.hypot((x - 0.56 * width) / height, (y - 0.46 * height) / height)
    share = np.exp(-((away / _GLOW_REACH) ** 2))[..., None]
    noise = np.random.default_rng(0).random((height, width, 1), dtype=np.float32)
    return np.asarray(np.floor(share * _GLOW + noise), dtype=np.uint8)


_CIRCLES, _SPOKES, _SPOKE_PARTS = 6, 20, 8
_GRID_REACH = 2.3
_BELOW = 1.12


def floor_grid(subject: Subject) -> Lines:
    """Return circles and spokes below the subject that fade into the ground colour outwards."""
    center = subject.center - np.array([0.0, _BELOW * subject.radius, 0.0])
    reach = _GRID_REACH * subject.radius
    x, z = np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
    circles = [
        circle(center, reach * share, x, z, _faded(np.array([share]))[0], 64)
        for share in np.arange(1, _CIRCLES + 1) / _CIRCLES
    ]
    return join_lines([*circles, _spokes(center, reach)])


def _spokes(center: FloatArray, reach: float) -> Lines:
    angles = np.linspace(0, 2 * np.pi, _SPOKES, endpoint=False)
    out = np.stack([np.cos(angles), np.zeros(_SPOKES), np.sin(angles)], axis=1)
    shares = np.linspace(1 / _CIRCLES, 1.0, _SPOKE_PARTS + 1)
    points = center + reach * shares[None, :, None] * out[:, None, :]
    first = np.arange(_SPOKE_PARTS) + (_SPOKE_PARTS + 1) * np.arange(_SPOKES)[:, None]
    segments = np.stack([first, first + 1], axis=-1).reshape(-1, 2).astype(np.int32)
    colors = np.tile(_faded((shares[1:] + shares[:-1]) / 2), (_SPOKES, 1))
    return Lines(points.reshape(-1, 3), segments, colors)


def _faded(shares: FloatArray) -> FloatArray:
    """Return the colour of the grid at `shares` (K,) of its reach, (K, 3)."""
    strength = (1.0 - shares) ** 1.4
    return np.asarray(GROUND + strength[:, None] * (_GRID - GROUND))
