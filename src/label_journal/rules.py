"""What an entry must be to enter the journal."""

import uuid
from collections.abc import Mapping

from latentvr_common.checks import RefusedError as RejectedError
from latentvr_common.checks import need
from latentvr_common.checks.categories import check_color
from latentvr_common.checks.entries import check_entry
from latentvr_common.checks.need import LONGEST_NAME
from latentvr_common.cloud import NONE
from latentvr_common.labels import Category, Kind, LabelBook, LabelEvent

__all__ = ["LONGEST_NAME", "RejectedError"]


def check_event(event: LabelEvent, book: LabelBook, categories: Mapping[int, Category], item_count: int) -> None:
    """Raise RejectedError unless `event` may follow the entries in `book`."""
    check_entry(event)
    check_event_id(event.event_id)
    check_author(event.author)
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


def check_author(author: str) -> None:
    """Raise RejectedError for what is no name of an author."""
    need.text("author", author, LONGEST_NAME, 1)


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
    need.name("category name", name)
    if any(c.name == name and not c.retired and c.id != category_id for c in categories.values()):
        raise RejectedError(f"category name {name!r} is in use, expected a new one")
    return name


def checked_color(color: int) -> int:
    """Return `color`, 0xRRGGBB, or raise RejectedError."""
    check_color(color)
    return color
