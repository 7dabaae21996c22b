"""What the buttons of the palette do to what the hands hold. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from latentvr_common import brush, palette
from latentvr_common.cloud import NONE
from latentvr_common.gestures import HAND_KINDS, Tool
from latentvr_common.labels import Category
from latentvr_common.palette import Button

ASKED = frozenset({palette.NEW, palette.UNDO, palette.REDO, palette.PAUSE, palette.ACCEPT})
"""Those that change nothing in the hands: others are asked."""


def pressed(tool: Tool, button: Button, categories: Sequence[Category]) -> Tool:
    """Return what the hands hold once `button` is pressed."""
    if button.category != NONE:
        return replace(tool, category=button.category, erases=False)
    if button.action == palette.ERASE:
        return replace(tool, category=NONE, erases=not tool.erases)
    if button.action == palette.KIND:
        kinds = HAND_KINDS
        return replace(tool, kind=kinds[(kinds.index(tool.kind) + 1) % len(kinds)])
    if button.action == palette.MORE:
        return replace(tool, page=(tool.page + 1) % palette.pages(categories))
    if button.action in (palette.SMALLER, palette.LARGER):
        return replace(tool, radius_m=brush.resized(tool.radius_m, larger=button.action == palette.LARGER))
    return tool


def offered(tool: Tool, categories: Sequence[Category]) -> Tool:
    """Return what the hands hold now that these are the categories: one that is retired is no longer painted."""
    known = any(c.id == tool.category and not c.retired for c in categories)
    page = tool.page if tool.page < palette.pages(categories) else 0
    return replace(tool, category=tool.category if known else NONE, page=page)


def new_name(categories: Sequence[Category]) -> str:
    """Return a name for one more category; whoever wants another renames it."""
    taken = {c.name for c in categories}
    number = len(categories) + 1
    while f"category {number}" in taken:
        number += 1
    return f"category {number}"
