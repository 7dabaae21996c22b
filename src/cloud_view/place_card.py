"""What would live where the hand is: a card in the corner of a picture.

All sizes are in pixels of a picture 720 high; a higher picture gets the same card, larger.
"""

from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

from cloud_view.sheet import BRIGHT, FAINT, MARGIN, REFERENCE_HEIGHT, SOFT, Rgb, Sheet, shortened
from latentvr_common.colors import split_rgb
from latentvr_common.png import read_png
from latentvr_common.scene import Scene

TITLE = "what would live here"
_WIDTH = 170.0
_TOP, _BELOW = 26.0, 58.0
_PICTURE = 170.0
_VALUE_ROW, _VALUES_IN_ROW = 19.0, 2
_EMPTY: Rgb = (230, 180, 60)


@dataclass(frozen=True)
class Card:
    """The picture or the values of a place, and the words below."""

    png: bytes
    """Empty: there are values instead."""
    values: tuple[str, ...]
    """In rows."""
    name: str
    """Of the category; "no category yet" for none."""
    color: Rgb
    share: str
    """Of the vote for it; empty for none."""
    around: str
    around_color: Rgb


def card_of(scene: Scene) -> Card | None:
    """Return the card of `scene`; None: nobody points at a place of which something is known."""
    place = scene.place
    if place is None:
        return None
    category = next((c for c in scene.categories if c.id == place.predicted), None)
    words = place.text.split()
    rows = tuple("  ".join(words[i : i + _VALUES_IN_ROW]) for i in range(0, len(words), _VALUES_IN_ROW))
    empty = place.support == 0
    return Card(
        png=place.png,
        values=() if place.png else rows,
        name=shortened(category.name, 14) if category is not None else "no category yet",
        color=_rgb(category.color) if category is not None else FAINT,
        share=f"{100 * place.share:.0f} %" if category is not None else "",
        around="nobody is here: a guess" if empty else f"{_items(place.support)} within {place.reach:.2g}",
        around_color=_EMPTY if empty else SOFT,
    )


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count:,} items"


def _rgb(packed: int) -> Rgb:
    red, green, blue = (int(value) for value in split_rgb(packed))
    return red, green, blue


def card_height(card: Card) -> float:
    """Return the height of the painted card."""
    return _TOP + _BELOW + (_PICTURE if card.png else _VALUE_ROW * len(card.values))


@lru_cache(maxsize=4)
def paint_card(card: Card, picture_height: int) -> Image.Image:
    """Return the card as a transparent picture, for a picture `picture_height` pixels high."""
    height = card_height(card)
    sheet = Sheet(_WIDTH, height, picture_height / REFERENCE_HEIGHT)
    sheet.text(0, 15, TITLE, 15, SOFT)
    if card.png:
        sheet.picture(0, _TOP, _WIDTH, _PICTURE, read_png("decode_place", card.png))
    for i, row in enumerate(card.values):
        sheet.text(0, _TOP + _VALUE_ROW * (i + 1) - 6, row, 14, BRIGHT)
    below = height - _BELOW
    sheet.dot(0, below + 19, 12, card.color)
    sheet.text(20, below + 24, card.name, 15, BRIGHT)
    sheet.text(_WIDTH, below + 24, card.share, 15, BRIGHT, "rs")
    sheet.text(0, below + 48, card.around, 14, card.around_color)
    return sheet.image


def put_card(picture: Image.Image, card: Card) -> None:
    """Put the card into the right top corner of `picture`."""
    painted = paint_card(card, picture.height)
    margin = round(MARGIN * picture.height / REFERENCE_HEIGHT)
    picture.paste(painted, (picture.width - margin - painted.width, margin), painted)
