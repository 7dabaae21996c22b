"""What the two threads of the bridge tell each other about pictures. No OpenXR, no ROS, no OpenGL.

Thread rule: whoever hears the topics gives scenes and asks for mirror pictures; the loop's thread takes them and gives
pictures. Neither waits for the other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from latentvr_common.newest import Newest
from latentvr_common.scene import Scene
from xr_bridge.panels import Panels

_NEWEST = 0.2
"""Weight of the newest frame in what drawing one takes."""
Picture = npt.NDArray[np.uint8]
"""(H, W, 3), red, green, blue, the top row first."""


@dataclass
class Show:
    """One for a bridge."""

    on_mirror: Callable[[Picture], object]
    """Called on the loop's thread with a picture of what the person sees."""
    scenes: Newest[tuple[Scene, Panels]] = field(default_factory=Newest)
    """What there is to draw, and what to write beside it."""
    _taken: tuple[Scene, Panels] | None = None
    picture_s: float = 0.0
    """What drawing a frame takes lately, seconds; 0: nothing was drawn."""
    mirror_rate_hz: float = 0.0
    """How many mirror pictures a second are wanted now; 0: none."""
    mirror_width: int = 640
    """Of these, pixels."""
    resolution: float = 1.0
    """Of pictures for the eyes, as a share of what the runtime recommends."""
    most_points: int = 300_000
    """Of a larger cloud only so many points are drawn."""

    def take(self) -> tuple[Scene, Panels] | None:
        """Return what is new to draw; None: nothing is. On the loop's thread."""
        found = self.scenes.take()
        if found is not None:
            self._taken = found
        return found

    def note_picture(self, took_s: float) -> None:
        """Take note that a frame took so long to be drawn. On the loop's thread."""
        self.picture_s += (took_s - self.picture_s) * (_NEWEST if self.picture_s else 1.0)

    def again(self) -> None:
        """Have what was taken last drawn again, unless there is something new: a new session knows nothing of it."""
        newer = self.scenes.take()
        wanted = newer if newer is not None else self._taken
        if wanted is not None:
            self.scenes.put(wanted)

    def forget(self) -> None:
        """Do not draw again what was taken last: it cannot be drawn."""
        self._taken = None
