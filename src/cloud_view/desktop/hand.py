"""What the mouse holds."""

from dataclasses import dataclass, replace

import numpy as np

from cloud_view.desktop.marks import Mark, Painting
from latentvr_common import brush
from latentvr_common.cloud import NONE
from latentvr_common.gestures import Side, Tool

_WHEEL = 1.12
"""A notch of the wheel makes the brush so many times as large."""


@dataclass(frozen=True)
class Hand:
    """A tool, and what it marks with."""

    tool: type[Mark] = Painting
    category: int = NONE
    erases: bool = False
    radius_m: float = brush.RADIUS_M
    page: int = 0
    """Of the categories that number keys choose, 0 for the first."""

    @property
    def marks_with(self) -> int:
        """The category that a mark gives; -1: none is chosen, or it erases."""
        return NONE if self.erases else self.category

    def told(self, author: str, *, paused: bool) -> Tool:
        """Return it as others are told of it. `paused`: training is."""
        kind = self.tool.kind
        return Tool(kind, self.marks_with, self.erases, self.radius_m, self.page, paused, Side.MOUSE, author)

    def sized(self, steps: float) -> "Hand":
        """Return it with a brush that is larger by so many notches of the wheel."""
        radius_m = float(np.clip(self.radius_m * _WHEEL**steps, brush.SMALLEST_M, brush.LARGEST_M))
        return replace(self, radius_m=radius_m)
