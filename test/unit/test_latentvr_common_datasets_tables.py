"""Parquet and CSV tables: columns are what their names say; whatever is wrong is named with its column and row."""

import pickle
import random
import re
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from PIL import Image

from latentvr_common.datasets import Dataset, load, table, table_file
from latentvr_common.errors import InputError

N = 24
RANDOM = np.random.default_rng(0)
HEIGHT = RANDOM.normal(size=N)
WEIGHT = RANDOM.normal(size=N)
TRUTH = [("ant", "bee", "cat")[i % 3] for i in range(N)]
IDS = [f"item {i:03}" for i in range(N)]
KINDS = ["parquet", "csv"]


def written(directory: Path, kind: str, columns: dict[str, Any]) -> Path:
    path = directory / f"data.{kind}"
    write = pyarrow.parquet.write_table if kind == "parquet" else pyarrow.csv.write_csv
    write(pa.table(columns), str(path))
    return path


def loaded(directory: Path, kind: str, columns: dict[str, Any], **arguments: Any) -> Dataset:
    return load(str(written(directory, kind, columns)), **arguments)


def expect_refusal(path: Path, message: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=message) as error:
            load(str(path))
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


# What columns are


@pytest.mark.parametrize("kind", KINDS)
def test_columns_of_numbers_are_features_and_id_and_truth_are_not(tmp_path: Path, kind: str) -> None:
    columns = {"height": HEIGHT, "id": IDS, "truth": TRUTH, "weight": WEIGHT, "legs": np.arange(N)}
    found = loaded(tmp_path, kind, columns)
    assert found.items.dtype == np.float32
    np.testing.assert_allclose(found.items, np.stack([HEIGHT, WEIGHT, np.arange(N)], axis=1), rtol=1e-6)
    assert (found.item_names, found.ids) == (tuple(IDS), tuple(IDS))
    assert found.categories == ("ant", "bee", "cat")
    assert found.truth is not None
    assert (found.truth.tolist(), found.truth.dtype) == ([0, 1, 2] * 8, np.int16)
    assert (found.kind, found.media, found.notes, found.skipped) == ("features", "", (), ())


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_nothing_but_numbers_has_neither_names_nor_truth(tmp_path: Path, kind: str) -> None:
    found = loaded(tmp_path, kind, {"x": HEIGHT})
    assert (found.item_names, found.truth, found.categories) == ((), None, ())
    assert found.ids == tuple(map(str, range(N)))


@pytest.mark.parametrize("kind", KINDS)
def test_ids_and_truth_may_be_integers_and_categories_are_in_the_order_of_numbers(tmp_path: Path, kind: str) -> None:
    found = loaded(tmp_path, kind, {"x": HEIGHT, "id": np.arange(N)[::-1] * 5, "truth": [10, 9, -1, 100] * 6})
    assert found.ids[:3] == ("115", "110", "105")
    assert found.categories == ("-1", "9", "10", "100")
    assert found.truth is not None
    assert found.truth[:4].tolist() == [2, 1, 0, 3]


def test_ids_and_truth_in_csv_are_texts_even_where_they_look_like_numbers(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("id,x,truth\n" + "".join(f"{i:03},{i},{1 + i % 2}.0\n" for i in range(N)))
    found = load(str(path))
    assert found.ids[7] == "007"
    assert found.categories == ("1.0", "2.0")


@pytest.mark.parametrize(
    "kind",
    [pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.decimal128(12, 2)],
    ids=str,
)
def test_columns_of_any_real_type_are_features(tmp_path: Path, kind: pa.DataType) -> None:
    numbers = pa.array(range(N), pa.int32()).cast(kind)
    assert loaded(tmp_path, "parquet", {"x": numbers}).items[:, 0].tolist() == list(range(N))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())], ids=str)
def test_texts_of_any_type_are_ids_and_truth(tmp_path: Path, kind: pa.DataType) -> None:
    columns = {"x": HEIGHT, "id": pa.array(IDS).cast(kind), "truth": pa.array(TRUTH).cast(kind)}
    found = loaded(tmp_path, "parquet", columns)
    assert found.ids == tuple(IDS)
    assert found.categories == ("ant", "bee", "cat")


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float32()), pa.list_(pa.float64(), 3), pa.large_list(pa.int16())], ids=str
)
def test_a_column_of_lists_is_as_many_features(tmp_path: Path, kind: pa.DataType) -> None:
    rows = RANDOM.integers(-9, 9, (N, 3))
    found = loaded(tmp_path, "parquet", {"a": HEIGHT, "embedding": pa.array(rows.tolist(), kind), "b": WEIGHT})
    np.testing.assert_allclose(found.items, np.column_stack([HEIGHT, rows, WEIGHT]), rtol=1e-6)


