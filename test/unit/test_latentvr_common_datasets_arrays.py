"""Arrays: a `.npy` file stays on disk and gives the same as an array in memory; what a dataset tells of its items."""

import os
import pickle
import random
import struct
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from latentvr_common.datasets import Dataset, blocks, load, npy, progress
from latentvr_common.datasets.choice import Choice
from latentvr_common.datasets.progress import Progress
from latentvr_common.errors import InputError

N = 24
RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(N, 5))
PICTURES = RANDOM.integers(0, 256, (N, 6, 7), dtype=np.uint8)
MAPPED = ["f4", "f2", "u1"]
TYPES = [*MAPPED, "f8", ">f4", "i2", ">i8"]


def saved(directory: Path, items: npt.ArrayLike, name: str = "data.npy") -> Path:
    np.save(directory / name, items)
    return directory / name


def from_npy(directory: Path, items: npt.ArrayLike, **arguments: Any) -> Dataset:
    return load(str(saved(directory, items)), **arguments)


def expect_refusal(path: Path, message: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=message) as error:
            load(str(path))
    assert path.name in str(error.value)
    assert "\n" not in str(error.value)


def reference_features(items: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Standardised columns, in the plainest way there is."""
    exact = items.astype(np.float32).astype(np.float64).reshape(len(items), -1)
    spread = exact.std(axis=0)
    return np.where(spread > 0, (exact - exact.mean(axis=0)) / np.where(spread > 0, spread, 1.0), 0.0)


# .npy


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_npy_file_stays_on_disk_where_it_can_and_gives_the_features_of_its_numbers(
    tmp_path: Path, dtype: str, order: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 8 * 5 * 7)
    rows = np.abs(ROWS * 40).astype(dtype, order=order)
    found = from_npy(tmp_path, rows)
    mapped = dtype in MAPPED
    assert isinstance(found.items, np.memmap) == mapped
    assert found.items.dtype == (rows.dtype if mapped else np.float32)
    assert (found.kind, found.truth, found.item_names) == ("features", None, ())
    features = found.features()
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, reference_features(rows), atol=1e-5)
    assert found.digest == Dataset("same", rows if mapped else rows.astype(np.float32)).digest


@pytest.mark.parametrize("shape", [(N, 6, 7), (N, 6, 7, 3)])
def test_a_npy_file_of_bytes_may_hold_pictures(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pictures = RANDOM.integers(0, 256, shape, dtype=np.uint8)
    found = from_npy(tmp_path, pictures)
    assert (found.kind, found.has_pictures) == ("pictures", True)
    np.testing.assert_allclose(found.features(), pictures.reshape(N, -1) / 255.0, rtol=1e-6)


@pytest.mark.parametrize("dtype", TYPES)
def test_a_subset_of_a_npy_file_is_in_memory_and_the_rest_is_not_looked_at(tmp_path: Path, dtype: str) -> None:
    rows = np.arange(3000).reshape(1000, 3).astype("f4" if dtype in ("u1", "f2") else dtype).astype(dtype)
    chosen = Choice(100, 5).rows(1000)
    if rows.dtype.kind == "f":
        rows[np.setdiff1d(np.arange(1000), chosen)[7]] = np.nan
    found = from_npy(tmp_path, rows, max_items=100, seed=5)
    assert not isinstance(found.items, np.memmap)
    np.testing.assert_array_equal(found.items, rows[chosen])
    assert found.ids == tuple(map(str, chosen))


BAD_ITEMS: dict[str, tuple[npt.ArrayLike, str]] = {
    "one dimension": (np.zeros(N), r"items are float64 of shape \(24,\), expected \(N, D\), or uint8 \(N, H, W\) or"),
    "no dimension": (3.0, r"items are float64 of shape \(\)"),
    "pictures of floats": (PICTURES / 255.0, r"items are float64 of shape \(24, 6, 7\), expected \(N, D\), or uint8"),
    "four channels": (np.zeros((N, 2, 2, 4), np.uint8), r"items are uint8 of shape \(24, 2, 2, 4\)"),
    "no item": (np.zeros((0, 4)), r"items are float64 of shape \(0, 4\), .* none of them 0"),
    "no feature": (np.zeros((N, 0)), r"items are float64 of shape \(24, 0\), .* none of them 0"),
    "few items": (ROWS[:19], "19 usable items, expected at least 20"),
    "one item": (ROWS[:1], "1 usable items, expected at least 20"),
    "texts": (np.full((N, 2), "a"), "items are of type <U1, expected real numbers"),
    "complex": (ROWS + 1j, "items are of type complex128, expected real numbers"),
    "booleans": (ROWS > 0, "items are of type bool, expected real numbers"),
    "records": (np.zeros((N, 2), [("a", "i4")]), "expected real numbers"),
    "too large for float32": (ROWS * 1e300, "row 0 holds values that are not finite, expected finite numbers"),
}


@pytest.mark.parametrize(("items", "message"), BAD_ITEMS.values(), ids=BAD_ITEMS.keys())
def test_a_npy_file_that_is_no_dataset_is_refused_by_name(tmp_path: Path, items: npt.ArrayLike, message: str) -> None:
    expect_refusal(saved(tmp_path, items), message)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("row", [0, 150, 199])
def test_the_row_of_a_number_that_is_not_finite_is_named(
    tmp_path: Path, dtype: str, value: float, row: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 8 * 2 * 7)
    rows = np.zeros((200, 2), dtype)
    rows[row, 1] = value
    expect_refusal(saved(tmp_path, rows), f"row {row} holds values that are not finite, expected finite numbers")


class Canary:
    """Pickled, it makes a directory when it is loaded."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._path),)


def test_nothing_in_a_npy_file_is_ever_unpickled(tmp_path: Path) -> None:
    canary = tmp_path / "sung"
    path = saved(tmp_path, np.array([Canary(canary)] * N, dtype=object))
    expect_refusal(path, "cannot be read .*, expected a .npy file of plain numbers")
    path.write_bytes(pickle.dumps(Canary(canary)))
    expect_refusal(path, "cannot be read .*, expected a .npy file of plain numbers")
    np.savez(tmp_path / "archive.npz", items=np.array([Canary(canary)] * N, dtype=object))
    (tmp_path / "archive.npz").rename(path)
    expect_refusal(path, "cannot be read .*, expected a .npy file of plain numbers")
    assert not canary.exists()


def header(shape: str, descr: str = "'<f4'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


CLAIMS = {
    "more than there is": header("(24, 1000)") + bytes(100),
    "more than any memory": header("(1000000000000, 1000)") + bytes(100),
    "more than 64 bits": header(f"({2**70},)") + bytes(100),
    "a product of 2 ** 66": header(f"({2**33}, {2**33})") + bytes(100),
    "less than nothing": header("(-24, -5)") + bytes(480),
    "one less than nothing": header("(-24, 5)") + bytes(480),
    "no tuple": header("24"),
    "code": header("__import__('os').getpid()"),
    "an object": header("(24, 5)", "'|O'") + bytes(960),
    "a type that is none": header("(24, 5)", "'<q9'") + bytes(960),
    "a long header": header("(24, 5)", "'<f4'" + " " * 50_000) + bytes(960),
    "a header that does not end": header("(24, 5`"),
    "a header of another grammar": header("(24, 5", "'<f4"),
    "no array": b"some text",
    "nothing": b"",
}


@pytest.mark.parametrize("content", CLAIMS.values(), ids=CLAIMS.keys())
def test_a_npy_file_that_claims_what_it_does_not_hold_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.npy"
    path.write_bytes(content)
    expect_refusal(path, r"data\.npy")


def test_a_npy_file_cut_anywhere_is_refused_and_a_damaged_one_is_read_or_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, ROWS)
    whole = path.read_bytes()
    for end in range(0, len(whole), 11):
        path.write_bytes(whole[:end])
        expect_refusal(path, r"data\.npy")
    source = random.Random(1)
    refused = 0
    for _ in range(400):
        copy = bytearray(whole)
        copy[source.randrange(128)] = source.randrange(256)
        path.write_bytes(copy)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of NumPy, about what is in the header.
            try:
                load(str(path))
            except InputError:
                refused += 1
    assert refused > 100


def test_numbers_that_would_have_to_be_converted_and_are_too_many_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npy, "_LARGEST", 4 * ROWS.size - 1)
    expect_refusal(saved(tmp_path, ROWS), r"\(24, 5\) numbers of type float64, .* expected float32, float16 or uint8")
    assert len(from_npy(tmp_path, ROWS, max_items=20)) == 20
    assert len(from_npy(tmp_path, ROWS.astype(np.float32))) == N


