"""The labels of any earlier moment, as they follow from the journal's entries."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from latentvr_common.labels import Category, Kind, LabelBook, LabelEvent
from latentvr_common.trace import Said

_NO_IDS = np.zeros(0, dtype=np.uint32)


class Recall:
    """Gives the labels that were, or would have been, in force.

    Quick where one moment is asked for after the other, in the order of the journal.
    """

    def __init__(self, item_count: int, events: Mapping[int, LabelEvent]) -> None:
        """Take the journal's entries by seq, of a dataset of `item_count` items."""
        self._item_count = item_count
        self._events = events
        self._without: tuple[int, ...] = ()
        self._book = LabelBook(item_count)

    def labels(self, said: Said) -> npt.NDArray[np.int16]:
        """Return the labels (N,), -1 none. Raises KeyError, with the seq, where an entry is missing."""
        return self.book(said).labels

    def book(self, said: Said) -> LabelBook:
        """Return all entries that count. Raises KeyError, with the seq, where one is missing. Only to be read."""
        if said.seq < self._book.applied_seq or said.without != self._without:
            self._book, self._without = LabelBook(self._item_count), said.without
        gone = frozenset(said.without)
        for seq in range(self._book.applied_seq + 1, said.seq + 1):
            event = self._events[seq]
            self._book.add(_unsaid(event) if seq in gone else event)
        self._book.judge_by([Category(c, "", 0, retired=True) for c in said.retired], said.wins)
        return self._book


def _unsaid(event: LabelEvent) -> LabelEvent:
    """Return an entry at the same place that says nothing."""
    return replace(event, kind=Kind.ERASE, category=-1, sample_ids=_NO_IDS, target_seq=0)


RecallLabels = Callable[[Said], npt.NDArray[np.int16]]
