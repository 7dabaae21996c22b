"""What is told of many items at once: the cloud, forces and cues. Columns are read in place, a few times each."""

from typing import Any

import numpy as np
import numpy.typing as npt

from latentvr_common.checks.categories import WHITE
from latentvr_common.checks.refusal import RefusedError
from latentvr_common.checks.regions import FARTHEST
from latentvr_common.labels import CATEGORY_CAPACITY

Layout = list[tuple[str, int, int]]
"""Name, offset in bytes and datatype of each column."""


def check_rows(what: str, message: Any, layout: Layout, row_bytes: int) -> None:
    """A PointCloud2 has the columns of `layout`, in rows of `row_bytes`, little-endian, and as many as it says.

    `message`: of the type PointCloud2, or what `point_cloud_in` has seen of one; `what`: names it in errors.
    """
    found = [(f.name, f.offset, f.datatype) for f in message.fields]
    if found != layout:
        raise RefusedError(f"{what}: fields are {found}, expected {layout}", f"{what}: fields")
    if message.height != 1 or message.point_step != row_bytes or message.is_bigendian:
        text = f"height {message.height}, point_step {message.point_step}, big-endian {message.is_bigendian}"
        raise RefusedError(f"{what}: {text}; expected 1, {row_bytes}, False", f"{what}: steps")
    if len(message.data) != message.width * row_bytes:
        text = f"data has {len(message.data)} bytes, expected {message.width} x {row_bytes}"
        raise RefusedError(f"{what}: {text}", f"{what}: data")
    if message.row_step != len(message.data):
        raise RefusedError(f"{what}: row_step {message.row_step}, expected {len(message.data)}", f"{what}: row_step")


def check_positions(what: str, *columns: npt.NDArray[np.floating]) -> None:
    """Numbers that are finite and near enough to be shown. Least and greatest are NaN if one of the values is."""
    for column in columns:
        if column.size and not (column.min() >= -FARTHEST and column.max() <= FARTHEST):
            text = f"{what}: there are values that are not finite, or not within {FARTHEST:.0f}"
            raise RefusedError(text, f"{what}: positions")


def check_cloud(rows: npt.NDArray[np.void]) -> None:
    """The rows (N,) of a cloud, but for their positions: ids of categories, and shares."""
    if not len(rows):
        return
    for name in ("label", "predicted"):
        if rows[name].min() < -1 or rows[name].max() >= CATEGORY_CAPACITY:
            text = f"cloud: {name} goes from {rows[name].min()} to {rows[name].max()}"
            raise RefusedError(f"{text}, expected -1 to {CATEGORY_CAPACITY - 1}", f"cloud: {name}")
    confidence = rows["confidence"]
    if not (confidence.min() >= 0 and confidence.max() <= 1):
        raise RefusedError("cloud: confidence holds values that are not from 0 to 1", "cloud: confidence")
    if rows["rgb"].max() > WHITE:
        raise RefusedError(f"cloud: rgb goes up to {rows['rgb'].max():#x}, expected {WHITE:#x}", "cloud: rgb")


def check_cues(
    positions: npt.NDArray[np.float32], shares: npt.NDArray[np.float32], places: npt.NDArray[np.int16]
) -> None:
    """Cues: positions (N, 3), shares (N, 4) from 0 to 1, and places (N,)."""
    inside = (np.abs(positions) <= FARTHEST).all() and ((shares >= 0) & (shares <= 1)).all()
    if not inside:
        raise RefusedError("cues: expected finite positions, and cues from 0 to 1", "cues: values")
    if len(places) and places.min() < 0:
        raise RefusedError(f"cues: place goes down to {places.min()}, expected 0 or more", "cues: place")


def check_force_terms(terms: tuple[str, ...]) -> None:
    """Names of the terms of the loss, each once."""
    if len(set(terms)) != len(terms):
        raise RefusedError(f"forces: fields are of the terms {list(terms)}, expected each once", "forces: terms")
