"""What each author says of each item, which of it holds, and where authors disagree."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE

NEWEST = "newest"
"""In place of an author whose marks always hold: of several marks on an item the newest one does."""
SILENT = -2
"""In place of a category: this author says nothing of this item."""

Categories = npt.NDArray[np.int16]
Seqs = npt.NDArray[np.int32]
Ids = npt.NDArray[np.integer]
_ROW = np.dtype([("seq", np.int32), ("category", np.int16), ("below", np.int32), ("retracted", np.bool_)])
"""`below`: the row of the mark before on the same item."""
_FIRST_ROWS = 1024


@dataclass(frozen=True)
class Conflicts:
    """Items of which two authors or more say different things, and who says what."""

    items: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """(n,), rising."""
    said: Mapping[str, Categories] = field(default_factory=dict)
    """By author, (n,): a category id, -1: no category, SILENT: nothing."""

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.items)

    def claims(self, row: int) -> dict[str, int]:
        """Return what each author who says something says of the item `items[row]`."""
        return {author: int(said[row]) for author, said in self.said.items() if said[row] != SILENT}


class Voice:
    """What one author says of N items: the newest mark in force on each, and what stands below it."""

    def __init__(self, item_count: int) -> None:
        """Start in silence."""
        self._rows = np.zeros(_FIRST_ROWS, _ROW)
        """One for each item of each mark; the first one stands for silence."""
        self._rows[0] = (0, SILENT, 0, False)
        self._used = 1
        self._newest = np.zeros(item_count, np.int32)
        """(N,), row of the newest mark on the item, in force or not."""
        self._said = np.zeros(item_count, np.int32)
        """(N,), row of the newest mark in force."""
        self._marks: dict[int, tuple[int, Ids]] = {}
        """By seq: the first row of a mark, and its items (n,)."""

    def seqs(self, ids: Ids | slice) -> Seqs:
        """Return the journal's entry that says something of each of `ids` (n,), 0 none."""
        return np.asarray(self._rows["seq"][self._said[ids]])

    def categories(self, ids: Ids | slice) -> Categories:
        """Return what is said of each of `ids` (n,): a category, -1 no category, SILENT nothing."""
        return np.asarray(self._rows["category"][self._said[ids]])

    def say(self, seq: int, category: int, ids: Ids) -> None:
        """Take in mark `seq`, newer than all before: `ids` (n,) are of `category`, -1 none."""
        first, after = self._used, self._used + len(ids)
        if after > len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros(after, _ROW)])
        self._used = after
        new = self._rows[first:after]
        new["seq"], new["category"], new["below"] = seq, category, self._newest[ids]
        self._said[ids] = self._newest[ids] = np.arange(first, after, dtype=np.int32)
        self._marks[seq] = first, ids

    def retract(self, seq: int) -> None:
        """Be without mark `seq`: say of its items what stands below it."""
        first, ids = self._marks[seq]
        self._rows["retracted"][first : first + len(ids)] = True
        mine = self._said[ids] == np.arange(first, first + len(ids))
        items, rows = ids[mine], first + np.flatnonzero(mine)
        while len(items):
            rows = self._rows["below"][rows]
            self._said[items] = rows
            out = self._rows["retracted"][rows]
            items, rows = items[out], rows[out]

    def restore(self, seq: int) -> None:
        """Have mark `seq` again, at its old place: what is newer stays."""
        first, ids = self._marks[seq]
        self._rows["retracted"][first : first + len(ids)] = False
        self._said[ids] = np.maximum(self._said[ids], np.arange(first, first + len(ids), dtype=np.int32))


class Judge:
    """Which of several voices holds. `retired`: categories that give no label any more."""

    def __init__(self, wins: str = NEWEST, retired: Collection[int] = ()) -> None:
        """`wins`: NEWEST, or an author whose marks hold whatever others say, unless their category is retired."""
        self.wins = wins
        self.retired = frozenset(retired)
        # -1 and SILENT are looked up from the end.
        self._is_retired = np.zeros(max(self.retired, default=0) + 3, np.bool_)
        self._is_retired[list(self.retired)] = True

    def _retired_among(self, categories: Categories) -> npt.NDArray[np.bool_]:
        known = len(self._is_retired) - 2
        return self._is_retired[np.where(categories < known, categories, NONE)]

    def labels(self, voices: Mapping[str, Voice], ids: Ids | slice) -> tuple[Categories, Seqs]:
        """Return which label holds for each of `ids` (n,), -1 none, and which entry gave it, 0 none."""
        said = list(voices.values())
        labels, origins = said[0].categories(ids), said[0].seqs(ids)
        for voice in said[1:]:
            seqs = voice.seqs(ids)
            newer = seqs > origins
            labels[newer], origins[newer] = voice.categories(ids)[newer], seqs[newer]
        if self.wins in voices:
            favoured = voices[self.wins].categories(ids)
            holds = (favoured != SILENT) & ~self._retired_among(favoured)
            labels[holds], origins[holds] = favoured[holds], voices[self.wins].seqs(ids)[holds]
        nothing = (labels < 0) | self._retired_among(labels)
        labels[nothing], origins[nothing] = NONE, 0
        return labels, origins

    def conflicts(self, voices: Mapping[str, Voice]) -> Conflicts:
        """Return the items on which authors disagree; marks of retired categories say nothing."""
        if len(voices) < 2:
            return Conflicts()
        said = {author: voice.categories(slice(None)) for author, voice in voices.items()}
        for categories in said.values():
            categories[self._retired_among(categories)] = SILENT
        every = np.stack(list(said.values()))
        highest = every.max(axis=0)
        lowest = np.where(every == SILENT, highest, every).min(axis=0)
        items = np.flatnonzero(lowest != highest)
        return Conflicts(items, {author: categories[items] for author, categories in said.items()})
