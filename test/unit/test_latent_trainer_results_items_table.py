"""The table of items: what it holds is what persons and the network say now, in both formats."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import torch
from outcomes import ITEMS, MARKS, columns, mark, marks, outcome, pictures

from latent_trainer.results.items_table import items_table, write_csv, write_parquet
from latentvr_common.cloud import NONE
from latentvr_common.labels import Kind, LabelEvent

torch.set_num_threads(1)

COLUMNS = ["sample_id", "id", "label_id", "label", "labelled_by", "others_say"]
COLUMNS += ["predicted_id", "predicted", "confidence", "x", "y", "z"]
NAMES = tuple(f"a folder/item {i}, größe.png" for i in range(ITEMS))


@pytest.mark.parametrize("names", [(), NAMES], ids=["without names", "with names"])
def test_a_row_holds_what_is_said_of_an_item(names: tuple[str, ...]) -> None:
    result = outcome(pictures(names=names))
    table = items_table(result)
    assert table.column_names == COLUMNS, "and no truth"
    np.testing.assert_array_equal(table["sample_id"].to_numpy(), np.arange(ITEMS))
    assert table["id"].to_pylist() == list(names or map(str, range(ITEMS)))
    np.testing.assert_array_equal(table["label_id"].to_numpy(), result.marks.labels)
    np.testing.assert_array_equal(table["predicted_id"].to_numpy(), result.encoded.predicted)
    np.testing.assert_array_equal(table["confidence"].to_numpy(), result.encoded.confidence)
    axes = np.stack([table[axis].to_numpy() for axis in "xyz"], axis=1)
    np.testing.assert_array_equal(axes, result.encoded.positions)
    assert {str(table.schema.field(column).type) for column in ("x", "confidence")} == {"float"}


def test_categories_have_their_names_and_what_has_no_known_category_has_none() -> None:
    result = outcome()
    table = items_table(result)
    names = {0: 'cat, "the" best', 2: "Möwe"}
    assert table["label"].to_pylist() == [names.get(i) for i in result.marks.labels.tolist()]
    assert table["predicted"].to_pylist() == [names.get(i) for i in result.encoded.predicted.tolist()]
    assert set(result.encoded.predicted.tolist()) <= {0, 2, 9}


def test_a_label_is_by_the_author_of_the_newest_mark_in_force_that_gave_it() -> None:
    said = marks(*MARKS, mark(5, 0, 5, 6, author="cy \udcff"))
    table = items_table(outcome(said=said))
    expected = ["ada"] * 5 + ["cy ?"] * 2 + ["bo"] * 5 + ["ada"] * 3 + [None] * (ITEMS - 15)
    assert table["labelled_by"].to_pylist() == expected


def test_what_others_say_stands_where_they_disagree() -> None:
    erased = LabelEvent("mark-6", Kind.ERASE, NONE, np.array([0, 7], np.uint32), author="dot", seq=6)
    said = marks(*MARKS, mark(5, 0, 5, 6, 20, author="cy \udcff"), erased, mark(7, 9, 8, author="dot"))
    table = items_table(outcome(said=said))
    expected: list[str | None] = [None] * ITEMS
    expected[0], expected[6], expected[7] = 'ada: cat, "the" best', "bo: Möwe", "bo: Möwe"
    expected[8] = "bo: Möwe"
    assert table["others_say"].to_pylist() == expected
    assert [table["label"].to_pylist()[i] for i in (0, 6, 7)] == [None, 'cat, "the" best', None]
    again = marks(*MARKS, mark(5, 9, 6, author="dot"), mark(6, 2, 6, author="cy"))
    assert items_table(outcome(said=again))["others_say"].to_pylist()[6] == "dot: 9", "who agrees is no other"


def test_without_labels_and_categories_it_says_none_everywhere() -> None:
    table = items_table(outcome(said=marks(categories=())))
    for column in ("label", "predicted", "labelled_by"):
        assert table[column].to_pylist() == [None] * ITEMS
    for column in ("label_id", "predicted_id"):
        assert table[column].to_pylist() == [NONE] * ITEMS
    assert table["confidence"].to_pylist() == [0.0] * ITEMS


@pytest.mark.parametrize("data", [pictures(names=NAMES), columns()], ids=["pictures", "columns"])
def test_both_files_hold_the_same(tmp_path: Path, data: object) -> None:
    table = items_table(outcome(data))  # type: ignore[arg-type]
    write_parquet(table, tmp_path / "items.parquet")
    write_csv(table, tmp_path / "items.csv")
    assert pyarrow.parquet.read_table(tmp_path / "items.parquet").equals(table)
    options = pa.csv.ConvertOptions(
        column_types=table.schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
    )
    assert pyarrow.csv.read_csv(tmp_path / "items.csv", convert_options=options).equals(table)


def test_names_that_are_no_text_are_made_readable() -> None:
    odd = ("\udcff\udcfe.png", 'line\nbreak, "quote"', *NAMES[2:])
    table = items_table(outcome(pictures(names=odd)))
    assert table["id"].to_pylist()[:2] == ["??.png", 'line\nbreak, "quote"']
