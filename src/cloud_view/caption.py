"""The caption of a picture: what the numbers are, how they are laid out, and how they are painted.

All sizes are in pixels of a picture 720 high; a higher picture gets the same caption, larger.
"""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from cloud_view.sheet import BRIGHT, FAINT, MARGIN, REFERENCE_HEIGHT, SOFT, Rgb, Sheet, shortened
from latentvr_common.beacons import COLORS, Why
from latentvr_common.cloud import NONE
from latentvr_common.desks import AtDesk, at_desks, looks_back
from latentvr_common.force_arrows import MOTION_COLOR, PULL_COLOR
from latentvr_common.ghost import GHOST_COLOR
from latentvr_common.labels import Category
from latentvr_common.scene import Progress, Scene, State

_WIDTH = 250
_STATE_COLORS: dict[State, Rgb] = {
    State.PREPARING: (86, 180, 233),
    State.TRAINING: (92, 200, 130),
    State.PAUSED: (230, 180, 60),
    State.FAULT: (240, 92, 76),
}
_DISPUTED: Rgb = _STATE_COLORS[State.PAUSED]
_NOTICE: Rgb = (255, 190, 110)
MOST_ROWS = 14
"""Categories that the legend has room for."""


@dataclass(frozen=True)
class LegendRow:
    """One category: how many items a person has given to it, and how many more the network predicts."""

    name: str
    color: Rgb
    labelled: int
    predicted: int
    key: str = ""
    """That chooses it; empty: none does."""
    chosen: bool = False

    @property
    def items(self) -> int:
        """Both together."""
        return self.labelled + self.predicted


@dataclass(frozen=True)
class Keys:
    """Which categories keys choose: `categories` by the keys 1 to 9 and 0; `chosen`, by its id; -1: none."""

    categories: tuple[Category, ...]
    chosen: int
    page: int = 0
    pages: int = 1


@dataclass(frozen=True)
class Caption:
    """The words and numbers of a picture."""

    headline: str
    headline_meaning: str
    items: str
    state: str
    state_color: Rgb
    rows: tuple[LegendRow, ...]
    left_out: int
    """Categories that found no room."""
    arrows: bool = False
    """Forces are shown."""
    beacons: bool = False
    """Places to look at next are shown."""
    conflicts: str = ""
    """On how many items authors disagree; empty: on none."""
    offer: tuple[str, ...] = ()
    """What the network would label by itself, in lines; empty: nothing is offered."""
    desks: tuple[AtDesk, ...] = ()
    """What persons at a mouse hold, each in a line."""
    branch: tuple[str, ...] = ()
    """Which branch of training this is and what differs from the ghost, in lines; empty: there is none."""
    more: str = ""
    """The last line."""
    trouble: tuple[str, ...] = ()
    """Which node is not well, and why, in lines; empty: all are."""


def caption_of(scene: Scene, keys: Keys | None = None) -> Caption:
    """Return the caption of `scene`; with `keys`, of the categories that they choose."""
    if keys is not None:
        return _keyed(caption_of(replace(scene, categories=keys.categories)), scene, keys)
    headline, meaning = _headline(scene.progress, len(scene.cloud))
    offered = [category for category in scene.categories if not category.retired]
    offer = _offer(scene)
    desks = (*looks_back(scene), *at_desks(scene))[:_MOST_DESKS]
    branch = _branch(scene.progress)
    trouble = _lines(scene.trouble, _TROUBLE_LINES)
    room = MOST_ROWS - len(offer) - len(desks) - len(branch) - len(trouble)
    # The last row says how many are left out.
    shown = offered if len(offered) <= room else offered[: room - 1]
    return Caption(
        headline,
        meaning,
        _items(scene),
        scene.notice or f"epoch {scene.progress.epoch:,}  ·  {scene.progress.state.name.lower()}",
        _NOTICE if scene.notice else _STATE_COLORS[scene.progress.state],
        _legend(scene, shown),
        len(offered) - len(shown),
        scene.forces is not None,
        scene.beacons is not None,
        _conflicts(scene.progress.conflicts),
        offer,
        desks,
        branch,
        trouble=trouble,
    )


def _keyed(caption: Caption, scene: Scene, keys: Keys) -> Caption:
    rows = tuple(
        replace(row, key=str((i + 1) % 10), chosen=category.id == keys.chosen)
        for i, (row, category) in enumerate(zip(_legend(scene, keys.categories), keys.categories, strict=True))
    )
    more = f"page {keys.page + 1} of {keys.pages}: tab" if keys.pages > 1 else ""
    return replace(caption, rows=rows, left_out=0, more=more)


