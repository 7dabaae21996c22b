"""Reads the records of an MCAP file, up to its end or to where it was cut or damaged, in bounded memory."""

import io
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import yaml
from mcap.exceptions import EndOfFile, McapError
from mcap.records import Channel as ChannelRecord
from mcap.records import Chunk, McapRecord, Message, Schema
from mcap.stream_reader import CRCValidationError, StreamReader

from latentvr_common.bags.metadata import FileInfo, Tally, TopicInfo
from latentvr_common.bags.plain_yaml import read_plain
from latentvr_common.bags.wording import shown
from latentvr_common.errors import InputError

KEYFRAMES = "latentvr_keyframes"
"""In a channel's metadata: only some of its messages are recorded, on purpose."""
MAX_RECORD_BYTES = 256 << 20
_MAX_CHUNK_RECORDS = 100_000
_MAX_DESCRIPTION_BYTES = 64 << 20
"""Of all topics and types of a file together."""
_MAX_PROFILES = 1 << 16
_BLOCK_BYTES = 1 << 20
_MAGIC = b"\x89MCAP0\r\n"
_FOOTER = struct.Struct("<BQQQI8s")
_DATA_END = struct.Struct("<BQI")
_DAMAGE = (McapError, CRCValidationError, ValueError, struct.error)


class _Whole:
    """A file of which each read gives all that was asked for, or raises EndOfFile: mcap takes a short read for data."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self.left = size
        self.position = 0

    def read(self, length: int) -> bytes:
        if length < 0:
            raise ValueError("a record is shorter than its kind allows")
        # A text in a record may be longer than the record says it is itself.
        if length > MAX_RECORD_BYTES:
            raise ValueError(f"a part of a record has {length:,} bytes, expected at most {MAX_RECORD_BYTES:,}")
        if length > self.left:
            raise EndOfFile
        self.left -= length
        self.position += length
        return self._stream.read(length)


class RecordReader:
    """The whole records of one MCAP file. Iterate once, then look at what is said of its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.complete = False
        """The file has its end."""
        self.damage = ""
        """What is wrong where reading stopped, if it is more than a missing end. Empty: nothing."""
        self.good_bytes = 0
        """Where the last whole record ends."""

    def __iter__(self) -> Iterator[McapRecord]:
        """Yield each record; those of an uncompressed chunk one by one. Raises OSError."""
        with self.path.open("rb") as stream:
            source = _Whole(stream, os.fstat(stream.fileno()).st_size)
            try:
                for record in _records(source, validate_crcs=True):
                    yield from _unpacked(record) if isinstance(record, Chunk) else [record]
                    self.good_bytes = source.position
                self.complete = True
                self.good_bytes = source.position
            except EndOfFile:
                pass  # What follows from it is in `complete`.
            except _DAMAGE as error:
                self.damage = shown(error) or type(error).__name__


def _records(source: _Whole, *, validate_crcs: bool, skip_magic: bool = False) -> Iterator[McapRecord]:
    reader = StreamReader(
        source,  # type: ignore[arg-type]
        skip_magic=skip_magic,
        emit_chunks=True,
        validate_crcs=validate_crcs,
        record_size_limit=MAX_RECORD_BYTES,
    )
    return iter(reader.records)


def _unpacked(chunk: Chunk) -> list[McapRecord]:
    """Return the records of a chunk, messages in the order of their times."""
    # A compressed chunk may unpack to any size.
    if chunk.compression:
        raise ValueError(f"it is compressed with {chunk.compression}, expected a bag that is not compressed")
    if chunk.uncompressed_crc and zlib.crc32(chunk.data) != chunk.uncompressed_crc:
        raise ValueError("the checksum of a chunk does not hold")
    records: list[McapRecord] = []
    inside = _Whole(io.BytesIO(chunk.data), len(chunk.data))
    try:
        for record in _records(inside, validate_crcs=False, skip_magic=True):
            records.append(record)
            if isinstance(record, Chunk) or len(records) > _MAX_CHUNK_RECORDS:
                raise ValueError(f"a chunk has a chunk in it, or more than {_MAX_CHUNK_RECORDS:,} records")
    except EndOfFile:
        if inside.left:
            raise ValueError("a chunk ends within a record") from None
    return sorted(records, key=lambda record: record.log_time if isinstance(record, Message) else 0)


