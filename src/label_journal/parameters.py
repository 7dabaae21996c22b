"""Parameters of the journal."""

from dataclasses import dataclass

from latentvr_common.parameters import parameter
from latentvr_common.voices import NEWEST

_FIRST_CATEGORIES = [f"category {i}" for i in range(1, 9)]


@dataclass(frozen=True)
class Parameters:
    """What a person may set."""

    path: str = parameter("labels.db", "The journal's file; made if there is none.")
    item_count: int = parameter(0, "Items in the dataset; must be given.", unit="items", at_least=1)
    wins: str = parameter(
        NEWEST, "Whose marks hold where authors disagree: newest, the newest mark; or the name of an author."
    )
    copy: str = parameter(
        "", "A second copy of all entries and categories, such as on another disk: a file; empty: none."
    )
    categories: list[str] = parameter(_FIRST_CATEGORIES, "Names of the first categories, for a new journal.")
