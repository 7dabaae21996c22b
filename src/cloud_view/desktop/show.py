"""What one frame of the window shows, as data."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image

from cloud_view.camera import Camera
from cloud_view.desktop.cloud_layer import CloudLayer
from cloud_view.desktop.hand_shapes import Tool
from latentvr_common.hands import Hands


@dataclass(frozen=True)
class Selected:
    """Items that would be marked (K,), rows, and in which colour."""

    rows: npt.NDArray[np.uint32]
    color: npt.NDArray[np.floating]
    """(3,), 0 to 1."""


@dataclass(frozen=True)
class Placed:
    """A panel and where its left top corner is, pixels."""

    painted: Image.Image
    place: tuple[float, float]


@dataclass(frozen=True)
class Trail:
    """The way of an item through K frames: `points` (K, 3), metres, and `colors` (K, 3), 0 to 1, of the item there."""

    points: npt.NDArray[np.floating]
    colors: npt.NDArray[np.floating]
    here: int
    """Which of them is shown."""


@dataclass(frozen=True)
class Show:
    """All that a frame shows. `items`: how many; all of them: at rest."""

    layer: CloudLayer
    camera: Camera
    items: int
    tool: Tool | None = None
    selected: Selected | None = None
    panels: dict[str, Placed] = field(default_factory=dict)
    hands: Hands | None = None
    """Of others; None: nobody shows any."""
    trail: Trail | None = None
