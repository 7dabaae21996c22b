"""Health of a node on /diagnostics, once a second."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from latentvr_common import topics
from latentvr_common.node_tools import advertise


@dataclass(frozen=True)
class Health:
    """What a node says of itself. `level`: OK, WARN or ERROR of DiagnosticStatus, as in the class below."""

    text: str
    level: bytes = DiagnosticStatus.OK
    values: Mapping[str, object] = field(default_factory=dict)


class HealthReporter:
    """Asks `probe` once a second and publishes the answer. Lives on the node's executor thread.

    Also counts messages that were dropped because they could not be used.
    """

    def __init__(self, node: Node, probe: Callable[[], Health]) -> None:
        """Start reporting for `node`."""
        self._node = node
        self._probe = probe
        self._dropped = 0
        self._publisher = advertise(node, topics.DIAGNOSTICS)
        self._timer = node.create_timer(1.0, self._report)

    def drop(self, reason: str) -> None:
        """Count and log a message that is not used."""
        self._dropped += 1
        self._node.get_logger().warning(f"message dropped: {reason}", throttle_duration_sec=1.0)

    def _report(self) -> None:
        health = self._probe()
        values = {**health.values, "dropped messages": self._dropped}
        status = DiagnosticStatus(
            level=health.level,
            name=self._node.get_fully_qualified_name(),
            message=health.text,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        stamp = self._node.get_clock().now().to_msg()
        message = DiagnosticArray(status=[status])
        message.header.stamp = stamp
        self._publisher.publish(message)
