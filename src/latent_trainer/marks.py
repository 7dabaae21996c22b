"""What persons have said of the items, all of one moment."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE
from latentvr_common.labels import Category, LabelBook
from latentvr_common.trace import Said
from latentvr_common.voices import NEWEST, Conflicts


@dataclass(frozen=True)
class Marks:
    """Labels and what they come from. It is read on several threads: nobody changes its arrays."""

    labels: npt.NDArray[np.int16]
    """(N,), in force, -1 none; those of retired categories are none."""
    origins: npt.NDArray[np.int32]
    """(N,), seq of the journal's entry that gave the label; 0 where there is none."""
    authors: Mapping[int, str]
    """Who made each of these entries, by seq."""
    made: int
    """Marks made so far, those taken back included."""
    seq: int
    """The newest journal entry among them."""
    categories: tuple[Category, ...]
    conflicts: Conflicts
    """Where authors disagree."""
    wins: str = NEWEST
    """Whose marks hold there."""
    without: tuple[int, ...] = ()
    """Entries of the journal that do not count."""

    @property
    def said(self) -> Said:
        """What the labels follow from."""
        return Said(self.seq, self.without, retired=tuple(sorted(self.retired)), wins=self.wins)

    @property
    def retired(self) -> list[int]:
        """Ids of the categories that are no longer offered."""
        return [c.id for c in self.categories if c.retired]

    @property
    def labelled(self) -> int:
        """Items that have a label."""
        return int((self.labels != NONE).sum())

    def same_as(self, other: "Marks") -> bool:
        """Tell whether results with the one have the labels and names of the other."""
        return (self.seq, self.categories, self.without) == (other.seq, other.categories, other.without)


def marks_of(book: LabelBook, categories: tuple[Category, ...]) -> Marks:
    """Return what the entries in `book`, which judges by `categories`, say."""
    labels, origins = book.labels, book.origins
    made = sum(1 for event in book.events() if event.is_mark)
    return Marks(labels, origins, book.authors(origins), made, book.applied_seq, categories, book.conflicts, book.wins)