def test_a_name_with_a_dot_is_a_name(tmp_path: Path) -> None:
    found = loaded(tmp_path, "parquet", {"a.b": HEIGHT, "a": WEIGHT})
    np.testing.assert_allclose(found.items, np.stack([HEIGHT, WEIGHT], axis=1), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_other_columns_are_ignored_with_a_note(tmp_path: Path, kind: str) -> None:
    columns = {"x": HEIGHT, "words": TRUTH, "wild": [True, False] * 12, "when": pa.array([0] * N, pa.date32())}
    found = loaded(tmp_path, kind, columns)
    assert found.items.shape == (N, 1)
    assert found.notes == ("columns that are ignored: words (string), wild (bool), when (date32[day])",)


def test_many_ignored_columns_are_counted(tmp_path: Path) -> None:
    found = loaded(tmp_path, "parquet", {"x": HEIGHT} | {f"t{i}": TRUTH for i in range(9)})
    (note,) = found.notes
    assert note.endswith("t4 (string) and 4 more")


def test_the_number_of_the_row_that_pandas_writes_is_no_feature(tmp_path: Path) -> None:
    for name in ("", "Unnamed: 0", "__index_level_0__"):
        found = loaded(tmp_path, "parquet", {name: np.arange(N), "x": HEIGHT})
        assert found.items.shape == (N, 1)
        assert found.notes == (f"columns that are ignored: {name or '(no name)'} (int64)",)


def test_a_feature_that_is_called_like_truth_is_pointed_out(tmp_path: Path) -> None:
    found = loaded(tmp_path, "csv", {"x": HEIGHT, "Label": np.arange(N)})
    assert found.notes == ("column Label is a feature; if it is the truth, call it truth",)
    assert loaded(tmp_path, "csv", {"x": HEIGHT, "Label": np.arange(N), "truth": TRUTH}).notes == ()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [3, 1000])
def test_a_subset_of_a_table_is_the_same_rows_as_of_an_array(
    tmp_path: Path, kind: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_file, "_BATCH_VALUES", rows)
    monkeypatch.setattr(table_file, "_BLOCK_BYTES", 30 * rows)
    count = 500
    columns = {
        "x": np.arange(count),
        "id": [f"n{i}" for i in range(count)],
        "truth": [f"c{i % 7}" for i in range(count)],
    }
    found = loaded(tmp_path, kind, columns, max_items=60, seed=3)
    np.savez(tmp_path / "same.npz", items=np.arange(count)[:, None].astype(np.float32))
    expected = load(str(tmp_path / "same.npz"), max_items=60, seed=3)
    np.testing.assert_array_equal(found.items, expected.items)
    numbers = found.items[:, 0].astype(int).tolist()
    assert found.item_names == tuple(f"n{i}" for i in numbers)
    assert found.truth is not None
    assert found.truth.tolist() == [i % 7 for i in numbers]
    assert found.categories == tuple(f"c{i}" for i in range(7))


def test_quotes_line_breaks_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    lines = ['id,"x, in metres",words', *(f'"a ""{i}""",{i},"two\nlines"' for i in range(N))]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    found = load(str(path))
    assert found.ids[3] == 'a "3"'
    assert found.items[:, 0].tolist() == list(range(N))


# Tables of images


def with_images(directory: Path, kind: str, **more: Any) -> Path:
    (directory / "shots").mkdir(exist_ok=True)
    names = [f"shots/{i}.png" for i in range(N)][::-1]
    for i, name in enumerate(names):
        Image.fromarray(np.full((40, 40, 3), i, np.uint8)).save(directory / name)
    return written(directory, kind, {"image": names} | more)


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_of_images_makes_the_items_pictures_in_the_order_of_the_table(tmp_path: Path, kind: str) -> None:
    found = load(str(with_images(tmp_path, kind, id=IDS, truth=TRUTH, height=HEIGHT)))
    assert (found.kind, found.media, found.items.shape) == ("pictures", "image", (N, 32, 32, 3))
    assert found.items[:, 5, 5, 0].tolist() == list(range(N))
    assert found.ids == tuple(IDS)
    assert found.file_of(2) == tmp_path / "shots" / "21.png"
    assert found.truth is not None
    assert found.truth.tolist() == [0, 1, 2] * 8
    assert found.notes == ("columns of numbers beside image are ignored: height",)


