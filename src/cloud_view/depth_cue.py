"""Depth by colour: what is farther away fades into the ground."""

import numpy as np
import numpy.typing as npt

from cloud_view.camera import Camera, Subject
from cloud_view.surroundings import GROUND

FloatArray = npt.NDArray[np.floating]

FADE = 0.68
"""So much of the colour is gone at the far side of the subject."""


def nearness(points: FloatArray, camera: Camera, subject: Subject) -> FloatArray:
    """Return 1 for points (N, 3) at the subject's near side, 0 at its far side and beyond, (N,)."""
    middle = float(camera.depths(subject.center))
    behind = camera.depths(points) - (middle - subject.radius)
    return np.asarray(np.clip(1.0 - behind / (2 * subject.radius), 0.0, 1.0))


def faded(colors: FloatArray, near: FloatArray) -> FloatArray:
    """Mix `colors` (N, 3) with the ground as far as they are not `near` (N,), 0 to 1."""
    lost = FADE * (1.0 - near)
    return np.asarray(colors + lost[:, None] * (GROUND - colors))