# The table beside it


def beside(directory: Path, lines: list[str]) -> Path:
    (directory / "data.csv").write_text("\n".join(lines) + "\n")
    return saved(directory, ROWS)


def test_a_table_beside_a_npy_file_names_its_rows_and_says_what_they_are(tmp_path: Path) -> None:
    path = beside(tmp_path, ["truth,height,id", *(f"{i % 2},{i},n{i:02}" for i in range(N))])
    found = load(str(path))
    np.testing.assert_array_equal(found.items, ROWS.astype(np.float32))
    assert found.ids == tuple(f"n{i:02}" for i in range(N))
    assert found.categories == ("0", "1")
    assert found.truth is not None
    assert found.truth.tolist() == [0, 1] * 12
    part = load(str(path), max_items=20, seed=2)
    rows = [int(name[1:]) for name in part.ids]
    np.testing.assert_array_equal(part.items, ROWS[rows].astype(np.float32))
    assert part.truth is not None
    assert part.truth.tolist() == [i % 2 for i in rows]
    assert part.categories == ("0", "1")


def test_a_table_beside_a_npy_file_may_say_what_its_rows_look_like(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    found = load(str(beside(tmp_path, ["id,image", *(f"n{i},a.png" for i in range(N))])))
    assert (found.kind, found.media, found.file_of(3)) == ("features", "image", tmp_path / "a.png")


def test_a_table_that_does_not_fit_the_rows_is_refused(tmp_path: Path) -> None:
    expect_refusal(beside(tmp_path, ["id", *map(str, range(23))]), r"23 rows in data\.csv, expected 24, one for each")
    with pytest.raises(InputError, match=r"data\.csv: column id, rows 1 and 2: 'a' twice"):
        load(str(beside(tmp_path, ["id", *["a"] * 24])))
    with pytest.raises(InputError, match=r"column image, row 1: '\.\./a\.png', expected a path relative"):
        load(str(beside(tmp_path, ["image", "../a.png", *(f"{i}.png" for i in range(23))])))


def test_a_table_beside_a_npy_file_that_says_nothing_about_it_is_ignored_with_a_note(tmp_path: Path) -> None:
    found = load(str(beside(tmp_path, ["height", *map(str, range(7))])))
    assert (len(found), found.item_names) == (N, ())
    assert found.notes == ("data.csv beside it has no column id, truth, image, audio: ignored",)


# Ids


@pytest.mark.parametrize("ids", [[f"n{i}" for i in range(N)], np.arange(N) + 100, [b"%d" % i for i in range(N)]])
def test_an_archive_may_name_its_items(tmp_path: Path, ids: npt.ArrayLike) -> None:
    np.savez(tmp_path / "data.npz", items=ROWS, ids=ids)
    expected = tuple(i.decode() if isinstance(i, bytes) else str(i) for i in np.asarray(ids).tolist())
    found = load(str(tmp_path / "data.npz"))
    assert (found.item_names, found.ids) == (expected, expected)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (ROWS[:, 0], r"ids are float64 of shape \(24,\), expected \(N,\) integers or texts"),
        (np.zeros((N, 1), int), r"ids are int64 of shape \(24, 1\), expected"),
        (np.arange(N - 1), "23 names of items, expected 24"),
        (np.arange(N) % 23, "several items are called '0', expected every name once"),
    ],
    ids=["floats", "two dimensions", "too few", "one twice"],
)
def test_ids_that_name_no_items_are_refused(tmp_path: Path, ids: npt.ArrayLike, message: str) -> None:
    np.savez(tmp_path / "data.npz", items=ROWS, ids=ids)
    expect_refusal(tmp_path / "data.npz", message)


