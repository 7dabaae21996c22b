"""Shapes of an Open3D visualizer by name. What is the same object as before is not sent again.

Thread rule: as in stage.py.
"""

from typing import Any

import numpy as np

from cloud_view.cloud_shapes import Points
from cloud_view.shapes import Lines, Mesh

Shape = Mesh | Lines | Points


class Layers:
    """The shapes of one visualizer."""

    def __init__(self, open3d: Any, visualizer: Any) -> None:
        self._open3d = open3d
        self._visualizer = visualizer
        self._shown: dict[str, tuple[Shape, Any]] = {}
        self.sent = 0
        """How often a shape was sent."""

    def show(self, name: str, shape: Shape) -> None:
        """Have `shape` be what is called `name`; an empty one is not drawn."""
        before = self._shown.get(name)
        if before is not None and before[0] is shape:
            return
        if not _filled(shape):
            self.hide(name)
            return
        geometry = before[1] if before is not None else self._made(shape)
        self._fill(geometry, shape)
        if before is None:
            self._visualizer.add_geometry(geometry, reset_bounding_box=False)
        else:
            self._visualizer.update_geometry(geometry)
        self._shown[name] = shape, geometry
        self.sent += 1

    def hide(self, name: str) -> None:
        """Draw nothing of that name."""
        before = self._shown.pop(name, None)
        if before is not None:
            self._visualizer.remove_geometry(before[1], reset_bounding_box=False)

    def _made(self, shape: Shape) -> Any:
        geometry = self._open3d.geometry
        if isinstance(shape, Mesh):
            return geometry.TriangleMesh()
        return geometry.LineSet() if isinstance(shape, Lines) else geometry.PointCloud()

    def _fill(self, geometry: Any, shape: Shape) -> None:
        utility = self._open3d.utility
        if isinstance(shape, Mesh):
            geometry.vertices = utility.Vector3dVector(shape.vertices)
            geometry.vertex_colors = utility.Vector3dVector(shape.colors)
            geometry.triangles = utility.Vector3iVector(shape.triangles)
        elif isinstance(shape, Lines):
            geometry.points = utility.Vector3dVector(shape.points)
            geometry.lines = utility.Vector2iVector(shape.segments)
            geometry.colors = utility.Vector3dVector(shape.colors)
        else:
            geometry.points = utility.Vector3dVector(np.asarray(shape.positions, np.float64))
            geometry.colors = utility.Vector3dVector(np.asarray(shape.colors, np.float64))


def _filled(shape: Shape) -> bool:
    if isinstance(shape, Mesh):
        return bool(len(shape.triangles))
    return bool(len(shape.segments) if isinstance(shape, Lines) else len(shape.positions))
