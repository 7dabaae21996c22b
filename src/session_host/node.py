"""The session host as a ROS node: tells how the session goes, ends it when the person has left, and sums it up."""

import json
import math
import os
import time
from pathlib import Path

from latentvr import msg, srv
from rclpy.node import Node
from rclpy.task import Future

from latentvr_common import conversions, node_tools, session_files, topics
from latentvr_common.datasets import load
from latentvr_common.entries_node import Entries
from latentvr_common.fault_points import reach
from latentvr_common.health import Health, HealthReporter
from latentvr_common.parameters import declare
from latentvr_common.run import run_node
from latentvr_common.truth import truth_ids
from session_host.closing import Closing, Stage
from session_host.minutes import Minutes, Standing
from session_host.parameters import Parameters

_LOOK_PERIOD_S = 0.5
_EXPORT_TIMEOUT_S = 120.0
_ASK_AGAIN_S = 20.0
_PAUSE_TIMEOUT_S = 5.0


class SessionHost(Node):  # type: ignore[misc]
    """Keeps the minutes of a session and closes it."""

    def __init__(self) -> None:
        super().__init__("session_host", namespace=topics.NAMESPACE)
        self.exit_code: int | None = None
        self._settings = declare(self, Parameters)
        dataset = load(self._settings.dataset, max_items=self._settings.max_items, seed=self._settings.seed)
        now = time.monotonic()
        self._dataset = dataset
        self._minutes = Minutes(len(dataset), None, now)
        self._closing = Closing(settle_s=self._settings.settle_s, duration_s=self._settings.duration_s, now_s=now)
        self._over_s: float | None = None
        self._asked_s = -math.inf
        self._state = msg.Epoch.PREPARING
        self._fault = ""
        # Every cloud frame has one epoch message: counting them costs less than taking the clouds.
        node_tools.listen(self, topics.EPOCH, self._on_epoch, qos=topics.latched(100))
        node_tools.listen(self, topics.CATEGORIES, self._on_categories)
        self._export = node_tools.client(self, topics.EXPORT_SESSION)
        self._pause = node_tools.client(self, topics.SET_TRAINING)
        self._health = HealthReporter(self, lambda: Health(self._closing.stage.value))
        self._entries = Entries(self, self._minutes.book, self._health)
        node_tools.every(self, _LOOK_PERIOD_S, self._look)
        node_tools.every(self, self._settings.progress_s, self._tell)

    def _on_epoch(self, message: msg.Epoch) -> None:
        self._state = message.state
        stamp_s = conversions.time_from_msg(message.header.stamp) / 1e9
        training = message.state == msg.Epoch.TRAINING
        figures = message.accuracy, message.confidence, message.ece, message.space_used
        standing = Standing(message.epoch, *figures, message.branch)
        self._minutes.note_frame(standing, training, stamp_s)
        if message.state == msg.Epoch.FAULT and not self._fault:
            self._fault = message.text
            self.get_logger().error(f"trainer: {message.text}; the session ends")

    def _on_categories(self, message: msg.Categories) -> None:
        categories = conversions.categories_from_msg(message)
        self._minutes.book.judge_by(categories, conversions.wins_from_msg(message))
        self._minutes.truth = truth_ids(self._dataset.truth, self._dataset.categories, categories)

    def _tell(self) -> None:
        if self._closing.stage is not Stage.OVER:
            self.get_logger().info(self._minutes.progress(self._settings.planned_gestures, time.monotonic()))

    def _look(self) -> None:
        before = self._closing.stage
        stage = self._closing.update(self._person_is_there(), time.monotonic())
        if stage is not before:
            self.get_logger().info(stage.value)
        if stage is Stage.OVER or self._fault:
            self._finish()

    def _person_is_there(self) -> bool:
        """Nobody needs to say goodbye: leaving is to look no more, or to have no hands."""
        if self._settings.person:
            return self._settings.person in node_tools.listeners(self, topics.CLOUD)
        return bool(self.count_publishers(topics.HANDS.name) > 0)

    def _finish(self) -> None:
        """Stop training, so that the results and the summary are of one step; then ask for the results."""
        now = time.monotonic()
        if self._over_s is None:
            self._over_s = now
        if self._state == msg.Epoch.TRAINING and now < self._over_s + _PAUSE_TIMEOUT_S:
            if self._pause.service_is_ready():
                self._pause.call_async(srv.SetTraining.Request(command=srv.SetTraining.Request.PAUSE))
            return
        self._ask_for_results(now, self._over_s)

    def _ask_for_results(self, now: float, over_s: float) -> None:
        if now > over_s + _EXPORT_TIMEOUT_S:
            self.get_logger().error("the trainer does not answer; the session ends without new results")
            self.exit_code = 1
        elif self._export.service_is_ready() and now > self._asked_s + _ASK_AGAIN_S:
            # A request made before both sides know each other is lost, and so may be its answer.
            self._asked_s = now
            self._export.call_async(srv.ExportSession.Request()).add_done_callback(
                node_tools.guarded(self, self._on_exported)
            )

    def _on_exported(self, future: Future) -> None:
        response = future.result()
        if response is not None and response.accepted:
            self.get_logger().info(f"results: {', '.join(response.files)}")
            self.exit_code = int(bool(self._fault))
        else:
            reason = response.message if response is not None else "no answer"
            self.get_logger().error(f"results could not be written: {reason}")
            self.exit_code = 1

    def close(self) -> None:
        """Write the summary."""
        reach("host.summary")
        summary = self._minutes.summary(self._settings.directory, time.monotonic())
        if not self._settings.directory:
            self.get_logger().info(json.dumps(summary))
            return
        target = Path(self._settings.directory) / session_files.SUMMARY
        partial = target.with_name(target.name + ".partial")
        partial.write_text(json.dumps(summary, indent=2) + "\n")
        os.replace(partial, target)


def main() -> int:
    """Run the node."""
    return run_node(SessionHost)
