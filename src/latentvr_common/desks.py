"""What is not to be seen of others, in words: what persons at a desk hold, and who looks back in time."""

from collections.abc import Mapping
from dataclasses import dataclass

from latentvr_common.cloud import NONE
from latentvr_common.gestures import Tool, ToolKind
from latentvr_common.held import brush_color
from latentvr_common.scene import Scene

_KINDS = {ToolKind.SPHERE: "brush", ToolKind.DENSITY: "dense region", ToolKind.BOX: "box"}


@dataclass(frozen=True)
class AtDesk:
    """What one of them holds or does."""

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


def looks_back(scene: Scene) -> tuple[AtDesk, ...]:
    """Return a line on the person whose hands are seen, while that person looks at an earlier cloud; none otherwise."""
    tool = scene.tool
    if not tool.looks_at_ns:
        return ()
    words = f"{tool.author or 'the person'} looks back in time"
    return (AtDesk(words, brush_color(scene, tool.category, erases=tool.erases)),)


def _what(tool: Tool, names: Mapping[int, str]) -> str:
    category = "erase" if tool.category == NONE else names.get(tool.category, f"category {tool.category}")
    size = f" {100 * tool.radius_m:.0f} cm" if tool.kind is ToolKind.SPHERE else ""
    looks = ", looks back" if tool.looks_at_ns else ""
    return f"{category}, {_KINDS[tool.kind]}{size}{looks}"
