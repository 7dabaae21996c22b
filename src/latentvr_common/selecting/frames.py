"""The cloud frames of the last moment: a selection is resolved on the one that the person saw."""

from collections import deque
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import Cloud
from latentvr_common.selecting.density import DensityField
from latentvr_common.selecting.points import Points

_KEPT = 4


@dataclass(eq=False)
class Frame:
    """A cloud and the training epoch of it. What is asked of its points is worked out once."""

    cloud: Cloud
    epoch: int

    @cached_property
    def points(self) -> Points:
        """To ask for what lies in a ball or a box."""
        return Points(self.cloud.positions)

    @cached_property
    def labels(self) -> npt.NDArray[np.int16]:
        """Category of each item (N,), -1 none, side by side: quicker to look up than in the rows of the message."""
        return np.ascontiguousarray(self.cloud.label)

    @cached_property
    def density(self) -> DensityField:
        """To ask for what hangs together. The cloud must have an item."""
        return DensityField(self.cloud.positions)


class Frames:
    """The newest few frames."""

    def __init__(self) -> None:
        """Start with none."""
        self._frames: deque[Frame] = deque(maxlen=_KEPT)
        self._epochs: deque[tuple[int, int]] = deque(maxlen=4 * _KEPT)

    def add(self, cloud: Cloud) -> None:
        """Take in a frame. One of another size replaces all others: the dataset has changed."""
        if self._frames and len(self._frames[-1].cloud) != len(cloud):
            self._frames.clear()
        self._frames.append(Frame(cloud, self._epoch_of(cloud.stamp_ns)))

    def note_epoch(self, stamp_ns: int, epoch: int) -> None:
        """Take in that the frame of `stamp_ns` is of training epoch `epoch`."""
        self._epochs.append((stamp_ns, epoch))
        for frame in self._frames:
            frame.epoch = self._epoch_of(frame.cloud.stamp_ns)

    def shown_at(self, stamp_ns: int) -> Frame | None:
        """Return the newest frame that is not younger than `stamp_ns`, else the oldest kept; None: no cloud yet."""
        for frame in reversed(self._frames):
            if frame.cloud.stamp_ns <= stamp_ns:
                return frame
        return self._frames[0] if self._frames else None

    def _epoch_of(self, stamp_ns: int) -> int:
        epochs = [epoch for stamp, epoch in self._epochs if stamp <= stamp_ns]
        return epochs[-1] if epochs else 0
