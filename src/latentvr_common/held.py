"""What the hand that paints holds while it does nothing: how large its brush is, and what it would paint."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentvr_common.gestures import Side
from latentvr_common.hands import Hand
from latentvr_common.scene import Brush, Scene, Selection

FloatArray = npt.NDArray[np.floating]

ERASES, NOTHING = 0xF4F5F8, 0x8A909C
"""0xRRGGBB: white, it takes labels away; grey, no category is chosen."""
CLOUD_RADIUS = 1.0
"""Latent units: nearly all items lie in a ball so large around the origin."""


@dataclass(frozen=True)
class Held:
    """A ball in the stage, metres."""

    position: FloatArray
    """(3,): where a pinch would meet."""
    radius_m: float
    color: int
    """0xRRGGBB."""


def brush_color(scene: Scene, category: int, *, erases: bool) -> int:
    """Return the colour 0xRRGGBB of a brush that paints `category`; -1: it erases, or no category is chosen."""
    return scene.colors().get(category, ERASES if erases else NOTHING)


def color_of_brush(scene: Scene, brush: Brush) -> int:
    """Return the colour 0xRRGGBB of what a gesture holds, whoever's it is."""
    return brush_color(scene, brush.category, erases=brush.erases or scene.tool.erases)


def color_of_selection(scene: Scene, selection: Selection) -> int:
    """Return the colour 0xRRGGBB in which a gesture would mark."""
    return brush_color(scene, selection.category, erases=True)


def held(scene: Scene, left: Hand, right: Hand) -> Held | None:
    """Return what the hand that paints holds; None: a gesture goes on, or that hand is not seen near the cloud."""
    if scene.doing is not None or scene.brushes:
        return None
    place = (left if scene.tool.side is Side.LEFT else right).pinch_point()
    if place is None:
        return None
    away_m = float(np.linalg.norm(place - scene.placement.position))
    if away_m > CLOUD_RADIUS * scene.placement.scale + scene.tool.radius_m:
        return None
    return Held(place, scene.tool.radius_m, brush_color(scene, scene.tool.category, erases=scene.tool.erases))
