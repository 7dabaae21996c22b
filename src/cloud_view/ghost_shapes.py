"""What was, beside a branch of training: the ghost as faint points, and arrows from where items were to where they are.

An arrow has the colour of the category that its item is predicted as now, where that is another than in the ghost.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cloud_view import depth_cue
from cloud_view.camera import Camera, Subject
from cloud_view.cloud_shapes import ball_radius
from cloud_view.force_shapes import arrows, brought_forward
from cloud_view.lens import focus_of, hiding
from cloud_view.shapes import Mesh, discs, join_meshes
from latentvr_common.colors import split_rgb
from latentvr_common.scene import Ghost, Scene

FloatArray = npt.NDArray[np.floating]
Rows = npt.NDArray[np.intp]

MOST_POINTS = 4_000
MOST_ARROWS = 240
GHOST_COLOR = (98, 106, 122)
_MOVED_COLOR = (158, 167, 184)
_LIGHTER = 0.3
"""Arrows are so much nearer to white than items of their category, among which they end."""
_STILL = 0.02
"""What has moved by less than this share of the subject's radius has no arrow."""
_POINT_SIZE = 0.55
"""Of an unlabelled item of a cloud that has as many items as there are points."""
_CORNERS = 6
_MOVED_RADIUS, _TURNED_RADIUS = 0.0015, 0.0022
"""Of arrows, as shares of the subject's."""
_FORWARD = 0.4
"""As with forces: so far, as a share of that radius, arrows are drawn nearer to the camera."""


@dataclass(frozen=True)
class Differences:
    """K items that are elsewhere than in the ghost, or are predicted otherwise."""

    rows: Rows
    """(K,), in order of importance: what is predicted otherwise first, then what moved most."""
    starts: FloatArray
    """(K, 3), where they were, metres, frame stage."""
    ends: FloatArray
    """(K, 3), where they are."""
    turned: npt.NDArray[np.bool_]
    """(K,), whether they are predicted otherwise."""


def differences(scene: Scene, ghost: Ghost, still_m: float) -> Differences:
    """Return the at most 240 items that differ most; what has moved by less than `still_m` is not among them."""
    moved_m = np.linalg.norm(scene.cloud.positions - ghost.positions, axis=1) * scene.placement.scale
    turned = scene.cloud.predicted != ghost.predicted
    there = np.flatnonzero(moved_m > still_m)
    importance = (moved_m + turned * (1.0 + moved_m.max(initial=0.0)))[there]
    # All of them need no order: there may be a hundred thousand.
    first = np.argpartition(-importance, MOST_ARROWS)[:MOST_ARROWS] if len(there) > MOST_ARROWS else slice(None)
    rows = there[first][np.argsort(-importance[first], kind="stable")]
    was, now = (scene.placement.stage_from_latent(where[rows]) for where in (ghost.positions, scene.cloud.positions))
    return Differences(rows, was, now, turned[rows])


def ghost_shapes(scene: Scene, camera: Camera, subject: Subject) -> Mesh:
    """Return the ghost of `scene`, and what is another way than in it; nothing without one."""
    ghost = scene.ghost
    if ghost is None:
        return Mesh()
    points = _faded(_points(scene, ghost, camera, subject), camera, subject)
    leading = _faded(
        _arrows(scene, differences(scene, ghost, _STILL * subject.radius), camera, subject), camera, subject
    )
    before = brought_forward(leading.vertices, _FORWARD * subject.radius, camera)
    return join_meshes([points, Mesh(before, leading.colors, leading.triangles)])


def _faded(mesh: Mesh, camera: Camera, subject: Subject) -> Mesh:
    near = depth_cue.nearness(mesh.vertices, camera, subject)
    return Mesh(mesh.vertices, depth_cue.faded(mesh.colors, near), mesh.triangles)


def _arrows(scene: Scene, found: Differences, camera: Camera, subject: Subject) -> Mesh:
    """Return arrows from where items were to where they are: thicker ones of those that are predicted otherwise."""
    seen = ~hiding(found.ends, camera, focus_of(scene))
    colors, vectors = _arrow_colors(scene, found), found.ends - found.starts
    return join_meshes(
        [
            arrows(found.starts[part], vectors[part], radius * subject.radius, colors[part], camera)
            for part, radius in ((seen & ~found.turned, _MOVED_RADIUS), (seen & found.turned, _TURNED_RADIUS))
        ]
    )


def _points(scene: Scene, ghost: Ghost, camera: Camera, subject: Subject) -> Mesh:
    """Return at most 4,000 items of the ghost, evenly chosen, as discs."""
    count = len(ghost.positions)
    chosen = np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).astype(int))
    where = scene.placement.stage_from_latent(ghost.positions[chosen])
    where = where[~hiding(where, camera, focus_of(scene))]
    radii = np.full(len(where), _POINT_SIZE * ball_radius(len(chosen), subject.radius))
    return discs(where, radii, np.array(GHOST_COLOR) / 255, camera, _CORNERS)


def _arrow_colors(scene: Scene, found: Differences) -> FloatArray:
    """Return the colours (K, 3) of arrows, 0 to 1."""
    known = scene.colors()
    predicted = scene.cloud.predicted[found.rows]
    colors = np.full((len(predicted), 3), _MOVED_COLOR, float)
    for category in np.unique(predicted[found.turned]):
        if int(category) in known:
            color = split_rgb(known[int(category)]).astype(float)
            colors[found.turned & (predicted == category)] = color + _LIGHTER * (255.0 - color)
    return np.asarray(colors / 255.0)
