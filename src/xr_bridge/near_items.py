"""Which items a finger points at. NumPy only."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from latentvr_common.gestures import DWELL
from latentvr_common.hands import Hand, Joint
from latentvr_common.scene import Scene

FloatArray = npt.NDArray[np.floating]

REACH_M = 0.035
"""Items farther from the tip are not meant."""


def looked_at(scene: Scene) -> tuple[FloatArray, int] | None:
    """Return the tip (3,), metres, of the finger that looks at an item, and that item; None: none does."""
    doing = scene.doing
    if doing is None or doing.name != DWELL or not 0 <= doing.item < len(scene.cloud):
        return None
    return doing.position, doing.item


def pointed_at(scene: Scene, most: int) -> tuple[FloatArray, Sequence[int]] | None:
    """Return the tip (3,), metres, of the index finger that is in the cloud, and the items near it, nearest first.

    At most `most` of them. None: no finger is near an item. The right hand comes before the left one.
    """
    if scene.hands is None:
        return None
    for hand in (scene.hands.right, scene.hands.left):
        tip = _tip(hand)
        if tip is not None:
            items = _near(scene, tip, most)
            if items:
                return tip, items
    return None


def _tip(hand: Hand) -> FloatArray | None:
    return hand.position_of(Joint.INDEX_TIP)


def _near(scene: Scene, tip: FloatArray, most: int) -> list[int]:
    center = scene.placement.latent_from_stage(tip).astype(np.float32)
    away = scene.cloud.positions - center
    squares = np.einsum("ij,ij->i", away, away)
    close = np.flatnonzero(squares <= (REACH_M / scene.placement.scale) ** 2)
    return [int(i) for i in close[np.argsort(squares[close], kind="stable")][:most]]
