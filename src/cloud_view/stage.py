"""Drawings in an Open3D visualizer.

Thread rule: a visualizer is made, used and closed on one thread; OpenGL knows it by its thread.
"""

from typing import Any

import numpy as np

from cloud_view.camera import Camera, Subject
from cloud_view.drawing import Drawing
from cloud_view.surroundings import FARTHEST_M, GROUND

_NEAREST_M = 0.02


class Stage:
    """The shapes of a drawing in an Open3D visualizer: one mesh, one set of lines, one set of points."""

    def __init__(self, open3d: Any, visualizer: Any) -> None:
        self._open3d = open3d
        self._visualizer = visualizer
        self._mesh = open3d.geometry.TriangleMesh()
        self._lines = open3d.geometry.LineSet()
        self._points = open3d.geometry.PointCloud()
        self._there: set[int] = set()
        prepare(visualizer)

    def show(self, drawing: Drawing, height_px: int) -> None:
        """Replace all shapes; the camera stays where it is."""
        if not self._there:
            give_extent(self._open3d, self._visualizer, drawing.subject)
        utility = self._open3d.utility
        self._mesh.vertices = utility.Vector3dVector(drawing.mesh.vertices)
        self._mesh.vertex_colors = utility.Vector3dVector(drawing.mesh.colors)
        self._mesh.triangles = utility.Vector3iVector(drawing.mesh.triangles)
        self._lines.points = utility.Vector3dVector(drawing.lines.points)
        self._lines.lines = utility.Vector2iVector(drawing.lines.segments)
        self._lines.colors = utility.Vector3dVector(drawing.lines.colors)
        self._points.points = utility.Vector3dVector(drawing.points.positions)
        self._points.colors = utility.Vector3dVector(drawing.points.colors)
        size_px = point_size_px(drawing.points.radius, drawing.camera, drawing.subject, height_px)
        self._visualizer.get_render_option().point_size = size_px
        for geometry, filled in (
            (self._mesh, len(drawing.mesh.triangles)),
            (self._lines, len(drawing.lines.segments)),
            (self._points, len(drawing.points.positions)),
        ):
            self._update(geometry, bool(filled))

    def _update(self, geometry: Any, filled: bool) -> None:
        # Open3D complains about empty geometry, so that is taken out.
        if filled and id(geometry) in self._there:
            self._visualizer.update_geometry(geometry)
        elif filled:
            self._visualizer.add_geometry(geometry, reset_bounding_box=False)
            self._there.add(id(geometry))
        elif id(geometry) in self._there:
            self._visualizer.remove_geometry(geometry, reset_bounding_box=False)
            self._there.discard(id(geometry))


def prepare(visualizer: Any) -> None:
    """Have a new visualizer draw plain colours on the ground's."""
    option = visualizer.get_render_option()
    option.background_color = GROUND
    option.mesh_show_back_face = True
    option.light_on = False


def give_extent(open3d: Any, visualizer: Any, subject: Subject) -> None:
    """Tell Open3D how large the scene is: it measures all camera movements by that, and shows nothing without."""
    corners = np.array([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]) * subject.radius + subject.center
    anchor = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(corners))
    visualizer.add_geometry(anchor, reset_bounding_box=True)
    visualizer.remove_geometry(anchor, reset_bounding_box=False)


def point_size_px(radius_m: float, camera: Camera, subject: Subject, height_px: int) -> float:
    """Return how large a point of `radius_m` in the middle of the subject appears, pixels across."""
    depth_m = max(float(camera.depths(subject.center)), _NEAREST_M)
    return max(1.0, 2 * radius_m * camera.pixels_per_metre(depth_m, height_px))


def place_camera(open3d: Any, visualizer: Any, camera: Camera, width: int, height: int) -> None:
    """Put the visualizer's camera where `camera` is."""
    pinhole = open3d.camera.PinholeCameraParameters()
    focal = camera.pixels_per_metre(1.0, height)
    pinhole.intrinsic = open3d.camera.PinholeCameraIntrinsic(
        width, height, focal, focal, width / 2 - 0.5, height / 2 - 0.5
    )
    pinhole.extrinsic = camera.camera_from_stage()
    control = visualizer.get_view_control()
    control.set_constant_z_near(_NEAREST_M)
    control.set_constant_z_far(FARTHEST_M)
    control.convert_from_pinhole_camera_parameters(pinhole, allow_arbitrary=True)
