"""Where the cloud hangs in the room, and the way between the frames `latent` and `stage`."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Placement:
    """stage = position + rotation * (scale * latent)."""

    position: FloatArray = field(default_factory=lambda: np.array([0.0, 1.25, -0.55]))
    """(3,), metres, frame stage: the latent origin."""
    quat_xyzw: FloatArray = field(default_factory=lambda: rotations.IDENTITY.copy())
    """(4,), unit quaternion."""
    scale: float = 0.35
    """Metres per latent unit, greater than 0."""

    def stage_from_latent(self, points: FloatArray) -> FloatArray:
        """Take points (..., 3) from latent units to metres in the stage."""
        return self.position + rotations.rotate(self.quat_xyzw, self.scale * np.asarray(points, dtype=float))

    def latent_from_stage(self, points: FloatArray) -> FloatArray:
        """Take points (..., 3) from metres in the stage to latent units."""
        there = rotations.rotate(rotations.inverse(self.quat_xyzw), np.asarray(points, dtype=float) - self.position)
        return there / self.scale
