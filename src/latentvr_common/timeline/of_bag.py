"""The timeline of what a session's bag holds, as far as it has come: the bag may still be written to."""

from latentvr_common import conversions
from latentvr_common.bags.bag import Bag
from latentvr_common.scene import Progress
from latentvr_common.timeline.timeline import Timeline

_CLOUD, _EPOCH, _CATEGORIES = "cloud", "epoch", "categories"
_TYPES = {
    _CLOUD: "sensor_msgs/msg/PointCloud2",
    _EPOCH: "latentvr/msg/Epoch",
    _CATEGORIES: "latentvr/msg/Categories",
}


def timeline_of(bag: Bag, before_ns: int, budget_bytes: int) -> Timeline:
    """Return what was until `before_ns`: clouds, and what they and the categories became; no labels.

    A message that is none is left out. Raises InputError, OSError.
    """
    names = {topic.name: topic.name.rpartition("/")[2] for topic in bag.info.topics}
    wanted = [t.name for t in bag.info.topics if t.type == _TYPES.get(names[t.name])]
    filling = _Filling(Timeline(budget_bytes))
    for recorded in bag.messages(wanted, 0):
        if recorded.log_ns >= before_ns:
            break
        try:
            filling.take(names[recorded.topic], recorded.data)
        except ValueError:
            continue
    return filling.timeline


class _Filling:
    """A timeline that is being filled."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._progress = Progress()

    def take(self, what: str, data: bytes) -> None:
        """Take in a message of a bag. Raises ValueError for what is none."""
        if what == _CLOUD:
            self.timeline.note(conversions.cloud_from_cdr(data), self._progress)
        elif what == _EPOCH:
            stamp_ns, self._progress = conversions.progress_from_cdr(data)
            self.timeline.frames.note_epoch(stamp_ns, self._progress.epoch)
        else:
            stamp_ns, categories = conversions.categories_from_cdr(data)
            self.timeline.note_categories(categories, stamp_ns, self._progress.epoch)
