"""Times, frames, points, poses and ids: what other messages are made of."""

import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, Quaternion
from std_msgs.msg import Header

from latentvr_common.conversions.point_clouds import TimeSeen

LATENT_FRAME = "latent"
STAGE_FRAME = "stage"
NS = 1_000_000_000
"""Nanoseconds of a second."""


def time_to_msg(stamp_ns: int) -> Time:
    """Nanoseconds to a ROS time."""
    return Time(sec=stamp_ns // NS, nanosec=stamp_ns % NS)


def time_from_msg(stamp: Time | TimeSeen) -> int:
    """A ROS time to nanoseconds."""
    return int(stamp.sec * NS + stamp.nanosec)


def header(frame_id: str, stamp_ns: int) -> Header:
    """Return a header."""
    return Header(stamp=time_to_msg(stamp_ns), frame_id=frame_id)


def point_to_msg(point: Sequence[float] | npt.NDArray[np.floating]) -> Point:
    """(3,) to a Point."""
    return Point(x=float(point[0]), y=float(point[1]), z=float(point[2]))


def point_from_msg(point: Point) -> npt.NDArray[np.float64]:
    """A Point to (3,)."""
    return np.array([point.x, point.y, point.z])


def pose_to_msg(position: npt.NDArray[np.floating], quat_xyzw: npt.NDArray[np.floating]) -> Pose:
    """Position (3,) and unit quaternion (4,) to a Pose."""
    x, y, z, w = (float(v) for v in quat_xyzw)
    return Pose(position=point_to_msg(position), orientation=Quaternion(x=x, y=y, z=z, w=w))


def pose_from_msg(pose: Pose) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """A Pose to position (3,) and quaternion (4,)."""
    q = pose.orientation
    return point_from_msg(pose.position), np.array([q.x, q.y, q.z, q.w])


def ids_to_array(ids: npt.NDArray[np.uint32]) -> "array.array[int]":
    """Sample ids (K,) to what rclpy takes over at once."""
    out = array.array("I")
    out.frombytes(np.ascontiguousarray(ids, dtype=np.uint32).tobytes())
    return out
