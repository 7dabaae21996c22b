"""What the window keeps of the past, where in it the person looks, and what there is to see then. Pure."""

import numpy as np

from cloud_view.desktop.picking import Viewport
from cloud_view.desktop.same import is_same
from cloud_view.desktop.show import Trail
from cloud_view.desktop.timeline_bar import InTime, banner_of, steps_of
from latentvr_common.colors import split_rgb
from latentvr_common.labels import LabelEvent
from latentvr_common.placement import Placement
from latentvr_common.scene import Scene
from latentvr_common.timeline import past
from latentvr_common.timeline.words import mark_in_words


class Past(past.Past):
    """One timeline and one person who looks at it."""

    def __init__(self, budget_mb: float) -> None:
        """`budget_mb`: memory for clouds."""
        super().__init__(budget_mb)
        self._trail: tuple[tuple[object, ...], Trail] | None = None

    def told(self, scene: Scene, viewport: Viewport) -> InTime:
        """Return what the window shows of time."""
        names = {category.id: category.name for category in scene.categories}
        bar = self.bar(steps_of(viewport), scene.colors())
        return InTime(bar, banner_of(self.timeline, self.looking, names))

    def told_of(self, mark: LabelEvent) -> str:
        """Return what to tell of a mark that was made in the past; empty: it was made on what is now."""
        frame = self.frame
        if frame is None or mark.cloud_stamp_ns != frame.cloud.stamp_ns:
            return ""
        return mark_in_words(self.timeline, self.looking, len(mark.sample_ids), mark.given)

    def trail(self, item: int | None, placement: Placement) -> Trail | None:
        """Return the way of `item` through all that is kept; None: none is looked at, or it is now."""
        frame, frames = self.looking.frame, self.timeline.frames
        if frame is None or item is None or item >= len(frame):
            return None
        key = (item, placement, frame, self.timeline.frames.all[-1], len(frames))
        if self._trail is None or not is_same(self._trail[0], key):
            positions, rgb = frames.trail(item)
            colors = np.asarray(split_rgb(rgb) / 255.0)
            points = placement.stage_from_latent(positions)
            self._trail = key, Trail(points, colors, max(frames.place(frame.stamp_ns), 0))
        return self._trail[1]
