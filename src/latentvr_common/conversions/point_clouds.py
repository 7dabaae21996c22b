"""A serialized PointCloud2, read in place: a cloud of a million items is 28 MB, which nobody should copy twice.

The layout is that of CDR (OMG DDS-XTYPES 1.3, 7.4.1), little-endian, whose numbers lie at multiples of their size.
"""

import struct
from dataclasses import dataclass

_LITTLE_ENDIAN = b"\x00\x01"
_HEADER_BYTES = 4
_MOST_FIELDS = 1000


@dataclass(frozen=True)
class FieldSeen:
    """One field, as in PointField.msg."""

    name: str
    offset: int
    datatype: int


@dataclass(frozen=True)
class TimeSeen:
    """A time, as in Time.msg."""

    sec: int
    nanosec: int


@dataclass(frozen=True)
class HeaderSeen:
    """A header, as in Header.msg."""

    stamp: TimeSeen
    frame_id: str


@dataclass(frozen=True)
class PointCloudSeen:
    """What a PointCloud2 says, with its data where they are; names as in PointCloud2.msg."""

    header: HeaderSeen
    height: int
    width: int
    fields: tuple[FieldSeen, ...]
    is_bigendian: bool
    point_step: int
    row_step: int
    data: memoryview


def point_cloud_in(data: bytes) -> PointCloudSeen:
    """Return what the bytes of a serialized PointCloud2 say. Raises ValueError if they are something else."""
    if data[:2] != _LITTLE_ENDIAN:
        raise ValueError(f"{len(data)} bytes that do not begin as little-endian CDR")
    cursor = _Cursor(memoryview(data)[_HEADER_BYTES:])
    header = HeaderSeen(TimeSeen(cursor.number("i"), cursor.number("I")), cursor.text())
    height, width = cursor.number("I"), cursor.number("I")
    count = cursor.number("I")
    if count > _MOST_FIELDS:
        raise ValueError(f"{count} fields, expected at most {_MOST_FIELDS}")
    fields = tuple(_field(cursor) for _ in range(count))
    is_bigendian = bool(cursor.number("B"))
    point_step, row_step = cursor.number("I"), cursor.number("I")
    rows = cursor.take(cursor.number("I"))
    cursor.number("B")  # is_dense
    return PointCloudSeen(header, height, width, fields, is_bigendian, point_step, row_step, rows)


def _field(cursor: "_Cursor") -> FieldSeen:
    name = cursor.text()
    offset, datatype = cursor.number("I"), cursor.number("B")
    cursor.number("I")  # count
    return FieldSeen(name, offset, datatype)


class _Cursor:
    """Reads one value after the other."""

    def __init__(self, body: memoryview) -> None:
        self._body = body
        self._at = 0

    def number(self, kind: str) -> int:
        """Return a number of a type as `struct` calls it."""
        size = struct.calcsize(kind)
        self._at += -self._at % size
        return int(struct.unpack(f"<{kind}", self.take(size))[0])

    def text(self) -> str:
        """Return a string, which ends with a zero."""
        found = bytes(self.take(self.number("I")))
        if not found.endswith(b"\0"):
            raise ValueError("a text without its end")
        return found[:-1].decode(errors="replace")

    def take(self, count: int) -> memoryview:
        """Return so many bytes."""
        end = self._at + count
        if end > len(self._body):
            raise ValueError(f"{len(self._body)} bytes, expected at least {end}")
        found, self._at = self._body[self._at : end], end
        return found
