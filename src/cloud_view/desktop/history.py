"""What the cloud looked like in the course of a session, to be watched again."""

from dataclasses import replace

import numpy as np

from latentvr_common.cloud import Cloud
from latentvr_common.timeline.axis import Axis
from latentvr_common.timeline.keyframes import Keyframes

REPLAY_S = 8.0


def looked_like(frames: Keyframes, share: float, newest: Cloud) -> Cloud:
    """Return the cloud after that share of the session, 0 to 1: `newest` with what was kept, between two frames."""
    if not len(frames) or len(frames.all[0]) != len(newest):
        return newest
    stamp_ns = Axis(frames.stamps).stamp_ns(share)
    first = max(frames.place(stamp_ns), 0)
    one, other = frames.all[first], frames.all[min(first + 1, len(frames) - 1)]
    weight = np.float32((stamp_ns - one.stamp_ns) / max(other.stamp_ns - one.stamp_ns, 1))
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
