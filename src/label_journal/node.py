"""The label journal as a ROS node.

Thread rule: everything runs on the executor's thread; a commit takes less than a frame of the hands.

Who submits an entry is answered as soon as it is on disk; only then it is published, and later still the file tidied.
"""

import json
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from latentvr import srv
from rclpy.node import Node

from label_journal.journal import CategoryReceipt, Journal, WriteFailedError
from label_journal.parameters import Parameters
from label_journal.second_copy import SecondCopy
from latentvr_common import conversions, node_tools, topics
from latentvr_common.errors import InputError
from latentvr_common.fault_points import reach
from latentvr_common.health import Health, HealthReporter
from latentvr_common.labels import Category, LabelEvent
from latentvr_common.parameters import declare
from latentvr_common.run import run_node

_MOST_AT_ONCE = 1000
_MEMORY_GIB = 2.0
"""Five hundred million row numbers in all entries. Less than others have: while memory is got ready for what a request
claims nobody can label."""
_LOOK_PERIOD_S = 0.5
_OPEN_AGAIN_S = 2.0
"""After a failure the file is opened anew once in so many seconds."""
_QUIET_S = 0.5
"""Nobody has submitted anything for so long: the file may be tidied."""


class LabelJournal(Node):  # type: ignore[misc]
    """Commits labels, acknowledges them, and publishes what was committed."""

    def __init__(self) -> None:
        super().__init__("label_journal", namespace=topics.NAMESPACE)
        parameters = declare(self, Parameters)
        self._journal = Journal(Path(parameters.path), parameters.item_count, parameters.categories, parameters.wins)
        self._copy = SecondCopy(Path(parameters.copy), self._journal) if parameters.copy else None
        self._labels_out = node_tools.advertise(self, topics.LABELS)
        self._unpublished: deque[LabelEvent] = deque()
        self._publish_soon = node_tools.soon(self, self._publish_all)
        self._committed_s = self._opened_s = time.monotonic()
        self._categories_out = node_tools.advertise(self, topics.CATEGORIES)
        node_tools.serve(self, topics.SUBMIT_LABELS, self._on_submit)
        node_tools.serve(self, topics.GET_LABELS, self._on_get)
        node_tools.serve(self, topics.UNDO, lambda request, response: self._on_step(request, response, redo=False))
        node_tools.serve(self, topics.REDO, lambda request, response: self._on_step(request, response, redo=True))
        node_tools.serve(self, topics.SET_CATEGORIES, self._on_set_categories)
        self._health = HealthReporter(self, self._probe)
        self._publish_categories()
        last = self._journal.last_seq
        for event in self._journal.events_after(max(0, last - _MOST_AT_ONCE), _MOST_AT_ONCE):
            self._labels_out.publish(conversions.label_event_to_msg(event))
        node_tools.every(self, _LOOK_PERIOD_S, self._look)
        self.get_logger().info(f"{last} entries in {parameters.path}")

    def _publish(self, event: LabelEvent) -> None:
        """Publish `event` once the answer that is being made is on its way."""
        self._committed_s = time.monotonic()
        self._unpublished.append(event)
        self._publish_soon()

    def _publish_all(self) -> None:
        while self._unpublished:
            reach("journal.publish")
            self._labels_out.publish(conversions.label_event_to_msg(self._unpublished.popleft()))
        self._follow()

    def _follow(self) -> None:
        if self._copy is not None:
            self._copy.follow()

    def _look(self) -> None:
        if self._journal.failure:
            self._open_anew()
        self._publish_all()
        if time.monotonic() > self._committed_s + _QUIET_S:
            self._refusal(self._journal.tidy)

    def _open_anew(self) -> None:
        """Find out what is on the disk after a failure, and take entries again."""
        if time.monotonic() < self._opened_s + _OPEN_AGAIN_S:
            return
        self._opened_s, before = time.monotonic(), self._journal
        try:
            self._journal = before.opened_anew()
        except InputError as error:
            self.get_logger().error(f"still not: {error}")
            return
        # One whose commit reached the disk was not acknowledged, but it is there: who asks again is told so.
        self._unpublished.extend(self._journal.events_after(before.last_seq, sys.maxsize))
        self._publish_categories()
        if self._copy is not None:
            self._copy.follow_instead(self._journal)
        self.get_logger().info(f"the journal is open again, with {self._journal.last_seq} entries")

    def _publish_categories(self) -> None:
        message = conversions.categories_to_msg(
            self._journal.categories, self._journal.revision, node_tools.now_ns(self), self._journal.wins
        )
        self._categories_out.publish(message)

    def _refusal(self, action: Callable[[], Any]) -> str:
        """Do `action`; return why it was refused, or an empty text."""
        try:
            action()
        except ValueError as error:
            self.get_logger().warning(f"not accepted: {error}")
            return str(error)
        except WriteFailedError as error:
            self.get_logger().error(str(error))
            return str(error)
        return ""

    def _on_submit(self, request: srv.SubmitLabels.Request, response: srv.SubmitLabels.Response) -> Any:
        def submit() -> None:
            receipt = self._journal.submit(conversions.label_event_from_msg(request.event), node_tools.now_ns(self))
            response.accepted, response.seq, response.duplicate = True, receipt.event.seq, receipt.duplicate
            if not receipt.duplicate:
                self._publish(receipt.event)

        response.message = self._refusal(submit)
        return response

    def _on_get(self, request: srv.GetLabels.Request, response: srv.GetLabels.Response) -> Any:
        limit = min(request.limit or _MOST_AT_ONCE, _MOST_AT_ONCE)
        events = self._journal.events_after(int(request.after_seq), int(limit))
        response.events = [conversions.label_event_to_msg(event) for event in events]
        response.last_seq = self._journal.last_seq
        return response

    def _on_step(self, request: srv.StepHistory.Request, response: srv.StepHistory.Response, *, redo: bool) -> Any:
        def step() -> None:
            now_ns = node_tools.now_ns(self)
            name = request.event_id or str(uuid.uuid4())
            receipt = self._journal.step_history(request.author, name, redo=redo, now_ns=now_ns)
            response.accepted, response.seq = True, receipt.event.seq
            response.target_seq = receipt.event.target_seq
            if not receipt.duplicate:
                self._publish(receipt.event)

        response.message = self._refusal(step)
        return response

    def _on_set_categories(self, request: srv.SetCategories.Request, response: srv.SetCategories.Response) -> Any:
        response.id = -1
        wanted = request.category
        asked = [request.operation, wanted.id, wanted.name, wanted.color, request.into, request.author]

        def change() -> None:
            receipt = self._journal.once(request.event_id, json.dumps(asked), lambda: self._changed(request))
            response.accepted, response.duplicate = True, receipt.duplicate
            response.id, response.seq = receipt.id, receipt.seq
            if not receipt.duplicate:
                # The entry of a merge first: else its items would have no label for a moment.
                self._publish_all()
                self._publish_categories()

        response.message = self._refusal(change)
        return response

    def _changed(self, request: srv.SetCategories.Request) -> CategoryReceipt:
        if request.operation != srv.SetCategories.Request.MERGE:
            return CategoryReceipt(self._changed_category(request).id)
        name = request.event_id or str(uuid.uuid4())
        into, entry = self._journal.merge_category(
            request.category.id, request.into, request.author, name, node_tools.now_ns(self)
        )
        if entry is None:
            return CategoryReceipt(into.id)
        self._publish(entry)
        return CategoryReceipt(into.id, entry.seq)

    def _changed_category(self, request: srv.SetCategories.Request) -> Category:
        operations, wanted, now_ns = srv.SetCategories.Request, request.category, node_tools.now_ns(self)
        if request.operation == operations.ADD:
            # Black cannot be seen on a dark ground: it asks for a colour of the journal's choice.
            return self._journal.add_category(wanted.name, wanted.color or None, now_ns)
        if request.operation == operations.RENAME:
            return self._journal.rename_category(wanted.id, wanted.name, now_ns)
        if request.operation == operations.RECOLOR:
            return self._journal.recolor_category(wanted.id, wanted.color, now_ns)
        if request.operation == operations.RETIRE:
            return self._journal.retire_category(wanted.id, now_ns)
        return self._journal.restore_category(wanted.id, wanted.name, now_ns)

    def _probe(self) -> Health:
        if self._journal.failure:
            return Health(self._journal.failure, DiagnosticStatus.ERROR)
        entries, conflicts = self._journal.last_seq, self._journal.conflict_count
        text = f"labels safe: {entries:,} entries"
        if conflicts:
            text += f"; authors disagree on {conflicts:,} items"
        level = DiagnosticStatus.OK
        if self._copy is not None and self._copy.fault:
            text, level = f"{text}; {self._copy.fault}", DiagnosticStatus.WARN
        return Health(text, level, {"entries": entries, "conflicts": conflicts})

    def close(self) -> None:
        """Close the file, and its copy."""
        if self._copy is not None:
            self._copy.close()
        self._journal.close()


def main() -> int:
    """Run the node."""
    return run_node(LabelJournal, memory_gib=_MEMORY_GIB, starts_soon=True)
