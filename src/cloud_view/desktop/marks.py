"""Marks that a mouse makes: a ball that paints, a box pulled open, a dense region."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from cloud_view.desktop.picking import Picker
from latentvr_common import rotations
from latentvr_common.gestures import BOX, DENSITY, PINCH_BRUSH, ToolKind
from latentvr_common.placement import Placement
from latentvr_common.selecting.found import in_box, in_dense_region, nothing_in
from latentvr_common.selecting.frames import Frame
from latentvr_common.selecting.stroke import Stroke

FloatArray = npt.NDArray[np.floating]

_SHARE, _LEAST_SHARE, _MOST_SHARE = 0.5, 0.02, 1.0
_SHARE_TRAVEL_PX = 90.0
"""A drag so far down halves the share of the density that belongs to the region, one up doubles it."""
_SHARE_PER_NOTCH = 2.0**-0.5
_DEPTH_PER_NOTCH = 1.25
_SHALLOWEST, _DEEPEST = 0.1, 10.0
_SMALLEST_M = 1e-4


@dataclass(frozen=True)
class Sight:
    """What the person sees at one moment."""

    frame: Frame
    placement: Placement
    picker: Picker


@dataclass(frozen=True)
class Aim:
    """Where the mouse is, pixels, and the brush."""

    x: float
    y: float
    radius_m: float
    takes_away: bool = False


class Mark(ABC):
    """One mark that is being made."""

    name: ClassVar[str]
    kind: ClassVar[ToolKind]

    def __init__(self, gesture_id: str, sight: Sight, ahead_m: float) -> None:
        """`ahead_m`: how far ahead of the eye it is made; a brush keeps that while it paints."""
        self.gesture_id = gesture_id
        self.ahead_m = ahead_m
        self.item_count = len(sight.frame.cloud)
        self.position: FloatArray = np.zeros(3)
        """(3,), metres, frame stage."""
        self.found = nothing_in(sight.frame)
        """What it would mark."""

    @property
    def ids(self) -> npt.NDArray[np.uint32]:
        """The items that it would mark, rising; another array where they are others."""
        return self.found.ids

    @abstractmethod
    def follow(self, sight: Sight, aim: Aim) -> None:
        """Take in where the mouse is now, and what is seen."""

    def turn_wheel(self, steps: float) -> bool:
        """Take in the wheel; return whether it means something to this mark, else it sets the brush."""
        return False

    def finish(self) -> None:  # noqa: B027 most have nothing left to do
        """Take in that it is to be made."""


class Painting(Mark):
    """A ball that marks what it touches."""

    name = PINCH_BRUSH
    kind = ToolKind.SPHERE

    def __init__(self, gesture_id: str, sight: Sight, ahead_m: float) -> None:
        super().__init__(gesture_id, sight, ahead_m)
        self._stroke = Stroke(self.item_count)

    def follow(self, sight: Sight, aim: Aim) -> None:
        """Paint there."""
        self.position = sight.picker.place(aim.x, aim.y, self.ahead_m)
        center = sight.placement.latent_from_stage(self.position)
        radius = aim.radius_m / sight.placement.scale
        if self._stroke.extend(sight.frame, center, radius, takes_away=aim.takes_away):
            self.found = self._stroke.found()

    def finish(self) -> None:
        """Take in where the brush has been since it last touched something new."""
        self.found = self._stroke.found()


class Boxing(Mark):
    """A box pulled open on the screen, its axes those of the screen."""

    name = BOX
    kind = ToolKind.BOX

    def __init__(self, gesture_id: str, sight: Sight, ahead_m: float) -> None:
        super().__init__(gesture_id, sight, ahead_m)
        self._start: tuple[float, float] | None = None
        self._depth = 1.0
        """Of its width and height, the mean."""
        self.half_m: FloatArray = np.zeros(3)
        """(3,), across, up and ahead, metres."""

    def follow(self, sight: Sight, aim: Aim) -> None:
        """Pull it open up to there."""
        if self._start is None:
            self._start = aim.x, aim.y
        one = sight.picker.place(*self._start, self.ahead_m)
        other = sight.picker.place(aim.x, aim.y, self.ahead_m)
        camera = sight.picker.camera
        across, up = (abs(float((other - one) @ axis)) / 2 for axis in (camera.right, camera.up))
        self.half_m = np.maximum([across, up, self._depth * math.sqrt(across * up)], _SMALLEST_M)
        self.position = (one + other) / 2
        self._hold(sight)

    def _hold(self, sight: Sight) -> None:
        camera = sight.picker.camera
        placement = sight.placement
        stage_from_box = rotations.from_axes(camera.right, camera.up, -camera.forward)
        quat = rotations.multiply(rotations.inverse(placement.quat_xyzw), stage_from_box)
        center, half = placement.latent_from_stage(self.position), self.half_m / placement.scale
        self.found = in_box(sight.frame, center, half, quat)

    def turn_wheel(self, steps: float) -> bool:
        """Make it deeper or shallower."""
        self._depth = float(np.clip(self._depth * _DEPTH_PER_NOTCH**steps, _SHALLOWEST, _DEEPEST))
        return True


class Flooding(Mark):
    """The dense region around a place; a drag down or the wheel loosens it, a drag up tightens it."""

    name = DENSITY
    kind = ToolKind.DENSITY

    def __init__(self, gesture_id: str, sight: Sight, ahead_m: float) -> None:
        super().__init__(gesture_id, sight, ahead_m)
        self._start: tuple[float, float] | None = None
        self._factor = 1.0
        self._done: tuple[Frame, float] | None = None

    def follow(self, sight: Sight, aim: Aim) -> None:
        """Take what is dense enough for where the mouse is now."""
        if self._start is None:
            self._start = aim.x, aim.y
            self.position = sight.picker.place(aim.x, aim.y, self.ahead_m)
        pulled = 2.0 ** (-(aim.y - self._start[1]) / _SHARE_TRAVEL_PX)
        share = float(np.clip(_SHARE * self._factor * pulled, _LEAST_SHARE, _MOST_SHARE))
        if self._done == (sight.frame, share):
            return
        place, reach = sight.placement.latent_from_stage(self.position), aim.radius_m / sight.placement.scale
        seed = sight.frame.density.seed(place, reach)
        if seed is None:
            return
        self._done = sight.frame, share
        self.found = in_dense_region(sight.frame, seed, place, reach, share)

    def turn_wheel(self, steps: float) -> bool:
        """Loosen or tighten it."""
        self._factor *= _SHARE_PER_NOTCH**steps
        return True
