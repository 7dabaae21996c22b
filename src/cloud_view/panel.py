"""Words or a picture in an Open3D window, which has no other text: a plate right before the camera, which goes with it.

Thread rule: as in stage.py.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from cloud_view.camera import Camera
from cloud_view.surroundings import GROUND

FloatArray = npt.NDArray[np.floating]

_DEPTH_M = 0.03


def plate_corners(
    camera: Camera, viewport: tuple[int, int], plate: tuple[int, int], place: tuple[float, float]
) -> FloatArray:
    """Return where a plate must be so that one of its pixels covers one of the window's (4, 3), metres.

    Order: left top, right top, right bottom, left bottom. `viewport` and `plate`: width and height, pixels. `place` of
    its left top corner in the window, pixels.
    """
    metres = 1.0 / camera.pixels_per_metre(_DEPTH_M, viewport[1])
    left, top = place[0] - viewport[0] / 2, viewport[1] / 2 - place[1]
    right, bottom = left + plate[0], top - plate[1]
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) * metres
    middle = camera.eye + camera.forward * _DEPTH_M
    return middle + corners[:, :1] * camera.right + corners[:, 1:] * camera.up


class Panel:
    """One plate of one visualizer."""

    def __init__(self, open3d: Any, visualizer: Any) -> None:
        self._open3d = open3d
        self._visualizer = visualizer
        self._mesh: Any = None
        self._painted: Image.Image | None = None

    def show(self, painted: Image.Image, camera: Camera, viewport: tuple[int, int], place: tuple[float, float]) -> None:
        """Show what is painted; `place` of its left top corner, pixels. The same picture again is not sent anew."""
        fresh = painted is not self._painted
        if fresh:
            self.hide()
            self._mesh = self._plate(on_ground(painted))
        corners = plate_corners(camera, viewport, painted.size, place)
        self._mesh.vertices = self._open3d.utility.Vector3dVector(corners)
        if fresh:
            self._visualizer.add_geometry(self._mesh, reset_bounding_box=False)
        else:
            self._visualizer.update_geometry(self._mesh)
        self._painted = painted

    def hide(self) -> None:
        """Show nothing."""
        if self._mesh is not None:
            self._visualizer.remove_geometry(self._mesh, reset_bounding_box=False)
        self._mesh = self._painted = None

    def _plate(self, painted: Image.Image) -> Any:
        utility = self._open3d.utility
        plate = self._open3d.geometry.TriangleMesh()
        plate.triangles = utility.Vector3iVector(np.array([[0, 2, 1], [0, 3, 2]], np.int32))
        corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        plate.triangle_uvs = utility.Vector2dVector(corners[[0, 2, 1, 0, 3, 2]])
        plate.triangle_material_ids = utility.IntVector([0, 0])
        plate.textures = [self._open3d.geometry.Image(np.ascontiguousarray(painted))]
        return plate


def on_ground(painted: Image.Image) -> Image.Image:
    """Return what is painted on the colour of the window's ground: Open3D does not draw what is half transparent."""
    red, green, blue = (round(255 * float(value)) for value in GROUND)
    ground = Image.new("RGBA", painted.size, (red, green, blue, 255))
    return Image.alpha_composite(ground, painted).convert("RGB")
