"""Where the head is, and where the cloud hangs: the messages PoseStamped and CloudPlacement."""

from typing import Any

from latentvr_common.checks import need
from latentvr_common.hands import FARTHEST_M

LARGEST_SCALE = 1000.0
"""Metres per latent unit."""


def check_head(message: Any) -> None:
    """A pose in the room."""
    need.header("head", message.header)
    need.within_reach("head: position", message.pose.position, FARTHEST_M)
    need.unit_quaternion("head: orientation", message.pose.orientation)


def check_placement(message: Any) -> None:
    """A pose in the room, and a scale."""
    need.header("cloud_placement", message.header)
    need.within_reach("cloud_placement: position", message.pose.position, FARTHEST_M)
    need.unit_quaternion("cloud_placement: orientation", message.pose.orientation)
    need.above("cloud_placement: scale", message.scale, 0, LARGEST_SCALE)
