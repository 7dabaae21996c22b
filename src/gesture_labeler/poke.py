"""A finger pokes a button of the palette. Pure, over joints."""

from collections.abc import Sequence

import numpy as np

from latentvr_common.hands import Hand, Joint
from latentvr_common.labels import Category
from latentvr_common.palette import Button, PalettePose, button_at, buttons


class Poke:
    """Follows one index finger over the palette: a button is poked when the finger comes down through its surface."""

    def __init__(self, rearm_m: float) -> None:
        """Start with a finger that must first rise `rearm_m` above the palette."""
        self._rearm_m = rearm_m
        self._armed = False

    def update(
        self, finger: Hand, pose: PalettePose | None, categories: Sequence[Category], page: int = 0
    ) -> Button | None:
        """Take in the hand that pokes and where the palette is (None: not there); return the button poked now."""
        tip = finger.position_of(Joint.INDEX_TIP)
        if tip is None or pose is None:
            self._armed = False
            return None
        across, down, height = pose.palette_from_stage(tip)
        height -= float(finger.radii[Joint.INDEX_TIP])
        if not np.isfinite(height):
            self._armed = False
            return None
        if height >= self._rearm_m:
            self._armed = True
        if not self._armed or height > 0:
            return None
        # Down is down, whether on a button or beside one: sliding in from the side is no poke.
        self._armed = False
        return button_at(buttons(categories, page), np.array([across, down]))
