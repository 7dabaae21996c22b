"""The items of the cloud as shapes: lit balls as long as there are few enough, plain points beyond."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cloud_view import depth_cue
from cloud_view.camera import Camera, Subject
from cloud_view.lens import focus_of, hiding
from cloud_view.shapes import Mesh, balls, discs, join_meshes
from cloud_view.surroundings import GROUND
from latentvr_common.cloud import NONE
from latentvr_common.colors import split_rgb
from latentvr_common.scene import Scene

FloatArray = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

MOST_BALLS = 10_000
"""A ball is eleven corners to move in every picture."""
_FEW = 4_000
_CORNERS, _CORNERS_FINE = (9, 7), (16, 16)
"""Of large balls, and of small ones."""
_LABELLED_SIZE = 1.4
_SELECTED_SIZE = 1.8
_SMALLEST_LABELLED = 0.0075
_HIDING_SIZE, _HIDING_KEPT = 0.45, 5
_BEHIND_ARROWS = 0.5
"""So much of the items' colour is gone while arrows are to be seen among them."""
_WHITE = np.ones(3)


@dataclass(frozen=True)
class Points:
    """Points (N, 3) of one size, metres, and their colours (N, 3)."""

    positions: FloatArray
    colors: FloatArray
    radius: float


def ball_radius(count: int, subject_radius: float) -> float:
    """Return the radius of an unlabelled item, metres: a part of the distance between `count` items in the subject."""
    return subject_radius * float(np.clip(0.145 * max(count, 1) ** (-1 / 3), 0.0028, 0.03))


def chosen_as_balls(label: npt.NDArray[np.int16], selected: Mask, most: int = MOST_BALLS) -> Mask:
    """Return which items (N,) are drawn as balls: all if they are at most `most`, else selected and labelled ones.

    Where even those are too many, the first `most` of them.
    """
    if len(label) <= most:
        return np.ones(len(label), bool)
    important = selected | (label != NONE)
    return np.asarray(important & (np.cumsum(important) <= most))


def cloud_shapes(scene: Scene, camera: Camera, subject: Subject, *, fine: bool = False) -> tuple[Mesh, Points]:
    """Return the items as balls and as points; `fine`: balls with more corners, for a picture to be looked at long."""
    positions = scene.points()
    near = depth_cue.nearness(positions, camera, subject)
    selected = _selected(scene)
    colors = depth_cue.faded(split_rgb(scene.cloud.rgb) / 255.0, near)
    if scene.forces is not None:
        colors = colors + _BEHIND_ARROWS * (GROUND - colors)
    hides = hiding(positions, camera, focus_of(scene)) & ~selected
    radii = np.where(hides, _HIDING_SIZE, 1.0) * _radii(scene, selected, subject)
    as_balls = chosen_as_balls(scene.cloud.label, selected)
    large = _large(scene, selected)
    meshes = [
        balls(positions[part], radii[part], colors[part], camera, corners)
        for part, corners in zip(
            (as_balls & large, as_balls & ~large), _CORNERS_FINE if fine else _CORNERS, strict=True
        )
    ]
    if scene.selection is not None and selected.any():
        meshes.append(_halo(scene, positions[selected], radii[selected], camera))
    # Points have one size, so there are fewer of them where they hide something.
    rest = ~as_balls & ~(hides & (np.arange(len(hides)) % _HIDING_KEPT != 0))
    plain = ball_radius(len(scene.cloud), subject.radius)
    return join_meshes(meshes), Points(positions[rest], colors[rest], plain)


def _corners(count: int, fine: bool) -> tuple[int, int]:
    """Return the corners of large and of small balls; many balls are so small that more corners would not show."""
    return _CORNERS_FINE if fine and count <= _FEW else _CORNERS


def _large(scene: Scene, selected: Mask) -> Mask:
    """Return which items (N,) are drawn larger, so that their corners would show."""
    return np.asarray((selected | (scene.cloud.label != NONE)) & (len(scene.cloud) <= _FEW))


def _selected(scene: Scene) -> Mask:
    selected = np.zeros(len(scene.cloud), bool)
    if scene.selection is not None:
        ids = scene.selection.sample_ids
        selected[ids[ids < len(selected)]] = True
    return selected


def _radii(scene: Scene, selected: Mask, subject: Subject) -> FloatArray:
    plain = ball_radius(len(scene.cloud), subject.radius)
    labelled = max(plain * _LABELLED_SIZE, _SMALLEST_LABELLED * subject.radius)
    radii = np.where(scene.cloud.label == NONE, plain, labelled)
    return np.where(selected, np.maximum(radii, plain * _SELECTED_SIZE), radii)


def _halo(scene: Scene, positions: FloatArray, radii: FloatArray, camera: Camera) -> Mesh:
    """Return discs behind the selected items in the colour that they would get, so that they show as outlined."""
    assert scene.selection is not None
    packed = scene.colors().get(scene.selection.category)
    color = _WHITE if packed is None else split_rgb(packed).astype(float) / 255
    behind = positions + camera.forward * radii[:, None] * 0.5
    return discs(behind, radii * 1.32, 0.45 * _WHITE + 0.55 * color, camera)
