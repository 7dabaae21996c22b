"""The clouds of a session that are kept: the first, the newest, and between them as many as memory allows, evenly."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import Cloud
from latentvr_common.scene import Progress

_NS = 1_000_000_000
FIRST_PERIOD_NS = _NS // 2
"""Frames that come sooner after the one before are not kept."""
MOST_FRAMES = 600
"""More than anybody could tell apart, however small they are."""
_BACKWARDS_NS = 10 * _NS
"""A clock that goes back by more than that is another session's, or a recording that begins again."""
_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True, eq=False)
class Keyframe:
    """One frame of the cloud that is kept, N items, about half as large as the frame itself."""

    stamp_ns: int
    progress: Progress
    positions: npt.NDArray[np.float16]
    """(N, 3), latent units."""
    rgb: npt.NDArray[np.uint32]
    label: npt.NDArray[np.int16]
    predicted: npt.NDArray[np.int16]
    confidence: npt.NDArray[np.float16]
    """(N,) as the three above, which mean what they mean in a Cloud."""

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.positions)

    @property
    def epoch(self) -> int:
        """Of training."""
        return self.progress.epoch

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return sum(a.nbytes for a in (self.positions, self.rgb, self.label, self.predicted, self.confidence))

    def cloud(self) -> Cloud:
        """Return it as a frame of the cloud."""
        return Cloud(
            self.stamp_ns,
            self.positions.astype(np.float32),
            self.rgb,
            self.label,
            self.predicted,
            self.confidence.astype(np.float32),
        )


def keyframe_of(cloud: Cloud, progress: Progress) -> Keyframe:
    """Return a frame to keep, with arrays of its own: those of a cloud may be views of a whole message."""
    positions = np.clip(cloud.positions, -_LARGEST, _LARGEST).astype(np.float16)
    return Keyframe(
        cloud.stamp_ns,
        progress,
        positions,
        np.array(cloud.rgb, np.uint32),
        np.array(cloud.label, np.int16),
        np.array(cloud.predicted, np.int16),
        np.array(cloud.confidence, np.float16),
    )


class Keyframes:
    """Keeps frames of one session, by their stamps, within `budget_bytes`; two of them it always keeps."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._frames: list[Keyframe] = []
        self._stamps: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._frames)

    @property
    def all(self) -> Sequence[Keyframe]:
        """All that are kept, the oldest first."""
        return self._frames

    @property
    def stamps(self) -> npt.NDArray[np.int64]:
        """Their stamps (K,), nanoseconds, rising."""
        return self._stamps

    def begins_anew(self, cloud: Cloud) -> bool:
        """Tell whether `cloud` is of another session than what is kept: of another size, or of long before."""
        if not self._frames:
            return False
        newest = self._frames[-1]
        return len(newest) != len(cloud) or cloud.stamp_ns < newest.stamp_ns - _BACKWARDS_NS

    def wants(self, cloud: Cloud) -> bool:
        """Tell whether `note` would keep `cloud`."""
        if not self._frames or self.begins_anew(cloud):
            return len(cloud) > 0
        return cloud.stamp_ns >= int(self._stamps[-1]) + self._period_ns()

    def note(self, cloud: Cloud, progress: Progress) -> Keyframe | None:
        """Take in the newest cloud; return the frame if it is kept. That of another session replaces all others."""
        if not self.wants(cloud):
            return None
        if self.begins_anew(cloud):
            self._frames.clear()
        frame = keyframe_of(cloud, progress)
        self._keep([*self._frames, frame])
        return frame

    def note_epoch(self, stamp_ns: int, epoch: int) -> None:
        """Take in that the newest frame, if that is its stamp, is of this epoch."""
        if self._frames and self._frames[-1].stamp_ns == stamp_ns and self._frames[-1].epoch != epoch:
            newest = self._frames[-1]
            self._frames[-1] = replace(newest, progress=replace(newest.progress, epoch=epoch))

    def fill(self, frames: Sequence[Keyframe]) -> None:
        """Keep those of `frames`, in order and of one size, instead of what there is."""
        if frames:
            self._keep(list(frames))

    def precede(self, earlier: Sequence[Keyframe]) -> None:
        """Put those of `earlier`, in order, before what is kept that are older and of the same size."""
        if self._frames:
            first = self._frames[0]
            older = [f for f in earlier if f.stamp_ns < first.stamp_ns and len(f) == len(first)]
            self._keep([*older, *self._frames])

    def at(self, stamp_ns: int) -> Keyframe:
        """Return the newest frame that is not younger than `stamp_ns`, else the oldest. There must be one."""
        return self._frames[max(self.place(stamp_ns), 0)]

    def nearest(self, stamp_ns: int) -> Keyframe:
        """Return the frame nearest in time. There must be one."""
        return self._frames[int(np.argmin(np.abs(self._stamps - stamp_ns)))]

    def place(self, stamp_ns: int) -> int:
        """Return the place of the newest frame that is not younger than `stamp_ns`; -1: all are younger."""
        return int(np.searchsorted(self._stamps, stamp_ns, side="right")) - 1

    def trail(self, item: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint32]]:
        """Return where `item` was in each frame (K, 3), latent units, and its colour (K,), 0xRRGGBB."""
        positions = np.array([frame.positions[item] for frame in self._frames], np.float32).reshape(-1, 3)
        return positions, np.array([frame.rgb[item] for frame in self._frames], np.uint32)

    def _most(self, frame: Keyframe) -> int:
        return max(2, min(MOST_FRAMES, self._budget_bytes // max(frame.nbytes, 1)))

    def _period_ns(self) -> int:
        """Return how long after the newest frame the next one is kept: half of what is between the others by then."""
        most = self._most(self._frames[-1])
        span_ns = int(self._stamps[-1] - self._stamps[0])
        return max(FIRST_PERIOD_NS, span_ns // (2 * most))

    def _keep(self, frames: list[Keyframe]) -> None:
        self._frames = thinned(frames, self._most(frames[-1]))
        self._stamps = np.array([frame.stamp_ns for frame in self._frames], np.int64)


def thinned(frames: list[Keyframe], most: int) -> list[Keyframe]:
    """Return at most `most` (2 or more) of `frames`, which are in order: the first, the last, the others spread evenly.

    Again and again the one goes whose neighbours are nearest to each other. So no gap comes to be that is wider than
    twice what it would be if all were at the same distance.
    """
    kept = list(frames)
    stamps = np.array([frame.stamp_ns for frame in kept], np.int64)
    while len(kept) > most:
        goes = int(np.argmin(stamps[2:] - stamps[:-2])) + 1
        del kept[goes]
        stamps = np.delete(stamps, goes)
    return kept
