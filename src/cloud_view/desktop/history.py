"""What the cloud looked like in the course of a session, to be watched again: as many frames as memory allows."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import Cloud

MOST_FRAMES = 120
"""Of 70,000 items each is 700 kB."""
_FIRST_PERIOD_S = 0.5
REPLAY_S = 8.0


@dataclass(frozen=True)
class _Kept:
    positions: npt.NDArray[np.float16]
    rgb: npt.NDArray[np.uint32]
    label: npt.NDArray[np.int16]


class History:
    """Keeps a frame now and then: where there are too many, every other one goes, and the others come half as often."""

    def __init__(self, most: int = MOST_FRAMES) -> None:
        self._most = most
        self._frames: list[_Kept] = []
        self._period_s = _FIRST_PERIOD_S
        self._due_s = 0.0

    def __len__(self) -> int:
        """Return how many frames are kept."""
        return len(self._frames)

    def note(self, cloud: Cloud, now_s: float) -> None:
        """Take in the cloud that is shown at `now_s`, monotonic seconds."""
        if self._frames and len(self._frames[-1].rgb) != len(cloud):
            self._frames.clear()
        if self._frames and now_s < self._due_s:
            return
        self._frames.append(_Kept(cloud.positions.astype(np.float16), cloud.rgb, cloud.label))
        if len(self._frames) > self._most:
            del self._frames[1::2]
            self._period_s *= 2
        self._due_s = now_s + self._period_s

    def at(self, share: float, newest: Cloud) -> Cloud:
        """Return the cloud after that share of the session, 0 to 1: `newest` with what was kept, between two frames."""
        if not self._frames or len(self._frames[0].rgb) != len(newest):
            return newest
        place = min(max(share, 0.0), 1.0) * (len(self._frames) - 1)
        first = int(place)
        one, other = self._frames[first], self._frames[min(first + 1, len(self._frames) - 1)]
        weight = np.float32(place - first)
        positions = one.positions.astype(np.float32)
        positions += weight * (other.positions.astype(np.float32) - positions)
        nearer = one if weight < 0.5 else other
        return replace(newest, positions=positions, rgb=nearer.rgb, label=nearer.label)


class Replay:
    """A look back: how far it has come, by the caller's clock."""

    def __init__(self) -> None:
        self._since_s: float | None = None

    @property
    def runs(self) -> bool:
        """Whether it is being watched."""
        return self._since_s is not None

    def toggle(self, now_s: float) -> None:
        """Begin, or end."""
        self._since_s = now_s if self._since_s is None else None

    def share(self, now_s: float) -> float | None:
        """Return the share of the session to show now; None: it has come to its end, or was not begun."""
        if self._since_s is None:
            return None
        share = (now_s - self._since_s) / REPLAY_S
        if share >= 1.0:
            self._since_s = None
            return None
        return share
