"""What stands in the room beside the cloud, as markers."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations
from latentvr_common.beacons import COLORS, MOST_BEACONS
from latentvr_common.box_edges import box_edges
from latentvr_common.colors import split_rgb
from latentvr_common.hands import FINGERS, Hand, Hands, Joint, Validity, is_near
from latentvr_common.held import color_of_brush, color_of_selection, held
from latentvr_common.placement import Placement
from latentvr_common.scene import Scene
from room_markers.head import Head
from room_markers.marker import Kind, Marker

FloatArray = npt.NDArray[np.floating]

MOST_BRUSHES = 4
MOST_SELECTED = 1000
"""So many of the items that would be marked are shown: each is an object in Python, twenty times a second."""
_ITEM_SIZE = 0.025
_TEXT_SIZE = 0.07
"""Latent units."""
_BONE_M, _BOX_M = 0.008, 0.004
_HEAD_M, _HEAD_LENGTH_M = 0.03, 0.2
_SLIMMER = 0.82
"""Share of the flesh's radius that is drawn, as in the window."""
_SKIN = (0.93, 0.76, 0.66)
_LIGHT = (0.95, 0.95, 0.97)
_KNUCKLES = (Joint.INDEX_PROXIMAL, Joint.MIDDLE_PROXIMAL, Joint.RING_PROXIMAL, Joint.LITTLE_PROXIMAL)
_BONES = np.array([*(pair for chain in FINGERS for pair in pairwise(chain)), *pairwise(_KNUCKLES)], dtype=int)
"""(K, 2), joints: along the fingers from the wrist, and across the knuckles."""

NAMES: tuple[tuple[str, int], ...] = (
    *((side, number) for side in ("left_hand", "right_hand") for number in range(2)),
    ("head", 0),
    *(("brush", number) for number in range(MOST_BRUSHES)),
    ("held", 0),
    ("box", 0),
    *(("selection", number) for number in range(2)),
    *(("beacons", number) for number in range(MOST_BEACONS + 1)),
)
"""Of all markers that there can be."""


def markers_of(scene: Scene, head: Head | None) -> list[Marker]:
    """Return all that is to be seen; whatever of NAMES is not among them is not there."""
    hands = scene.hands if scene.hands is not None else Hands(0, Hand(), Hand())
    return [
        *_hand(hands.left, "left_hand", scene.placement),
        *_hand(hands.right, "right_hand", scene.placement),
        *_head(head, scene.placement),
        *_brushes(scene),
        *_held(scene, hands),
        *_box(scene),
        *_selection(scene),
        *_beacons(scene),
    ]


def _hand(hand: Hand, namespace: str, placement: Placement) -> list[Marker]:
    valid = (hand.validity & Validity.POSITION_VALID) != 0
    usable = np.asarray(hand.tracked & valid & is_near(hand.positions))
    if not usable.any():
        return []
    places = placement.latent_from_stage(hand.positions)
    size = 2.0 * _SLIMMER * float(np.median(hand.radii[usable])) / placement.scale
    bones = _BONES[usable[_BONES].all(axis=1)]
    width = _BONE_M / placement.scale
    return [
        Marker(namespace, 0, Kind.SPHERE_LIST, places[usable], max(size, width), (*_SKIN, 1.0)),
        Marker(namespace, 1, Kind.LINE_LIST, places[bones].reshape(-1, 3), width, (*_SKIN, 1.0)),
    ]


def _head(head: Head | None, placement: Placement) -> list[Marker]:
    if head is None:
        return []
    ahead = rotations.rotate(head.quat_xyzw, np.array([0.0, 0.0, -_HEAD_LENGTH_M]))
    ends = placement.latent_from_stage(np.stack([head.position, head.position + ahead]))
    return [Marker("head", 0, Kind.ARROW, ends, _HEAD_M / placement.scale, (*_LIGHT, 1.0))]


def _brushes(scene: Scene) -> list[Marker]:
    balls = [brush for brush in scene.brushes if brush.is_ball][:MOST_BRUSHES]
    return [
        _ball("brush", number, ball.position, ball.radius, scene.placement, color_of_brush(scene, ball), 0.35)
        for number, ball in enumerate(balls)
    ]


def _held(scene: Scene, hands: Hands) -> list[Marker]:
    rest = held(scene, hands.left, hands.right)
    if rest is None:
        return []
    return [_ball("held", 0, rest.position, rest.radius_m, scene.placement, rest.color, 0.15)]


def _ball(
    namespace: str, number: int, place: FloatArray, radius_m: float, placement: Placement, color: int, alpha: float
) -> Marker:
    middle = placement.latent_from_stage(np.reshape(place, (1, 3)))
    return Marker(namespace, number, Kind.SPHERE, middle, 2.0 * radius_m / placement.scale, (*_rgb(color), alpha))


def _box(scene: Scene) -> list[Marker]:
    ends = box_edges(scene).reshape(-1, 3)
    if scene.selection is None or not len(ends):
        return []
    color = _rgb(color_of_selection(scene, scene.selection))
    places = scene.placement.latent_from_stage(ends)
    return [Marker("box", 0, Kind.LINE_LIST, places, _BOX_M / scene.placement.scale, (*color, 1.0))]


def _selection(scene: Scene) -> list[Marker]:
    if scene.selection is None:
        return []
    rows = scene.selection.sample_ids.astype(np.int64)
    rows = rows[rows < len(scene.cloud)]
    if not len(rows):
        return []
    shown = scene.cloud.positions[rows[:: -(-len(rows) // MOST_SELECTED)]].astype(float)
    color = _rgb(color_of_selection(scene, scene.selection))
    above = shown.mean(axis=0)
    above[1] = shown[:, 1].max() + _TEXT_SIZE
    return [
        Marker("selection", 0, Kind.SPHERE_LIST, shown, _ITEM_SIZE, (*color, 0.9)),
        Marker("selection", 1, Kind.TEXT, above[None], _TEXT_SIZE, (*_LIGHT, 1.0), text=f"{len(rows):,} items"),
    ]


def _beacons(scene: Scene) -> list[Marker]:
    known = [beacon for beacon in scene.beacons or () if beacon.item < len(scene.cloud)][:MOST_BEACONS]
    if not known:
        return []
    places = scene.cloud.positions[[beacon.item for beacon in known]].astype(float)
    colors = np.array([COLORS[beacon.why] for beacon in known]) / 255.0
    balls = Marker("beacons", 0, Kind.SPHERE_LIST, places, 2.0 * _ITEM_SIZE, (*_LIGHT, 1.0), colors)
    words = [
        Marker(
            "beacons",
            beacon.number,
            Kind.TEXT,
            place[None] + [[0.0, _TEXT_SIZE, 0.0]],
            _TEXT_SIZE,
            (*_LIGHT, 1.0),
            text=f"{beacon.number} {beacon.why.value}",
        )
        for beacon, place in zip(known, places, strict=True)
    ]
    return [balls, *words]


def _rgb(packed: int) -> tuple[float, float, float]:
    red, green, blue = (float(part) / 255 for part in split_rgb(packed))
    return red, green, blue
