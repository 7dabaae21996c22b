"""A topic as a bag knows it: name, type, and the quality of service that it was offered with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from latentvr_common.bags.definitions import Definition
from latentvr_common.bags.reading import KEYFRAMES

if TYPE_CHECKING:
    from rclpy.qos import QoSProfile

# What DDS reports for "no limit", split into seconds and the rest of 2^63 - 1 nanoseconds.
_FOR_EVER = {"sec": 9223372036, "nsec": 854775807}


@dataclass(frozen=True, eq=False)
class Channel:
    """One topic of a bag. Two of them are the same only if they are one object: a look-up must not compare texts."""

    topic: str
    """The absolute name."""
    definition: Definition
    qos: Mapping[str, Any]
    """One offered profile, in the form of `qos_entry`."""
    keyframes: bool = False
    """Only some of its messages are recorded, on purpose."""

    def metadata(self) -> dict[str, str]:
        """Return what goes with the channel into the MCAP file: two entries as rosbag2 names them, and one of ours."""
        return {
            "offered_qos_profiles": yaml.safe_dump([dict(self.qos)], sort_keys=False),
            "topic_type_hash": self.definition.type_hash,
            **({KEYFRAMES: "true"} if self.keyframes else {}),
        }


def qos_entry(profile: "QoSProfile") -> dict[str, Any]:
    """Return a profile in the form of rosbag2's metadata version 9."""
    return {
        "history": profile.history.short_key,
        "depth": profile.depth,
        "reliability": profile.reliability.short_key,
        "durability": profile.durability.short_key,
        "deadline": dict(_FOR_EVER),
        "lifespan": dict(_FOR_EVER),
        "liveliness": "automatic",
        "liveliness_lease_duration": dict(_FOR_EVER),
        "avoid_ros_namespace_conventions": False,
    }
