"""What the mouse holds, and what it would mark, as shapes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cloud_view.camera import Camera, Subject
from cloud_view.cloud_shapes import ball_radius
from cloud_view.force_shapes import brought_forward
from cloud_view.shapes import Lines, Mesh, balls, circle, discs, join_lines, join_meshes, rings, rods
from cloud_view.surroundings import GROUND

FloatArray = npt.NDArray[np.floating]

_ERASER = np.array([0.9, 0.9, 0.92])
_NOTHING = np.array([0.55, 0.58, 0.64])
_RIM_PX, _EDGE_PX = 2.2, 1.6
_MOST_SELECTED = 2_500
_SELECTED_SIZE = 1.7
_FORWARD = 0.5
"""So far, as a share of the subject's radius, what would be marked is drawn nearer: items before it hide nothing."""
_CORNERS = 8
_EDGES = np.array([(0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (1, 3), (4, 6), (5, 7), (0, 4), (1, 5), (2, 6), (3, 7)])


def color_of(category: int, erases: bool, packed: dict[int, int]) -> FloatArray:
    """Return the colour (3,), 0 to 1, in which the mouse marks; `packed`: 0xRRGGBB of each category."""
    if erases:
        return _ERASER
    if category not in packed:
        return _NOTHING
    value = packed[category]
    return np.array([value >> 16 & 255, value >> 8 & 255, value & 255]) / 255


@dataclass(frozen=True)
class Tool:
    """Where the brush is (3,), metres, and how large; with `half_m` (3,) it is a box along the camera's axes."""

    place: FloatArray
    radius_m: float
    color: FloatArray
    half_m: FloatArray | None = None


def tool_shape(tool: Tool, camera: Camera, height_px: int) -> tuple[Mesh, Lines]:
    """Return the brush: a rim and thin great circles; or the edges of a box."""
    depth = max(float(camera.depths(tool.place)), 0.05)
    pixel = 1.0 / camera.pixels_per_metre(depth, height_px)
    if tool.half_m is not None:
        return _box(tool.place, tool.half_m, tool.color, camera, _EDGE_PX * pixel), Lines()
    one, radius = tool.place[None], np.array([tool.radius_m])
    rim = rings(one, radius, np.array([_RIM_PX * pixel]), (0.8 * tool.color + 0.2)[None], camera, 72)
    thin = 0.5 * tool.color + 0.5 * GROUND
    axes = np.eye(3)
    lines = [circle(tool.place, tool.radius_m, axes[i], axes[(i + 1) % 3], thin, 48) for i in range(3)]
    return Mesh(brought_forward(rim.vertices, tool.radius_m, camera), rim.colors, rim.triangles), join_lines(lines)


def _box(center: FloatArray, half: FloatArray, color: FloatArray, camera: Camera, width: float) -> Mesh:
    axes = np.stack([camera.right, camera.up, camera.forward])
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    corners = center + (signs * half) @ axes
    radii = np.full((len(_EDGES), 2), width)
    return rods(corners[_EDGES[:, 0]], corners[_EDGES[:, 1]], radii, 0.75 * color + 0.25, camera)


def selection_shape(points: FloatArray, color: FloatArray, count: int, camera: Camera, subject: Subject) -> Mesh:
    """Return the items (K, 3) that would be marked, of `count` in the cloud, as balls: some, if very many."""
    if not len(points):
        return Mesh()
    step = -(-len(points) // _MOST_SELECTED)
    points = brought_forward(points[::step], _FORWARD * subject.radius, camera)
    # Nearer to the eye they would look larger.
    nearer = camera.depths(points) / np.maximum(camera.depths(subject.center), 1e-6)
    radii = _SELECTED_SIZE * ball_radius(count, subject.radius) * np.clip(nearer, 0.2, 1.0) * min(step, 2) ** 0.5
    rim = discs(points + camera.forward * radii[:, None] * 0.2, radii * 1.35, 0.35 + 0.65 * color, camera, _CORNERS)
    inside = balls(points, radii, np.tile(color, (len(points), 1)), camera, _CORNERS)
    return join_meshes([rim, inside])
