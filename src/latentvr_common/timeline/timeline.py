"""A timeline: the clouds that are kept, what happened, and where in it somebody looks. Times are nanoseconds."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from latentvr_common.cloud import Cloud
from latentvr_common.labels import Category, LabelEvent
from latentvr_common.scene import Progress
from latentvr_common.timeline.axis import Axis
from latentvr_common.timeline.events import Changes, Event, Events, What, category_changes, event_of
from latentvr_common.timeline.keyframes import Keyframe, Keyframes


class Timeline:
    """Grows with a session, in bounded memory."""

    def __init__(self, budget_bytes: int, *, tells: bool = True) -> None:
        """`budget_bytes`: for clouds; two of them are kept whatever their size.

        `tells`: of large moves and of predictions that change, for which each cloud is compared with an earlier one.
        """
        self._tells = tells
        self.frames = Keyframes(budget_bytes)
        self.events = Events()
        self.newest_ns = 0
        """Stamp of the newest cloud, kept or not: that of now."""
        self.changes = 0
        """Rises with what is told, and with what is put before."""
        self._watch = Changes()
        self._categories: Sequence[Category] | None = None

    def __len__(self) -> int:
        """Return how many frames are kept."""
        return len(self.frames)

    def note(self, cloud: Cloud, progress: Progress) -> None:
        """Take in the newest cloud."""
        if cloud.stamp_ns == self.newest_ns and len(self):
            return
        if self.frames.begins_anew(cloud):
            self.events.clear()
            self._watch = Changes()
        self.newest_ns = cloud.stamp_ns
        kept = self.frames.note(cloud, progress)
        if kept is not None and self._tells:
            self._tell(self._watch.note(kept))

    def note_labels(self, entries: Sequence[LabelEvent]) -> None:
        """Take in entries of the journal, each once."""
        self._tell([event_of(entry) for entry in entries])

    def note_categories(self, categories: Sequence[Category], stamp_ns: int, epoch: int) -> None:
        """Take in the list of categories of that time; the first one is no event."""
        words = category_changes(self._categories, categories) if self._categories is not None else ""
        self._categories = tuple(categories)
        if words:
            self._tell([Event(stamp_ns, What.CATEGORIES, epoch, text=words)])

    def precede(self, earlier: "Timeline") -> None:
        """Put before this one what `earlier` has of the time before it. Labels are not taken: the journal has them."""
        if not len(self):
            return
        first_ns = int(self.frames.stamps[0])
        self.frames.precede(earlier.frames.all)
        self.changes += 1
        self._tell(
            [
                e
                for e in earlier.events.all
                if e.stamp_ns < first_ns and e.what not in (What.LABELS, What.UNDO, What.REDO)
            ]
        )

    def axis(self) -> Axis:
        """Return the bar that it is shown on. There must be a frame."""
        return Axis(np.union1d(self.frames.stamps, max(self.newest_ns, int(self.frames.stamps[-1]))))

    def _tell(self, events: Sequence[Event]) -> None:
        self.events.add(events)
        self.changes += len(events)


class Leap(StrEnum):
    """Ways to go through time."""

    EARLIER_EVENT = "earlier event"
    LATER_EVENT = "later event"
    EARLIER = "earlier"
    LATER = "later"
    BEGINNING = "beginning"
    NOW = "now"


class LookingBack:
    """Where in time somebody looks: at a frame of the past, or at what is now."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._frame: Keyframe | None = None
        self._at_ns = 0
        self._wanted_ns = 0

    @property
    def frame(self) -> Keyframe | None:
        """What is looked at; None: what is now."""
        return self._frame

    @property
    def at_ns(self) -> int:
        """When that is: of an event the time of it, of a frame its stamp."""
        return self._at_ns if self._frame is not None else self._timeline.newest_ns

    @property
    def events(self) -> Sequence[Event]:
        """What happened at that very time, if an event was gone to."""
        return self._timeline.events.at(self._at_ns) if self._frame is not None else ()

    def leap(self, leap: Leap) -> None:
        """Go there; where there is nothing, stay, and beyond the newest is now."""
        if not len(self._timeline) or leap is Leap.NOW:
            self._frame = None
        elif leap is Leap.BEGINNING:
            first = self._timeline.frames.all[0]
            self._look(first, first.stamp_ns)
        elif leap in (Leap.EARLIER, Leap.LATER):
            self._step(1 if leap is Leap.LATER else -1)
        else:
            self._to_event(later=leap is Leap.LATER_EVENT)

    def scrub(self, share: float) -> None:
        """Go to the frame nearest to a place of the bar, 0 to 1; at its very end is now."""
        if not len(self._timeline) or share >= 1.0:
            self._frame = None
            return
        nearest = self._timeline.frames.nearest(self._timeline.axis().stamp_ns(share))
        self._look(nearest, nearest.stamp_ns)

    def show(self, frame: Keyframe | None) -> None:
        """Go to `frame`, one that was looked at before; None: to now."""
        self._frame = None
        if frame is not None:
            self._look(frame, frame.stamp_ns)

    def look_at(self, stamp_ns: int) -> None:
        """Go to the frame nearest to that time, and stay there, whichever are let go meanwhile; 0: to now."""
        if not stamp_ns or not len(self._timeline):
            self._frame = None
        elif self._frame is None or self._wanted_ns != stamp_ns:
            nearest = self._timeline.frames.nearest(stamp_ns)
            self._look(nearest, nearest.stamp_ns)
        self._wanted_ns = stamp_ns

    def _step(self, by: int) -> None:
        frames = self._timeline.frames
        if self._frame is None:
            place = frames.place(self._timeline.newest_ns - 1) if by < 0 else len(frames)
        else:
            place = frames.place(self._frame.stamp_ns) + by
        if place >= len(frames):
            self._frame = None
            return
        frame = frames.all[max(place, 0)]
        self._look(frame, frame.stamp_ns)

    def _to_event(self, *, later: bool) -> None:
        if later and self._frame is None:
            return
        events = self._timeline.events
        found = events.after(self.at_ns) if later else events.before(self.at_ns)
        if found is not None and found.stamp_ns >= self._timeline.frames.stamps[0]:
            self._look(self._timeline.frames.at(found.stamp_ns), found.stamp_ns)
        elif later:
            self._frame = None

    def _look(self, frame: Keyframe, at_ns: int) -> None:
        self._frame, self._at_ns = frame, at_ns
