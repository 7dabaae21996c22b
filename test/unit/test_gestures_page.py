"""docs/gestures.md is true: what gives way to what, every parameter with its default, unit and range, every picture."""

import re
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import pytest

from gesture_labeler.parameters import Parameters
from gesture_labeler.vocabulary import GIVES_WAY
from latentvr_common.gestures import POKE

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "gestures.md").read_text()
NUMBERS = [field for field in fields(Parameters) if field.type in (float, "float")]
MOST_BYTES = 60_000


def test_the_table_of_what_gives_way_is_that_of_the_code() -> None:
    table = PAGE.split("## Which gives way to which")[1]
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", table, re.MULTILINE)
    assert {name: frozenset(re.findall(r"`(\w+)`", others)) for name, others in rows} == GIVES_WAY


def test_every_gesture_has_a_section() -> None:
    assert set(re.findall(r"^## .*: `(\w+)`$", PAGE, re.MULTILINE)) == {*GIVES_WAY, POKE}


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_every_number_is_there_with_its_default_unit_and_range(field: Field[Any]) -> None:
    found = re.search(rf"`{field.name}`\s+\(([\d.]+)( [A-Za-z/]+)?;\s+(-?[\d.]+)\s+to\s+([\d.]+)\)", PAGE)
    assert found is not None
    (limits,) = field.metadata.values()
    assert float(found[1]) == field.default
    assert (found[2] or "").strip() == limits.unit
    assert (float(found[3]), float(found[4])) == (limits.at_least, limits.at_most)


def test_every_picture_is_there_and_small_and_shown() -> None:
    shown = set(re.findall(r"\]\((images/gestures/\w+\.png)\)", PAGE))
    there = {f"images/gestures/{path.name}" for path in (DOCS / "images" / "gestures").glob("*.png")}
    assert shown == there
    assert all((DOCS / name).stat().st_size < MOST_BYTES for name in shown)