def test_an_id_stays_with_its_item_however_many_are_taken() -> None:
    whole = Dataset("whole", np.arange(100, dtype=np.float32)[:, None])
    assert whole.ids == tuple(map(str, range(100)))
    for part in (whole.subset(30, 1), whole.subset(60, 2).subset(30, 3), load("digits", max_items=50)):
        assert len(set(part.ids)) == len(part)
    for part in (whole.subset(30, 1), whole.subset(60, 2).subset(30, 3)):
        assert part.ids == tuple(str(int(value)) for value in part.items[:, 0])


@given(count=st.integers(1, 200), most=st.integers(0, 250), seed=st.integers(0, 2**32))
def test_a_choice_is_the_same_rows_each_time_and_the_others_follow(count: int, most: int, seed: int) -> None:
    choice = Choice(most, seed)
    rows, order = choice.rows(count), choice.order(count)
    wanted = count if most == 0 else min(most, count)
    assert rows.tolist() == sorted(set(order[:wanted].tolist()))
    assert sorted(order.tolist()) == list(range(count))
    np.testing.assert_array_equal(order, choice.order(count))


# Features of some rows


@pytest.mark.parametrize("items", [ROWS.astype(np.float32), PICTURES, (ROWS * 20).astype(np.float16)])
@pytest.mark.parametrize("rows", [slice(3, 9), slice(None), slice(0, 0), np.array([5, 5, 0, 23]), np.array([], int)])
def test_the_features_of_some_rows_are_those_rows_of_all_features(items: Any, rows: Any) -> None:
    dataset = Dataset("test", items)
    some = dataset.features_of(rows)
    assert some.dtype == np.float32
    np.testing.assert_array_equal(some, dataset.features()[rows])


