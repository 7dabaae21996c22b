"""What to ask for to see what would be without a mark, to go on from an earlier moment, or to come back. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from latentvr_common.labels import Kind, LabelBook, LabelEvent

_LONGEST = 100
"""Characters of a branch's name."""


@dataclass(frozen=True)
class Asked:
    """What the trainer is asked for: a branch to begin, or, without entries and step, one to go on with."""

    name: str
    """Of the branch; empty: the one that was there first."""
    without: tuple[int, ...]
    """Entries that it is to begin without."""
    note: str
    """What to tell the person once it is granted."""
    step: int = 0
    """Of training, from which it is to go on; 0: from where training is."""

    @property
    def begins(self) -> bool:
        """Whether the branch is not there yet."""
        return bool(self.without) or self.step > 0


@dataclass(frozen=True)
class Then:
    """An earlier moment."""

    at_ns: int
    """ROS time."""
    step: int
    """Of training."""
    branch: str
    """The one that was trained."""


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


def fork(branch: str, begun: Sequence[str], book: LabelBook | None, then: Then) -> Asked | str:
    """Return what to ask for to go on from `then` as if nothing had been marked since; else why that cannot be.

    branch: the one that is trained; begun: those that are there.
    """
    if then.branch != branch:
        return f"that moment is of {_in_words(then.branch)}: go there first (shift+w)"
    if book is None or then.step < 1:
        return "training had not begun then: there is nothing to go on from"
    last = newest_until(book, then.at_ns)
    gone = tuple(entry.seq for entry in book.events(after=last))
    name = f"from step {then.step:,} ({f'entry {last}' if last else 'before any mark'})"
    if name in begun:
        return Asked(name, (), "on from there: back to that branch")
    since = f", without the {len(gone)} {'entry' if len(gone) == 1 else 'entries'} since" if gone else ""
    return Asked(name, gone, f"on from there{since}", then.step)


def next_branch(branch: str, begun: Sequence[str]) -> Asked | str:
    """Return what to ask for to come from `branch` to the next one, in the order in which they were begun."""
    every = ["", *begun]
    if len(every) == 1:
        return "there is no other branch of training: w begins one"
    name = every[(every.index(branch) + 1) % len(every)]
    return Asked(name, (), _in_words(name))


def _in_words(branch: str) -> str:
    return f"branch {branch!r}" if branch else "what was"


def newest_until(book: LabelBook, at_ns: int) -> int:
    """Return the newest entry before the first that came after a time; 0: there is none."""
    events = book.events()
    later = next((entry.seq for entry in events if (entry.committed_ns or entry.cloud_stamp_ns) > at_ns), None)
    return book.applied_seq if later is None else later - 1


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
