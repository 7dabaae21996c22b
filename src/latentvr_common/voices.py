"""What each author says of each item, which of it holds, and where authors disagree."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

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
_MARK = np.dtype([("seq", np.int32), ("category", np.int16), ("retracted", np.bool_)])
_FIRST_ROWS, _FIRST_MARKS = 1024, 64
_Scalar = TypeVar("_Scalar", bound=np.generic)


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
        # One row for each item of each mark, in whose first one stands silence.
        self._mark_of: Seqs = np.zeros(_FIRST_ROWS, np.int32)
        """The number of the mark, not its seq."""
        self._below: Seqs = np.zeros(_FIRST_ROWS, np.int32)
        """The row of the mark before on the same item."""
        self._used = 1
        self._marks: npt.NDArray[np.void] = np.zeros(_FIRST_MARKS, _MARK)
        self._marks[0] = (0, SILENT, False)
        self._newest: Seqs = np.zeros(item_count, np.int32)
        """(N,), row of the newest mark on the item, in force or not."""
        self._said = np.zeros(item_count, np.int32)
        """(N,), row of the newest mark in force."""
        self._spans: dict[int, _Span] = {}
        """By seq."""

    def says(self, ids: Ids | slice) -> tuple[Categories, Seqs]:
        """Return what is said of each of `ids` (n,), as in `categories`, and which entry says it, 0 none."""
        marks = self._mark_of[self._said[ids]]
        return self._marks["category"][marks], self._marks["seq"][marks]

    def categories(self, ids: Ids | slice) -> Categories:
        """Return what is said of each of `ids` (n,): a category, -1 no category, SILENT nothing."""
        return np.asarray(self._marks["category"][self._mark_of[self._said[ids]]])

    def say(self, seq: int, category: int, ids: Ids) -> None:
        """Take in mark `seq`, newer than all before: `ids` (n,) are of `category`, -1 none."""
        number, first, after = len(self._spans) + 1, self._used, self._used + len(ids)
        self._marks = _with_room(self._marks, number + 1)
        self._mark_of = _with_room(self._mark_of, after)
        self._below = _with_room(self._below, after)
        self._used = after
        self._marks[number] = (seq, category, False)
        places = ids.astype(np.intp)
        self._mark_of[first:after], self._below[first:after] = number, self._newest[places]
        self._newest[places] = np.arange(first, after, dtype=np.int32)
        self._said[places] = self._newest[places]
        self._spans[seq] = _Span(number, first, ids)

    def retract(self, seq: int) -> None:
        """Be without mark `seq`: say of its items what stands below it."""
        span = self._spans[seq]
        self._marks["retracted"][span.number] = True
        mine = self._said[span.ids] == span.rows()
        items, rows = span.ids[mine], span.rows()[mine]
        while len(items):
            rows = self._below[rows]
            self._said[items] = rows
            out = self._marks["retracted"][self._mark_of[rows]]
            items, rows = items[out], rows[out]

    def restore(self, seq: int) -> None:
        """Have mark `seq` again, at its old place: what is newer stays."""
        span = self._spans[seq]
        self._marks["retracted"][span.number] = False
        self._said[span.ids] = np.maximum(self._said[span.ids], span.rows())


@dataclass(frozen=True)
class _Span:
    """Where a mark stands in a voice: its number, its first row, and its items (n,)."""

    number: int
    first: int
    ids: Ids

    def rows(self) -> Seqs:
        return np.arange(self.first, self.first + len(self.ids), dtype=np.int32)


def _with_room(values: npt.NDArray[_Scalar], count: int) -> npt.NDArray[_Scalar]:
    """Return `values`, with room for at least `count` of them."""
    if count <= len(values):
        return values
    larger = np.empty(2 * count, values.dtype)
    larger[: len(values)] = values
    return larger


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
        labels, origins = said[0].says(ids)
        for voice in said[1:]:
            categories, seqs = voice.says(ids)
            newer = seqs > origins
            labels[newer], origins[newer] = categories[newer], seqs[newer]
        if self.wins in voices:
            favoured, seqs = voices[self.wins].says(ids)
            holds = (favoured != SILENT) & ~self._retired_among(favoured)
            labels[holds], origins[holds] = favoured[holds], seqs[holds]
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
