"""Labels as an append-only list of entries, and what follows from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations
from latentvr_common.cloud import NONE
from latentvr_common.voices import NEWEST, Conflicts, Ids, Judge, Voice

FloatArray = npt.NDArray[np.floating]

MERGE = "merge"
"""What stands for a gesture in the entry of merged categories."""
CATEGORY_CAPACITY = 256
"""Ids of categories are less than this: the network has so many outputs."""


class Kind(IntEnum):
    """What a label entry does. Equal to the constants of LabelEvent.msg."""

    ASSIGN = 0
    ERASE = 1
    RETRACT = 2
    RESTORE = 3


class Shape(IntEnum):
    """What a region is. Equal to the constants of Region.msg."""

    NONE = 0
    SPHERES = 1
    BOX = 2
    FLOOD = 3


def _no_flags() -> npt.NDArray[np.bool_]:
    return np.zeros(0, dtype=bool)


@dataclass(frozen=True)
class Region:
    """A part of latent space; the fields are those of Region.msg. No geometry unless told."""

    centers: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))
    """(K, 3), latent units."""
    radii: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    """(K,), latent units; (0,) for a box."""
    shape: Shape = Shape.NONE
    takes_away: npt.NDArray[np.bool_] = field(default_factory=_no_flags)
    """(K,), which of the spheres take away what they touch; (0,): none."""
    half_size: FloatArray = field(default_factory=lambda: np.zeros(3))
    """(3,), of a box along its own axes, latent units."""
    quat_xyzw: FloatArray = field(default_factory=lambda: rotations.IDENTITY.copy())
    """(4,), of a box."""
    density: float = 0.0
    """Of a flood: items for each cubic latent unit."""


def spheres(
    centers: npt.NDArray[np.float64], radii: npt.NDArray[np.float32], takes_away: npt.NDArray[np.bool_] | None = None
) -> Region:
    """Return the region of spheres (K, 3) and (K,), K at least 1, of which some may take away."""
    return Region(
        centers, radii, Shape.SPHERES, takes_away if takes_away is not None and takes_away.any() else _no_flags()
    )


def box(center: FloatArray, half_size: FloatArray, quat_xyzw: FloatArray) -> Region:
    """Return the region of a box around `center` (3,) with `half_size` (3,) along axes turned by `quat_xyzw` (4,)."""
    return Region(np.reshape(center, (1, 3)), shape=Shape.BOX, half_size=half_size, quat_xyzw=quat_xyzw)


def flood(seed: FloatArray, reach: float, density: float) -> Region:
    """Return the region that hangs together with the densest place within `reach` of `seed` (3,)."""
    return Region(np.reshape(seed, (1, 3)), np.array([reach], dtype=np.float32), Shape.FLOOD, density=density)


@dataclass(frozen=True)
class LabelEvent:
    """One entry of the journal; the fields are those of LabelEvent.msg, times in nanoseconds."""

    event_id: str
    kind: Kind
    category: int = NONE
    sample_ids: npt.NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))
    target_seq: int = 0
    author: str = ""
    cloud_stamp_ns: int = 0
    epoch: int = 0
    region: Region = field(default_factory=Region)
    gesture: str = ""
    seq: int = 0
    committed_ns: int = 0

    @property
    def is_mark(self) -> bool:
        """Tell whether it is an ASSIGN or ERASE."""
        return self.kind in (Kind.ASSIGN, Kind.ERASE)

    @property
    def given(self) -> int:
        """The category that a mark gives to its items, -1 none."""
        return self.category if self.kind is Kind.ASSIGN else NONE

    def with_seq(self, seq: int, committed_ns: int) -> "LabelEvent":
        """Return the same entry at its place in the journal."""
        return replace(self, seq=seq, committed_ns=committed_ns)


@dataclass(frozen=True)
class Category:
    """One category: `id` keeps its meaning for ever, `color` is 0xRRGGBB."""

    id: int
    name: str
    color: int
    retired: bool = False


class LabelBook:
    """All entries seen so far, in whatever order they came, and the labels that follow from those without a gap.

    Not safe for use by several threads at once.
    """

    def __init__(self, item_count: int) -> None:
        """Start with no entry for a dataset of `item_count` items; of several marks the newest holds."""
        self._item_count = item_count
        self._events: dict[int, LabelEvent] = {}
        self._seq_by_id: dict[str, int] = {}
        self._applied_seq = 0
        self._retracted: set[int] = set()
        self._voices: dict[str, Voice] = {}
        self._judge = Judge()
        self._labels = np.full(item_count, NONE, dtype=np.int16)
        self._origins = np.zeros(item_count, dtype=np.int32)
        self._conflicts: Conflicts | None = Conflicts()

    @property
    def item_count(self) -> int:
        """Items in the dataset, N."""
        return self._item_count

    @property
    def by_seq(self) -> Mapping[int, LabelEvent]:
        """All entries that have been taken in, also now and then later ones; only to be read."""
        return MappingProxyType(self._events)

    @property
    def applied_seq(self) -> int:
        """The newest entry up to which none is missing; 0: none."""
        return self._applied_seq

    @property
    def gap_after(self) -> int | None:
        """The seq after which entries are missing although later ones are here; None: no gap."""
        return self._applied_seq if len(self._events) > self._applied_seq else None

    @property
    def labels(self) -> npt.NDArray[np.int16]:
        """Category of each item (N,) by the entry in force that holds, -1 none. A copy."""
        return self._labels.copy()

    @property
    def origins(self) -> npt.NDArray[np.int32]:
        """Seq of the entry that gave each item (N,) the label it has, 0 where it has none. A copy."""
        return self._origins.copy()

    @property
    def conflicts(self) -> Conflicts:
        """Where the newest marks in force of two authors disagree, and who says what."""
        if self._conflicts is None:
            self._conflicts = self._judge.conflicts(self._voices)
        return self._conflicts

    @property
    def wins(self) -> str:
        """Whose marks hold where authors disagree."""
        return self._judge.wins

    def judge_by(self, categories: Iterable[Category], wins: str = NEWEST) -> None:
        """Let categories that are retired give no label, and the marks of author `wins` hold where others disagree."""
        retired = frozenset(c.id for c in categories if c.retired)
        if (self._judge.wins, self._judge.retired) != (wins, retired):
            self._judge = Judge(wins, retired)
            self._settle(slice(None))

    def authors(self, seqs: npt.NDArray[np.int32]) -> dict[int, str]:
        """Return who made each of the entries `seqs` (n,), by seq; 0 is no entry."""
        return {int(seq): self._events[int(seq)].author for seq in np.flatnonzero(np.bincount(seqs)) if seq}

    def events(self, after: int = 0, limit: int | None = None) -> list[LabelEvent]:
        """Return the entries from `after` + 1 up to `applied_seq`, at most `limit` of them, in order."""
        last = self._applied_seq if limit is None else min(self._applied_seq, after + limit)
        return [self._events[seq] for seq in range(after + 1, last + 1)]

    def find(self, event_id: str) -> LabelEvent | None:
        """Return the entry of that name, or None."""
        seq = self._seq_by_id.get(event_id)
        return None if seq is None else self._events[seq]

    def is_mark(self, seq: int) -> bool:
        """Tell whether entry `seq` is an ASSIGN or ERASE."""
        event = self._events.get(seq)
        return event is not None and event.is_mark

    def is_retracted(self, seq: int) -> bool:
        """Tell whether entry `seq` is out of force."""
        return seq in self._retracted

    def add(self, event: LabelEvent) -> bool:
        """Take in an entry that has a seq; return whether labels may have changed. The same one again changes nothing.

        Raises ValueError for an entry without a place in the journal, with samples outside the dataset or a category
        that cannot be, or at the place of another one: it comes from another journal.
        """
        self._check(event)
        if event.seq in self._events:
            return False
        self._events[event.seq] = event
        self._seq_by_id[event.event_id] = event.seq
        before = self._applied_seq
        while self._applied_seq + 1 in self._events:
            self._applied_seq += 1
            self._apply(self._events[self._applied_seq])
        return self._applied_seq > before

    def add_all(self, events: Iterable[LabelEvent]) -> bool:
        """Take in several entries; return whether labels may have changed."""
        changes = [self.add(event) for event in events]
        return any(changes)

    def _check(self, event: LabelEvent) -> None:
        if event.seq < 1:
            raise ValueError(f"label entry {event.event_id!r} has seq {event.seq}, expected 1 or more")
        if not NONE <= event.category < CATEGORY_CAPACITY:
            raise ValueError(
                f"label entry {event.seq} has category {event.category}, expected -1 to {CATEGORY_CAPACITY - 1}"
            )
        if len(event.sample_ids) and int(event.sample_ids.max()) >= self._item_count:
            raise ValueError(
                f"label entry {event.seq} names sample {int(event.sample_ids.max())}, "
                f"expected less than {self._item_count}"
            )
        known = self._events.get(event.seq, event)
        if known.event_id != event.event_id:
            raise ValueError(f"label entry {event.seq} is {event.event_id!r}, but another one is known by that number")

    def _apply(self, event: LabelEvent) -> None:
        if event.is_mark:
            if event.author not in self._voices:
                self._voices[event.author] = Voice(self._item_count)
            self._voices[event.author].say(event.seq, event.given, event.sample_ids)
            self._settle(event.sample_ids)
            return
        mark = self._events.get(event.target_seq)
        retracts = event.kind is Kind.RETRACT
        if mark is None or not mark.is_mark or mark.seq > event.seq or self.is_retracted(mark.seq) == retracts:
            return
        voice = self._voices[mark.author]
        if retracts:
            self._retracted.add(mark.seq)
            voice.retract(mark.seq)
        else:
            self._retracted.discard(mark.seq)
            voice.restore(mark.seq)
        self._settle(mark.sample_ids)

    def _settle(self, ids: Ids | slice) -> None:
        """Find out anew which labels hold for `ids` (n,)."""
        self._conflicts = None
        if self._voices:
            # Many tables are looked up by them; NumPy would convert them for each.
            places = ids if isinstance(ids, slice) else ids.astype(np.intp)
            self._labels[places], self._origins[places] = self._judge.labels(self._voices, places)
