"""Which items stand between the camera and the hands: those are drawn small, so that one sees what the hands do."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cloud_view.camera import Camera
from cloud_view.hand_shapes import open_palm, usable_joints
from latentvr_common.scene import Scene

FloatArray = npt.NDArray[np.floating]

_REACH = 1.2
"""The map covers this much to each side, as a share of the distance."""
_CELLS = 160
_BESIDE_JOINT_M = 0.028
_PALETTE_M = 0.06
_AROUND_BRUSH = 1.15


@dataclass(frozen=True)
class Focus:
    """Balls that should be seen: `points` (F, 3) and `radii` (F,), metres."""

    points: FloatArray
    radii: FloatArray


def focus_of(scene: Scene) -> Focus:
    """Return what the hands do in `scene`: their joints, the palette and the brushes."""
    points: list[FloatArray] = [np.zeros((0, 3))]
    radii: list[FloatArray] = [np.zeros(0)]
    for brush in scene.brushes:
        points.append(np.asarray(brush.position, dtype=float)[None])
        radii.append(np.array([brush.radius * _AROUND_BRUSH]))
    for hand in (scene.hands.left, scene.hands.right) if scene.hands is not None else ():
        joints = hand.positions[usable_joints(hand)]
        points.append(joints)
        radii.append(np.full(len(joints), _BESIDE_JOINT_M))
    palette = open_palm(scene.hands)
    if palette is not None:
        points.append(palette.origin[None])
        radii.append(np.array([_PALETTE_M]))
    return Focus(np.concatenate(points), np.concatenate(radii))


def hiding(positions: FloatArray, camera: Camera, focus: Focus) -> npt.NDArray[np.bool_]:
    """Return which items (N, 3) stand in front of the focus, (N,)."""
    if not len(focus.points) or not len(positions):
        return np.zeros(len(positions), bool)
    farthest = _depth_map(camera, focus)
    cells, depths = _cells(positions, camera)
    inside = ((cells >= 0) & (cells < _CELLS)).all(axis=1) & (depths > 0)
    cells[~inside] = 0
    return np.asarray(inside & (depths < farthest[cells[:, 0], cells[:, 1]]))


def _depth_map(camera: Camera, focus: Focus) -> FloatArray:
    """Return for each direction how far ahead the near side of the focus is, metres; 0 where there is none."""
    depth_map = np.zeros((_CELLS, _CELLS))
    cells, depths = _cells(focus.points, camera)
    for (x, y), depth, radius in zip(cells, depths, focus.radii, strict=True):
        if depth <= radius:
            continue
        wide = max(radius / depth * _CELLS / (2 * _REACH), 1.0)
        across, up = _about(x, wide), _about(y, wide)
        disc = (across[:, None] - x) ** 2 + (up[None, :] - y) ** 2 <= wide**2
        part = depth_map[across[:, None], up[None, :]]
        depth_map[across[:, None], up[None, :]] = np.where(disc, np.maximum(part, depth - radius), part)
    return depth_map


def _about(cell: int, wide: float) -> npt.NDArray[np.int64]:
    """Return the cells of one axis of the map that are at most `wide` from `cell`."""
    return np.arange(max(int(cell - wide), 0), min(int(cell + wide) + 2, _CELLS))


def _cells(points: FloatArray, camera: Camera) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return the cell of the map in which each of `points` (N, 3) lies, (N, 2), and how far ahead it is (N,)."""
    away = points - camera.eye
    ahead = away @ camera.forward
    safe = np.where(ahead > 1e-6, ahead, np.inf)
    sideways = np.stack([away @ camera.right, away @ camera.up], axis=1) / safe[:, None]
    return np.floor((sideways / _REACH + 1) * _CELLS / 2).astype(np.int64), ahead
