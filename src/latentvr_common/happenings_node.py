"""What a node hears that belongs on its timeline: of which epoch clouds are, categories, and entries of the journal.

Thread rule: everything runs on the executor's thread.
"""

from collections.abc import Callable

from latentvr import msg
from rclpy.node import Node

from latentvr_common import conversions, node_tools, topics
from latentvr_common.entries_node import Entries
from latentvr_common.health import HealthReporter
from latentvr_common.labels import LabelBook
from latentvr_common.timeline.timeline import Timeline


class Happenings:
    """Tells one timeline."""

    def __init__(
        self,
        node: Node,
        timeline: Timeline,
        health: HealthReporter,
        on_labels: Callable[[LabelBook], None] | None = None,
    ) -> None:
        """`health`: where what cannot be used is counted. `on_labels`: called when labels may be others."""
        self._node = node
        self._timeline = timeline
        self._health = health
        self._on_labels = on_labels
        self._epoch = 0
        self._told_seq = 0
        """The newest entry of the journal that is on the timeline."""
        self._entries: Entries | None = None
        self.book: LabelBook | None = None
        """The journal's entries; None: there is no cloud yet."""
        self.names: dict[int, str] = {}
        """Of categories, by id."""
        self._heard = [
            node_tools.listen(node, topics.EPOCH, self._on_epoch),
            node_tools.listen(node, topics.CATEGORIES, self._on_categories),
        ]

    def follow(self, items: int) -> None:
        """Follow the labels of so many items from now on. Once; later calls do nothing."""
        if self._entries is None:
            book = self.book = LabelBook(items)
            self._entries = Entries(self._node, book, self._health, lambda: self._note_entries(book))

    def _on_epoch(self, message: msg.Epoch) -> None:
        self._epoch = message.epoch
        self._timeline.frames.note_epoch(conversions.time_from_msg(message.header.stamp), message.epoch)

    def _on_categories(self, message: msg.Categories) -> None:
        stamp_ns, categories = conversions.time_from_msg(message.header.stamp), conversions.categories_from_msg(message)
        self.names = {category.id: category.name for category in categories}
        self._timeline.note_categories(categories, stamp_ns, self._epoch)

    def _note_entries(self, book: LabelBook) -> None:
        self._timeline.note_labels(book.events(after=self._told_seq))
        self._told_seq = book.applied_seq
        if self._on_labels is not None:
            self._on_labels(book)
