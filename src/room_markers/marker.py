"""One marker as plain data: what visualization_msgs/Marker says, as far as it is used here.

All are in the frame `latent`, in latent units: there the cloud is, and a transform between frames cannot say how many
metres a latent unit is.
"""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]


class Kind(IntEnum):
    """What it looks like. Equal to the constants of Marker.msg."""

    ARROW = 0
    SPHERE = 2
    LINE_LIST = 5
    SPHERE_LIST = 7
    TEXT = 9


@dataclass(frozen=True)
class Marker:
    """One marker: `namespace` and `number` name it, and another one of the same name takes its place."""

    namespace: str
    number: int
    kind: Kind
    points: FloatArray
    """(K, 3), latent units: of an arrow both ends, of lines two ends each, of a sphere or a text one place."""
    size: float
    """Latent units: diameter of spheres and of an arrow's shaft, width of lines, height of text."""
    rgba: tuple[float, float, float, float]
    """Each 0 to 1."""
    colors: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))
    """(K, 3) red, green, blue, each 0 to 1, of each point; (0, 3): `rgba` holds for all."""
    text: str = ""

    @property
    def name(self) -> tuple[str, int]:
        """What names it."""
        return self.namespace, self.number