def test_images_without_ids_are_named_by_their_paths(tmp_path: Path) -> None:
    assert load(str(with_images(tmp_path, "csv"))).ids[0] == "shots/23.png"


def test_images_that_cannot_be_read_are_skipped_and_the_others_keep_what_is_theirs(tmp_path: Path) -> None:
    path = with_images(tmp_path, "csv", id=IDS, truth=TRUTH)
    (tmp_path / "shots" / "22.png").write_bytes(b"no image")
    (tmp_path / "shots" / "20.png").unlink()
    found = load(str(path))
    assert [(s.name, s.reason) for s in found.skipped][1] == ("shots/20.png", "no such file")
    assert [s.name for s in found.skipped] == ["shots/22.png", "shots/20.png"]
    assert found.ids == tuple(IDS[i] for i in range(N) if i not in (1, 3))
    assert found.items[:, 0, 0, 0].tolist() == [i for i in range(N) if i not in (1, 3)]
    assert found.truth is not None
    assert found.truth[:3].tolist() == [0, 2, 1]


def test_a_subset_of_images_reads_no_other_image_and_fills_up_for_broken_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = with_images(tmp_path, "csv", id=IDS)
    chosen = load(str(path), max_items=20, seed=1)
    for i in range(N):
        if f"shots/{i}.png" not in chosen.files:
            (tmp_path / "shots" / f"{i}.png").write_bytes(b"no image")
    again = load(str(path), max_items=20, seed=1)
    assert (again.digest, again.ids, again.skipped) == (chosen.digest, chosen.ids, ())
    Image.fromarray(np.full((40, 40, 3), 99, np.uint8)).save(tmp_path / "shots" / "other.png")
    path.write_text(path.read_text() + '"shots/other.png","other"\n' * 1)
    broken = load(str(path), max_items=20, seed=1)
    assert (len(broken), len(set(broken.ids))) == (20, 20)
    assert all(s.reason for s in broken.skipped)
    assert list(broken.ids) == [name for name in [*IDS, "other"] if name in broken.ids]


@pytest.mark.parametrize("name", ["/etc/passwd", "../a.png", "shots/../../a.png", "shots/.."])
@pytest.mark.parametrize("column", ["image", "audio"])
def test_a_path_that_leads_out_of_the_folder_is_refused(tmp_path: Path, column: str, name: str) -> None:
    names = [f"{i}.png" for i in range(N)]
    names[4] = name
    path = written(tmp_path, "csv", {column: names})
    expect_refusal(
        path, rf"column {column}, row 5: '{re.escape(name)}', expected a path relative to the table's folder"
    )


def test_what_is_no_file_is_skipped_and_not_opened(tmp_path: Path) -> None:
    import os

    path = with_images(tmp_path, "csv")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    path.write_text(path.read_text() + '"pipe.png"\n"folder.png"\n"~/a.png"\n')
    assert [(s.name, s.reason) for s in load(str(path)).skipped] == [
        ("pipe.png", "no such file"),
        ("folder.png", "no such file"),
        ("~/a.png", "no such file"),
    ]


# What is refused


def with_one(values: npt.ArrayLike, row: int, value: object) -> list[Any]:
    copy: list[Any] = list(np.asarray(values).tolist())
    copy[row] = value
    return copy


