"""Health of a node on /diagnostics, once a second."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from latentvr_common import topics
from latentvr_common.node_tools import advertise, every, failures_of


@dataclass(frozen=True)
class Health:
    """What a node says of itself. `level`: OK, WARN or ERROR of DiagnosticStatus, as in the class below."""

    text: str
    level: bytes = DiagnosticStatus.OK
    values: Mapping[str, object] = field(default_factory=dict)


class HealthReporter:
    """Asks `probe` once a second and publishes the answer. Lives on the node's executor thread.

    Also counts messages that were dropped because they could not be used, and callbacks that failed.
    """

    def __init__(self, node: Node, probe: Callable[[], Health]) -> None:
        """Start reporting for `node`."""
        self._node = node
        self._probe = probe
        self._dropped = 0
        self._told_failures = 0
        self._publisher = advertise(node, topics.DIAGNOSTICS)
        self._timer = every(node, 1.0, self._report)

    def drop(self, reason: str) -> None:
        """Count and log a message that is not used."""
        self._dropped += 1
        self._node.get_logger().warning(f"message dropped: {reason}", throttle_duration_sec=1.0)

    def _health(self) -> Health:
        """Return what the node says of itself, and whether a callback failed since the last report."""
        try:
            health = self._probe()
        except Exception as error:
            return Health(f"health is not known: {type(error).__name__}: {error}", DiagnosticStatus.ERROR)
        failures = failures_of(self._node)
        if failures.count == self._told_failures:
            return health
        self._told_failures = failures.count
        return replace(health, text=f"{health.text}; {failures.last}", level=max(health.level, DiagnosticStatus.WARN))

    def _report(self) -> None:
        health = self._health()
        failed = failures_of(self._node).count
        values = {**health.values, "dropped messages": self._dropped, "failed callbacks": failed}
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
