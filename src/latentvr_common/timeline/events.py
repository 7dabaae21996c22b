"""What happened in a session, each thing with its time: what a timeline marks."""

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import numpy as np

from latentvr_common.cloud import NONE
from latentvr_common.labels import Category, Kind, LabelEvent
from latentvr_common.timeline.keyframes import Keyframe

MOST_EVENTS = 10_000
"""Of more, the oldest are forgotten."""
_FLIPS = 0.05
"""So many items, as a share of those with a prediction then and now, are another thing than before."""
_MOVES = 0.25
"""So far half of the items moved, as a share of the cloud's radius."""
_MOST_ASKED = 5_000
"""Of a cloud, how far they moved."""
_QUIET_NS = 5_000_000_000
"""After so long at the earliest the same is told again: while a cloud takes shape it moves all the time."""


class What(Enum):
    """Kinds of events."""

    LABELS = auto()
    UNDO = auto()
    REDO = auto()
    CATEGORIES = auto()
    FLIPS = auto()
    MOVES = auto()


@dataclass(frozen=True, order=True)
class Event:
    """One thing that happened. Events are in the order of their times."""

    stamp_ns: int
    what: What = field(compare=False)
    epoch: int = field(default=0, compare=False)
    count: int = field(default=0, compare=False)
    """Items; of MOVES the share of the cloud's radius, per cent."""
    category: int = field(default=NONE, compare=False)
    """Of LABELS: which; -1: erased."""
    by: str = field(default="", compare=False)
    """Author; empty: nobody's doing."""
    text: str = field(default="", compare=False)
    """Of CATEGORIES: what was done."""


def in_words(event: Event, names: Mapping[int, str]) -> str:
    """Return what happened; `names` of categories by their ids."""
    items = f"{event.count:,} item{'s' if event.count != 1 else ''}"
    by = f", by {event.by}" if event.by else ""
    if event.what is What.LABELS:
        as_what = names.get(event.category, f"category {event.category}")
        return f"{items} erased{by}" if event.category == NONE else f"{items} marked as {as_what}{by}"
    if event.what is What.CATEGORIES:
        return event.text
    return {
        What.UNDO: f"undone{by}",
        What.REDO: f"redone{by}",
        What.FLIPS: f"{event.count:,} predictions changed",
        What.MOVES: f"the cloud moved by {event.count} % of its radius",
    }[event.what]


_OF_KIND = {Kind.ASSIGN: What.LABELS, Kind.ERASE: What.LABELS, Kind.RETRACT: What.UNDO, Kind.RESTORE: What.REDO}


def event_of(entry: LabelEvent) -> Event:
    """Return what an entry of the journal is on a timeline."""
    stamp_ns = entry.committed_ns or entry.cloud_stamp_ns
    return Event(stamp_ns, _OF_KIND[entry.kind], entry.epoch, len(entry.sample_ids), entry.given, entry.author)


def category_changes(before: Sequence[Category], after: Sequence[Category]) -> str:
    """Return what became of the categories, in words; empty: nothing."""
    old = {category.id: category for category in before}
    told = [_change(old.get(category.id), category) for category in after]
    return "; ".join(words for words in told if words)


def _change(old: Category | None, new: Category) -> str:
    if old is None:
        return f"new category {new.name}"
    if old.retired != new.retired:
        return f"{new.name} {'retired' if new.retired else 'restored'}"
    if old.name != new.name:
        return f"{old.name} is now {new.name}"
    return f"{new.name} has another colour" if old.color != new.color else ""


class Changes:
    """Compares each frame with the one that was last told of, so that what comes about slowly is told too, and once."""

    def __init__(self) -> None:
        self._moved_since: Keyframe | None = None
        self._flipped_since: Keyframe | None = None

    def note(self, frame: Keyframe) -> list[Event]:
        """Take in the next frame; return what has changed much since it was last told of."""
        return [*self._note_moves(frame), *self._note_flips(frame)]

    def _note_moves(self, frame: Keyframe) -> list[Event]:
        since = self._moved_since
        if since is None or len(since) != len(frame):
            self._moved_since = frame
            return []
        if frame.stamp_ns < since.stamp_ns + _QUIET_NS or (moved := moved_share(since, frame)) < _MOVES:
            return []
        self._moved_since = frame
        return [Event(frame.stamp_ns, What.MOVES, frame.epoch, round(100 * moved))]

    def _note_flips(self, frame: Keyframe) -> list[Event]:
        since = self._flipped_since
        if since is None or len(since) != len(frame) or not (since.predicted != NONE).any():
            self._flipped_since = frame
            return []
        both = (since.predicted != NONE) & (frame.predicted != NONE)
        flipped = int((both & (since.predicted != frame.predicted)).sum())
        if frame.stamp_ns < since.stamp_ns + _QUIET_NS or flipped < max(1.0, _FLIPS * float(both.sum())):
            return []
        self._flipped_since = frame
        return [Event(frame.stamp_ns, What.FLIPS, frame.epoch, flipped)]


def moved_share(before: Keyframe, after: Keyframe) -> float:
    """Return how far half of the items moved from one frame to the other, as a share of the radius of the first.

    Of large clouds some items are asked, evenly chosen.
    """
    step = max(1, -(-len(before) // _MOST_ASKED))
    old, new = before.positions[::step].astype(np.float32), after.positions[::step].astype(np.float32)
    radius = float(np.sqrt(((old - old.mean(axis=0)) ** 2).sum(axis=1).mean()))
    moved = float(np.median(np.linalg.norm(new - old, axis=1)))
    return moved / max(radius, float(np.finfo(np.float16).tiny))


class Events:
    """All events of a session, in the order of their times."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._events)

    @property
    def all(self) -> Sequence[Event]:
        """All of them, the oldest first."""
        return self._events

    def add(self, events: Iterable[Event]) -> None:
        """Take in some, old or new."""
        for event in events:
            bisect.insort(self._events, event)
        del self._events[:-MOST_EVENTS]

    def clear(self) -> None:
        """Forget all."""
        self._events.clear()

    def at(self, stamp_ns: int) -> Sequence[Event]:
        """Return those of that very time."""
        first = bisect.bisect_left(self._events, stamp_ns, key=_stamp)
        return self._events[first : bisect.bisect_right(self._events, stamp_ns, key=_stamp)]

    def before(self, stamp_ns: int) -> Event | None:
        """Return the newest one older than `stamp_ns`; None: there is none."""
        place = bisect.bisect_left(self._events, stamp_ns, key=_stamp)
        return self._events[place - 1] if place else None

    def after(self, stamp_ns: int) -> Event | None:
        """Return the oldest one younger than `stamp_ns`; None: there is none."""
        place = bisect.bisect_right(self._events, stamp_ns, key=_stamp)
        return self._events[place] if place < len(self._events) else None


def _stamp(event: Event) -> int:
    return event.stamp_ns