BAD_COLUMNS: dict[str, tuple[dict[str, Any], str]] = {
    "a hole": ({"x": with_one(HEIGHT, 6, None), "y": WEIGHT}, "column x, row 7: no value, expected a finite number"),
    "an infinity": ({"x": with_one(HEIGHT, 6, np.inf)}, "column x, row 7: inf, expected a finite number"),
    "too large for float32": ({"x": with_one(HEIGHT, 6, 1e300)}, r"column x, row 7: 1e\+300, expected a finite number"),
    "an id twice": ({"x": HEIGHT, "id": with_one(IDS, 9, IDS[3])}, "column id, rows 4 and 10: 'item 003' twice"),
    "a blank id": ({"x": HEIGHT, "id": with_one(IDS, 9, "  ")}, "column id, row 10: no value, expected one"),
    "a blank truth": ({"x": HEIGHT, "truth": with_one(TRUTH, 9, "")}, "column truth, row 10: no value, expected one"),
    "a long id": ({"x": HEIGHT, "id": with_one(IDS, 9, "a" * 1001)}, "column id has long texts, expected at most 1000"),
    "an image twice": ({"image": [f"{i % 23}.png" for i in range(N)]}, "column image, rows 1 and 24: '0.png' twice"),
    "images and sounds": ({"image": IDS, "audio": IDS}, "columns image and audio, expected one of them"),
    "no numbers": ({"id": IDS, "truth": TRUTH, "words": TRUTH}, "no column of numbers, no image and no audio"),
    "few rows": ({"x": HEIGHT[:19]}, "19 usable items, expected at least 20"),
    "a truth for each": (
        {"x": np.zeros(300), "truth": [f"c{i}" for i in range(300)]},
        "300 categories, expected at most 256",
    ),
    "no image": ({"image": IDS}, "none of 24 images can be read; item 000: no such file"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("columns", "message"), BAD_COLUMNS.values(), ids=BAD_COLUMNS.keys())
def test_what_is_wrong_is_named_with_its_column_and_row(
    tmp_path: Path, kind: str, columns: dict[str, Any], message: str
) -> None:
    expect_refusal(written(tmp_path, kind, columns), message)


BAD_TYPES: dict[str, tuple[dict[str, Any], str]] = {
    "a NaN": ({"x": pa.array(with_one(HEIGHT, 6, np.nan))}, "column x, row 7: nan, expected a finite number"),
    "a hole in a truth": ({"x": HEIGHT, "truth": with_one(TRUTH, 6, None)}, "column truth, row 7: no value"),
    "truth of floats": ({"x": HEIGHT, "truth": HEIGHT}, "column truth is of type double, expected texts or integers"),
    "ids that are bytes": ({"id": [b"a"] * N}, "column id is of type binary, expected texts or integers"),
    "ids that are lists": ({"id": [["a"]] * N}, r"column id is of type list<.*>, expected texts or integers"),
    "images that are numbers": ({"image": np.arange(N)}, "column image is of type int64, expected texts"),
    "images that are records": ({"image": [{"bytes": b""}] * N}, "column image is of type struct<.*>, expected texts"),
    "lists of two lengths": ({"v": with_one([[1.0, 2.0]] * N, 6, [1.0])}, "column v, row 7: 1 numbers, expected 2 num"),
    "a list that is not there": ({"v": with_one([[1.0, 2.0]] * N, 6, None)}, "column v, row 7: no value, expected 2"),
    "a hole in a list": ({"v": with_one([[1.0, 2.0]] * N, 6, [1.0, None])}, "column v, row 7: no value, expected a fi"),
    "a NaN in a list": ({"v": with_one([[1.0, 2.0]] * N, 6, [1.0, np.nan])}, "column v, row 7: nan, expected a finite"),
    "lists of nothing": (
        {"v": pa.array([[]] * N, pa.list_(pa.float32()))},
        "column v, row 1: no numbers, expected a list of them",
    ),
}


@pytest.mark.parametrize(("columns", "message"), BAD_TYPES.values(), ids=BAD_TYPES.keys())
def test_what_only_parquet_can_hold_is_refused_as_well(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    expect_refusal(written(tmp_path, "parquet", columns), message)


def test_a_row_is_named_by_its_place_in_the_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "_BATCH_VALUES", 7)
    monkeypatch.setattr(table_file, "_BLOCK_BYTES", 100)
    for kind in KINDS:
        path = written(tmp_path, kind, {"x": with_one(np.zeros(200), 150, None), "y": np.zeros(200)})
        expect_refusal(path, "column x, row 151: no value, expected a finite number")
        path = written(tmp_path, kind, {"x": HEIGHT.repeat(9), "truth": with_one(np.array(TRUTH * 9), 150, " ")})
        expect_refusal(path, "column truth, row 151: no value, expected one")


def test_a_text_far_down_a_column_of_numbers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "_BLOCK_BYTES", 100)
    path = tmp_path / "data.csv"
    path.write_text("x,y\n" + "1,2\n" * 150 + "1,two\n")
    expect_refusal(
        path, "cannot be read .*CSV column #1: Row #152: CSV conversion error to double: invalid value 'two'"
    )


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("x,y,x\n" + "1,2,3\n" * N)
    expect_refusal(path, "several columns are called 'x', expected every name once")
    path = tmp_path / "data.parquet"
    pyarrow.parquet.write_table(pa.table([pa.array(HEIGHT)] * 2, names=["x", "x"]), path)
    expect_refusal(path, "several columns are called 'x', expected every name once")


