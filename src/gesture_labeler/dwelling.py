"""A finger that stays at an item looks at it."""

import numpy as np
import numpy.typing as npt

from gesture_labeler.running import ENDED, GOES_ON, Recogniser, Room, Running, Step
from gesture_labeler.signs import Signs
from latentvr_common.gestures import DWELL

FloatArray = npt.NDArray[np.floating]

_LEAVES = 1.5
"""A finger leaves an item at so many times the distance at which it comes to it."""


class DwellRecogniser(Recogniser):
    """Begins when the finger has stayed at one item for a while. No finger that pokes the palette does."""

    name = DWELL

    def __init__(self) -> None:
        """Start with a finger that is nowhere."""
        self._item = -1
        self._since_s = 0.0

    def begins(self, signs: Signs, room: Room, doing: Running | None) -> bool:
        """After `dwell_s` at the same item."""
        item = self._item_at_finger(signs, room)
        if item != self._item:
            self._item, self._since_s = item, signs.now_s
        return item >= 0 and signs.now_s - self._since_s >= room.parameters.dwell_s

    def begin(self, gesture_id: str, signs: Signs, room: Room) -> Running:
        """Look at it."""
        item, self._item = self._item, -1
        return Dwelling(gesture_id, signs, item)

    def _item_at_finger(self, signs: Signs, room: Room) -> int:
        main, other = signs.main, signs.other
        if main.pointing_s is None or main.tip is None or other.palm_up is not None or other.pointing_s is not None:
            return -1
        frame = room.shown_at(signs.stamp_ns)
        if frame is None or not len(frame.cloud):
            return -1
        item, away = frame.points.nearest(room.placement.latent_from_stage(main.tip))
        stays = item != self._item and 0 <= self._item < len(frame.cloud)
        if stays and _away_m(self._item, main.tip, signs, room) <= room.parameters.dwell_reach_m / 2:
            # Another one is a little nearer: a cloud that moves is not to make the look jump.
            return self._item
        return item if away * room.placement.scale <= room.parameters.dwell_reach_m else -1


def _away_m(item: int, tip: FloatArray, signs: Signs, room: Room) -> float:
    frame = room.shown_at(signs.stamp_ns)
    if frame is None or item >= len(frame.cloud):
        return float("inf")
    return float(np.linalg.norm(room.placement.stage_from_latent(frame.cloud.positions[item]) - tip))


class Dwelling(Running):
    """A look at one item, until the finger leaves it."""

    name = DWELL

    def __init__(self, gesture_id: str, signs: Signs, item: int) -> None:
        super().__init__(gesture_id, signs)
        self.item = item
        if signs.main.tip is not None:
            self.position = signs.main.tip

    def go_on(self, signs: Signs, room: Room) -> Step:
        """Stay, or leave."""
        main = signs.main
        if not main.hand.tracked:
            return Step(cancelled="hand lost")
        if main.tip is None or main.pointing_s is None:
            return ENDED
        self.position = main.tip
        gone = _away_m(self.item, main.tip, signs, room) > _LEAVES * room.parameters.dwell_reach_m
        return ENDED if gone else GOES_ON
