"""Forces as arrows: where an item's own pull would take it, and, thinner, where it really goes.

Each is drawn to a scale of its own, see latentvr_common/force_arrows.py.
"""

import numpy as np
import numpy.typing as npt

from cloud_view import depth_cue
from cloud_view.camera import Camera, Subject
from cloud_view.lens import focus_of, hiding
from cloud_view.shapes import Mesh, join_meshes, rods
from latentvr_common.force_arrows import MOTION_COLOR, PULL_COLOR, chosen_items, scaled
from latentvr_common.scene import Scene

FloatArray = npt.NDArray[np.floating]

_FORWARD = 0.4
"""So far, as a share of that radius, arrows are drawn nearer to the camera: items right before them hide nothing."""
_PULL_RADIUS, _MOTION_RADIUS = 0.0032, 0.0019
_HEAD_LENGTH, _HEAD_RADIUS = 9.0, 3.0
"""Of an arrow's head, in radii of its shaft."""
_MOST_HEAD = 0.6
"""Of the length of an arrow."""


def force_arrows(scene: Scene, camera: Camera, subject: Subject) -> Mesh:
    """Return the arrows of at most 240 items, from where the items are in this frame; none without forces."""
    forces = scene.forces
    if forces is None:
        return Mesh()
    chosen = chosen_items(forces, len(scene.cloud))
    starts = scene.points()[forces.sample_ids[chosen]]
    seen = ~hiding(starts, camera, focus_of(scene))
    starts, chosen = starts[seen], chosen[seen]
    meshes = []
    for vectors, radius, color in (
        (forces.pull, _PULL_RADIUS, PULL_COLOR),
        (forces.motion, _MOTION_RADIUS, MOTION_COLOR),
    ):
        turned = scene.placement.stage_from_latent(vectors[chosen]) - scene.placement.stage_from_latent(np.zeros(3))
        meshes.append(
            arrows(starts, scaled(turned, subject.radius), radius * subject.radius, np.array(color) / 255, camera)
        )
    both = join_meshes(meshes)
    near = depth_cue.nearness(both.vertices, camera, subject)
    vertices = brought_forward(both.vertices, _FORWARD * subject.radius, camera)
    return Mesh(vertices, depth_cue.faded(both.colors, near), both.triangles)


def brought_forward(points: FloatArray, by_m: float, camera: Camera) -> FloatArray:
    """Return `points` (V, 3) so much nearer to the camera that they appear where they did; at most half the way."""
    away = points - camera.eye
    distance = np.maximum(np.linalg.norm(away, axis=1, keepdims=True), np.finfo(float).tiny)
    return np.asarray(camera.eye + away * np.maximum(1.0 - by_m / distance, 0.5))


def arrows(starts: FloatArray, vectors: FloatArray, radius: float, color: FloatArray, camera: Camera) -> Mesh:
    """Return solid arrows from `starts` (K, 3) along `vectors` (K, 3), lit; none for vectors of length 0.

    color: (3,), or (K, 3).
    """
    lengths = np.linalg.norm(vectors, axis=1)
    there = lengths > 0
    if not there.any():
        return Mesh()
    colors = np.broadcast_to(color, starts.shape)[there]
    starts, vectors, lengths = starts[there], vectors[there], lengths[there]
    head = np.minimum(_HEAD_LENGTH * radius, _MOST_HEAD * lengths)
    ends = starts + vectors
    necks = ends - vectors * (head / lengths)[:, None]
    shaft = np.tile([radius, radius], (len(starts), 1))
    cone = np.tile([_HEAD_RADIUS * radius, 0.0], (len(starts), 1))
    return join_meshes([rods(starts, necks, shaft, colors, camera), rods(necks, ends, cone, colors, camera)])
