"""Hands as solid shapes: a ball at each joint, a rod for each bone."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cloud_view.camera import Camera
from cloud_view.shapes import Mesh, join_meshes, rods, spheres
from latentvr_common.hands import FINGERS, Hand, Hands, Joint, Validity, is_near
from latentvr_common.palette import PalettePose, palette_pose

FloatArray = npt.NDArray[np.floating]

SKIN = np.array([206.0, 214.0, 226.0]) / 255
_SLIMMER = 0.82
"""Share of the flesh's radius that is drawn: the picture shows a hand among small things."""
_SMALLEST_M, _LARGEST_M = 0.004, 0.03
_SHORTEST_BONE_M = 1e-4


def bones() -> list[tuple[Joint, Joint]]:
    """Return the pairs of neighbouring joints: along the fingers from the wrist, and across the knuckles."""
    along = [pair for chain in FINGERS for pair in pairwise(chain)]
    knuckles = [Joint.INDEX_PROXIMAL, Joint.MIDDLE_PROXIMAL, Joint.RING_PROXIMAL, Joint.LITTLE_PROXIMAL]
    return along + list(pairwise(knuckles))


def usable_joints(hand: Hand) -> npt.NDArray[np.bool_]:
    """Return which joints (26,) have a position that may be drawn."""
    valid = (hand.validity & Validity.POSITION_VALID) != 0
    return np.asarray(hand.tracked & valid & is_near(hand.positions))


def hand_shape(hand: Hand, camera: Camera, color: FloatArray = SKIN) -> Mesh:
    """Return one hand; joints that the device does not give are left out, with their bones."""
    usable = usable_joints(hand)
    usable[Joint.PALM] = False
    if not usable.any():
        return Mesh()
    radii = np.clip(hand.radii * _SLIMMER, _SMALLEST_M, _LARGEST_M)
    positions = np.asarray(hand.positions, dtype=float)
    parts = [spheres(positions[usable], radii[usable], color, camera)]
    pairs = np.array([(a, b) for a, b in bones() if usable[a] and usable[b]], dtype=int).reshape(-1, 2)
    long = np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1) > _SHORTEST_BONE_M
    pairs = pairs[long]
    if len(pairs):
        parts.append(rods(positions[pairs[:, 0]], positions[pairs[:, 1]], radii[pairs], color, camera))
    return join_meshes(parts)


def open_palm(hands: Hands | None) -> PalettePose | None:
    """Return where the palette is: at the first hand that holds its palm up, the left one before the right."""
    if hands is None:
        return None
    poses = [palette_pose(hand) for hand in (hands.left, hands.right) if hand.tracked]
    return next((pose for pose in poses if pose is not None), None)


def hands_shape(hands: Hands | None, camera: Camera) -> Mesh:
    """Return both hands, as far as they are tracked."""
    if hands is None:
        return Mesh()
    return join_meshes([hand_shape(hand, camera) for hand in (hands.left, hands.right) if hand.tracked])
