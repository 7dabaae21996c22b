"""The gesture labeler as a ROS node.

Thread rule: everything runs on the executor's thread.
"""

import time
from typing import Any

from latentvr import msg, srv
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import PointCloud2

from gesture_labeler.labeler import Labeler
from gesture_labeler.outbox import Outbox
from gesture_labeler.parameters import Parameters
from gesture_labeler.reports import Outcome, Phase, Preview, Report
from latentvr_common import conversions, node_tools, topics
from latentvr_common.errors import InputError
from latentvr_common.health import Health, HealthReporter
from latentvr_common.parameters import declare
from latentvr_common.run import run_node

_LOOK_PERIOD_S = 0.1


class GestureLabeler(Node):  # type: ignore[misc]
    """Reads gestures from hands, and submits what they mark to the journal."""

    def __init__(self) -> None:
        super().__init__("gesture_labeler", namespace=topics.NAMESPACE)
        self._settings = declare(self, Parameters)
        if self._settings.pinch_off_m <= self._settings.pinch_on_m:
            raise InputError(f"parameter pinch_off_m is {self._settings.pinch_off_m}, expected more than pinch_on_m")
        self._labeler = Labeler(self._settings)
        self._outbox = Outbox()
        self._heard_s = time.monotonic()
        self._gestures_out = node_tools.advertise(self, topics.GESTURES)
        self._selection_out = node_tools.advertise(self, topics.SELECTION)
        self._placement_out = node_tools.advertise(self, topics.CLOUD_PLACEMENT)
        self._submit = node_tools.client(self, topics.SUBMIT_LABELS)
        self._health = HealthReporter(self, self._probe)
        node_tools.listen(self, topics.CLOUD, self._on_cloud)
        node_tools.listen(self, topics.EPOCH, self._on_epoch)
        node_tools.listen(self, topics.CATEGORIES, self._on_categories)
        node_tools.listen(self, topics.HANDS, self._on_hands, raw=True)
        node_tools.every(self, _LOOK_PERIOD_S, self._look)
        placement = conversions.placement_to_msg(self._labeler.placement, node_tools.now_ns(self))
        self._placement_out.publish(placement)

    def _on_cloud(self, message: PointCloud2) -> None:
        try:
            self._labeler.frames.add(conversions.cloud_from_msg(message))
        except ValueError as error:
            self._health.drop(str(error))

    def _on_epoch(self, message: msg.Epoch) -> None:
        self._labeler.frames.note_epoch(conversions.time_from_msg(message.header.stamp), message.epoch)

    def _on_categories(self, message: msg.Categories) -> None:
        self._labeler.set_categories(conversions.categories_from_msg(message))

    def _on_hands(self, data: bytes) -> None:
        try:
            outcome = self._labeler.update(conversions.hands_from_cdr(data))
        except ValueError as error:
            self._health.drop(str(error))
            return
        if outcome is None:
            self._health.drop("hands are not newer than the last ones")
            return
        self._heard_s = time.monotonic()
        self._tell(outcome)

    def _look(self) -> None:
        self._tell(self._labeler.miss(time.monotonic() - self._heard_s))
        self._send_next()

    def _tell(self, outcome: Outcome) -> None:
        for report in outcome.reports:
            self._report(report)
        if outcome.preview is not None:
            self._selection_out.publish(_preview_to_msg(outcome.preview))
        if outcome.commit is not None and outcome.end is not None:
            self._outbox.add(outcome.commit, outcome.end)
            self._send_next()

    def _report(self, report: Report) -> None:
        self._gestures_out.publish(_report_to_msg(report, self._settings.dominant_hand))
        if report.phase is Phase.CANCEL:
            self.get_logger().info(f"{report.name} cancelled: {report.detail}")

    def _send_next(self) -> None:
        if not len(self._outbox):
            return
        if not self._submit.service_is_ready():
            self.get_logger().warning(
                f"the journal does not answer; {len(self._outbox)} marks wait", throttle_duration_sec=2.0
            )
            return
        event = self._outbox.due(time.monotonic())
        if event is not None:
            request = srv.SubmitLabels.Request(event=conversions.label_event_to_msg(event))
            name = event.event_id
            answered = node_tools.guarded(self, lambda future: self._on_answer(name, future))
            self._submit.call_async(request).add_done_callback(answered)

    def _on_answer(self, event_id: str, future: Future) -> None:
        response: Any = future.result()
        if response is None:
            return
        report = self._outbox.answered(event_id, response.accepted, int(response.seq), response.message)
        if report is not None:
            self._report(report)
        self._send_next()

    def _probe(self) -> Health:
        waiting = len(self._outbox)
        text = f"{waiting} marks wait for the journal" if waiting else "ready"
        return Health(text, values={"waiting marks": waiting, "category": self._labeler.category})

    def close(self) -> None:
        """Say so if marks are lost with this process."""
        if len(self._outbox):
            self.get_logger().error(f"{len(self._outbox)} marks were never acknowledged by the journal")


def _report_to_msg(report: Report, hand: str) -> msg.Gesture:
    return msg.Gesture(
        header=conversions.header(conversions.STAGE_FRAME, report.stamp_ns),
        gesture_id=report.gesture_id,
        name=report.name,
        phase=int(report.phase),
        hand=msg.Gesture.RIGHT if hand == "right" else msg.Gesture.LEFT,
        position=conversions.point_to_msg(report.position),
        radius=report.radius_m,
        category=report.category,
        samples=report.samples,
        seq=report.seq,
        detail=report.detail,
    )


def _preview_to_msg(preview: Preview) -> msg.Selection:
    return msg.Selection(
        header=conversions.header(conversions.LATENT_FRAME, preview.stamp_ns),
        gesture_id=preview.gesture_id,
        cloud_stamp=conversions.time_to_msg(preview.cloud_stamp_ns),
        category=preview.category,
        region=conversions.region_to_msg(preview.region),
        sample_ids=conversions.ids_to_array(preview.sample_ids),
        label_categories=list(preview.label_counts),
        label_counts=list(preview.label_counts.values()),
    )


def main() -> int:
    """Run the node."""
    return run_node(GestureLabeler)
