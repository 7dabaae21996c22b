"""A scene, seen from a camera, as the shapes that a renderer takes."""

from dataclasses import dataclass

from cloud_view.beacon_shapes import beacon_shapes
from cloud_view.camera import Camera, Subject
from cloud_view.cloud_shapes import Points, cloud_shapes
from cloud_view.force_shapes import force_arrows
from cloud_view.ghost_shapes import ghost_shapes
from cloud_view.hand_shapes import hands_shape
from cloud_view.shapes import Lines, Mesh, join_lines, join_meshes
from cloud_view.surroundings import floor_grid
from cloud_view.tool_shapes import box_shape, brush_outlines, palette_shape
from latentvr_common.scene import Scene


@dataclass(frozen=True)
class Drawing:
    """What to draw, and from where."""

    camera: Camera
    subject: Subject
    mesh: Mesh
    lines: Lines
    points: Points


def draw(scene: Scene, camera: Camera, subject: Subject, *, fine: bool = False) -> Drawing:
    """Return the shapes of `scene`; `fine`: rounder ones, for a picture to be looked at long."""
    items, points = cloud_shapes(scene, camera, subject, fine=fine)
    brushes, outlines = brush_outlines(scene, camera)
    hands = hands_shape(scene.hands, camera)
    told = [shapes(scene, camera, subject) for shapes in (force_arrows, beacon_shapes, ghost_shapes)]
    return Drawing(
        camera,
        subject,
        join_meshes([items, *told, hands, palette_shape(scene), brushes, box_shape(scene, camera)]),
        join_lines([floor_grid(subject), outlines]),
        points,
    )
