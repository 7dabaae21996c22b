"""The markers as a ROS node.

Thread rule: everything runs on the executor's thread. While nobody listens to the markers, it listens to nothing.
"""

import time
from collections.abc import Callable

from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.timer import Timer

from latentvr_common import node_tools, topics
from latentvr_common.health import Health, HealthReporter
from latentvr_common.parameters import declare
from latentvr_common.run import run_node
from latentvr_common.topics import Topic
from room_markers.drawing import markers_of
from room_markers.hearing import HEARD, WITHOUT_CUES, Hearing
from room_markers.messages import markers_to_msg
from room_markers.parameters import MarkerParameters

_LOOK_S = 0.5
"""So often it is looked whether somebody listens."""
_AGAIN_S = 1.0
"""So often markers are sent although nothing has changed, for those who have come since."""


class RoomMarkers(Node):  # type: ignore[misc]
    """Publishes what stands in the room as markers, while somebody listens."""

    def __init__(self) -> None:
        super().__init__("room_markers", namespace=topics.NAMESPACE)
        self._settings = declare(self, MarkerParameters)
        self._publisher = node_tools.advertise(self, topics.MARKERS)
        self._heard: list[Subscription] = []
        self._timer: Timer | None = None
        self._hearing = Hearing()
        self._sent_changes, self._sent_s, self._sent = -1, 0.0, 0
        self._health = HealthReporter(self, self._probe)
        node_tools.every(self, _LOOK_S, self._on_look)

    def _on_look(self) -> None:
        wanted = self._publisher.get_subscription_count() > 0
        if wanted and not self._heard:
            self._hearing = Hearing()
            self._heard = [self._listen(topic) for topic in (HEARD if self._settings.cues else WITHOUT_CUES)]
            self._timer = node_tools.every(self, 1.0 / self._settings.rate_hz, self._on_tick)
        elif not wanted and self._heard:
            self._rest()

    def _rest(self) -> None:
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        for subscription in self._heard:
            self.destroy_subscription(subscription)
        self._heard = []

    def _listen(self, topic: Topic) -> Subscription:
        return node_tools.listen(self, topic, self._taker(topic), raw=True)

    def _taker(self, topic: Topic) -> Callable[[bytes], None]:
        return lambda data: self._hearing.take(topic, data, time.monotonic())

    def _on_tick(self) -> None:
        now_s = time.monotonic()
        if self._hearing.changes == self._sent_changes and now_s < self._sent_s + _AGAIN_S:
            return
        self._sent_changes, self._sent_s = self._hearing.changes, now_s
        scene = self._hearing.scene(now_s)
        self._publisher.publish(markers_to_msg(markers_of(scene, self._hearing.head(now_s)), node_tools.now_ns(self)))
        self._sent += 1

    def _probe(self) -> Health:
        return Health(f"{'sending' if self._heard else 'nobody listens'}, {self._sent:,} messages sent")


def main() -> int:
    """Run the node."""
    return run_node(RoomMarkers, starts_soon=True)