def _headline(progress: Progress, items: int) -> tuple[str, str]:
    if not math.isnan(progress.accuracy):
        return f"{100 * progress.accuracy:.1f} %", "correct"
    if not math.isnan(progress.confidence):
        return f"{100 * progress.confidence:.0f} %", "confidence"
    return f"{items:,}", "items"


def _items(scene: Scene) -> str:
    return f"{scene.progress.labelled:,} of {len(scene.cloud):,} items labelled"


def _conflicts(items: int) -> str:
    return f"authors disagree on {items:,}" if items else ""


def _branch(progress: Progress) -> tuple[str, ...]:
    """Return which branch this is and, if there is a ghost, how much is as in it and how right it was."""
    compared = not math.isnan(progress.agreement)
    if not progress.branch and not compared:
        return ()
    lines = [f"branch: {progress.branch or 'as it was'}"]
    if compared:
        right = progress.ghost_accuracy
        then = "" if math.isnan(right) else f" · {100 * right:.1f} % correct then"
        lines.append(f"{100 * progress.agreement:.0f} % as before{then}")
    return tuple(lines)


def _offer(scene: Scene) -> tuple[str, ...]:
    """Return what is offered, without what to do about it."""
    if scene.offer is None:
        return ()
    what, _, _ = scene.offer.words.partition(". ")
    return _lines(what, _OFFER_LINES)


def _lines(words: str, most: int) -> tuple[str, ...]:
    return tuple(textwrap.wrap(words, _OFFER_CHARACTERS, max_lines=most, placeholder="..."))


def _legend(scene: Scene, categories: Sequence[Category]) -> tuple[LegendRow, ...]:
    label, predicted = scene.cloud.label, scene.cloud.predicted
    by_hand = _counts(label)
    by_network = _counts(predicted[label == NONE])
    return tuple(
        LegendRow(
            category.name,
            _split(category.color),
            by_hand.get(category.id, 0),
            by_network.get(category.id, 0),
        )
        for category in categories
    )


def _split(color: int) -> Rgb:
    """Return 0xRRGGBB as red, green and blue, 0 to 255."""
    return color >> 16 & 255, color >> 8 & 255, color & 255


def _counts(categories: npt.NDArray[np.int16]) -> dict[int, int]:
    """Return how often each category id of 0 or more appears."""
    counts = np.bincount(categories[categories >= 0].astype(np.intp))
    return {int(i): int(counts[i]) for i in np.flatnonzero(counts)}


_ROW = 29.0
_KEY_WIDTH = 25.0
_CHOSEN: Rgb = (28, 33, 43)
_LEGEND_TOP = 184.0
_STATE_LINE = 123.0
_ARROWS_LINE = 151.0
_BEACONS_LINE = 24.0
"""Below that of the arrows, where both are shown; the categories then begin so much lower."""
_CONFLICTS_LINE = 28.0
"""All that stands below the number of items is so much lower where there are conflicts."""

_OFFER_LINE, _OFFER_CHARACTERS, _OFFER_LINES = 22.0, 34, 2
"""All that stands below is so much lower for each line of what is offered; a line has so many characters at most."""
_TROUBLE_LINES = 3
"""As with offers, for a node that is not well."""
_DESK_LINE, _DESK_CHARACTERS, _MOST_DESKS = 22.0, 30, 2
"""As with offers, for what persons at a mouse hold."""
_BRANCH_LINE, _BRANCH_CHARACTERS = 22.0, (34, 40)
"""As with offers, for branches of training."""


def caption_height(caption: Caption) -> float:
    """Return the height of the painted caption."""
    return _legend_top(caption) + _ROW * (len(caption.rows) + bool(_last_line(caption))) + 6


def _last_line(caption: Caption) -> str:
    return f"and {caption.left_out} more" if caption.left_out else caption.more


def _lower_by(caption: Caption) -> float:
    return _desks_top(caption) + _DESK_LINE * len(caption.desks)


def _desks_top(caption: Caption) -> float:
    return _offer_top(caption) + _OFFER_LINE * len(caption.offer)


def _offer_top(caption: Caption) -> float:
    return _trouble_top(caption) + _OFFER_LINE * len(caption.trouble)


def _trouble_top(caption: Caption) -> float:
    return _branch_top(caption) + _BRANCH_LINE * len(caption.branch)


def _branch_top(caption: Caption) -> float:
    return _CONFLICTS_LINE if caption.conflicts else 0.0


def _legend_top(caption: Caption) -> float:
    return _LEGEND_TOP + _lower_by(caption) + _BEACONS_LINE * (caption.arrows and caption.beacons)


