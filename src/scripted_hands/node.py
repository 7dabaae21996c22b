"""The simulated person as a ROS node: moves hands and head, and nothing else.

Thread rule: everything runs on the executor's thread but planning, which runs on one thread of its own and touches only
what it is given.
"""

import time
from concurrent.futures import ThreadPoolExecutor

from diagnostic_msgs.msg import DiagnosticStatus
from latentvr import msg
from rclpy.node import Node

from latentvr_common import conversions, node_tools, topics
from latentvr_common.datasets import load
from latentvr_common.errors import InputError
from latentvr_common.health import Health, HealthReporter
from latentvr_common.parameters import declare
from latentvr_common.run import run_node
from scripted_hands.actor import Answer
from scripted_hands.outlets_node import outlet
from scripted_hands.parameters import Parameters
from scripted_hands.person import Person

_PHASES = {
    msg.Gesture.BEGIN: "begin",
    msg.Gesture.UPDATE: "update",
    msg.Gesture.END: "end",
    msg.Gesture.CANCEL: "cancel",
}


class ScriptedHands(Node):  # type: ignore[misc]
    """Moves hands as a person would who knows the truth of the dataset."""

    def __init__(self) -> None:
        super().__init__("scripted_hands", namespace=topics.NAMESPACE)
        self._settings = declare(self, Parameters)
        dataset = load(self._settings.dataset, max_items=self._settings.max_items, seed=self._settings.seed)
        if dataset.truth is None:
            raise InputError(f"dataset {dataset.name} has no truth, which the simulated person needs")
        self._thinking = ThreadPoolExecutor(1, "planning")
        self._outlet = outlet(self, self._settings)
        self._person = Person(self._settings, dataset.truth, dataset.categories, self._thinking, self._outlet.body)
        self._health = HealthReporter(self, self._probe)
        self._seeing = [
            node_tools.listen(self, topics.CLOUD, self._on_cloud, raw=True),
            node_tools.listen(self, topics.CATEGORIES, self._on_categories),
            node_tools.listen(self, topics.GESTURES, self._on_gesture),
            node_tools.listen(self, topics.CLOUD_PLACEMENT, self._on_placement),
            node_tools.listen(self, topics.TOOL, self._on_tool),
        ]
        self._timer = node_tools.every(self, 1.0 / self._settings.rate_hz, self._on_tick)
        self._told = ""

    def _on_cloud(self, data: bytes) -> None:
        self._person.see_cloud(conversions.cloud_from_cdr(data))

    def _on_categories(self, message: msg.Categories) -> None:
        self._person.see_categories(conversions.categories_from_msg(message))

    def _on_gesture(self, message: msg.Gesture) -> None:
        phase = _PHASES[message.phase]
        self._person.see_gesture(Answer(message.name, phase, message.category, message.radius, message.detail))

    def _on_tool(self, message: msg.Tool) -> None:
        if message.hand != msg.Tool.MOUSE:  # The palette is that of the hands.
            self._person.see_page(message.page)

    def _on_placement(self, message: msg.CloudPlacement) -> None:
        self._person.see_placement(conversions.placement_from_msg(message))

    def _on_tick(self) -> None:
        posture = self._person.step(time.monotonic())
        if posture is None:
            self._leave()
            return
        self._outlet.show(posture)
        if self._trouble != self._told:
            self._told = self._trouble
            if self._told:
                self.get_logger().warning(self._told)

    @property
    def _trouble(self) -> str:
        return self._outlet.trouble or self._person.trouble

    def _leave(self) -> None:
        """Take the hands away and look no more: that is how a person leaves."""
        self._timer.cancel()
        self._outlet.leave()
        for subscription in self._seeing:
            self.destroy_subscription(subscription)
        self.get_logger().info(f"has made {self._person.marks} of {self._settings.gestures} marks, and leaves")

    def _probe(self) -> Health:
        made = f"{self._person.marks} of {self._settings.gestures} marks"
        level = DiagnosticStatus.WARN if self._trouble else DiagnosticStatus.OK
        return Health(f"{made}; {self._trouble}" if self._trouble else made, level)

    def close(self) -> None:
        """Stop thinking."""
        self._thinking.shutdown(wait=False, cancel_futures=True)


def main() -> int:
    """Run the node."""
    return run_node(ScriptedHands)
