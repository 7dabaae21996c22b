"""The camera: where it stands, what it sees, and its slow way around the cloud. Stage frame, metres, y up."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]

UP = np.array([0.0, 1.0, 0.0])
FIELD_OF_VIEW_DEG = 36.0
"""Vertical."""

_TURN_DEG = 0.55
_START_DEG = 24.0
_ELEVATION_DEG = 15.0
_SWAY_DEG = 6.0
_SWAY_PICTURES = 420
_ROOM = 1.24
_ASIDE = 0.3
_SMALLEST_M = 0.05
"""Of a subject: nearer than that, the camera would stand before its own near plane."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera. `right`, `up` and `forward` are orthonormal, each (3,)."""

    eye: FloatArray
    right: FloatArray
    up: FloatArray
    forward: FloatArray
    fov_deg: float = FIELD_OF_VIEW_DEG
    """Vertical."""

    def depths(self, points: FloatArray) -> FloatArray:
        """Return how far ahead of the eye `points` (..., 3) are, metres (...)."""
        return np.asarray((points - self.eye) @ self.forward)

    def pixels_per_metre(self, depth_m: float, height_px: int) -> float:
        """Return the size of a metre that is `depth_m` ahead, in a picture `height_px` high."""
        return height_px / (2.0 * depth_m * math.tan(math.radians(self.fov_deg) / 2))

    def pixels(self, points: FloatArray, width_px: int, height_px: int) -> FloatArray:
        """Return where `points` (..., 3) appear, pixels from the picture's top left corner (..., 2)."""
        away = points - self.eye
        focal = height_px / (2.0 * math.tan(math.radians(self.fov_deg) / 2))
        ahead = away @ self.forward
        x = width_px / 2 + focal * (away @ self.right) / ahead
        y = height_px / 2 - focal * (away @ self.up) / ahead
        return np.stack([x, y], axis=-1)

    def camera_from_stage(self) -> FloatArray:
        """Return the rigid transform (4, 4) to x right, y down, z ahead, as Open3D and OpenCV have it."""
        rotation = np.stack([self.right, -self.up, self.forward])
        matrix = np.eye(4)
        matrix[:3, :3] = rotation
        matrix[:3, 3] = -rotation @ self.eye
        return matrix


def look(eye: FloatArray, target: FloatArray, fov_deg: float = FIELD_OF_VIEW_DEG) -> Camera:
    """Return a camera at `eye` (3,) that looks at `target` (3,), upright; the two must not be above each other."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, UP)
    right /= np.linalg.norm(right)
    return Camera(eye, right, np.cross(right, forward), forward, fov_deg)


def from_transform(camera_from_stage: FloatArray, fov_deg: float) -> Camera:
    """Return the camera of a rigid transform (4, 4), the inverse of `Camera.camera_from_stage`."""
    rotation = camera_from_stage[:3, :3]
    eye = -rotation.T @ camera_from_stage[:3, 3]
    return Camera(eye, rotation[0], -rotation[1], rotation[2], fov_deg)


@dataclass(frozen=True)
class Subject:
    """What the camera frames: a ball around `center` (3,) with `radius`, metres."""

    center: FloatArray
    radius: float


def subject_of(points: FloatArray) -> Subject:
    """Return the ball that holds nearly all of `points` (N, 3), N at least 1; a few stray points may lie outside."""
    center = points.mean(axis=0)
    radius = float(np.percentile(np.linalg.norm(points - center, axis=1), 98.0))
    return Subject(center, max(radius, _SMALLEST_M))


class Framing:
    """Follows the subject gently from picture to picture, so that a growing cloud does not make the camera jump."""

    _FOLLOW = 0.08

    def __init__(self) -> None:
        self._subject: Subject | None = None

    def follow(self, wanted: Subject) -> Subject:
        """Return what to frame in the next picture."""
        before = self._subject
        if before is None:
            self._subject = wanted
        else:
            center = before.center + self._FOLLOW * (wanted.center - before.center)
            self._subject = Subject(center, before.radius + self._FOLLOW * (wanted.radius - before.radius))
        return self._subject


def orbit(subject: Subject, picture: int) -> Camera:
    """Return the camera of picture number `picture` (0, 1, ...): around in about 650 pictures, swaying a little."""
    azimuth = math.radians(_START_DEG + _TURN_DEG * picture)
    elevation = math.radians(_ELEVATION_DEG + _SWAY_DEG * math.sin(2 * math.pi * picture / _SWAY_PICTURES))
    out = np.array(
        [math.cos(elevation) * math.sin(azimuth), math.sin(elevation), math.cos(elevation) * math.cos(azimuth)]
    )
    distance = _ROOM * subject.radius / math.sin(math.radians(FIELD_OF_VIEW_DEG) / 2)
    straight = look(subject.center + distance * out, subject.center)
    # The caption stands at the left, so the subject moves to the right.
    aside = straight.right * (_ASIDE * subject.radius)
    return Camera(straight.eye - aside, straight.right, straight.up, straight.forward)
