"""What the buttons of the palette show. Pure: each view draws it in its own way."""

from dataclasses import dataclass

import numpy as np

from latentvr_common import palette
from latentvr_common.gestures import Tool, ToolKind
from latentvr_common.palette import Button
from latentvr_common.palette_signs import Sign
from latentvr_common.scene import Scene

TOOL_COLOR = 0x4A5262
"""0xRRGGBB, of buttons that are no category's."""

_SIGNS = {
    palette.NEW: (Sign.NEW, "new"),
    palette.ERASE: (Sign.ERASE, "erase"),
    palette.UNDO: (Sign.UNDO, "undo"),
    palette.REDO: (Sign.REDO, "redo"),
    palette.SMALLER: (Sign.SMALLER, "smaller"),
    palette.LARGER: (Sign.LARGER, "larger"),
    palette.ACCEPT: (Sign.ACCEPT, "accept"),
}
_KINDS = {ToolKind.SPHERE: (Sign.BALL, "ball"), ToolKind.DENSITY: (Sign.REGION, "region")}


@dataclass(frozen=True)
class Face:
    """One button."""

    center: tuple[float, float]
    """From the palette's origin, across and down, metres."""
    words: str
    """The category's name, or what the tool is or does."""
    sign: Sign | None = None
    """Of a tool; None: it is a category's button."""
    color: int = TOOL_COLOR
    """0xRRGGBB."""
    count: int = 0
    """Items with this label."""
    is_active: bool = False
    """The category that is painted, or the tool that is in use."""


def faces(scene: Scene) -> tuple[Face, ...]:
    """Return the buttons of the page that is open; none without categories."""
    if not scene.categories:
        return ()
    labelled = np.bincount(scene.cloud.label[scene.cloud.label >= 0], minlength=1)
    by_id = {category.id: category for category in scene.categories}
    found = []
    for button in palette.buttons(scene.categories, scene.tool.page):
        category = by_id.get(button.category)
        if category is None:
            found.append(_tool(button, scene.tool, palette.pages(scene.categories)))
        else:
            count = int(labelled[category.id]) if category.id < len(labelled) else 0
            is_held = category.id == scene.tool.category
            found.append(Face(_center(button), category.name, None, category.color, count, is_held))
    return tuple(found)


def _tool(button: Button, tool: Tool, pages: int) -> Face:
    if button.action == palette.KIND:
        sign, words = _KINDS[tool.kind]
    elif button.action == palette.PAUSE:
        sign, words = (Sign.GO_ON, "go on") if tool.paused else (Sign.PAUSE, "pause")
    elif button.action == palette.MORE:
        sign, words = Sign.MORE, f"{tool.page + 1} of {pages}"
    else:
        sign, words = _SIGNS[button.action]
    return Face(_center(button), words, sign, is_active=button.action == palette.ERASE and tool.erases)


def _center(button: Button) -> tuple[float, float]:
    return float(button.center[0]), float(button.center[1])
