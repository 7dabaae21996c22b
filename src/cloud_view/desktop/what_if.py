"""What to ask for to see what would be without a mark, or to come back. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from latentvr_common.labels import Kind, LabelBook, LabelEvent

_LONGEST = 100
"""Characters of a branch's name."""


@dataclass(frozen=True)
class Asked:
    """What the trainer is asked for: a branch to begin, or, without entries, one to go on with."""

    name: str
    """Of the branch; empty: the one that was there first."""
    without: tuple[int, ...]
    """Entries that it is to begin without; none: it is there already."""
    note: str
    """What to tell the person once it is granted."""


def what_if(
    branch: str, begun: Sequence[str], book: LabelBook | None, author: str, names: Mapping[int, str]
) -> Asked | None:
    """Return what to ask for; None: `author` has no mark in force.

    branch: the one that is trained; begun: those that are there; names: of categories, by id.
    """
    if branch:
        return Asked("", (), "back to what was")
    mark = newest_mark(book, author) if book is not None else None
    if mark is None:
        return None
    name, never = name_without(mark, names), f"what if entry {mark.seq} had never been made"
    if name in begun:
        return Asked(name, (), f"{never}: back to that branch")
    return Asked(name, (mark.seq,), f"{never}: catching up")


def newest_mark(book: LabelBook, author: str) -> LabelEvent | None:
    """Return the newest mark of `author` that is in force; None: there is none."""
    own = (e for e in reversed(book.events()) if e.author == author and e.is_mark and not book.is_retracted(e.seq))
    return next(own, None)


def name_without(mark: LabelEvent, names: Mapping[int, str]) -> str:
    """Return the name of the branch without `mark`, at most 100 printable characters."""
    what = names.get(mark.category, f"category {mark.category}") if mark.kind is Kind.ASSIGN else "an erasure"
    end = f" (entry {mark.seq})"
    whole = f"without {''.join(c for c in what if c.isprintable())}"
    return whole[: _LONGEST - len(end)] + end
