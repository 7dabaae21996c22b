"""Where the person looks from: around the cloud, nearer and farther, to the side. Immutable."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from cloud_view.camera import FIELD_OF_VIEW_DEG, Camera, Subject, look

FloatArray = npt.NDArray[np.floating]

_DEG_PER_PX = 0.35
_STEEPEST_DEG = 86.0
_ZOOM = 1.12
_NEAREST, _FARTHEST = 0.25, 12.0
_START_DISTANCE = 1.18 / math.sin(math.radians(FIELD_OF_VIEW_DEG) / 2)
"""The subject fills the window's height."""
_ASIDE = 0.24
"""The list of categories stands at the left, so the subject appears a little to the right."""


@dataclass(frozen=True)
class Viewpoint:
    """Lengths are in radii of the subject, so that it keeps what it shows while the cloud grows."""

    azimuth_deg: float = 24.0
    elevation_deg: float = 15.0
    distance: float = _START_DISTANCE
    shift: FloatArray = field(default_factory=lambda: np.zeros(3))
    """(3,), of the point that is looked at, from the subject's middle; axes of the stage."""

    def turned(self, right_px: float, down_px: float) -> "Viewpoint":
        """Return where the person looks from when the cloud was dragged so far."""
        elevation = float(np.clip(self.elevation_deg + _DEG_PER_PX * down_px, -_STEEPEST_DEG, _STEEPEST_DEG))
        return replace(self, azimuth_deg=self.azimuth_deg - _DEG_PER_PX * right_px, elevation_deg=elevation)

    def nearer(self, steps: float) -> "Viewpoint":
        """Return the viewpoint so many steps nearer; less than 0: farther."""
        return replace(self, distance=float(np.clip(self.distance / _ZOOM**steps, _NEAREST, _FARTHEST)))

    def moved(self, right_px: float, down_px: float, height_px: int) -> "Viewpoint":
        """Return the viewpoint with the cloud moved by so many pixels of a window `height_px` high."""
        straight = self._straight(Subject(np.zeros(3), 1.0))
        scale = 1.0 / straight.pixels_per_metre(self.distance, height_px)
        return replace(self, shift=self.shift - scale * (right_px * straight.right - down_px * straight.up))

    def camera(self, subject: Subject) -> Camera:
        """Return the camera that looks at `subject` from here."""
        straight = self._straight(subject)
        aside = straight.right * (_ASIDE * subject.radius * self.distance / _START_DISTANCE)
        return Camera(straight.eye - aside, straight.right, straight.up, straight.forward)

    def _straight(self, subject: Subject) -> Camera:
        azimuth, elevation = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        level = math.cos(elevation)
        out = np.array([level * math.sin(azimuth), math.sin(elevation), level * math.cos(azimuth)])
        target = subject.center + subject.radius * self.shift
        return look(target + subject.radius * self.distance * out, target)
