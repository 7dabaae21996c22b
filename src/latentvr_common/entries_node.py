"""The journal's entries as a node hears them, none missing.

The topic `labels` holds the newest thousand for who comes late. Older ones, and whatever got lost on the way, are asked
for by get_labels. Thread rule: everything runs on the executor's thread.
"""

import math
import time
from collections.abc import Callable, Iterable

from latentvr import msg, srv
from rclpy.node import Node
from rclpy.task import Future

from latentvr_common import conversions, node_tools, topics
from latentvr_common.health import HealthReporter
from latentvr_common.labels import LabelBook

_PATIENCE_S = 2.0
"""An answer that has not come after so long is asked for again."""


class Entries:
    """Keeps a book of all entries."""

    def __init__(
        self,
        node: Node,
        book: LabelBook,
        health: HealthReporter,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`health`: where entries that cannot be used are counted. `on_change`: called when labels may be others."""
        self._node = node
        self._book = book
        self._health = health
        self._on_change = on_change
        self._asked_s = -math.inf
        self._get_labels = node_tools.client(node, topics.GET_LABELS)
        self._labels_in = node_tools.listen(node, topics.LABELS, self._on_label)
        self._timer = node_tools.every(node, _PATIENCE_S / 2, self._fill_gap)

    def _on_label(self, message: msg.LabelEvent) -> None:
        self._take_in([message])
        self._fill_gap()

    def _take_in(self, messages: Iterable[msg.LabelEvent]) -> bool:
        """Add entries to the book; return whether labels may have changed."""
        changed = False
        for message in messages:
            try:
                changed |= self._book.add(conversions.label_event_from_msg(message))
            except ValueError as error:
                self._health.drop(str(error))
        if changed:
            self._on_change()
        return changed

    def _fill_gap(self) -> None:
        after, now_s = self._book.gap_after, time.monotonic()
        if after is None or now_s - self._asked_s < _PATIENCE_S or not self._get_labels.service_is_ready():
            return
        self._asked_s = now_s
        future = self._get_labels.call_async(srv.GetLabels.Request(after_seq=after))
        future.add_done_callback(node_tools.guarded(self._node, self._on_missing))

    def _on_missing(self, future: Future) -> None:
        response = future.result()
        if response is not None and self._take_in(response.events):
            self._asked_s = -math.inf
            self._fill_gap()
