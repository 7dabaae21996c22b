"""Tables: Parquet and CSV files with a row for each item, in the order of the file.

The name of a column says what it is for:

- `id` (texts or integers, every one once): the names of the items.
- `truth` (texts or integers): what they are; never a feature.
- `image` or `audio`: paths of image or sound files, relative to the folder of the table. They are the items then.
- Every other column of numbers is a feature; a column of lists of numbers (Parquet), all of one length, is as many.

All other columns are ignored, and named in `notes`. Rows are counted from 1 in what is said about them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from latentvr_common.datasets.choice import Choice, Rows
from latentvr_common.datasets.dataset import Dataset, Media, picked
from latentvr_common.datasets.files import FileKind, read_files
from latentvr_common.datasets.image_folder import IMAGES
from latentvr_common.datasets.progress import Progress
from latentvr_common.datasets.table_file import MOST_COLUMNS, TableFile, is_number, open_table
from latentvr_common.datasets.texts import Truth, listed, truth_of
from latentvr_common.errors import InputError

ID, TRUTH, IMAGE, AUDIO = "id", "truth", "image", "audio"
TEXT_COLUMNS = (ID, TRUTH, IMAGE, AUDIO)
MEDIA: dict[str, Media] = {"": "", IMAGE: "image", AUDIO: "sound"}
"""What the files of a column are."""

_NO_FEATURES = ("", "__index_level_0__", "Unnamed: 0")
"""The number of the row, as pandas writes it."""
_LIKE_TRUTH = ("label", "labels", "target", "class", "category", "y")
_LONGEST_TEXT = 1000
_MOST_VALUES = 2 << 30
"""8 GiB as float32."""
_PLAUSIBLE = 64 << 20
_MOST_PACKED = 1000
"""More than _PLAUSIBLE bytes of features that are so many times the file is a bomb, not data."""


@dataclass(frozen=True)
class Columns:
    """What the columns of a table are for."""

    texts: tuple[str, ...]
    """Those of TEXT_COLUMNS that are there."""
    numbers: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def media(self) -> str:
        """IMAGE, AUDIO or nothing."""
        return next((name for name in (IMAGE, AUDIO) if name in self.texts), "")


@dataclass(frozen=True)
class Texts:
    """The text columns of a table, or empty where there is none."""

    count: int
    """Rows of the table."""
    names: tuple[str, ...] = ()
    truth: Truth = (None, ())
    files: tuple[str, ...] = ()


def load_table(path: Path, choice: Choice, progress: Progress) -> Dataset:
    """Return the dataset in a Parquet or CSV file. Raises InputError, naming the column and row that is wrong."""
    table = open_table(path, TEXT_COLUMNS)
    columns = sort_columns(table)
    if not (columns.media or columns.numbers):
        raise InputError(f"dataset {path}: no column of numbers, no {IMAGE} and no {AUDIO}, expected one of them")
    texts = read_texts(table, columns, progress)
    if columns.media:
        return _with_files(path, columns, texts, choice, progress)
    rows = choice.rows(texts.count)
    items = _read_numbers(table, columns.numbers, texts.count, rows, progress)
    truth, categories = texts.truth
    return Dataset(
        str(path),
        items,
        None if truth is None else truth[rows],
        categories,
        item_names=picked(texts.names, rows),
        notes=columns.notes,
        rows=rows,
    )


def _with_files(path: Path, columns: Columns, texts: Texts, choice: Choice, progress: Progress) -> Dataset:
    note = (f"columns of numbers beside {columns.media} are ignored: {listed(columns.numbers)}",)
    read = read_files(str(path), path.parent, texts.files, _kind_of(columns.media), choice, progress)
    truth, categories = texts.truth
    return Dataset(
        str(path),
        read.items,
        None if truth is None else truth[read.rows],
        categories,
        item_names=picked(texts.names or texts.files, read.rows),
        folder=path.parent,
        skipped=read.skipped,
        files=picked(texts.files, read.rows),
        media=MEDIA[columns.media],
        notes=columns.notes + (note if columns.numbers else ()),
        rows=read.rows,
    )


def _kind_of(media: str) -> FileKind:
    if media == IMAGE:
        return IMAGES
    # Only where it is needed: it takes a while to import.
    from latentvr_common.datasets.sound import SOUNDS

    return SOUNDS


def sort_columns(table: TableFile) -> Columns:
    """Say what each column is for. Raises InputError for one whose type does not fit its name."""
    texts = tuple(name for name in TEXT_COLUMNS if name in table.schema.names)
    for name in texts:
        _check_text(table, name)
    if IMAGE in texts and AUDIO in texts:
        raise InputError(f"dataset {table.path}: columns {IMAGE} and {AUDIO}, expected one of them")
    others = [field for field in table.schema if field.name not in TEXT_COLUMNS]
    numbers = [f.name for f in others if _holds_numbers(f.type) and f.name not in _NO_FEATURES]
    ignored = [f"{f.name or '(no name)'} ({f.type})" for f in others if f.name not in numbers]
    suspicious = [name for name in numbers if name.lower() in _LIKE_TRUTH and TRUTH not in texts]
    notes = [f"columns that are ignored: {listed(ignored)}"] if ignored else []
    notes += [f"column {name} is a feature; if it is the truth, call it {TRUTH}" for name in suspicious]
    return Columns(texts, tuple(numbers), tuple(notes))


def _check_text(table: TableFile, name: str) -> None:
    kind = table.schema.field(name).type
    of = kind.value_type if pa.types.is_dictionary(kind) else kind
    text = pa.types.is_string(of) or pa.types.is_large_string(of)
    if not text and not (name in (ID, TRUTH) and pa.types.is_integer(of)):
        expected = "texts or integers" if name in (ID, TRUTH) else "texts"
        raise InputError(f"dataset {table.path}: column {name} is of type {kind}, expected {expected}")


def _holds_numbers(kind: pa.DataType) -> bool:
    return is_number(kind) or (_is_list(kind) and is_number(kind.value_type))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


# Texts


def read_texts(table: TableFile, columns: Columns, progress: Progress) -> Texts:
    """Read the columns that are not features, and count the rows. Raises InputError for what is empty or too long."""
    names = columns.texts or columns.numbers[:1]
    found: dict[str, list[str]] = {name: [] for name in columns.texts}
    count = 0
    for batch in table.batches(names, len(names)):
        for name in columns.texts:
            found[name] += _texts(table, name, batch.column(name), count)
        count += batch.num_rows
        progress.tell(count, 0, "rows")
    ids, files = found.get(ID, []), found.get(columns.media, [])
    for name, values in ((ID, ids), (columns.media, [] if ids else files)):
        _check_unique(table, name, values)
    for row, file in enumerate(files):
        if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
            raise InputError(
                f"dataset {table.path}: column {columns.media}, row {row + 1}: {file[:60]!r}, "
                "expected a path relative to the table's folder, without .."
            )
    truth = truth_of(found[TRUTH]) if TRUTH in found else (None, ())
    return Texts(count, tuple(ids), truth, tuple(files))


def _texts(table: TableFile, name: str, column: pa.Array, before: int) -> list[str]:
    if pa.types.is_dictionary(column.type):
        _check_lengths(table, name, column.dictionary)
        column = column.dictionary_decode()
    if not pa.types.is_integer(column.type):
        _check_lengths(table, name, column)
    try:
        texts: list[str | None] = column.cast(pa.string()).to_pylist()
    except (pa.ArrowException, ValueError) as error:
        raise InputError(f"dataset {table.path}: column {name} holds bytes that are no text, expected UTF-8") from error
    empty = next((row for row, text in enumerate(texts) if text is None or not text.strip()), None)
    if empty is not None:
        raise InputError(f"dataset {table.path}: column {name}, row {before + empty + 1}: no value, expected one")
    return [text for text in texts if text is not None]


def _check_lengths(table: TableFile, name: str, column: pa.Array) -> None:
    if not pa.types.is_integer(column.type) and (pc.max(pc.binary_length(column)).as_py() or 0) > _LONGEST_TEXT:
        raise InputError(f"dataset {table.path}: column {name} has long texts, expected at most {_LONGEST_TEXT} bytes")


def _check_unique(table: TableFile, name: str, values: Sequence[str]) -> None:
    if len(set(values)) == len(values):
        return
    first: dict[str, int] = {}
    for row, value in enumerate(values):
        if first.setdefault(value, row) != row:
            raise InputError(
                f"dataset {table.path}: column {name}, rows {first[value] + 1} and {row + 1}: {value[:60]!r} twice, "
                "expected every one once"
            )


# Numbers


def _read_numbers(
    table: TableFile, names: Sequence[str], count: int, rows: Rows, progress: Progress
) -> npt.NDArray[np.float32]:
    """Read the features of `rows`, ascending, of the table's `count`, as (n, D); a column of lists is several."""
    widths = [_width(table, name) for name in names]
    _check_size(table, count, len(rows), sum(widths))
    edges = np.concatenate([[0], np.cumsum(widths)]).tolist()
    items = np.empty((len(rows), edges[-1]), np.float32)
    begun = 0
    for batch in table.batches(names, edges[-1]):
        start, stop = np.searchsorted(rows, [begun, begun + batch.num_rows])
        for name, width, edge in zip(names, widths, edges[:-1], strict=True):
            block = _numbers(table, name, batch.column(name), width, begun)
            items[start:stop, edge : edge + width] = block[rows[start:stop] - begun]
        begun += batch.num_rows
        progress.tell(begun, count, "rows")
    return items


