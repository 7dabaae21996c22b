"""What is under the mouse: where a ball comes to rest on the items there, and which item is meant."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cloud_view.camera import Camera

FloatArray = npt.NDArray[np.floating]
Float32Array = npt.NDArray[np.float32]

_DENSE = 0.5
"""Items are dense where a ball holds at least this share of what it can hold along the line of sight."""
_FEWEST = 3
_NEAREST_M = 0.02


@dataclass(frozen=True)
class Viewport:
    """Size of the window, pixels."""

    width: int
    height: int


class Picker:
    """The items of one frame as one camera sees them. Coordinates of the camera: x right, y up, z ahead; metres."""

    def __init__(self, points: FloatArray, camera: Camera, viewport: Viewport) -> None:
        """Take (N, 3) `points` in the stage, metres."""
        self.camera = camera
        self.viewport = viewport
        away = (np.asarray(points) - camera.eye).astype(np.float32)
        self._axes = np.stack([camera.right, camera.up, camera.forward]).astype(np.float32)
        self._seen: Float32Array = self._axes @ away.T
        self._squares: Float32Array = np.einsum("ij,ij->j", self._seen, self._seen)
        self._focal = camera.pixels_per_metre(1.0, viewport.height)

    def direction(self, x: float, y: float) -> FloatArray:
        """Return the unit vector (3,) of the line of sight through a pixel, in the camera's coordinates."""
        away = np.array(
            [(x - self.viewport.width / 2) / self._focal, (self.viewport.height / 2 - y) / self._focal, 1.0]
        )
        return np.asarray(away / np.linalg.norm(away))

    def place(self, x: float, y: float, ahead_m: float) -> FloatArray:
        """Return the point (3,) of the stage that appears at a pixel, `ahead_m` ahead of the eye."""
        direction = self.direction(x, y)
        along = direction * (ahead_m / direction[2])
        camera = self.camera
        return np.asarray(camera.eye + along[0] * camera.right + along[1] * camera.up + along[2] * camera.forward)

    def rest(self, x: float, y: float, radius_m: float) -> float | None:
        """Return how far ahead a ball under the mouse is that comes to rest on items, metres; None: it meets none.

        It is where, nearest to the eye, the ball holds at least half of what it holds anywhere along the line of sight.
        """
        direction = self.direction(x, y)
        along = np.asarray(direction, np.float32) @ self._seen
        aside = self._squares - along * along
        depths = np.sort(along[(aside <= np.float32(radius_m**2)) & (along > _NEAREST_M)])
        if not len(depths):
            return None
        held = np.searchsorted(depths, depths + 2 * radius_m, "right") - np.arange(len(depths))
        first = int(np.argmax(held >= max(_DENSE * held.max(), min(_FEWEST, int(held.max())))))
        middle = float(depths[first : first + held[first]].mean())
        return middle * float(direction[2])

    def item(self, x: float, y: float, reach_px: float) -> int | None:
        """Return the row of the front-most item that appears within `reach_px` of a pixel; None: there is none."""
        ahead = np.maximum(self._seen[2], np.float32(_NEAREST_M))
        right = self._seen[0] * self._focal / ahead - (x - self.viewport.width / 2)
        up = self._seen[1] * self._focal / ahead + (y - self.viewport.height / 2)
        near = np.flatnonzero((right * right + up * up <= reach_px**2) & (self._seen[2] > _NEAREST_M))
        return int(near[np.argmin(self._seen[2, near])]) if len(near) else None
