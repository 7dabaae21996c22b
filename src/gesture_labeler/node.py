"""The gesture labeler as a ROS node.

Thread rule: everything runs on the executor's thread.
"""

import time

from geometry_msgs.msg import PoseStamped
from latentvr import msg, srv
from rclpy.node import Node

from gesture_labeler import buttons
from gesture_labeler.labeler import Labeler
from gesture_labeler.outcome import Ask, Outcome
from gesture_labeler.parameters import Parameters
from gesture_labeler.signs import Head
from latentvr_common import conversions, node_tools, palette, topics
from latentvr_common.asking_node import Asking
from latentvr_common.errors import InputError
from latentvr_common.fault_points import reach
from latentvr_common.gestures import Phase, Report, Tool
from latentvr_common.health import Health, HealthReporter
from latentvr_common.parameters import declare
from latentvr_common.placement import Placement
from latentvr_common.run import run_node

_LOOK_PERIOD_S = 0.1
_HEAD_LASTS_S = 1.0


class GestureLabeler(Node):  # type: ignore[misc]
    """Reads gestures from hands, and submits what they mark to the journal."""

    def __init__(self) -> None:
        super().__init__("gesture_labeler", namespace=topics.NAMESPACE)
        self._settings = declare(self, Parameters)
        if self._settings.pinch_off_m <= self._settings.pinch_on_m:
            raise InputError(f"parameter pinch_off_m is {self._settings.pinch_off_m}, expected more than pinch_on_m")
        self._labeler = Labeler(self._settings)
        self._heard_s = self._head_s = time.monotonic()
        self._gestures_out = node_tools.advertise(self, topics.GESTURES)
        self._selection_out = node_tools.advertise(self, topics.SELECTION)
        self._placement_out = node_tools.advertise(self, topics.CLOUD_PLACEMENT)
        self._tool_out = node_tools.advertise(self, topics.TOOL)
        self._asking = Asking(self, self._settings.author, self._report)
        self._health = HealthReporter(self, self._probe)
        self._told: tuple[Tool | None, Placement | None] = None, None
        node_tools.listen(self, topics.CLOUD, self._on_cloud, raw=True)
        node_tools.listen(self, topics.EPOCH, self._on_epoch)
        node_tools.listen(self, topics.CATEGORIES, self._on_categories)
        node_tools.listen(self, topics.HANDS, self._on_hands, raw=True)
        node_tools.listen(self, topics.HEAD, self._on_head)
        node_tools.listen(self, topics.XR_STATE, self._on_xr_state)
        node_tools.every(self, _LOOK_PERIOD_S, self._look)
        self._tell_state()

    def _on_cloud(self, data: bytes) -> None:
        self._labeler.see(conversions.cloud_from_cdr(data))
        self._tell_state()

    def _on_epoch(self, message: msg.Epoch) -> None:
        self._labeler.note_epoch(conversions.time_from_msg(message.header.stamp), message.epoch)
        self._labeler.set_paused(message.state == msg.Epoch.PAUSED)
        self._tell_state()

    def _on_categories(self, message: msg.Categories) -> None:
        self._labeler.set_categories(conversions.categories_from_msg(message))
        self._tell_state()

    def _on_head(self, message: PoseStamped) -> None:
        self._labeler.head, self._head_s = Head(*conversions.head_from_msg(message)), time.monotonic()

    def _on_xr_state(self, message: msg.XrState) -> None:
        # In a session that runs but has no focus, the hands work a menu of the headset's own.
        elsewhere = message.state in (msg.XrState.RUNNING, msg.XrState.VISIBLE)
        self._tell(self._labeler.set_focus(not elsewhere))

    def _on_hands(self, data: bytes) -> None:
        reach("labeler.hands")
        outcome = self._labeler.update(conversions.hands_from_cdr(data))
        if outcome is None:
            self._health.drop("hands are not newer than the last ones")
            return
        self._heard_s = time.monotonic()
        self._tell(outcome)

    def _look(self) -> None:
        now_s = time.monotonic()
        if now_s > self._head_s + _HEAD_LASTS_S:
            self._labeler.head = None
        self._tell(self._labeler.miss(now_s - self._heard_s))
        self._tell(self._labeler.look(now_s))

    def _tell(self, outcome: Outcome) -> None:
        if outcome.preview is not None:
            self._selection_out.publish(conversions.selection_to_msg(outcome.preview))
        for report in outcome.reports:
            self._report(report)
        if outcome.commit is not None and outcome.end is not None:
            self._asking.mark(outcome.commit, outcome.end)
        for event, end in outcome.accepted:
            self._asking.mark(event, end)
        for ask in outcome.asks:
            self._ask(ask)
        self._tell_state()

    def _tell_state(self) -> None:
        """Publish what the hands hold and where the cloud hangs, if that has changed."""
        tool, placement = self._labeler.tool, self._labeler.placement
        if tool != self._told[0]:
            self._tool_out.publish(conversions.tool_to_msg(tool, node_tools.now_ns(self)))
        if placement is not self._told[1]:
            self._placement_out.publish(conversions.placement_to_msg(placement, node_tools.now_ns(self)))
        self._told = tool, placement

    def _ask(self, ask: Ask) -> None:
        if ask.action == palette.ACCEPT:
            settings, category = self._settings, self._labeler.tool.category
            self._asking.propose(settings.accept_above, category, settings.audit_items, ask.end, self._on_proposal)
        elif ask.action == palette.PAUSE:
            self._asking.pause(ask.end, paused=not self._labeler.tool.paused)
        elif ask.action == palette.NEW:
            self._asking.add_category(buttons.new_name(self._labeler.categories), ask.end, self._choose)
        else:
            self._asking.step(ask.end, redo=ask.action == palette.REDO)

    def _choose(self, category: int) -> None:
        self._labeler.choose(category)
        self._tell_state()

    def _on_proposal(self, response: srv.ProposeLabels.Response) -> None:
        self._tell(self._labeler.offer(conversions.proposal_from_msg(response), time.monotonic()))

    def _report(self, report: Report) -> None:
        self._gestures_out.publish(conversions.gesture_to_msg(report))
        if report.phase is Phase.CANCEL:
            self.get_logger().info(f"{report.name} cancelled: {report.detail}")

    def _probe(self) -> Health:
        waiting = len(self._asking)
        text = f"{waiting} marks wait for the journal" if waiting else "ready"
        return Health(text, values={"waiting marks": waiting, "category": self._labeler.tool.category})

    def close(self) -> None:
        """Say so if marks are lost with this process."""
        if len(self._asking):
            self.get_logger().error(f"{len(self._asking)} marks were never acknowledged by the journal")


def main() -> int:
    """Run the node."""
    return run_node(GestureLabeler, starts_soon=True)
