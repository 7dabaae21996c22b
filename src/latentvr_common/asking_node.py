"""What a person's gestures ask of the journal and of the trainer.

Thread rule: everything runs on the executor's thread.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from latentvr import msg, srv
from rclpy.client import Client
from rclpy.node import Node
from rclpy.task import Future

from latentvr_common import conversions, node_tools, topics
from latentvr_common.fault_points import reach
from latentvr_common.gestures import Report
from latentvr_common.labels import LabelEvent
from latentvr_common.outbox import Asked, Outbox

_LOOK_PERIOD_S = 0.1
_TRAINER_PATIENCE_S = 5.0


@dataclass(frozen=True)
class _Call:
    client: Client
    request: Any
    on_answer: Callable[[Any], None] | None = None


class Asking:
    """Asks, in the order of the gestures, until there is an answer; then reports the gesture's end.

    What the journal is asked for is kept until it answers. The trainer is given a few seconds.
    """

    def __init__(self, node: Node, author: str, report: Callable[[Report], None]) -> None:
        """`report`: what to do with the ends of gestures."""
        self._node = node
        self._author = author
        self._report = report
        self._journal: Outbox[_Call] = Outbox()
        self._trainer: Outbox[_Call] = Outbox()
        self._trainer_since_s = 0.0
        self._submit = node_tools.client(node, topics.SUBMIT_LABELS)
        self._undo = node_tools.client(node, topics.UNDO)
        self._redo = node_tools.client(node, topics.REDO)
        self._categories = node_tools.client(node, topics.SET_CATEGORIES)
        self._training = node_tools.client(node, topics.SET_TRAINING)
        self._proposals = node_tools.client(node, topics.PROPOSE_LABELS)
        node_tools.every(node, _LOOK_PERIOD_S, self._look)

    def __len__(self) -> int:
        """Return how many entries and steps the journal has not answered yet."""
        return len(self._journal)

    def mark(self, event: LabelEvent, end: Report) -> None:
        """Have the journal take `event`."""
        request = srv.SubmitLabels.Request(event=conversions.label_event_to_msg(event))
        self._ask_journal(event.event_id, _Call(self._submit, request), end)

    def step(self, end: Report, *, redo: bool) -> None:
        """Undo or redo the author's newest mark; the gesture's id names the step."""
        request = srv.StepHistory.Request(author=self._author, event_id=end.gesture_id)
        self._ask_journal(end.gesture_id, _Call(self._redo if redo else self._undo, request), end)

    def change_category(
        self, request: srv.SetCategories.Request, end: Report, on_answer: Callable[[Any], None] | None = None
    ) -> None:
        """Have the journal change the list of categories, by the gesture's id; `on_answer` gets its yes."""
        request.event_id = end.gesture_id
        self._ask_journal(end.gesture_id, _Call(self._categories, request, on_answer), end)

    def add_category(self, name: str, end: Report, on_added: Callable[[int], None]) -> None:
        """Have the journal add a category; `on_added` gets its id."""
        operation = srv.SetCategories.Request.ADD
        request = srv.SetCategories.Request(operation=operation, category=msg.Category(name=name))
        self.change_category(request, end, lambda response: on_added(int(response.id)))

    def pause(self, end: Report, *, paused: bool) -> None:
        """Have the trainer pause or go on."""
        commands = srv.SetTraining.Request
        self.set_training(commands(command=commands.PAUSE if paused else commands.RESUME), end)

    def set_training(self, request: srv.SetTraining.Request, end: Report) -> None:
        """Have the trainer do something."""
        self._ask_trainer(_Call(self._training, request), end)

    def propose(
        self, threshold: float, category: int, audit_items: int, end: Report, on_answer: Callable[[Any], None]
    ) -> None:
        """Ask the trainer what could be labelled; `on_answer` gets its yes. category: -1 all."""
        request = srv.ProposeLabels.Request(threshold=threshold, category=category, audit_size=audit_items)
        self._ask_trainer(_Call(self._proposals, request, on_answer), end)

    def _ask_trainer(self, call: _Call, end: Report) -> None:
        if not len(self._trainer):
            self._trainer_since_s = time.monotonic()
        self._trainer.add(end.gesture_id, call, end)
        self._send(self._trainer)

    def _ask_journal(self, name: str, call: _Call, end: Report) -> None:
        self._journal.add(name, call, end)
        self._send(self._journal)

    def _look(self) -> None:
        self._send(self._journal)
        self._send(self._trainer)
        if len(self._trainer) and time.monotonic() > self._trainer_since_s + _TRAINER_PATIENCE_S:
            for report in self._trainer.give_up("the trainer does not answer"):
                self._report(report)

    def _send(self, box: Outbox[_Call]) -> None:
        asked = box.due(time.monotonic()) if len(box) else None
        if asked is None:
            return
        if not asked.request.client.service_is_ready():
            box.put_off()
            self._complain(box)
            return
        reach("marks.submit")
        future = asked.request.client.call_async(asked.request.request)
        future.add_done_callback(node_tools.guarded(self._node, lambda done: self._on_answer(box, asked, done)))

    def _complain(self, box: Outbox[_Call]) -> None:
        who, what = ("journal", "marks") if box is self._journal else ("trainer", "requests")
        text = f"the {who} does not answer; {len(box)} {what} wait"
        self._node.get_logger().warning(text, throttle_duration_sec=2.0)

    def _on_answer(self, box: Outbox[_Call], asked: Asked[_Call], future: Future) -> None:
        response: Any = future.result()
        if response is None:
            return
        reach("marks.answered")
        refusal = f"the {'journal' if box is self._journal else 'trainer'} did not accept it: {response.message}"
        report = box.answered(asked.name, response.accepted, refusal, int(getattr(response, "seq", 0)))
        if report is not None:
            self._report(report)
            if asked.request.on_answer is not None and response.accepted:
                asked.request.on_answer(response)
        if len(box):
            self._trainer_since_s = time.monotonic()
            self._send(box)
