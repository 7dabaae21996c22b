"""Records the entries of the journal that were made before the recorder listened, or were lost on the way.

Thread rule: everything runs on the executor's thread.
"""

import time
from collections.abc import Callable, Sequence

from latentvr import msg
from rclpy.node import Node
from rclpy.serialization import serialize_message

from latentvr_common.entries_node import Gap, Missing
from session_recorder.journal import Numbers
from session_recorder.recording import Taken
from session_recorder.sequences import label_number

_MOST = 1000
"""Entries to ask for at once."""


class Journal:
    """Sees to it that each entry is recorded."""

    def __init__(self, node: Node, take: Callable[[Taken], None]) -> None:
        """`take` records a message of the topic `labels`."""
        self._take = take
        self._numbers = Numbers()
        self._missing = Missing(node, self._gap, self._take_missing)

    def heard(self, data: bytes) -> None:
        """Take note of an entry that has come by its topic, serialized, and is recorded."""
        self._numbers.note(label_number(data))
        self._missing.look()

    def _gap(self) -> Gap | None:
        """Return no more than what is missing: what is on its way by the topic would be recorded twice."""
        gap = self._numbers.gap
        return None if gap is None else Gap(gap[0], min(gap[1], _MOST))

    def _take_missing(self, events: Sequence[msg.LabelEvent]) -> bool:
        """Record those that are news, without a number of a publisher: nobody has published them to here."""
        news = [event for event in events if self._numbers.note(event.seq)]
        for event in news:
            self._take(Taken(time.time_ns(), bytes(serialize_message(event))))
        return bool(news)
