"""Datasets: what is read is what was written, and whatever else a file holds ends in an InputError that names it."""

import copy
import gzip
import io
import os
import pickle
import random
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from latentvr_common.datasets import NAMED, Dataset, idx, image_folder, load, npz
from latentvr_common.datasets.idx import FASHION_CATEGORIES, MissingPackageError, load_idx, read_idx
from latentvr_common.datasets.image_folder import SIDE
from latentvr_common.errors import InputError
from latentvr_common.labels import CATEGORY_CAPACITY

N = 24
RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(N, 5))
PICTURES = RANDOM.integers(0, 256, (N, 6, 7), dtype=np.uint8)
TRUTH = np.arange(N) % 3


def said(error: pytest.ExceptionInfo[InputError]) -> str:
    return str(error.value)


# Digits


def test_the_digits_are_those_of_scikit_learn() -> None:
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    reference = sklearn_datasets.load_digits()
    digits = load("digits")
    assert (len(digits), digits.items.shape, digits.items.dtype) == (1797, (1797, 8, 8), np.uint8)
    assert digits.categories == tuple("0123456789")
    assert digits.truth is not None
    np.testing.assert_array_equal(digits.truth, reference.target)
    # 16 shades of ink become 0 to 255.
    np.testing.assert_allclose(digits.items / 255 * 16, reference.images, atol=0.5 / 255 * 16)
    assert (digits.items.min(), digits.items.max()) == (0, 255)


# .npz


def saved(directory: Path, **arrays: npt.ArrayLike) -> Path:
    path = directory / "data.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def from_npz(directory: Path, **arrays: npt.ArrayLike) -> Dataset:
    return load(str(saved(directory, **arrays)))


@pytest.mark.parametrize("key", npz.ITEM_KEYS)
@pytest.mark.parametrize("truth_key", npz.TRUTH_KEYS)
def test_items_and_truth_are_found_under_every_usual_name(tmp_path: Path, key: str, truth_key: str) -> None:
    found = from_npz(tmp_path, **{key: ROWS, truth_key: TRUTH, "something": np.zeros(3)})
    np.testing.assert_array_equal(found.items, ROWS.astype(np.float32))
    assert found.truth is not None
    np.testing.assert_array_equal(found.truth, TRUTH)


@pytest.mark.parametrize("key", npz.CATEGORY_KEYS)
def test_categories_are_found_under_every_usual_name(tmp_path: Path, key: str) -> None:
    found = from_npz(tmp_path, items=ROWS, truth=TRUTH, **{key: ["ant", "bee", "cat", "none of these"]})
    assert found.categories == ("ant", "bee", "cat", "none of these")


def test_the_first_name_in_the_list_wins(tmp_path: Path) -> None:
    assert from_npz(tmp_path, X=ROWS + 1, items=ROWS, y=TRUTH * 0, truth=TRUTH).truth.tolist() == TRUTH.tolist()  # type: ignore[union-attr]
    np.testing.assert_array_equal(from_npz(tmp_path, X=ROWS + 1, items=ROWS).items, ROWS.astype(np.float32))


@pytest.mark.parametrize("dtype", ["u1", "i2", ">i4", "u8", "f2", "<f4", ">f8"])
def test_rows_of_any_real_type_become_float32(tmp_path: Path, dtype: str) -> None:
    rows = (np.abs(ROWS) * 40).astype(dtype)
    found = from_npz(tmp_path, items=rows)
    assert (found.items.dtype, found.has_pictures, found.truth, found.categories) == (np.float32, False, None, ())
    np.testing.assert_array_equal(found.items, rows.astype(np.float32))


