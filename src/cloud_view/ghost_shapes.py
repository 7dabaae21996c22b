"""What was, beside a branch of training: the ghost as faint points, and arrows from where items were to where they are.

What of it is drawn is in latentvr_common/ghost.py.
"""

import numpy as np
import numpy.typing as npt

from cloud_view import depth_cue
from cloud_view.camera import Camera, Subject
from cloud_view.cloud_shapes import ball_radius
from cloud_view.force_shapes import arrows, brought_forward
from cloud_view.lens import focus_of, hiding
from cloud_view.shapes import Mesh, discs, join_meshes
from latentvr_common.ghost import GHOST_COLOR, POINT_SIZE, STILL, Differences, arrow_colors, differences, points_of
from latentvr_common.scene import Ghost, Scene

FloatArray = npt.NDArray[np.floating]

_CORNERS = 6
_MOVED_RADIUS, _TURNED_RADIUS = 0.0015, 0.0022
"""Of arrows, as shares of the subject's."""
_FORWARD = 0.4
"""As with forces: so far, as a share of that radius, arrows are drawn nearer to the camera."""


def ghost_shapes(scene: Scene, camera: Camera, subject: Subject) -> Mesh:
    """Return the ghost of `scene`, and what is another way than in it; nothing without one."""
    ghost = scene.ghost
    if ghost is None:
        return Mesh()
    points = _faded(_points(scene, ghost, camera, subject), camera, subject)
    leading = _faded(
        _arrows(scene, differences(scene, ghost, STILL * subject.radius), camera, subject), camera, subject
    )
    before = brought_forward(leading.vertices, _FORWARD * subject.radius, camera)
    return join_meshes([points, Mesh(before, leading.colors, leading.triangles)])


def _faded(mesh: Mesh, camera: Camera, subject: Subject) -> Mesh:
    near = depth_cue.nearness(mesh.vertices, camera, subject)
    return Mesh(mesh.vertices, depth_cue.faded(mesh.colors, near), mesh.triangles)


def _arrows(scene: Scene, found: Differences, camera: Camera, subject: Subject) -> Mesh:
    """Return arrows from where items were to where they are: thicker ones of those that are predicted otherwise."""
    seen = ~hiding(found.ends, camera, focus_of(scene))
    colors, vectors = arrow_colors(scene, found), found.ends - found.starts
    return join_meshes(
        [
            arrows(found.starts[part], vectors[part], radius * subject.radius, colors[part], camera)
            for part, radius in ((seen & ~found.turned, _MOVED_RADIUS), (seen & found.turned, _TURNED_RADIUS))
        ]
    )


def _points(scene: Scene, ghost: Ghost, camera: Camera, subject: Subject) -> Mesh:
    """Return some items of the ghost, as discs."""
    chosen = points_of(ghost)
    where = scene.placement.stage_from_latent(chosen)
    where = where[~hiding(where, camera, focus_of(scene))]
    radii = np.full(len(where), POINT_SIZE * ball_radius(len(chosen), subject.radius))
    return discs(where, radii, np.array(GHOST_COLOR) / 255, camera, _CORNERS)
