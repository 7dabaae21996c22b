"""Parquet and CSV files, a batch of rows at a time. What is in their columns is for `table`."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from latentvr_common.datasets.texts import one_line
from latentvr_common.errors import InputError

MOST_COLUMNS = 20_000
MOST_ROWS = 10_000_000
SUFFIXES = (".parquet", ".csv")
_LONGEST_HEADER = 4 << 20
_BLOCK_BYTES = 8 << 20
"""Of a CSV file; what is in the first one tells the types of the columns. No line may be longer."""
_BATCH_VALUES = 4 << 20
_UNREADABLE = (pa.ArrowException, OSError, ValueError, EOFError, KeyError, IndexError, OverflowError, MemoryError)


@dataclass(frozen=True)
class TableFile:
    """A table whose rows are still on disk."""

    path: Path
    schema: pa.Schema
    """Every name once."""
    batches: Callable[[Sequence[str], int], Iterator[pa.RecordBatch]]
    """Gives some columns of all rows, in order; second, how many numbers a row of them holds. Raises InputError."""


def open_table(path: Path, texts: Sequence[str]) -> TableFile:
    """Open a table; in CSV, columns named in `texts` are texts whatever is in them. Raises InputError."""
    table = _open_csv(path, texts) if path.suffix.lower() == ".csv" else _open_parquet(path, texts)
    names = table.schema.names
    if len(names) > MOST_COLUMNS:
        raise InputError(f"dataset {path}: {len(names)} columns, expected at most {MOST_COLUMNS}")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise InputError(f"dataset {path}: several columns are called {twice[0][:60]!r}, expected every name once")
    return table


@contextmanager
def _reading(path: Path, expected: str) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise InputError(f"dataset {path}: cannot be read ({one_line(error)}), expected {expected}") from error


def _bounded(path: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    count = 0
    for batch in batches:
        count += batch.num_rows
        if count > MOST_ROWS:
            raise InputError(f"dataset {path}: more than {MOST_ROWS:,} rows, expected at most so many")
        yield batch


def _open_parquet(path: Path, texts: Sequence[str]) -> TableFile:
    with _reading(path, "a Parquet file"), path.open("rb") as stream:
        file = pyarrow.parquet.ParquetFile(stream)
        metadata, schema = file.metadata, _checked(file.schema_arrow)
    # As dictionaries: a long text that is there many times is in memory once.
    once = [name for name in texts if name in schema.names and not pa.types.is_nested(schema.field(name).type)]

    def batches(names: Sequence[str], row_size: int) -> Iterator[pa.RecordBatch]:
        rows = max(1, min(65_536, _BATCH_VALUES // max(1, row_size)))
        with _reading(path, "a Parquet file"), path.open("rb") as stream:
            file = pyarrow.parquet.ParquetFile(stream, metadata=metadata, read_dictionary=once, pre_buffer=False)
            for batch in file.iter_batches(rows, columns=list(names), use_threads=False):
                # A damaged file may hold places outside of the data, to which Arrow would go.
                batch.validate(full=True)
                yield batch.select(list(names))

    return TableFile(path, schema, lambda names, row_size: _bounded(path, batches(names, row_size)))


def _open_csv(path: Path, texts: Sequence[str]) -> TableFile:
    expected = "a table of UTF-8 texts with commas, and the names of the columns in its first line"
    _check_header(path, expected)
    types = {name: pa.string() for name in texts}
    with _reading(path, expected), path.open("rb") as stream:
        schema = _checked(_csv_batches(stream, column_types=types).schema)
    as_floats = {field.name: pa.float64() for field in schema if is_number(field.type)}

    def batches(names: Sequence[str], _: int) -> Iterator[pa.RecordBatch]:
        with _reading(path, expected), path.open("rb") as stream:
            yield from _csv_batches(stream, column_types=as_floats | types, include_columns=list(names))

    return TableFile(path, schema, lambda names, row_size: _bounded(path, batches(names, row_size)))


def _checked(schema: pa.Schema) -> pa.Schema:
    """Return the schema. Raises UnicodeDecodeError where a name in it is no text."""
    for field in schema:
        _ = field.name, str(field.type)
    return schema


def _csv_batches(stream: BinaryIO, **convert: object) -> pyarrow.csv.CSVStreamingReader:
    return pyarrow.csv.open_csv(
        stream,
        read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(**convert),
    )


def _check_header(path: Path, expected: str) -> None:
    with _reading(path, expected), path.open("rb") as stream:
        header = stream.readline(_LONGEST_HEADER)
    if b"\0" in header or len(header) == _LONGEST_HEADER:
        raise InputError(f"dataset {path}: begins as no table does, expected {expected}")
    if header.count(b",") >= MOST_COLUMNS:
        raise InputError(f"dataset {path}: {header.count(b',') + 1} columns, expected at most {MOST_COLUMNS}")


def is_number(kind: pa.DataType) -> bool:
    """Tell whether values of a type are features."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