@pytest.mark.parametrize("shape", [(N, 6, 7), (N, 6, 7, 3)])
def test_pictures_of_bytes_stay_as_they_are(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pictures = RANDOM.integers(5, 200, shape, dtype=np.uint8)
    found = from_npz(tmp_path, items=pictures)
    assert found.has_pictures
    np.testing.assert_array_equal(found.items, pictures)


@pytest.mark.parametrize(
    "pictures",
    [PICTURES / 255.0, PICTURES / 127.5 - 1.0, PICTURES.astype(np.int32) * 257, PICTURES.astype(np.float16)],
    ids=["0 to 1", "-1 to 1", "16 bits", "0 to 255 as float16"],
)
def test_pictures_of_other_types_are_scaled_from_their_own_range(
    tmp_path: Path, pictures: npt.NDArray[np.generic]
) -> None:
    found = from_npz(tmp_path, items=pictures)
    assert found.items.dtype == np.uint8
    low, high = int(PICTURES.min()), int(PICTURES.max())
    expected = (PICTURES.astype(float) - low) / (high - low) * 255
    np.testing.assert_allclose(found.items, expected, atol=0.51)


def test_pictures_that_are_all_one_value_are_black(tmp_path: Path) -> None:
    assert from_npz(tmp_path, items=np.full((N, 3, 3), 7.5)).items.max() == 0


@pytest.mark.parametrize(
    ("truth", "categories", "indices"),
    [
        (np.array([3, 7, 40] * 8), ("3", "7", "40"), [0, 1, 2] * 8),
        (np.array([-1, 5] * 12), ("-1", "5"), [0, 1] * 12),
        (np.array(["owl", "ant", "jay"] * 8), ("ant", "jay", "owl"), [2, 0, 1] * 8),
        (np.array([b"owl", "\u00e9mu".encode()] * 12), ("owl", "\u00e9mu"), [0, 1] * 12),
        (np.array([2**64 - 1, 0] * 12, dtype=np.uint64), ("0", "18446744073709551615"), [1, 0] * 12),
    ],
    ids=["integers", "negative", "texts", "bytes", "large"],
)
def test_truth_may_be_integers_or_texts(
    tmp_path: Path, truth: npt.NDArray[np.generic], categories: tuple[str, ...], indices: list[int]
) -> None:
    found = from_npz(tmp_path, items=ROWS, truth=truth)
    assert found.categories == categories
    assert found.truth is not None
    assert (found.truth.tolist(), found.truth.dtype) == (indices, np.int16)


def with_one(array: npt.NDArray[np.generic], value: float) -> npt.NDArray[np.float64]:
    """A copy with `value` at one place."""
    copy = array.astype(np.float64)
    copy.flat[17] = value
    return copy


BAD_ARRAYS: dict[str, tuple[dict[str, npt.ArrayLike], str]] = {
    "no items": ({"pictures": ROWS}, "holds no array named items or x or X or data or x_train"),
    "one dimension": ({"items": np.zeros(N)}, rf"items have shape \({N},\), expected \(N, D\), \(N, H, W\) or"),
    "no dimension": ({"items": 3.0}, r"items have shape \(\)"),
    "five dimensions": ({"items": np.zeros((N, 2, 2, 3, 1))}, r"items have shape \(24, 2, 2, 3, 1\)"),
    "four channels": ({"items": np.zeros((N, 2, 2, 4))}, r"items have shape \(24, 2, 2, 4\)"),
    "no item": ({"items": np.zeros((0, 4))}, r"items have shape \(0, 4\), .* none of them 0"),
    "no feature": ({"items": np.zeros((N, 0))}, r"items have shape \(24, 0\), .* none of them 0"),
    "few items": ({"items": ROWS[:19]}, "19 usable items, expected at least 20"),
    "texts": ({"items": np.full((N, 2), "a")}, "items are of type <U1, expected real numbers"),
    "complex": ({"items": ROWS + 1j}, "items are of type complex128"),
    "booleans": ({"items": ROWS > 0}, "items are of type bool"),
    "durations": ({"items": np.zeros((N, 2), "m8[s]")}, r"items are of type timedelta64\[s\]"),
    "records": ({"items": np.zeros((N, 2), [("a", "i4")])}, "expected real numbers"),
    "a NaN": ({"items": with_one(ROWS, np.nan)}, "not finite, expected finite numbers"),
    "an infinity": ({"items": with_one(ROWS, np.inf)}, "not finite, expected finite numbers"),
    "too large for float32": ({"items": ROWS * 1e300}, "not finite, expected finite numbers"),
    "a NaN in a picture": ({"items": with_one(PICTURES, np.nan)}, "not finite, expected"),
    "an infinity in a picture": ({"items": with_one(PICTURES, np.inf)}, "not finite, expected finite"),
    "only NaN": ({"items": np.full((N, 2, 2), np.nan)}, "not finite, expected finite numbers"),
    "truth too short": ({"items": ROWS, "truth": TRUTH[1:]}, r"truth has shape \(23,\), expected \(24,\)"),
    "truth of two dimensions": ({"items": ROWS, "truth": TRUTH[:, None]}, r"truth is int64 of shape \(24, 1\), exp"),
    "truth of floats": ({"items": ROWS, "truth": TRUTH / 2}, r"truth is float64 .* expected \(N,\) integers or texts"),
    "truth of durations": ({"items": ROWS, "truth": TRUTH.astype("m8[s]")}, r"truth is timedelta64\[s\]"),
    "truth of nothing": ({"items": ROWS, "truth": TRUTH[:0], "categories": ["a"]}, r"truth is int64 of shape \(0,\)"),
    "truth beyond categories": (
        {"items": ROWS, "truth": TRUTH, "categories": ["a", "b"]},
        "truth must be integers from 0 to 1, one for each category",
    ),
    "truth below 0": ({"items": ROWS, "truth": TRUTH - 1, "categories": ["a", "b", "c"]}, "integers from 0 to 2"),
    "texts and categories": (
        {"items": ROWS, "truth": np.full(N, "a"), "categories": ["a"]},
        "truth must be integers from 0 to 0",
    ),
    "categories of no dimension": ({"items": ROWS, "truth": TRUTH, "categories": "abc"}, r"categories have shape \(\)"),
    "categories of two": ({"items": ROWS, "truth": TRUTH, "categories": [["a"] * 2] * 3}, r"have shape \(3, 2\), exp"),
    "a truth for each item": (
        {"items": np.zeros((40_000, 1)), "truth": np.arange(40_000)},
        f"40000 categories, expected at most {CATEGORY_CAPACITY}",
    ),
}


@pytest.mark.parametrize(("arrays", "message"), BAD_ARRAYS.values(), ids=BAD_ARRAYS.keys())
def test_arrays_that_are_no_dataset_are_refused_by_name(
    tmp_path: Path, arrays: dict[str, npt.ArrayLike], message: str
) -> None:
    path = saved(tmp_path, **arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=message) as error:
            load(str(path))
    assert str(path) in said(error)
    assert "\n" not in said(error)


class Canary:
    """Pickled, it writes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self._path),)


def test_nothing_in_any_file_is_ever_unpickled(tmp_path: Path) -> None:
    canary = tmp_path / "sung"
    pickle.loads(pickle.dumps(Canary(canary)))  # noqa: S301 (shows that the canary sings)
    canary.rmdir()
    inside = np.array([Canary(canary)] * N, dtype=object)
    bare = pickle.dumps(Canary(canary))
    folder = tmp_path / "folder"
    folder.mkdir()
    files = {"as-npz.npz": bare, "folder/train-images-idx3-ubyte": bare, "folder/a.png": bare}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    np.savez(tmp_path / "inside.npz", items=inside)
    np.savez(tmp_path / "truth.npz", items=ROWS, truth=inside, allow_pickle=True)  # type: ignore[arg-type]
    with zipfile.ZipFile(tmp_path / "member.npz", "w") as archive:
        archive.writestr("items.npy", bare)
    for name in ("as-npz.npz", "inside.npz", "truth.npz", "member.npz", "folder"):
        with pytest.raises(InputError) as error:
            load(str(tmp_path / name))
        assert name in said(error)
    (folder / "train-images-idx3-ubyte").unlink()
    with pytest.raises(InputError, match=r"none of 1 images can be read; a\.png"):
        load(str(folder))
    assert not canary.exists()


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    for content in (b"", b"PK", b"some text", bytes(1000)):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"data\.npz: cannot be read .*, expected a \.npz file of plain arrays"):
            load(str(path))
    np.save(tmp_path / "rows.npy", ROWS)
    (tmp_path / "rows.npy").rename(path)
    with pytest.raises(InputError, match=r"data\.npz: cannot be read .*, expected a \.npz file of plain arrays"):
        load(str(path))


def archive_of(save: Callable[..., None]) -> bytes:
    stream = io.BytesIO()
    save(stream, items=ROWS, truth=TRUTH, categories=["ant", "bee", "cat"])
    return stream.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive_cut_anywhere_is_refused(tmp_path: Path, save: Callable[..., None]) -> None:
    whole = archive_of(save)
    path = tmp_path / "data.npz"
    for end in range(0, len(whole), 11):
        path.write_bytes(whole[:end])
        with pytest.raises(InputError, match=r"data\.npz"):
            load(str(path))


def damaged(whole: bytes, count: int, head: int) -> list[bytes]:
    """Copies with one to four bytes changed, half of them in the first `head` bytes; the same ones each time."""
    source = random.Random(len(whole))
    copies = []
    for number in range(count):
        copy = bytearray(whole)
        for _ in range(source.choice((1, 1, 2, 4))):
            copy[source.randrange(head if number % 2 else len(whole))] = source.randrange(256)
        copies.append(bytes(copy))
    return copies


def refusals(path: Path, contents: list[bytes], read: Callable[[], object]) -> int:
    """How many of `contents` were refused with an InputError that names the file; others must have been read."""
    refused: list[str] = []
    for content in contents:
        path.write_bytes(content)
        try:
            read()
        except InputError as error:
            refused.append(str(error))
    assert all(path.name in text for text in refused)
    return len(refused)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_archive_is_read_or_refused_and_nothing_else(tmp_path: Path, save: Callable[..., None]) -> None:
    path = tmp_path / "data.npz"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of NumPy and zipfile, about what is inside.
        assert refusals(path, damaged(archive_of(save), 600, head=200), lambda: load(str(path))) > 300


def header(shape: str, descr: str = "'<f4'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


CLAIMS = {
    "more than there is": header("(24, 1000)") + bytes(100),
    "more than any memory": header("(1000000000000, 1000)") + bytes(100),
    "more than 64 bits": header(f"({2**70},)") + bytes(100),
    "a product of 2 ** 66": header(f"({2**33}, {2**33})") + bytes(100),
    "less than nothing": header("(-24, -5)") + bytes(480),
    "no tuple": header("24"),
    "code": header("__import__('os').getpid()"),
    "an object": header("(24, 5)", "'|O'") + bytes(960),
    "a type that is none": header("(24, 5)", "'<q9'") + bytes(960),
    "a header that does not end": header("(24, 5`"),
    "a header of another grammar": header("(24, 5", "'<f4"),
    "no array": b"some text",
    "nothing": b"",
}


@pytest.mark.parametrize("member", CLAIMS.values(), ids=CLAIMS.keys())
def test_an_array_that_claims_what_it_does_not_hold_is_refused(tmp_path: Path, member: bytes) -> None:
    path = tmp_path / "data.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("items.npy", member)
    with pytest.raises(InputError, match=r"data\.npz"):
        load(str(path))


def test_an_archive_that_holds_too_much_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, items=ROWS)
    monkeypatch.setattr(npz, "_LARGEST", path.stat().st_size - 1000)
    monkeypatch.setattr(np, "load", None)
    with pytest.raises(InputError, match=r"data\.npz: 1 arrays of 0 MiB, expected at most 64 of 0 MiB"):
        load(str(path))
    many = saved(tmp_path, **{f"a{i}": np.zeros(1) for i in range(65)})
    monkeypatch.setattr(npz, "_LARGEST", 8 << 30)
    with pytest.raises(InputError, match="65 arrays of 0 MiB, expected at most 64 of 8192 MiB"):
        load(str(many))


def test_a_bomb_is_refused_before_it_is_read_and_small_or_dense_archives_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data.npz"
    np.savez_compressed(path, items=np.zeros((N, 40_000)))
    assert len(load(str(path))) == N
    monkeypatch.setattr(npz, "_PLAUSIBLE", 1 << 20)
    with pytest.raises(InputError, match=r"data\.npz: 7 MiB packed into \d+ bytes, expected at most 200:1"):
        load(str(path))
    np.savez_compressed(path, items=RANDOM.integers(0, 256, (N, 300, 300), dtype=np.uint8))
    assert len(load(str(path))) == N


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_packed_as_numpy_never_does_is_refused(tmp_path: Path, method: int) -> None:
    np.save(tmp_path / "items.npy", ROWS)
    with zipfile.ZipFile(tmp_path / "data.npz", "w", method) as archive:
        archive.write(tmp_path / "items.npy", "items.npy")
    with pytest.raises(InputError, match=r"data\.npz: packed in an unusual way, expected a \.npz file as NumPy writes"):
        load(str(tmp_path / "data.npz"))


# IDX


def idx_bytes(array: npt.NDArray[np.uint8]) -> bytes:
    """As the format says: two zeros, type 8, number of dimensions, sizes as big-endian integers, data."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_idx(path: Path, array: npt.NDArray[np.uint8]) -> None:
    content = idx_bytes(array.astype(np.uint8))
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_are_read_with_the_training_part_first(tmp_path: Path, suffix: str) -> None:
    write_idx(tmp_path / f"t10k-images-idx3-ubyte{suffix}", PICTURES[16:])
    write_idx(tmp_path / f"t10k-labels-idx1-ubyte{suffix}", TRUTH[16:])
    write_idx(tmp_path / f"train-images-idx3-ubyte{suffix}", PICTURES[:16])
    write_idx(tmp_path / f"train-labels-idx1-ubyte{suffix}", TRUTH[:16])
    (tmp_path / "README").write_text("not a picture")
    found = load(str(tmp_path))
    np.testing.assert_array_equal(found.items, PICTURES)
    assert found.truth is not None
    assert found.truth.tolist() == TRUTH.tolist()
    assert found.categories == ("0", "1", "2")
    assert found.name == str(tmp_path)


def test_idx_pictures_without_labels_have_no_truth(tmp_path: Path) -> None:
    write_idx(tmp_path / "train-images.idx3-ubyte", PICTURES)
    found = load(str(tmp_path))
    assert (found.truth, found.categories) == (None, ())


def test_a_file_that_is_there_both_packed_and_plain_counts_once(tmp_path: Path) -> None:
    write_idx(tmp_path / "train-images-idx3-ubyte", PICTURES)
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", PICTURES)
    assert len(load(str(tmp_path))) == N


def test_labels_that_do_not_match_the_pictures_are_refused(tmp_path: Path) -> None:
    write_idx(tmp_path / "train-images-idx3-ubyte", PICTURES)
    write_idx(tmp_path / "train-labels-idx1-ubyte", TRUTH[1:])
    with pytest.raises(InputError, match=f"dataset {tmp_path}: 23 labels, expected 24"):
        load(str(tmp_path))


def test_pictures_of_two_sizes_are_refused(tmp_path: Path) -> None:
    write_idx(tmp_path / "train-images-idx3-ubyte", PICTURES)
    write_idx(tmp_path / "t10k-images-idx3-ubyte", PICTURES[:, 1:])
    with pytest.raises(InputError, match=r"pictures of sizes \[\(5, 7\), \(6, 7\)\], expected one size"):
        load(str(tmp_path))


BAD_IDX = {
    "empty": (b"", "begins with , expected an IDX file of unsigned bytes"),
    "text": (b"some text", "begins with 736f6d65, expected an IDX file of unsigned bytes"),
    "another type": (b"\0\0\x0d\x03" + bytes(20), "begins with 00000d03, expected an IDX file of unsigned bytes"),
    "sizes cut off": (b"\0\0\x08\x03" + bytes(11), "begins with 00000803"),
    "two dimensions": (idx_bytes(PICTURES[0]), r"2 dimensions, expected 3 \(pictures, rows, columns\)"),
    "no dimension": (b"\0\0\x08\0\x07", "0 dimensions, expected 3"),
    "no pictures": (idx_bytes(PICTURES[:0]), r"pictures of shape \(0, 6, 7\), expected none of them 0"),
    "pictures of nothing": (idx_bytes(PICTURES[:, :0]), r"pictures of shape \(24, 0, 7\), expected none of them 0"),
    "a byte too many": (idx_bytes(PICTURES) + b"x", r"1009 bytes of data, expected 1008 for shape \(24, 6, 7\)"),
    "a byte too few": (idx_bytes(PICTURES)[:-1], r"1007 bytes of data, expected 1008 for shape \(24, 6, 7\)"),
    "huge sizes": (b"\0\0\x08\x03" + b"\xff" * 12, "0 bytes of data, expected 79228162458924105385300197375 for"),
}


@pytest.mark.parametrize(("content", "message"), BAD_IDX.values(), ids=BAD_IDX.keys())
def test_a_file_that_is_no_idx_file_of_pictures_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    write_idx(tmp_path / "train-labels-idx1-ubyte", TRUTH[:0])
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        load(str(tmp_path))
    assert str(path) in said(error)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_an_idx_file_cut_anywhere_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"train-images-idx3-ubyte{suffix}"
    write_idx(path, PICTURES)
    whole = path.read_bytes()
    for end in [*range(24), *range(24, len(whole), 37), len(whole) - 1]:
        path.write_bytes(whole[:end])
        with pytest.raises(InputError, match=path.name):
            read_idx(path)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_damaged_idx_file_is_read_or_refused_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"train-images-idx3-ubyte{suffix}"
    write_idx(path, PICTURES)
    contents = damaged(path.read_bytes(), 300, head=16)
    assert refusals(path, contents, lambda: load_idx(tmp_path)) > 100


def test_fashion_mnist_has_its_own_categories_or_names_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idx, "FASHION_MNIST", tmp_path / "nowhere")
    with pytest.raises(MissingPackageError, match="apt-get install dataset-fashion-mnist") as error:
        load("fashion_mnist")
    assert error.value.package == "dataset-fashion-mnist"
    assert str(copy.copy(error.value)) == str(error.value)  # As when another process raised it.
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", PICTURES)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", np.arange(N) % 10)
    monkeypatch.setattr(idx, "FASHION_MNIST", tmp_path)
    found = load("fashion_mnist")
    assert (found.name, found.categories, len(found)) == ("fashion_mnist", FASHION_CATEGORIES, N)


