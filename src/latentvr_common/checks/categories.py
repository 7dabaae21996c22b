"""The message Categories, and categories."""

from typing import Any

from latentvr_common.checks import need
from latentvr_common.checks.refusal import RefusedError
from latentvr_common.labels import CATEGORY_CAPACITY

WHITE = 0xFFFFFF


def check_categories(message: Any) -> None:
    """All categories: ids that the network has outputs for, each once."""
    need.header("categories", message.header)
    need.text("categories: wins", message.wins, need.LONGEST_NAME)
    for category in message.categories:
        need.number("categories: id", category.id, 0, CATEGORY_CAPACITY - 1)
        need.name("categories: name", category.name)
        check_color(category.color)
    need.rising("categories: ids", [category.id for category in message.categories])


def check_color(color: int) -> None:
    """0xRRGGBB."""
    if not 0 <= color <= WHITE:
        raise RefusedError(f"category color is {color:#x}, expected 0x000000 to 0xFFFFFF", "category: color")


def check_category_or_none(field: str, category: int) -> None:
    """The id of a category, or -1 for none."""
    need.number(field, category, -1, CATEGORY_CAPACITY - 1)
