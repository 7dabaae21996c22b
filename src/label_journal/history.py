"""Undo and redo of one author."""

from collections.abc import Iterable

from latentvr_common.labels import Kind, LabelEvent


def undo_target(events: Iterable[LabelEvent], author: str) -> int | None:
    """Return the seq of the newest entry of `author` in force; None: nothing to undo."""
    done, _ = _stacks(events, author)
    return done[-1] if done else None


def redo_target(events: Iterable[LabelEvent], author: str) -> int | None:
    """Return the seq of what the newest undo of `author` retracted; None: nothing to redo.

    As in every editor, a new mark ends what could be redone.
    """
    _, undone = _stacks(events, author)
    return undone[-1] if undone else None


def _stacks(events: Iterable[LabelEvent], author: str) -> tuple[list[int], list[int]]:
    """Return the author's marks in force, and those that the author's undo retracted, oldest first."""
    own: set[int] = set()
    in_force: set[int] = set()
    undone: list[int] = []
    for event in events:
        if event.kind in (Kind.ASSIGN, Kind.ERASE):
            if event.author == author:
                own.add(event.seq)
                in_force.add(event.seq)
                undone.clear()
        elif event.target_seq in own:
            in_force.symmetric_difference_update({event.target_seq})
            if event.kind is Kind.RESTORE:
                undone = [seq for seq in undone if seq != event.target_seq]
            elif event.author == author:
                undone.append(event.target_seq)
    return sorted(in_force), undone