@pytest.mark.parametrize("block_bytes", [1, 8 * 5 * 7, 1 << 20])
def test_the_size_of_a_block_changes_nothing(block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (RANDOM.normal(size=(100, 5)) * 1e3 + 1e6).astype(np.float32)
    expected = Dataset("test", rows)
    _ = expected.digest
    features = expected.features()
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
    found = Dataset("test", rows)
    assert found.digest == expected.digest
    np.testing.assert_allclose(found.features(), features, atol=1e-4)


# Edges


def test_identical_items_constant_features_and_one_category_are_a_dataset(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", items=np.full((N, 3), 7.5), truth=np.zeros(N, int))
    found = load(str(tmp_path / "data.npz"))
    assert found.categories == ("0",)
    np.testing.assert_array_equal(found.features(), 0.0)
    np.testing.assert_array_equal(found.features_of(slice(2, 5)), np.zeros((3, 3)))
    assert len(set(found.ids)) == N
    mixed = np.concatenate([np.full((N, 1), 1e30), ROWS], axis=1)
    features = from_npy(tmp_path, mixed).features()
    np.testing.assert_array_equal(features[:, 0], 0.0)
    np.testing.assert_allclose(features[:, 1:].std(axis=0), 1.0, rtol=1e-5)


def test_a_dataset_of_one_item_is_refused() -> None:
    with pytest.raises(InputError, match="dataset lonely: 1 usable items, expected at least 20"):
        Dataset("lonely", np.zeros((1, 3), np.float32))


MEMORY_SCRIPT = """
import re, sys
from latentvr_common.datasets import load

def anonymous_kib():
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1])

before = anonymous_kib()
dataset = load(sys.argv[1], on_progress=lambda text: None)
dataset.scaling()
for start in range(0, len(dataset), 10_000):
    dataset.features_of(slice(start, start + 10_000))
print(len(dataset), anonymous_kib() - before)
"""


@pytest.mark.parametrize("dtype", ["f4", "f2", "u1"])
def test_a_large_npy_file_is_not_taken_into_memory(tmp_path: Path, dtype: str) -> None:
    count, width = 2_000_000, 64 // np.dtype(dtype).itemsize
    items = np.lib.format.open_memmap(tmp_path / "data.npy", mode="w+", dtype=dtype, shape=(count, width))
    items[:: count // 7] = 1
    items.flush()
    command = [sys.executable, "-c", MEMORY_SCRIPT, str(tmp_path / "data.npy")]
    source = str(Path(__file__).parents[2] / "src")
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": source}, check=True)
    found, kib = map(int, run.stdout.split())
    assert found == count
    # The file has 122 MiB; its features have as many or more.
    assert kib < 90 * 1024


# Progress


def test_progress_is_told_about_once_a_second_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    told: list[str] = []
    telling = Progress(told.append)
    for i in range(1, 15):
        now[0] += 0.25
        telling.tell(i * 1000, 14_000, "images")
    assert told == [f"read {n} of 14,000 images" for n in ("4,000", "8,000", "12,000")]
    now[0] += 1.0
    telling.tell(1234, 0, "rows")
    assert told[-1] == "read 1,234 rows"


def test_a_long_load_tells_of_its_parts_and_a_short_one_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    path = saved(tmp_path, ROWS)
    load(str(path), on_progress=told.append)
    assert told == []
    monkeypatch.setattr(progress, "INTERVAL_S", 0.0)
    found = load(str(path), on_progress=told.append)
    assert told == ["read 24 of 24 items", "read 24 of 24 items for the digest"]
    assert found.digest == Dataset("same", ROWS.astype(np.float32)).digest
    for i in range(21):
        Image.new("L", (40, 40), i).save(tmp_path / f"{i}.png")
    told.clear()
    load(str(tmp_path), on_progress=told.append)
    assert told[:2] == ["read 1 of 21 images", "read 2 of 21 images"]
    assert told[-1] == "read 21 of 21 items for the digest"
