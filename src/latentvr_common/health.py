"""Health of a node on /diagnostics, once a second."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from latentvr_common import topics
from latentvr_common.node_tools import advertise, drop, drops_of, every, failures_of


@dataclass(frozen=True)
class Health:
    """What a node says of itself. `level`: OK, WARN or ERROR of DiagnosticStatus, as in the class below."""

    text: str
    level: bytes = DiagnosticStatus.OK
    values: Mapping[str, object] = field(default_factory=dict)


_MOST_FIELDS = 20
"""Of dropped messages as many are told, those that were wrong most often."""


class HealthReporter:
    """Asks `probe` once a second and publishes the answer. Lives on the node's executor thread.

    Also says which messages were dropped because they could not be used, and which callbacks failed.
    """

    def __init__(self, node: Node, probe: Callable[[], Health]) -> None:
        """Start reporting for `node`."""
        self._node = node
        self._probe = probe
        self._told_failures = 0
        self._told_refusals = 0
        self._publisher = advertise(node, topics.DIAGNOSTICS)
        self._timer = every(node, 1.0, self._report)

    def drop(self, reason: str) -> None:
        """Count and log a message that is not used."""
        drop(self._node, reason)

    def _health(self) -> Health:
        """Return what the node says of itself, and what went wrong since the last report."""
        try:
            health = self._probe()
        except Exception as error:
            return Health(f"health is not known: {type(error).__name__}: {error}", DiagnosticStatus.ERROR)
        failures, drops = failures_of(self._node), drops_of(self._node)
        refusals = drops.by_field.total()
        if failures.count != self._told_failures:
            health = _warned(health, failures.last)
        if refusals != self._told_refusals:
            health = _warned(health, f"message dropped: {drops.last}")
        self._told_failures, self._told_refusals = failures.count, refusals
        return health

    def _report(self) -> None:
        health = self._health()
        failures, drops = failures_of(self._node), drops_of(self._node)
        counts = {"dropped messages": drops.count, "failed callbacks": failures.count}
        refused = {f"dropped for {field}": count for field, count in drops.by_field.most_common(_MOST_FIELDS)}
        status = DiagnosticStatus(
            level=health.level,
            name=self._node.get_fully_qualified_name(),
            message=health.text,
            values=[
                KeyValue(key=key, value=str(value)) for key, value in {**health.values, **counts, **refused}.items()
            ],
        )
        stamp = self._node.get_clock().now().to_msg()
        message = DiagnosticArray(status=[status])
        message.header.stamp = stamp
        self._publisher.publish(message)


def _warned(health: Health, text: str) -> Health:
    """Return `health` with a warning."""
    return replace(health, text=f"{health.text}; {text}", level=max(health.level, DiagnosticStatus.WARN))
