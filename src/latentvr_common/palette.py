"""The palette by the palm: which buttons it has and where they are, and the strip below them that leads through time.

The labeler reads pokes with it, views draw it, and the simulated person aims at it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations
from latentvr_common.hands import Hand, Joint, Validity
from latentvr_common.labels import Category

FloatArray = npt.NDArray[np.floating]

PITCH_M = 0.032
"""Distance between the centres of neighbouring buttons."""
BUTTON_M = 0.026
"""Side of a button; targets below 20 mm are hard to hit."""
COLUMNS = 4
OFFSET_M = 0.06
"""The palette floats so far out of the palm."""
UP = np.array([0.0, 1.0, 0.0])
OPEN_COSINE = 0.6
"""The palette is there while the cosine between the palm's normal and up is at least this."""

NEW = "new_category"
ERASE = "erase"
UNDO = "undo"
REDO = "redo"
KIND = "brush_kind"
PAUSE = "pause"
SMALLER = "brush_smaller"
LARGER = "brush_larger"
ACCEPT = "accept"
MORE = "more_categories"
TOOLS = (NEW, ERASE, UNDO, REDO, KIND, SMALLER, LARGER, PAUSE, ACCEPT)
"""The actions of the buttons below the categories."""
PAGE = 12
"""So many buttons for categories at once; where there are more categories, the last one leads to the next page."""
STRIP_M = (0.128, 0.026)
"""Width and height of the strip."""
NOW_M = 0.026
"""So much of its width, at the right end, is now; the rest is the way from the oldest cloud to there."""
STRIP_STEPS = 400
"""Into so many steps that way is divided where something stands on it: each is a quarter of a millimetre."""
_STRIP_BELOW_M = 0.043
"""From the middle of the last row of buttons: nothing is hit that lies between."""


@dataclass(frozen=True)
class Button:
    """`action`: "category:3", MORE, or one of TOOLS. `center` (2,): metres in the palette's plane."""

    action: str
    category: int
    center: FloatArray


def category_action(category: int) -> str:
    """Return the action of the button that chooses `category`."""
    return f"category:{category}"


def pages(categories: Sequence[Category]) -> int:
    """Return how many pages the palette has, 1 or more."""
    offered = sum(not c.retired for c in categories)
    return 1 if offered <= PAGE else -(-offered // (PAGE - 1))


def page_of(category: int, categories: Sequence[Category]) -> int:
    """Return the page with `category` on it; 0 where it is not offered."""
    offered = [c.id for c in categories if not c.retired]
    return offered.index(category) // (PAGE - 1) if pages(categories) > 1 and category in offered else 0


def buttons(categories: Sequence[Category], page: int = 0) -> list[Button]:
    """Lay out a button for each category of the page that is not retired, then the tools, in rows of COLUMNS.

    The middle is the palette's origin. A page that is not there is the first one.
    """
    actions = [(category_action(c.id), c.id) for c in _on_page(categories, page)]
    if pages(categories) > 1:
        actions.append((MORE, -1))
    rows = -(-len(actions) // COLUMNS)
    places = [*range(len(actions)), *range(rows * COLUMNS, rows * COLUMNS + len(TOOLS))]
    actions += [(action, -1) for action in TOOLS]
    rows += -(-len(TOOLS) // COLUMNS)
    return [
        Button(
            action,
            category,
            np.array([(i % COLUMNS - (COLUMNS - 1) / 2) * PITCH_M, (i // COLUMNS - (rows - 1) / 2) * PITCH_M]),
        )
        for i, (action, category) in zip(places, actions, strict=True)
    ]


def _on_page(categories: Sequence[Category], page: int) -> list[Category]:
    offered = [c for c in categories if not c.retired]
    if pages(categories) == 1:
        return offered
    first = (page if 0 <= page < pages(categories) else 0) * (PAGE - 1)
    return offered[first : first + PAGE - 1]


@dataclass(frozen=True)
class Strip:
    """The strip that leads through time. `center` (2,): metres in the palette's plane."""

    center: FloatArray

    def holds(self, point: FloatArray) -> bool:
        """Tell whether a point of the plane (2,) lies in it."""
        return bool(np.all(np.abs(point[:2] - self.center) <= np.array(STRIP_M) / 2))

    def aside_m(self, point: FloatArray) -> float:
        """Return how far a point of the plane (2,) lies above or below it; negative: neither."""
        return abs(float(point[1] - self.center[1])) - STRIP_M[1] / 2

    def share_at(self, across: float) -> float:
        """Return which share of the way is at a place across, metres, 0 to 1; 1: now. Beyond an end, it is that end."""
        way_m = STRIP_M[0] - NOW_M
        return float(np.clip((across - float(self.center[0]) + STRIP_M[0] / 2) / way_m, 0.0, 1.0))

    def place_of(self, share: float) -> FloatArray:
        """Return the point (2,) at a share of the way; of 1 the middle of what is now."""
        along = STRIP_M[0] - NOW_M / 2 if share >= 1.0 else share * (STRIP_M[0] - NOW_M)
        return np.asarray(self.center + np.array([along - STRIP_M[0] / 2, 0.0]))


def strip(categories: Sequence[Category], page: int = 0) -> Strip:
    """Return where the strip is, below the buttons of that page."""
    lowest = max(float(button.center[1]) for button in buttons(categories, page))
    return Strip(np.array([0.0, lowest + _STRIP_BELOW_M]))


@dataclass(frozen=True)
class PalettePose:
    """The palette's plane in the stage: origin, axes across (x) and down (y), and the normal that a finger meets."""

    origin: FloatArray
    across: FloatArray
    down: FloatArray
    normal: FloatArray

    def stage_from_palette(self, center: FloatArray, height_m: float = 0.0) -> FloatArray:
        """Take a point of the plane (2,), `height_m` above it, to the stage (3,), metres."""
        return np.asarray(self.origin + self.across * center[0] + self.down * center[1] + self.normal * height_m)

    def palette_from_stage(self, point: FloatArray) -> FloatArray:
        """Take a stage point (3,) to (across, down, height) (3,), metres."""
        away = point - self.origin
        return np.array([away @ self.across, away @ self.down, away @ self.normal])


def palette_pose(hand: Hand) -> PalettePose | None:
    """Return where the palette of the open `hand` is, or None while its palm does not face up or is not tracked.

    The palm joint's +y leaves the back of the hand and -z points to the fingers (XR_EXT_hand_tracking), so the palette
    lies OFFSET_M along -y, its rows across the hand, its first row nearest to the fingers.
    """
    position = hand.position_of(Joint.PALM)
    quat = hand.quats_xyzw[Joint.PALM]
    oriented = hand.validity[Joint.PALM] & Validity.ORIENTATION_VALID and bool(rotations.is_unit(quat))
    if position is None or not oriented:
        return None
    x, _, z, _ = quat.tolist()
    if 2.0 * (x * x + z * z) - 1.0 < OPEN_COSINE:  # The normal's part along up: mostly it is all that is asked for.
        return None
    normal = rotations.rotate(quat, -UP)
    down = rotations.rotate(quat, np.array([0.0, 0.0, 1.0]))
    # Seen from above an upturned palm, the hand's own x axis runs the other way.
    across = rotations.cross(normal, down)
    return PalettePose(position + normal * OFFSET_M, across, down, normal)


def button_at(laid_out: Sequence[Button], point: FloatArray) -> Button | None:
    """Return the button that a point of the plane (2,) lies in, or None."""
    for button in laid_out:
        if bool(np.all(np.abs(point[:2] - button.center) <= BUTTON_M / 2)):
            return button
    return None
