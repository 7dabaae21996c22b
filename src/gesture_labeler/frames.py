"""The cloud frames of the last moment: a selection is resolved on the one that the person saw."""

from collections import deque
from dataclasses import dataclass

from latentvr_common.cloud import Cloud

_KEPT = 4


@dataclass(frozen=True)
class Frame:
    """A cloud and the training epoch of it."""

    cloud: Cloud
    epoch: int


class Frames:
    """The newest few frames."""

    def __init__(self) -> None:
        """Start with none."""
        self._clouds: deque[Cloud] = deque(maxlen=_KEPT)
        self._epochs: deque[tuple[int, int]] = deque(maxlen=4 * _KEPT)

    def add(self, cloud: Cloud) -> None:
        """Take in a frame. One of another size replaces all others: the dataset has changed."""
        if self._clouds and len(self._clouds[-1]) != len(cloud):
            self._clouds.clear()
        self._clouds.append(cloud)

    def note_epoch(self, stamp_ns: int, epoch: int) -> None:
        """Take in that the frame of `stamp_ns` is of training epoch `epoch`."""
        self._epochs.append((stamp_ns, epoch))

    def shown_at(self, stamp_ns: int) -> Frame | None:
        """Return the newest frame that is not younger than `stamp_ns`, else the oldest kept; None: no cloud yet."""
        if not self._clouds:
            return None
        older = [cloud for cloud in self._clouds if cloud.stamp_ns <= stamp_ns]
        cloud = older[-1] if older else self._clouds[0]
        epochs = [epoch for stamp, epoch in self._epochs if stamp <= cloud.stamp_ns]
        return Frame(cloud, epochs[-1] if epochs else 0)
