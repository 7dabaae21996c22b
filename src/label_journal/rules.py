"""What an entry must be to enter the journal."""

import uuid
from collections.abc import Mapping

import numpy as np

from latentvr_common.cloud import NONE
from latentvr_common.labels import Category, Kind, LabelBook, LabelEvent

LONGEST_NAME = 100
MOST_SPHERES = 10_000
LARGEST_NUMBER = 2**63 - 1
"""The largest that SQLite holds."""


class RejectedError(ValueError):
    """An entry or change that the journal does not take; the text names the field and what was expected."""


def check_event(event: LabelEvent, book: LabelBook, categories: Mapping[int, Category], item_count: int) -> None:
    """Raise RejectedError unless `event` may follow the entries in `book`."""
    _check_names(event)
    if len(event.region.radii) > MOST_SPHERES:
        raise RejectedError(f"region has {len(event.region.radii)} spheres, expected at most {MOST_SPHERES}")
    if event.kind in (Kind.ASSIGN, Kind.ERASE):
        _check_marks(event, categories, item_count)
    else:
        _check_target(event, book)


def check_event_id(name: str) -> None:
    """Raise RejectedError for what is no UUID as it is usually written."""
    try:
        canonical = str(uuid.UUID(name))
    except ValueError:
        canonical = ""
    if canonical != name:
        raise RejectedError(f"event_id is {name[:60]!r}, expected a UUID such as {uuid.UUID(int=0)}")


def _check_names(event: LabelEvent) -> None:
    check_event_id(event.event_id)
    check_author(event.author)
    if not 0 <= event.epoch <= LARGEST_NUMBER:
        raise RejectedError(f"epoch is {event.epoch}, expected 0 to {LARGEST_NUMBER}")
    if len(event.gesture) > LONGEST_NAME:
        raise RejectedError(f"gesture has {len(event.gesture)} characters, expected at most {LONGEST_NAME}")


def check_author(author: str) -> None:
    """Raise RejectedError for what is no name of an author."""
    if not 1 <= len(author) <= LONGEST_NAME:
        raise RejectedError(f"author has {len(author)} characters, expected 1 to {LONGEST_NAME}")


def _check_marks(event: LabelEvent, categories: Mapping[int, Category], item_count: int) -> None:
    if event.target_seq != 0:
        raise RejectedError(f"target_seq is {event.target_seq}, expected 0 for {event.kind.name}")
    if event.kind is Kind.ERASE and event.category != NONE:
        raise RejectedError(f"category is {event.category}, expected -1 for ERASE")
    if event.kind is Kind.ASSIGN:
        known = categories.get(event.category)
        if known is None or known.retired:
            offered = [c.id for c in categories.values() if not c.retired]
            raise RejectedError(f"category is {event.category}, expected one of {offered}")
    ids = event.sample_ids
    if len(ids) == 0:
        raise RejectedError("sample_ids is empty, expected at least one row number")
    if not (np.diff(ids.astype(np.int64)) > 0).all():
        raise RejectedError("sample_ids are not in rising order, each once")
    if int(ids[-1]) >= item_count:
        raise RejectedError(f"sample_ids go up to {int(ids[-1])}, expected less than {item_count}")


def _check_target(event: LabelEvent, book: LabelBook) -> None:
    if event.category != NONE or len(event.sample_ids):
        raise RejectedError(f"{event.kind.name} has a category or samples, expected category -1 and none")
    wanted_retracted = event.kind is Kind.RESTORE
    if not book.is_mark(event.target_seq) or book.is_retracted(event.target_seq) != wanted_retracted:
        state = "a retracted" if wanted_retracted else "an in-force"
        raise RejectedError(f"target_seq is {event.target_seq}, expected {state} ASSIGN or ERASE entry")


def checked_name(name: str, category_id: int, categories: Mapping[int, Category]) -> str:
    """Return `name`, without space around it, for category `category_id`, or raise RejectedError."""
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise RejectedError(f"category name is {name[:60]!r}, expected 1 to {LONGEST_NAME} printable characters")
    if any(c.name == name and not c.retired and c.id != category_id for c in categories.values()):
        raise RejectedError(f"category name {name!r} is in use, expected a new one")
    return name


def checked_color(color: int) -> int:
    """Return `color`, 0xRRGGBB, or raise RejectedError."""
    if not 0 <= color <= 0xFFFFFF:
        raise RejectedError(f"category color is {color:#x}, expected 0x000000 to 0xFFFFFF")
    return color
