"""Labels as an append-only list of entries, and what follows from them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE

CATEGORY_CAPACITY = 256
"""Ids of categories are less than this: the network has so many outputs."""


class Kind(IntEnum):
    """What a label entry does. Equal to the constants of LabelEvent.msg."""

    ASSIGN = 0
    ERASE = 1
    RETRACT = 2
    RESTORE = 3


@dataclass(frozen=True)
class Region:
    """The union of K spheres in latent space; K = 0: no geometry."""

    centers: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))
    """(K, 3), latent units."""
    radii: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    """(K,), latent units."""


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
        """Start with no entry for a dataset of `item_count` items."""
        self._item_count = item_count
        self._events: dict[int, LabelEvent] = {}
        self._seq_by_id: dict[str, int] = {}
        self._applied_seq = 0
        self._retracted: set[int] = set()
        self._labels = np.full(item_count, NONE, dtype=np.int16)
        self._origins = np.zeros(item_count, dtype=np.int32)

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
        """Category of each item (N,) by the newest entry in force, -1 none. A copy."""
        return self._labels.copy()

    @property
    def origins(self) -> npt.NDArray[np.int32]:
        """Seq of the entry that gave each item (N,) the label it has, 0 where it has none. A copy."""
        return self._origins.copy()

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
        return event is not None and event.kind in (Kind.ASSIGN, Kind.ERASE)

    def is_retracted(self, seq: int) -> bool:
        """Tell whether entry `seq` is out of force."""
        return seq in self._retracted

    def in_force(self) -> list[LabelEvent]:
        """Return the ASSIGN and ERASE entries that are not retracted, in order."""
        return [e for e in self.events() if e.kind in (Kind.ASSIGN, Kind.ERASE) and e.seq not in self._retracted]

    def add(self, event: LabelEvent) -> bool:
        """Take in an entry that has a seq; return whether labels may have changed. The same one again changes nothing.

        Raises ValueError for an entry without a place in the journal, with samples outside the dataset, or at the place
        of another one: it comes from another journal.
        """
        if event.seq < 1:
            raise ValueError(f"label entry {event.event_id!r} has seq {event.seq}, expected 1 or more")
        if len(event.sample_ids) and int(event.sample_ids.max()) >= self._item_count:
            raise ValueError(
                f"label entry {event.seq} names sample {int(event.sample_ids.max())}, "
                f"expected less than {self._item_count}"
            )
        if event.seq in self._events:
            if self._events[event.seq].event_id != event.event_id:
                raise ValueError(
                    f"label entry {event.seq} is {event.event_id!r}, but another one is known by that number"
                )
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

    def _apply(self, event: LabelEvent) -> None:
        if event.kind in (Kind.ASSIGN, Kind.ERASE):
            self._put(event)
        else:
            change = self._retracted.add if event.kind is Kind.RETRACT else self._retracted.discard
            change(event.target_seq)
            self._replay()

    def _put(self, mark: LabelEvent) -> None:
        gives = mark.kind is Kind.ASSIGN and mark.category != NONE
        self._labels[mark.sample_ids] = mark.category if gives else NONE
        self._origins[mark.sample_ids] = mark.seq if gives else 0

    def _replay(self) -> None:
        self._labels[:], self._origins[:] = NONE, 0
        for event in self.in_force():
            self._put(event)