class Channels:
    """Follows which channel of the file `path` has which topic and type."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._bytes = 0
        self._schemas: dict[int, Schema] = {}
        self.records: dict[int, ChannelRecord] = {}

    def note(self, record: McapRecord) -> None:
        """Take in a record of any kind. Raises InputError if topics and types are described at too great a length."""
        if isinstance(record, Schema):
            self._schemas[record.id] = record
            self._bytes += len(record.data)
        elif isinstance(record, ChannelRecord):
            self.records[record.id] = record
            self._bytes += len(record.topic) + sum(len(key) + len(value) for key, value in record.metadata.items())
        if self._bytes > _MAX_DESCRIPTION_BYTES:
            raise InputError(f"{self.path} describes its topics in more than {_MAX_DESCRIPTION_BYTES >> 20} MiB")

    def has_keyframes(self, channel_id: int) -> bool:
        """Whether only some of the channel's messages were recorded, on purpose."""
        return KEYFRAMES in self.records[channel_id].metadata

    def schema(self, channel_id: int) -> Schema:
        """Return the schema of a channel. Raises InputError if the file has none."""
        record = self.records.get(channel_id)
        schema = self._schemas.get(record.schema_id) if record else None
        if schema is None:
            raise InputError(f"{self.path} has a message of channel {channel_id}, which it does not describe")
        return schema

    def topic_info(self, channel_id: int) -> TopicInfo:
        """Return a channel as metadata.yaml names it, without a count. Raises InputError as `schema` does."""
        schema = self.schema(channel_id)
        record = self.records[channel_id]
        return TopicInfo(
            name=record.topic,
            type=schema.name,
            type_hash=record.metadata.get("topic_type_hash", ""),
            qos=_profiles(record.metadata.get("offered_qos_profiles", "")),
            count=0,
        )


def scan(path: Path) -> FileInfo:
    """Return what is in the whole records of an MCAP file. Raises OSError, and InputError if it is no such file."""
    reader, channels, tally = RecordReader(path), Channels(path), Tally()
    for record in reader:
        channels.note(record)
        if isinstance(record, Message):
            tally.add(record.channel_id, record.log_time)
    if reader.damage and not reader.good_bytes:
        raise InputError(f"{path} is no MCAP file: {reader.damage}")
    return tally.file_info(
        path.name, [(channel_id, channels.topic_info(channel_id)) for channel_id in channels.records]
    )


def _profiles(text: str) -> tuple[Mapping[str, Any], ...]:
    try:
        entries = read_plain(text) or [] if len(text) <= _MAX_PROFILES else []
    except (yaml.YAMLError, ValueError):
        return ()
    return tuple(entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def has_end(path: Path) -> bool:
    """Whether the file ends as a finished MCAP file does. Raises OSError."""
    with path.open("rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - _FOOTER.size))
        end = stream.read()
    return len(end) == _FOOTER.size and end[0] == 0x02 and end.endswith(_MAGIC)


def check_file(path: Path) -> None:
    """Raise InputError, naming the file, unless it is a finished MCAP file whose checksums, where it has any, hold."""
    try:
        with path.open("rb") as stream:
            _check(stream, os.fstat(stream.fileno()).st_size)
    except (OSError, ValueError, struct.error) as error:
        raise InputError(f"{path} is not a whole MCAP file: {error}") from error


def _check(stream: BinaryIO, size: int) -> None:
    footer_at = size - _FOOTER.size
    if stream.read(len(_MAGIC)) != _MAGIC:
        raise ValueError("it does not begin as one")
    if footer_at < len(_MAGIC) + _DATA_END.size:
        raise ValueError("it has no end")
    stream.seek(footer_at)
    opcode, _, summary_at, _, summary_crc, magic = _FOOTER.unpack(stream.read(_FOOTER.size))
    if magic != _MAGIC or opcode != 0x02 or not 0 <= summary_at <= footer_at:
        raise ValueError("it has no end")
    data_end_at = (summary_at or footer_at) - _DATA_END.size
    stream.seek(data_end_at)
    opcode, length, data_crc = _DATA_END.unpack(stream.read(_DATA_END.size))
    if (opcode, length) != (0x0F, 4):
        raise ValueError("its data has no end")
    if data_crc and _crc(stream, 0, data_end_at) != data_crc:
        raise ValueError("the checksum of its data does not hold")
    # The checksum of the summary takes in the footer up to the checksum itself.
    if summary_crc and _crc(stream, summary_at or footer_at, size - len(_MAGIC) - 4) != summary_crc:
        raise ValueError("the checksum of its summary does not hold")


def _crc(stream: BinaryIO, begin: int, end: int) -> int:
    stream.seek(begin)
    crc = 0
    while begin < end:
        block = stream.read(min(_BLOCK_BYTES, end - begin))
        if not block:
            raise ValueError("it became shorter while it was read")
        crc = zlib.crc32(block, crc)
        begin += len(block)
    return crc
