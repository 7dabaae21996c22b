"""The sphere brush: its size, and which points of a cloud it touches."""

import numpy as np
import numpy.typing as npt

RADIUS_M = 0.045
"""Radius when a session begins, metres."""
SMALLEST_M = 0.01
LARGEST_M = 0.2
STEP = 1.3
"""One poke on "larger" or "smaller" changes the radius by this factor."""

FloatArray = npt.NDArray[np.floating]


def resized(radius_m: float, larger: bool) -> float:
    """Return the next larger or smaller radius, metres."""
    return float(np.clip(radius_m * STEP if larger else radius_m / STEP, SMALLEST_M, LARGEST_M))


def touched(positions: npt.NDArray[np.float32], center: FloatArray, radius: float) -> npt.NDArray[np.bool_]:
    """Tell for points (N, 3) which lie within `radius` of `center` (3,), all in one unit."""
    away = positions - np.asarray(center, dtype=np.float32)
    return np.asarray(np.einsum("ij,ij->i", away, away) <= np.float32(radius) ** 2)
