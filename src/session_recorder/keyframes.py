"""Which frames of a large topic are kept: not too many a second, nor too many bytes, but always the last one."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Keyframes(Generic[T]):
    """Chooses frames by time and size, without looking into them. Times are seconds of a clock that the caller reads.

    A frame that comes too early waits until its time has come or a newer one takes its place.
    """

    def __init__(self, *, rate_hz: float, bytes_per_s: float) -> None:
        """Keep at most `rate_hz` frames and about `bytes_per_s` bytes a second; 0: no such limit."""
        self._rate_hz = rate_hz
        self._bytes_per_s = bytes_per_s
        self._due_s = float("-inf")
        self._waiting: tuple[T, int] | None = None

    def offer(self, frame: T, size: int, now_s: float) -> T | None:
        """Return `frame`, of `size` bytes, if it is to be kept now; None if it has to wait."""
        self._waiting = (frame, size)
        return self.due(now_s)

    def due(self, now_s: float) -> T | None:
        """Return the waiting frame if its time has come, and forget it."""
        return self.last(now_s) if now_s >= self._due_s else None

    def last(self, now_s: float) -> T | None:
        """Return the waiting frame, whether or not its time has come, and forget it; None if there is none."""
        if self._waiting is None:
            return None
        (frame, size), self._waiting = self._waiting, None
        self._due_s = now_s + self._pause_s(size)
        return frame

    def _pause_s(self, size: int) -> float:
        by_rate = 1.0 / self._rate_hz if self._rate_hz > 0 else 0.0
        by_bytes = size / self._bytes_per_s if self._bytes_per_s > 0 else 0.0
        return max(by_rate, by_bytes)