@lru_cache(maxsize=2)
def paint_caption(caption: Caption, picture_height: int) -> Image.Image:
    """Return the caption as a transparent picture, for a picture `picture_height` pixels high."""
    sheet = Sheet(_WIDTH, caption_height(caption), picture_height / REFERENCE_HEIGHT)
    end = sheet.text(0, 50, caption.headline, 54, BRIGHT)
    sheet.text(end + 10, 50, caption.headline_meaning, 20, SOFT)
    sheet.text(0, 92, caption.items, 17, BRIGHT)
    state_line = _STATE_LINE + _lower_by(caption)
    if caption.conflicts:
        sheet.text(0, _STATE_LINE - 4, caption.conflicts, 17, _DISPUTED)
    for i, words in enumerate(caption.branch):
        base = _STATE_LINE - 4 + _branch_top(caption) + i * _BRANCH_LINE
        if not i:
            sheet.dot(0, base - 5, 9, GHOST_COLOR)
        sheet.text(17, base, shortened(words, _BRANCH_CHARACTERS[i]), 13 if i else 15, SOFT if i else BRIGHT)
    for i, words in enumerate(caption.trouble):
        sheet.text(0, _STATE_LINE - 4 + _trouble_top(caption) + i * _OFFER_LINE, words, 15, _NOTICE)
    for i, words in enumerate(caption.offer):
        sheet.text(0, _STATE_LINE - 4 + _offer_top(caption) + i * _OFFER_LINE, words, 15, BRIGHT)
    for i, desk in enumerate(caption.desks):
        base = _STATE_LINE - 4 + _desks_top(caption) + i * _DESK_LINE
        sheet.dot(0, base - 5, 9, _split(desk.color))
        sheet.text(17, base, shortened(desk.words, _DESK_CHARACTERS), 15, SOFT)
    sheet.dot(0, state_line - 6, 9, caption.state_color)
    sheet.text(17, state_line, caption.state, 17, SOFT)
    if caption.arrows:
        _paint_arrows(sheet, _ARROWS_LINE + _lower_by(caption))
    if caption.beacons:
        _paint_beacons(sheet, _ARROWS_LINE + _lower_by(caption) + _BEACONS_LINE * caption.arrows)
    _paint_legend(sheet, caption)
    return sheet.image


def _paint_arrows(sheet: Sheet, line: float) -> None:
    """Say what the arrows are, in the line between the state and the categories."""
    for x, color, height, words in ((0, PULL_COLOR, 3.0, "own pull"), (112, MOTION_COLOR, 2.0, "motion")):
        sheet.bar(x, line - 5, 18, height, color)
        sheet.text(x + 26, line, words, 15, SOFT)


def _paint_beacons(sheet: Sheet, baseline: float) -> None:
    """Say what the colours of the beacons are."""
    for x, why in zip((0, 76, 172), Why, strict=True):
        sheet.dot(x, baseline - 5, 9, COLORS[why])
        sheet.text(x + 15, baseline, why.value, 15, SOFT)


def _paint_legend(sheet: Sheet, caption: Caption) -> None:
    most = max([row.items for row in caption.rows], default=0) or 1
    for i, row in enumerate(caption.rows):
        _paint_row(sheet, row, _legend_top(caption) + i * _ROW, most)
    if _last_line(caption):
        sheet.text(22, _legend_top(caption) + len(caption.rows) * _ROW, _last_line(caption), 15, SOFT)


def _paint_row(sheet: Sheet, row: LegendRow, baseline: float, most: int) -> None:
    left = _KEY_WIDTH if row.key else 0
    if row.chosen:
        sheet.bar(0, baseline - 19, _WIDTH, 28, _CHOSEN)
        sheet.bar(0, baseline - 19, 2, 28, row.color)
    if row.key:
        sheet.text(7, baseline, row.key, 15, BRIGHT if row.chosen else SOFT)
    sheet.dot(left, baseline - 5, 12, row.color)
    sheet.text(left + 22, baseline, shortened(row.name, 15 if row.key else 17), 15, BRIGHT)
    sheet.text(_WIDTH, baseline, f"{row.items:,}", 15, SOFT, "rs")
    whole = _WIDTH - left - 22
    share = whole / most
    sheet.bar(left + 22, baseline + 6, whole, 2, FAINT)
    sheet.bar(left + 22, baseline + 6, row.items * share, 2, row.color, 120)
    sheet.bar(left + 22, baseline + 6, row.labelled * share, 2, row.color)


def put_caption(picture: Image.Image, caption: Caption) -> None:
    """Write the caption at the left of `picture`."""
    painted = paint_caption(caption, picture.height)
    margin = round(MARGIN * picture.height / REFERENCE_HEIGHT)
    picture.paste(painted, (margin, margin), painted)
