"""What persons at a desk hold, in words: their mouse is not to be seen in the room."""

from collections.abc import Mapping
from dataclasses import dataclass

from latentvr_common.cloud import NONE
from latentvr_common.gestures import Tool, ToolKind
from latentvr_common.held import brush_color
from latentvr_common.scene import Scene

_KINDS = {ToolKind.SPHERE: "brush", ToolKind.DENSITY: "dense region", ToolKind.BOX: "box"}


@dataclass(frozen=True)
class AtDesk:
    """What one of them holds."""

    words: str
    """As "ann: cat, brush 6 cm"."""
    color: int
    """0xRRGGBB, in which they mark."""


def at_desks(scene: Scene) -> tuple[AtDesk, ...]:
    """Return what each of them who could mark now holds, by the names of the authors."""
    names = {category.id: category.name for category in scene.categories}
    return tuple(
        AtDesk(f"{author}: {_what(tool, names)}", brush_color(scene, tool.category, erases=tool.erases))
        for author, tool in sorted(scene.desks.items())
        if tool.paints
    )


def _what(tool: Tool, names: Mapping[int, str]) -> str:
    category = "erase" if tool.category == NONE else names.get(tool.category, f"category {tool.category}")
    size = f" {100 * tool.radius_m:.0f} cm" if tool.kind is ToolKind.SPHERE else ""
    return f"{category}, {_KINDS[tool.kind]}{size}"
