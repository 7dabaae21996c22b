"""Wishes that the journal and the trainer grant.

Thread rule: everything runs on the executor's thread.
"""

from collections.abc import Callable

from latentvr import srv

from cloud_view.desktop.outcome import Kind, Wish
from latentvr_common.asking_node import Asking
from latentvr_common.gestures import Report


def ask(asking: Asking, wish: Wish, end: Report, on_added: Callable[[int], None]) -> None:
    """Ask for `wish`; once it is granted `end` is reported. `on_added` gets the id of a new category."""
    if wish.kind in (Kind.UNDO, Kind.REDO):
        asking.step(end, redo=wish.kind is Kind.REDO)
    elif wish.kind is Kind.NEW:
        asking.add_category(str(wish.value), end, on_added)
    elif wish.kind is Kind.PAUSE:
        asking.pause(end, paused=bool(wish.value))
    elif wish.kind is Kind.SPEED:
        commands = srv.SetTraining.Request
        asking.set_training(commands(command=commands.SPEED, speed=float(wish.value)), end)