# Folders of images


def image_of(value: int) -> Image.Image:
    return Image.fromarray(np.full((40, 50, 3), value, dtype=np.uint8))


def fill(folder: Path, count: int, suffix: str = ".png", first: int = 0) -> None:
    """Images 0.png, 1.png, ... of one shade of grey each: `first`, `first` + 1, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        image_of(first + i).save(folder / f"{i:03}{suffix}", "JPEG" if "jp" in suffix.lower() else "PNG")


def test_subfolders_are_categories_and_items_are_in_the_order_of_their_paths(tmp_path: Path) -> None:
    fill(tmp_path / "dog", 12, first=100)
    fill(tmp_path / "cat", 10, first=50)
    fill(tmp_path / "dog" / "deeper", 3)
    found = load(str(tmp_path))
    assert found.categories == ("cat", "dog")
    assert found.truth is not None
    assert found.truth.tolist() == [0] * 10 + [1] * 12
    assert found.items.shape == (22, SIDE, SIDE, 3)
    assert found.items[:, 5, 5, 1].tolist() == [*range(50, 60), *range(100, 112)]
    assert (found.item_names[0], found.item_names[-1]) == ("cat/000.png", "dog/011.png")
    assert (found.folder, found.skipped) == (tmp_path, ())


def test_loose_files_mean_that_there_is_no_truth(tmp_path: Path) -> None:
    fill(tmp_path / "cat", 20)
    fill(tmp_path, 1, first=200)
    found = load(str(tmp_path))
    assert (len(found), found.truth, found.categories) == (21, None, ())
    assert found.item_names[0] == "000.png"


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".jpg", ".Jpg", ".jpeg", ".JPEG"])
def test_images_are_found_whatever_the_case_of_their_suffix_and_other_files_are_not(
    tmp_path: Path, suffix: str
) -> None:
    fill(tmp_path, 20, suffix)
    for name in ("notes.txt", "data.csv", "picture.gif", "picture.png.part", "png"):
        (tmp_path / name).write_bytes(b"something else")
    (tmp_path / "folder.png").mkdir()
    found = load(str(tmp_path))
    assert (len(found), found.skipped) == (20, ())
    np.testing.assert_allclose(found.items[:, 9, 9, 0], np.arange(20), atol=2)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(
        InputError, match=rf"{tmp_path}: no image and no sound in it, expected \.png, \.jpg, \.jpeg, \.wav, \.flac f"
    ):
        load(str(tmp_path))


def png_of(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


NO_IMAGES = {
    "empty": b"",
    "text": b"some text",
    "cut": png_of(image_of(9))[:-40],
    "a GIF": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "zeros after the signature": b"\x89PNG\r\n\x1a\n" + bytes(50),
}


def test_images_that_cannot_be_read_are_skipped_counted_and_named(tmp_path: Path) -> None:
    fill(tmp_path / "cat", 20)
    for name, content in NO_IMAGES.items():
        (tmp_path / "cat" / f"{name}.png").write_bytes(content)
    found = load(str(tmp_path))
    assert len(found) == 20
    assert {skipped.name for skipped in found.skipped} == {f"cat/{name}.png" for name in NO_IMAGES}
    assert all(skipped.reason for skipped in found.skipped)
    assert not any(str(tmp_path) in skipped.reason for skipped in found.skipped)
    assert found.truth is not None
    assert len(found.truth) == len(found.item_names) == 20


def test_a_folder_of_nothing_but_broken_images_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    for name, content in NO_IMAGES.items():
        (tmp_path / f"{name}.png").write_bytes(content)
    with pytest.raises(InputError, match=rf"{tmp_path}: none of 5 images can be read; a GIF\.png: cannot identify"):
        load(str(tmp_path))


def test_too_few_images_are_refused_with_how_many_there_are(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    with pytest.raises(InputError, match=f"{tmp_path}: 3 usable items, expected at least 20"):
        load(str(tmp_path))


def large_png(width: int, height: int) -> bytes:
    """A PNG of few bytes that claims many pixels: one bit each, all black."""
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height, 9)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    start = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + start + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8_001, 10_000, 20_000], ids=["above our cap", "a warning", "an error of Pillow"])
def test_an_image_of_too_many_pixels_is_skipped_unread(
    tmp_path: Path, side: int, recwarn: pytest.WarningsRecorder
) -> None:
    fill(tmp_path, 20)
    (tmp_path / "bomb.png").write_bytes(large_png(side, side)[:100])
    (skipped,) = load(str(tmp_path)).skipped
    assert skipped.name == "bomb.png"
    assert "pixels" in skipped.reason
    assert not recwarn.list


def test_the_pixel_cap_is_where_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_folder, "_MOST_PIXELS", 2000)
    fill(tmp_path, 20)
    Image.new("RGB", (2001, 1)).save(tmp_path / "long.png")
    found = load(str(tmp_path))
    assert len(found) == 20
    assert [(s.name, s.reason) for s in found.skipped] == [("long.png", "2001x1 pixels, expected at most 2000 in all")]


def test_reading_images_in_threads_leaves_the_warning_filters_as_they_were(tmp_path: Path) -> None:
    fill(tmp_path, 200)
    before = list(warnings.filters)
    load(str(tmp_path))
    assert warnings.filters == before


RAMP = np.linspace(0, 255, 64).astype(np.uint8)[None, :].repeat(64, axis=0)


def palette_image() -> Image.Image:
    image = Image.new("P", (64, 64))
    image.putdata(RAMP.ravel().tolist())
    image.putpalette([value for i in range(256) for value in (i, i, i)])
    return image


KINDS: dict[str, Callable[[], Image.Image]] = {
    "grey": lambda: Image.fromarray(RAMP),
    "grey with alpha": lambda: Image.merge("LA", (Image.fromarray(RAMP), Image.new("L", (64, 64), 255))),
    "colour": lambda: Image.fromarray(np.stack([RAMP] * 3, axis=-1)),
    "colour with alpha": lambda: Image.fromarray(np.stack([RAMP] * 3 + [RAMP * 0 + 255], axis=-1)),
    "palette": palette_image,
    "grey of 16 bits": lambda: Image.fromarray(RAMP.astype(np.uint16) * 257),
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
def test_every_kind_of_png_looks_the_same(tmp_path: Path, make: Callable[[], Image.Image]) -> None:
    fill(tmp_path, 20)
    make().save(tmp_path / "a.png")
    found = load(str(tmp_path))
    assert found.skipped == ()
    ramp = found.items[found.item_names.index("a.png")]
    expected = RAMP[:SIDE].astype(float).reshape(SIDE, SIDE, 2).mean(axis=-1)
    np.testing.assert_allclose(ramp, np.stack([expected] * 3, axis=-1), atol=1.5)


def test_black_and_white_and_cmyk_images_are_read(tmp_path: Path) -> None:
    fill(tmp_path, 20)
    Image.fromarray(RAMP > 127).save(tmp_path / "bits.png")
    Image.new("CMYK", (64, 64), (0, 0, 0, 0)).save(tmp_path / "print.jpg")
    found = load(str(tmp_path))
    assert found.skipped == ()
    assert set(found.items[found.item_names.index("bits.png")].ravel().tolist()) == {0, 255}
    assert found.items[found.item_names.index("print.jpg")].min() >= 250


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_damaged_image_is_read_or_skipped_and_nothing_else(tmp_path: Path, kind: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(RANDOM.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(stream, kind)
    for number, content in enumerate(damaged(stream.getvalue(), 400, head=60)):
        (tmp_path / f"{number}.png").write_bytes(content)
    fill(tmp_path / "good", 20)
    found = load(str(tmp_path))
    assert len(found) + len(found.skipped) == 420
    assert len(found) >= 20
    assert len(found.skipped) >= 50


# Names


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digit", "dataset 'digit': no such file or directory; expected one of digits, fashion_mnist, a .npz, .npy,"),
        ("/no/such/place", "dataset '/no/such/place': no such file or directory"),
        ("a\0b", "no such file or directory"),
        ("/dev/null", "dataset '/dev/null': neither a file nor a directory"),
        ("~nosuchuser/x", "dataset '~nosuchuser/x': .*home directory"),
        ("a" * 300, "dataset 'a{60}': .*name too long"),
        (__file__, "a file of type '.py', expected .npz, .npy, .parquet or .csv"),
    ],
    ids=["unknown", "missing", "a zero byte", "a device", "no such user", "too long", "another type"],
)
def test_a_name_that_stands_for_no_dataset_is_refused(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(name)


def test_the_suffix_of_an_archive_may_be_in_capitals_and_home_may_be_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, items=ROWS).rename(tmp_path / "DATA.NPZ")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(load("~/DATA.NPZ")) == N


def test_the_named_datasets_are_those_that_are_documented() -> None:
    assert list(NAMED) == ["digits", "fashion_mnist"]


# What a dataset can do


def dataset(items: npt.NDArray[np.generic], **more: object) -> Dataset:
    return Dataset("test", items, **more)  # type: ignore[arg-type]


def test_a_subset_is_the_same_for_the_same_seed_and_keeps_the_order() -> None:
    whole = load("digits")
    one, same, other = load("digits", max_items=100, seed=4), whole.subset(100, 4), whole.subset(100, 5)
    assert one.digest == same.digest != other.digest
    assert one.truth is not None
    assert whole.truth is not None
    rows = {row.tobytes(): i for i, row in enumerate(whole.items)}
    places = [rows[row.tobytes()] for row in one.items]
    assert places == sorted(places)
    assert len(set(places)) == 100
    np.testing.assert_array_equal(one.truth, whole.truth[places])
    assert one.categories == whole.categories


@given(count=st.integers(20, 60), most=st.integers(20, 80), seed=st.integers(0, 2**32))
def test_names_and_truth_stay_with_their_items_in_a_subset(count: int, most: int, seed: int) -> None:
    rows = np.arange(count, dtype=np.float32)[:, None]
    whole = dataset(
        rows,
        truth=np.arange(count, dtype=np.int16) % 3,
        item_names=tuple(map(str, range(count))),
    )
    part = whole.subset(most, seed)
    assert len(part) == min(count, most)
    assert part.item_names == tuple(str(int(value)) for value in part.items[:, 0])
    assert part.truth is not None
    assert part.truth.tolist() == [int(value) % 3 for value in part.items[:, 0]]


@pytest.mark.parametrize("most", [0, 1797, 5000])
def test_a_subset_of_all_is_all(most: int) -> None:
    assert len(load("digits", max_items=most)) == 1797


def test_a_subset_of_too_few_is_refused() -> None:
    with pytest.raises(InputError, match="dataset digits: 5 usable items, expected at least 20"):
        load("digits", max_items=5)


def test_the_digest_changes_with_content_order_shape_and_type_and_with_nothing_else() -> None:
    flat = np.arange(N * 6, dtype=np.uint8).reshape(N, 6)
    first = dataset(flat).digest
    assert dataset(np.asfortranarray(flat), truth=TRUTH.astype(np.int16)).digest == first
    assert dataset(flat[::2].repeat(2, axis=0)).digest != first
    assert dataset(flat[::-1]).digest != first
    assert dataset(flat.reshape(N, 2, 3)).digest != first
    assert dataset(flat.astype(np.float32)).digest != first
    changed = flat.copy()
    changed[-1, -1] ^= 1
    assert dataset(changed).digest != first


def test_pictures_become_features_from_0_to_1() -> None:
    features = dataset(PICTURES).features()
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, PICTURES.reshape(N, -1) / 255.0, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1.0, 1e6, 1e34])
@pytest.mark.parametrize("offset", [0.0, -1.0, 1000.0])
def test_columns_of_features_are_standardised_whatever_their_unit(scale: float, offset: float) -> None:
    rows = ((RANDOM.normal(size=(500, 3)) + offset) * scale).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        features = dataset(rows).features()
    assert features.dtype == np.float32
    np.testing.assert_allclose(features.astype(float).mean(axis=0), 0.0, atol=2e-4)
    np.testing.assert_allclose(features.astype(float).std(axis=0), 1.0, atol=2e-4)
    exact = rows.astype(float)
    np.testing.assert_allclose(features, (exact - exact.mean(axis=0)) / exact.std(axis=0), atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e7, 1e30, 3e38, 1e-45])
def test_a_column_that_never_changes_becomes_0(value: float) -> None:
    rows = RANDOM.normal(size=(5000, 2)).astype(np.float32)
    rows[:, 1] = value
    np.testing.assert_array_equal(dataset(rows).features()[:, 1], 0.0)


@pytest.mark.parametrize("value", [1e-45, 3.4e38])
def test_the_smallest_and_largest_numbers_give_finite_features(value: float) -> None:
    rows = np.zeros((100, 1), np.float32)
    rows[::2] = value
    rows[1::4] = -value
    assert np.isfinite(dataset(rows).features()).all()
