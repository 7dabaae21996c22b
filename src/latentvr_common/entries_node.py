"""The journal's entries as a node hears them, none missing.

The topic `labels` holds the newest thousand for who comes late. Older ones, and whatever got lost on the way, are asked
for by get_labels. Thread rule: everything runs on the executor's thread.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from latentvr import msg, srv
from rclpy.node import Node
from rclpy.task import Future

from latentvr_common import conversions, node_tools, topics
from latentvr_common.health import HealthReporter
from latentvr_common.labels import LabelBook

_PATIENCE_S = 2.0
"""An answer that has not come after so long is asked for again."""


@dataclass(frozen=True)
class Gap:
    """Entries that are missing."""

    after: int
    """The one before them."""
    count: int = 0
    """How many to ask for; 0: as many as the journal gives at once, those that are here already among them."""


class Missing:
    """Asks the journal for what is missing."""

    def __init__(
        self,
        node: Node,
        gap: Callable[[], Gap | None],
        take: Callable[[Sequence[msg.LabelEvent]], bool],
    ) -> None:
        """`gap`: what is missing; None: nothing is. `take` tells whether any of the entries that it gets is news."""
        self._node = node
        self._gap = gap
        self._take = take
        self._asked_s = -math.inf
        self._get_labels = node_tools.client(node, topics.GET_LABELS)
        self._timer = node_tools.every(node, _PATIENCE_S / 2, self.look)

    def look(self) -> None:
        """Ask, if something is missing and nobody is being asked."""
        now_s = time.monotonic()
        if now_s - self._asked_s < _PATIENCE_S or not self._get_labels.service_is_ready():
            return
        gap = self._gap()
        if gap is None:
            return
        self._asked_s = now_s
        future = self._get_labels.call_async(srv.GetLabels.Request(after_seq=gap.after, limit=gap.count))
        future.add_done_callback(node_tools.guarded(self._node, self._on_answer))

    def _on_answer(self, future: Future) -> None:
        response = future.result()
        if response is not None and self._take(response.events):
            self._asked_s = -math.inf
            self.look()


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
        self._book = book
        self._health = health
        self._on_change = on_change
        self._missing = Missing(node, self._gap, self._take_in)
        self._labels_in = node_tools.listen(node, topics.LABELS, self._on_label)

    def _on_label(self, message: msg.LabelEvent) -> None:
        self._take_in([message])
        self._missing.look()

    def _gap(self) -> Gap | None:
        after = self._book.gap_after
        return None if after is None else Gap(after)

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