NO_TABLES = {
    "nothing": b"",
    "zeros": bytes(1000),
    "a pickle": pickle.dumps({"x": list(range(N))}),
    "an image": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "the ends of a Parquet file": b"PAR1" + bytes(100) + struct.pack("<I", 50) + b"PAR1",
    "a Parquet file of a huge footer": b"PAR1" + bytes(100) + struct.pack("<I", 2**31) + b"PAR1",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", NO_TABLES.values(), ids=NO_TABLES.keys())
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, kind: str, content: bytes) -> None:
    path = tmp_path / f"data.{kind}"
    path.write_bytes(content)
    expect_refusal(path, "expected a (Parquet file|table of UTF-8 texts with commas)")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x,y\n" + b"1,2\n" * N + b"3\n", "cannot be read .*Expected 2 columns, got 1: 3"),
        (b"x,y\n", "0 usable items|no column of numbers"),
        (b"id,x\n" + b"\xff,1\n" * N, "cannot be read .*invalid UTF8"),
        (b"x\xff,y\n" + b"1,2\n" * N, "cannot be read .*utf-8"),
        (b"x;y\n" + b"1;2\n" * N, "no column of numbers"),
        (b"a" * (5 << 20), "begins as no table does"),
        (b"a," * 30_000 + b"\n", "30001 columns, expected at most 20000"),
        (b"x,y\n" + b"1,2\n" * N + b'"' + b"a" * (20 << 20), "cannot be read .*block"),
    ],
    ids=["a short row", "no row", "bytes in an id", "bytes in a name", "semicolons", "one line", "commas", "a quote"],
)
def test_texts_that_are_no_table_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    expect_refusal(path, message)


def parquet_of(directory: Path, **options: Any) -> bytes:
    path = directory / "whole.parquet"
    columns = {"x": RANDOM.normal(size=N), "id": IDS, "truth": TRUTH, "v": pa.array([[1.0, 2.0]] * N)}
    pyarrow.parquet.write_table(pa.table(columns), path, **options)
    return path.read_bytes()


def test_a_parquet_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = parquet_of(tmp_path)
    path = tmp_path / "data.parquet"
    for end in range(0, len(whole), 29):
        path.write_bytes(whole[:end])
        with pytest.raises(InputError, match=r"data\.parquet"):
            load(str(path))


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_a_damaged_parquet_file_is_read_or_refused_and_nothing_else(tmp_path: Path, compression: str) -> None:
    whole = parquet_of(tmp_path, compression=compression)
    path = tmp_path / "data.parquet"
    source = random.Random(len(whole))
    refused = 0
    for number in range(300):
        copy = bytearray(whole)
        for _ in range(source.choice((1, 1, 2, 4))):
            # Half of them in the last third, where the footer is.
            copy[source.randrange(len(whole) * 2 // 3 if number % 2 else 0, len(whole))] = source.randrange(256)
        path.write_bytes(copy)
        try:
            load(str(path))
        except InputError as error:
            refused += 1
            assert "data.parquet" in str(error)  # noqa: PT017 (most are refused, some are read)
    assert refused > 100


def test_a_table_of_too_many_rows_or_columns_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "MOST_ROWS", N - 1)
    for kind in KINDS:
        expect_refusal(written(tmp_path, kind, {"x": HEIGHT}), "more than 23 rows, expected at most so many")
    monkeypatch.setattr(table_file, "MOST_COLUMNS", 2)
    for kind in KINDS:
        path = written(tmp_path, kind, {"x": HEIGHT, "y": HEIGHT, "z": HEIGHT})
        expect_refusal(path, "3 columns, expected at most 2")


def test_a_table_of_too_many_numbers_is_refused_unless_few_enough_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "_MOST_VALUES", 60)
    path = written(tmp_path, "parquet", {"x": np.zeros(100)})
    expect_refusal(path, "100 rows of 1 numbers, expected at most 20000 a row and 60 in all")
    assert len(load(str(path), max_items=60)) == 60


def test_a_bomb_is_refused_before_its_numbers_are_read_and_small_or_dense_tables_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "parquet", {"x": np.zeros(400_000)})
    assert path.stat().st_size < 4000
    assert len(load(str(path))) == 400_000
    monkeypatch.setattr(table, "_PLAUSIBLE", 1 << 20)
    monkeypatch.setattr(table, "_MOST_PACKED", 300)
    expect_refusal(path, r"data\.parquet: 1 MiB packed into \d+ bytes, expected at most 300:1")
    assert len(loaded(tmp_path, "parquet", {"x": RANDOM.normal(size=400_000)})) == 400_000


def test_a_short_text_repeated_is_no_trouble_and_a_long_one_is_refused_unrepeated(tmp_path: Path) -> None:
    long = pa.DictionaryArray.from_arrays(np.zeros(50_000, np.int32), pa.array(["a" * 5_000_000]))
    path = written(tmp_path, "parquet", {"x": np.arange(50_000), "truth": long})
    expect_refusal(path, "column truth has long texts, expected at most 1000 bytes")
