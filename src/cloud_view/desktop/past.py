"""What the window keeps of the past, where in it the person looks, and what there is to see then. Pure."""

from dataclasses import replace

import numpy as np

from cloud_view.desktop.picking import Viewport
from cloud_view.desktop.same import is_same
from cloud_view.desktop.show import Trail
from cloud_view.desktop.timeline_bar import Bar, InTime, banner_of, bar_of, words_of_mark
from latentvr_common.colors import split_rgb
from latentvr_common.labels import LabelEvent
from latentvr_common.placement import Placement
from latentvr_common.scene import Scene
from latentvr_common.selecting.frames import Frame
from latentvr_common.timeline.keyframes import Keyframe
from latentvr_common.timeline.timeline import Leap, LookingBack, Timeline

_MB = 1_000_000
_BAR_PERIOD_NS = 1_000_000_000


class Past:
    """One timeline and one person who looks at it."""

    def __init__(self, budget_mb: float) -> None:
        """`budget_mb`: memory for clouds."""
        self.timeline = Timeline(int(budget_mb * _MB))
        self.looking = LookingBack(self.timeline)
        self._shown: tuple[Keyframe, Frame] | None = None
        self._painted: tuple[tuple[object, ...], Bar | None] | None = None
        self._trail: tuple[tuple[object, ...], Trail] | None = None

    @property
    def frame(self) -> Frame | None:
        """The frame that is looked at, on which marks are made; None: that of now."""
        keyframe = self.looking.frame
        if keyframe is None:
            return None
        if self._shown is None or self._shown[0] is not keyframe:
            self._shown = keyframe, Frame(keyframe.cloud(), keyframe.epoch)
        return self._shown[1]

    def scene(self, now: Scene) -> Scene:
        """Return what there is to see: `now`, or the cloud of the time that is looked at, without what is told live."""
        self.timeline.note(now.cloud, now.progress)
        keyframe = self.looking.frame
        if keyframe is not None and len(keyframe) != len(now.cloud):
            self.looking.leap(Leap.NOW)
        frame = self.frame
        if frame is None or keyframe is None:
            return now
        return replace(now, cloud=frame.cloud, progress=keyframe.progress, forces=None, beacons=None, ghost=None)

    def told(self, scene: Scene, viewport: Viewport) -> InTime:
        """Return what the window shows of time."""
        names = {category.id: category.name for category in scene.categories}
        return InTime(self._bar(scene, viewport), banner_of(self.timeline, self.looking, names))

    def _bar(self, scene: Scene, viewport: Viewport) -> Bar | None:
        """Return the bar, which grows once a second: what is painted anew must be sent to the graphics card again."""
        timeline, looking = self.timeline, self.looking
        growth = len(timeline) < 2, timeline.newest_ns // _BAR_PERIOD_NS, timeline.changes
        key = (
            *growth,
            looking.frame,
            looking.at_ns if looking.frame is not None else 0,
            viewport,
            repr(scene.colors()),
        )
        if self._painted is None or not is_same(self._painted[0], key):
            self._painted = key, bar_of(timeline, looking, viewport, scene.colors())
        return self._painted[1]

    def told_of(self, mark: LabelEvent) -> str:
        """Return what to tell of a mark that was made in the past; empty: it was made on what is now."""
        frame = self.frame
        if frame is None or mark.cloud_stamp_ns != frame.cloud.stamp_ns:
            return ""
        return words_of_mark(self.timeline, self.looking, len(mark.sample_ids), mark.given)

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