def _check_size(table: TableFile, count: int, chosen: int, row_size: int) -> None:
    if row_size > MOST_COLUMNS or chosen * row_size > _MOST_VALUES:
        raise InputError(
            f"dataset {table.path}: {chosen} rows of {row_size} numbers, "
            f"expected at most {MOST_COLUMNS} a row and {_MOST_VALUES} in all"
        )
    size, packed = 4 * count * row_size, table.path.stat().st_size
    if size > _PLAUSIBLE and size > _MOST_PACKED * packed:
        raise InputError(
            f"dataset {table.path}: {size >> 20} MiB packed into {packed} bytes, expected at most {_MOST_PACKED}:1"
        )


def _width(table: TableFile, name: str) -> int:
    kind = table.schema.field(name).type
    if not _is_list(kind):
        return 1
    first = next((batch.column(name) for batch in table.batches([name], 1) if batch.num_rows), None)
    width = 1 if first is None else int(pc.list_value_length(first)[0].as_py() or 0)
    if width == 0:
        raise InputError(f"dataset {table.path}: column {name}, row 1: no numbers, expected a list of them")
    return width


def _numbers(table: TableFile, name: str, column: pa.Array, width: int, before: int) -> npt.NDArray[np.float32]:
    """Return a batch of a column as (n, width)."""

    def refused(row: int, what: str, expected: str = "a finite number") -> InputError:
        return InputError(f"dataset {table.path}: column {name}, row {before + row + 1}: {what}, expected {expected}")

    if _is_list(column.type):
        lengths = np.asarray(pc.fill_null(pc.list_value_length(column), -1))
        if (lengths != width).any():
            row = int(np.argmax(lengths != width))
            raise refused(row, "no value" if lengths[row] < 0 else f"{lengths[row]} numbers", f"{width} numbers")
        column = column.flatten()
    if column.null_count:
        raise refused(int(np.argmax(np.asarray(column.is_null()))) // width, "no value")
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    with np.errstate(over="ignore"):
        numbers = column.to_numpy(zero_copy_only=False).astype(np.float32)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise refused(place // width, f"{column[place].as_py()}")
    return np.asarray(numbers.reshape(-1, width))
