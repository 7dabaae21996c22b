"""Between a label entry and its row, and the hashes that chain the rows."""

import hashlib
import json
import sqlite3
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from latentvr_common.labels import Kind, LabelEvent, Region, Shape, box, flood

READ_ALL = """SELECT seq, event_id, kind, category, sample_ids, target_seq, author, cloud_stamp_ns, epoch, region,
    gesture, committed_ns, previous_hash, hash FROM event ORDER BY seq"""
READ_AFTER = READ_ALL.replace("ORDER BY seq", "WHERE seq > ? ORDER BY seq LIMIT ?")
ADD = """INSERT INTO event (seq, event_id, kind, category, sample_ids, target_seq, author, cloud_stamp_ns, epoch,
    region, gesture, committed_ns, previous_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_MANY = 1000
"""Of fewer ids each is written by itself."""
_MOST_DIGITS = len(str(np.iinfo(np.uint32).max))
NO_HASH = bytes(32)
"""What stands before the first row."""
Row = tuple[int, str, int, int, str, int, str, int, int, str, str, int, bytes, bytes]


def row_of(event: LabelEvent, previous_hash: bytes) -> Row:
    """Return the row of an entry that has its seq and time."""
    fields = (
        event.event_id,
        int(event.kind),
        event.category,
        ids_text(event.sample_ids),
        event.target_seq,
        event.author,
        event.cloud_stamp_ns,
        event.epoch,
        _region_text(event.region),
        event.gesture,
    )
    digest = row_hash((event.seq, *fields, event.committed_ns), previous_hash)
    return (event.seq, *fields, event.committed_ns, previous_hash, digest)


def ids_text(ids: npt.NDArray[np.uint32]) -> str:
    """Return ids (n,), rising, as a JSON array without spaces.

    Digit by digit over all ids of one length: a tenth of the time that `json.dumps` takes for a large mark.
    """
    if len(ids) < _MANY:
        return json.dumps(ids.tolist(), separators=(",", ":"))
    written, rest, digits = [], ids, 0
    while len(rest):
        digits += 1
        longer = digits < _MOST_DIGITS and rest[-1] >= 10**digits
        count = int(np.searchsorted(rest, np.uint32(10**digits))) if longer else len(rest)
        written.append(_decimals(rest[:count], digits))
        rest = rest[count:]
    return f"[{b''.join(written)[:-1].decode()}]"


def _decimals(ids: npt.NDArray[np.uint32], digits: int) -> bytes:
    """Return ids (n,) of so many digits as decimal numbers, each with a comma after it."""
    text = np.full((len(ids), digits + 1), ord(","), np.uint8)
    for column in reversed(range(digits)):
        tens = ids // np.uint32(10)
        text[:, column] = ids - tens * np.uint32(10) + ord("0")
        ids = tens
    return text.tobytes()


def event_of(row: Row) -> LabelEvent:
    """Return the entry in a row."""
    region = json.loads(row[9])
    return LabelEvent(
        seq=row[0],
        event_id=row[1],
        kind=Kind(row[2]),
        category=row[3],
        sample_ids=np.array(json.loads(row[4]), dtype=np.uint32),
        target_seq=row[5],
        author=row[6],
        cloud_stamp_ns=row[7],
        epoch=row[8],
        region=_region_of(region),
        gesture=row[10],
        committed_ns=row[11],
    )


def row_hash(values: tuple[object, ...], previous_hash: bytes) -> bytes:
    """Return the SHA-256 that chains a row, without its two hashes, to the one before it."""
    return hashlib.sha256(previous_hash + json.dumps(values, ensure_ascii=True).encode()).digest()


def same_content(a: LabelEvent, b: LabelEvent) -> bool:
    """Tell whether two entries say the same; their place and time of commit do not count."""
    return _content(a) == _content(b) and np.array_equal(a.sample_ids, b.sample_ids)


def first_broken(rows: "sqlite3.Cursor") -> int | None:
    """Return the seq of the first row that breaks the chain of hashes or the numbering, or None."""
    previous, expected = NO_HASH, 1
    for row in rows:
        if row[0] != expected or row[-2] != previous or row[-1] != row_hash(row[:-2], previous):
            return int(row[0])
        previous, expected = row[-1], expected + 1
    return None


def _content(event: LabelEvent) -> tuple[object, ...]:
    """Return all but the items."""
    row = row_of(replace(event, sample_ids=np.zeros(0, np.uint32), seq=1, committed_ns=0), NO_HASH)
    return row[1:11]


def _region_text(region: Region) -> str:
    """Return it as JSON: only the fields that its shape has."""
    fields: dict[str, object] = {"centers": region.centers.tolist(), "radii": [float(r) for r in region.radii]}
    if region.shape not in (Shape.NONE, Shape.SPHERES):
        fields["shape"] = region.shape.name.lower()
    if len(region.takes_away):
        fields["takes_away"] = region.takes_away.tolist()
    if region.shape is Shape.BOX:
        fields |= {"half_size": region.half_size.tolist(), "orientation": region.quat_xyzw.tolist()}
    if region.shape is Shape.FLOOD:
        fields["density"] = region.density
    return json.dumps(fields, separators=(",", ":"))


def _region_of(fields: dict[str, Any]) -> Region:
    centers = np.array(fields["centers"], dtype=np.float64).reshape(-1, 3)
    radii = np.array(fields["radii"], dtype=np.float32)
    shape = Shape[fields["shape"].upper()] if "shape" in fields else Shape.SPHERES if len(radii) else Shape.NONE
    if shape is Shape.BOX:
        return box(centers[0], np.array(fields["half_size"]), np.array(fields["orientation"]))
    if shape is Shape.FLOOD:
        return flood(centers[0], float(radii[0]), float(fields["density"]))
    return Region(centers, radii, shape, np.array(fields.get("takes_away", []), dtype=bool))
