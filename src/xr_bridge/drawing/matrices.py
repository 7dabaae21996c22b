"""Matrices of a camera, as OpenGL takes them: column vectors, y up, -z ahead. NumPy only."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Fov:
    """How far an eye sees, angles from straight ahead, radians; left and down are negative."""

    left: float
    right: float
    up: float
    down: float


def model(position: FloatArray, quat_xyzw: FloatArray, scale: float = 1.0) -> npt.NDArray[np.float32]:
    """Return the matrix (4, 4) from a thing's own frame, in its own unit, to the one in which it stands, metres."""
    found = np.eye(4, dtype=np.float32)
    found[:3, :3] = scale * np.array(_turned(*np.asarray(quat_xyzw, dtype=float).tolist()))
    found[:3, 3] = position
    return found


def _turned(x: float, y: float, z: float, w: float) -> tuple[tuple[float, float, float], ...]:
    """Return the rows of the matrix of a unit quaternion; by single numbers, which arrays so small do not speed up."""
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )


def view(position: FloatArray, quat_xyzw: FloatArray) -> npt.NDArray[np.float32]:
    """Return the matrix (4, 4) from the stage to the frame of an eye at `position` (3,), metres."""
    turned = model(np.zeros(3), quat_xyzw)[:3, :3].T
    found = np.eye(4, dtype=np.float32)
    found[:3, :3] = turned
    found[:3, 3] = -turned @ np.asarray(position, dtype=np.float32)
    return found


def projection(fov: Fov, near_m: float, far_m: float) -> npt.NDArray[np.float32]:
    """Return the matrix (4, 4) from an eye's frame to clip space, depth -1 at `near_m` and 1 at `far_m`."""
    left, right, up, down = (math.tan(angle) for angle in (fov.left, fov.right, fov.up, fov.down))
    found = np.zeros((4, 4), dtype=np.float32)
    found[0, 0] = 2.0 / (right - left)
    found[0, 2] = (right + left) / (right - left)
    found[1, 1] = 2.0 / (up - down)
    found[1, 2] = (up + down) / (up - down)
    found[2, 2] = -(far_m + near_m) / (far_m - near_m)
    found[2, 3] = -2.0 * far_m * near_m / (far_m - near_m)
    found[3, 2] = -1.0
    return found
