"""What the window shows of the hand: the brush, what it would mark, and what is on its way to the journal. Pure."""

from collections.abc import Mapping

from cloud_view.desktop.desk import Desk
from cloud_view.desktop.hand_shapes import Tool, color_of
from cloud_view.desktop.marks import Boxing
from cloud_view.desktop.show import Selected
from latentvr_common.labels import LabelEvent
from latentvr_common.scene import Scene


def tool_of(desk: Desk, scene: Scene) -> Tool | None:
    """Return the brush; None: nothing is under the mouse, or something else is done with it."""
    if desk.brush is None or desk.turns or desk.name is not None:
        return None
    color = color_of(desk.hand.category, desk.hand.erases, dict(scene.colors()))
    half = desk.mark.half_m if isinstance(desk.mark, Boxing) else None
    return Tool(desk.brush, desk.hand.radius_m, color, half)


class Lit:
    """Items that light up: those of the mark that is being made, else those of the last one that is not answered."""

    def __init__(self) -> None:
        self._submitted: dict[str, Selected] = {}

    def submit(self, event: LabelEvent, colors: Mapping[int, int]) -> None:
        """Take in that `event` is on its way; `colors`: 0xRRGGBB of each category."""
        color = color_of(event.category, False, dict(colors))
        self._submitted[event.event_id] = Selected(event.sample_ids, color)

    def answered(self, event_id: str) -> None:
        """Take in that the journal has answered."""
        self._submitted.pop(event_id, None)

    def of(self, desk: Desk, scene: Scene) -> Selected | None:
        """Return what lights up; None: nothing."""
        if desk.mark is None:
            return next(reversed(self._submitted.values()), None)
        rows = desk.mark.ids[desk.mark.ids < len(scene.cloud)]
        return Selected(rows, color_of(desk.hand.category, desk.hand.erases, dict(scene.colors())))
