"""Rows of numbers as a PointCloud2: an unorganised cloud whose fields are the columns of a structured array."""

import array

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import PointCloud2, PointField

from latentvr_common.checks.clouds import check_rows
from latentvr_common.conversions.basics import LATENT_FRAME, header
from latentvr_common.conversions.point_clouds import PointCloudSeen

_FIELD_TYPES = {
    "<f4": PointField.FLOAT32,
    "<u4": PointField.UINT32,
    "<i2": PointField.INT16,
}


def _layout(dtype: np.dtype[np.void]) -> list[tuple[str, int, int]]:
    """Return name, offset in bytes and datatype of each column."""
    return [(name, int(offset), _FIELD_TYPES[kind.str]) for name, (kind, offset, *_) in (dtype.fields or {}).items()]


def rows_to_msg(rows: npt.NDArray[np.void], stamp_ns: int) -> PointCloud2:
    """Rows (N,), structured, in the frame `latent` to a message."""
    # array.array is the one type that rclpy takes over without copying element by element.
    data = array.array("B")
    data.frombytes(rows.view(np.uint8))  # type: ignore[arg-type]
    return PointCloud2(
        header=header(LATENT_FRAME, stamp_ns),
        height=1,
        width=len(rows),
        fields=[PointField(name=n, offset=o, datatype=kind, count=1) for n, o, kind in _layout(rows.dtype)],
        is_bigendian=False,
        point_step=rows.dtype.itemsize,
        row_step=rows.dtype.itemsize * len(rows),
        data=data,
        is_dense=True,
    )


def rows_from_msg(what: str, message: PointCloud2 | PointCloudSeen, dtype: np.dtype[np.void]) -> npt.NDArray[np.void]:
    """Return the rows (N,) of a message, a view of its bytes.

    Raises ValueError, which begins with `what`, if the message does not have the columns of `dtype`.
    """
    check_rows(what, message, _layout(dtype), dtype.itemsize)
    return np.frombuffer(message.data, dtype=dtype)
