"""The way of an item through time, as a shape."""

import numpy as np

from cloud_view.camera import Camera
from cloud_view.desktop.show import Trail
from cloud_view.force_shapes import brought_forward
from cloud_view.shapes import Mesh, balls, join_meshes, rods
from cloud_view.surroundings import GROUND

_LINE_PX, _HERE_PX = 1.5, 6.0
_OLDEST, _LATER = 0.35, 0.75
"""So much of the colour is gone where the way begins, and where the item went later."""
_BRIGHTER = 0.4
_FORWARD_M = 0.1
"""So much nearer to the eye it is drawn: items before it hide little of it."""
_LEAST_M = 1e-6


def trail_shape(trail: Trail, camera: Camera, height_px: int) -> Mesh:
    """Return a line through all places, in the colours that the item had there, and a ball where it is shown."""
    points = brought_forward(np.asarray(trail.points, np.float64), _FORWARD_M, camera)
    pixel = np.maximum(camera.depths(points), 0.05) / camera.pixels_per_metre(1.0, height_px)
    places = np.arange(len(points))
    gone = np.where(places > trail.here, _LATER, _OLDEST * (1.0 - places / max(trail.here, 1)))
    bright = trail.colors + _BRIGHTER * (1.0 - trail.colors)
    colors = bright + gone[:, None] * (GROUND - bright)
    there = np.linalg.norm(np.diff(points, axis=0), axis=1) > _LEAST_M
    starts, ends = points[:-1][there], points[1:][there]
    radii = _LINE_PX * np.stack([pixel[:-1][there], pixel[1:][there]], axis=1)
    line = rods(starts, ends, radii, colors[1:][there], camera) if there.any() else Mesh()
    here = slice(trail.here, trail.here + 1)
    return join_meshes([line, balls(points[here], _HERE_PX * pixel[here], colors[here], camera, 16)])
