"""What was: a timeline, where in it somebody looks, and what there is to see then."""

from collections.abc import Mapping
from dataclasses import replace

from latentvr_common.cloud import Cloud
from latentvr_common.scene import Progress, Scene
from latentvr_common.selecting.frames import Frame
from latentvr_common.timeline.bar import Bar, bar_of
from latentvr_common.timeline.keyframes import Keyframe
from latentvr_common.timeline.timeline import Leap, LookingBack, Timeline

_MB = 1_000_000
_BAR_PERIOD_NS = 1_000_000_000


class Past:
    """One timeline and one person who looks at it."""

    def __init__(self, budget_mb: float, *, tells: bool = True) -> None:
        """`budget_mb`: memory for clouds. `tells`: whether the timeline tells of what changes from cloud to cloud."""
        self.timeline = Timeline(int(budget_mb * _MB), tells=tells)
        self.looking = LookingBack(self.timeline)
        self._shown: tuple[Keyframe, Frame] | None = None
        self._bar: tuple[tuple[object, ...], Bar | None] | None = None

    @property
    def looks_at_ns(self) -> int:
        """Stamp of the frame that is looked at; 0: that of now."""
        frame = self.looking.frame
        return frame.stamp_ns if frame is not None else 0

    def note(self, cloud: Cloud, progress: Progress) -> None:
        """Take in the newest cloud. Before one of another session, nobody looks back any more."""
        if self.timeline.frames.begins_anew(cloud):
            self.looking.leap(Leap.NOW)
        self.timeline.note(cloud, progress)

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
        self.note(now.cloud, now.progress)
        frame, keyframe = self.frame, self.looking.frame
        if frame is None or keyframe is None:
            return now
        return replace(now, cloud=frame.cloud, progress=keyframe.progress, forces=None, beacons=None, ghost=None)

    def bar(self, steps: int, colors: Mapping[int, int]) -> Bar | None:
        """Return the timeline as a bar (see bar_of). It grows once a second: what is painted anew costs something."""
        timeline, looking = self.timeline, self.looking
        growth = len(timeline) < 2, timeline.newest_ns // _BAR_PERIOD_NS, timeline.changes
        looks = looking.frame, looking.at_ns if looking.frame is not None else 0
        key = (*growth, *looks, steps, dict(colors))
        if self._bar is None or self._bar[0] != key:
            self._bar = key, bar_of(timeline, looking, steps, colors)
        return self._bar[1]
