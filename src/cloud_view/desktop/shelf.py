"""The categories that number keys choose, ten at a time."""

from collections.abc import Sequence

from latentvr_common.labels import Category

PAGE = 10
"""Categories that number keys reach at once."""


def offered(categories: Sequence[Category]) -> list[Category]:
    """Return those that are not retired."""
    return [category for category in categories if not category.retired]


def pages(categories: Sequence[Category]) -> int:
    """Return how many pages of them there are, 1 or more."""
    return max(1, -(-len(offered(categories)) // PAGE))


def page(categories: Sequence[Category], number: int) -> list[Category]:
    """Return those of one page, at most ten; `number`: 0 for the first."""
    return offered(categories)[number * PAGE : (number + 1) * PAGE]


def page_with(category: int, categories: Sequence[Category]) -> int:
    """Return the page on which `category` is, or will be: it may be so new that the list does not tell of it yet."""
    ids = sorted({category, *(c.id for c in offered(categories))})
    return ids.index(category) // PAGE


def unused_name(categories: Sequence[Category]) -> str:
    """Return a name for a new category that none has."""
    taken, number = {category.name for category in categories}, len(categories) + 1
    while f"category {number}" in taken:
        number += 1
    return f"category {number}"
