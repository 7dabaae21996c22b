"""Which panels stand in the window now, and where."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from cloud_view.caption import Caption, Keys, caption_of, paint_caption
from cloud_view.desktop.desk import Desk
from cloud_view.desktop.hand_shapes import color_of
from cloud_view.desktop.marks import Boxing, Flooding, Painting
from cloud_view.desktop.panels import (
    Line,
    Look,
    paint_banner,
    paint_help,
    paint_line,
    paint_look,
    paint_naming,
    paint_proposal,
)
from cloud_view.desktop.picking import Viewport
from cloud_view.desktop.same import is_same
from cloud_view.desktop.show import Placed
from cloud_view.desktop.timeline_bar import InTime, paint_bar
from cloud_view.sheet import FAINT, REFERENCE_HEIGHT
from latentvr_common.cloud import NONE
from latentvr_common.scene import Scene
from latentvr_common.selecting.counts import label_counts

_MARGIN = 28.0
_TOOL_NAMES = {Painting: "brush", Boxing: "box", Flooding: "dense region"}


@dataclass(frozen=True)
class Status:
    """What has become of the marks. `safe`: items whose label is in the journal; `waiting`: entries not answered."""

    safe: int = 0
    waiting: int = 0
    note: str = ""


LookOf = Callable[[int], Look | None]
"""What is known of an item; None: nothing yet."""


class Dressing:
    """Panels, painted anew only where what they say has changed."""

    def __init__(self) -> None:
        self._caption: tuple[tuple[object, ...], Caption] | None = None
        self._cards: dict[str, tuple[object, Image.Image]] = {}

    def panels(
        self,
        desk: Desk,
        scene: Scene,
        viewport: Viewport,
        status: Status,
        look_of: LookOf,
        neighbours_of: Callable[[int], tuple[int, ...]],
        time: InTime,
    ) -> dict[str, Placed]:
        """Return them all, by name."""
        height = viewport.height
        margin = _MARGIN * height / REFERENCE_HEIGHT
        line = paint_line(line_of(desk, scene, status), viewport.width * REFERENCE_HEIGHT / height, _MARGIN, height)
        caption = paint_caption(self._caption_of(desk, scene), height)
        found = {
            "caption": Placed(caption, (margin, margin)),
            "line": Placed(line, (0.0, float(height - line.height))),
        }
        if time.bar is not None:
            bar = paint_bar(time.bar, viewport)
            found["bar"] = Placed(bar, (0.0, float(height - line.height - bar.height)))
        if desk.item is not None:
            card = self._look(desk.item, look_of, neighbours_of, height)
            if card is not None:
                found["look"] = Placed(card, (viewport.width - margin - card.width, margin))
        room = margin + caption.width
        if time.banner is not None:
            banner = paint_banner(time.banner, height)
            right = found["look"].place[0] if "look" in found else float(viewport.width)
            found["banner"] = Placed(banner, (max(room + (right - room - banner.width) / 2, 0.0), margin))
        large = self._large(desk, look_of, height)
        if large is not None:
            left = max(room + (viewport.width - room - large.width) / 2, 0.0)
            free = min(found[name].place[1] for name in ("line", "bar") if name in found)
            found["large"] = Placed(large, (left, max((free - large.height) / 2, 0.0)))
        return found

    def _caption_of(self, desk: Desk, scene: Scene) -> Caption:
        key = (
            scene.cloud,
            scene.categories,
            scene.progress,
            scene.forces is None,
            scene.beacons is None,
            repr(scene.desks),
            scene.tool.looks_at_ns,
            desk.hand.page,
            desk.hand.marks_with,
        )
        if self._caption is None or not is_same(self._caption[0], key):
            keys = Keys(tuple(desk.page()), desk.hand.marks_with, desk.hand.page, desk.pages())
            self._caption = key, caption_of(scene, keys)
        return self._caption[1]

    def _look(
        self, item: int, look_of: LookOf, neighbours_of: Callable[[int], tuple[int, ...]], height: int
    ) -> Image.Image | None:
        look = look_of(item)
        if look is None:
            kept = self._cards.get("look")
            return kept[1] if kept is not None else None
        near = [found for other in neighbours_of(item) if (found := look_of(other)) is not None]
        key = (look, tuple(near), height)
        return self._kept("look", key, lambda: paint_look(look, near, height))

    def _large(self, desk: Desk, look_of: LookOf, height: int) -> Image.Image | None:
        if desk.name is not None:
            return paint_naming(desk.name, height)
        proposal = desk.proposal
        if proposal is not None:
            audit = tuple(look_of(int(item)) or _unknown(int(item)) for item in proposal.audit_ids)
            key = (id(proposal), audit, height)
            count, expected = len(proposal), proposal.expected
            return self._kept("proposal", key, lambda: paint_proposal(count, expected, audit, height))
        return paint_help(height) if desk.help else None

    def _kept(self, name: str, key: object, paint: Callable[[], Image.Image]) -> Image.Image:
        kept = self._cards.get(name)
        if kept is None or kept[0] != key:
            kept = self._cards[name] = key, paint()
        return kept[1]


def _unknown(item: int) -> Look:
    return Look(item, None, "", "", FAINT, False)


def line_of(desk: Desk, scene: Scene, status: Status) -> Line:
    """Return the line of state."""
    hand, colors = desk.hand, dict(scene.colors())
    names = {c.id: c.name for c in scene.categories}
    if hand.erases:
        category = "erase"
    else:
        category = names.get(hand.category, "no category") if hand.category != NONE else "no category: press a number"
    color = tuple(round(255 * value) for value in color_of(hand.category, hand.erases, colors))
    safe = f"labels safe: {status.safe:,}"
    if status.waiting:
        safe = f"{status.waiting} to be made safe  ·  {safe}"
    return Line(
        _TOOL_NAMES[hand.tool],
        (color[0], color[1], color[2]),
        category,
        _marks(desk, scene, names),
        safe,
        status.waiting > 0,
        _note(desk, status),
    )


def _note(desk: Desk, status: Status) -> str:
    if status.note:
        return status.note
    if desk.paused:
        return "training is paused"
    return f"training at {100 * desk.speed:.0f} % speed" if desk.speed < 1 else ""


def _marks(desk: Desk, scene: Scene, names: dict[int, str]) -> str:
    """Return what the mark that is being made would take in, as "123 items: 97 new, 20 × cat, 6 × dog"."""
    if desk.mark is None:
        return ""
    ids = desk.mark.ids[desk.mark.ids < len(scene.cloud)]
    counts = label_counts(scene.cloud.label[ids])
    parts = [f"{counts.pop(NONE):,} new"] if NONE in counts else []
    parts += [f"{n:,} × {names.get(i, i)}" for i, n in sorted(counts.items(), key=lambda pair: -pair[1])[:3]]
    count = len(ids)
    return f"{count:,} item{'s' if count != 1 else ''}" + (f": {', '.join(parts)}" if parts else "")
