"""Newest wins: hand one value from one thread to another without ever waiting for the reader."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """A place for one value. Writers replace it, a reader takes it; what was not taken in time is lost. Thread-safe."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._value: T | None = None

    def put(self, value: T) -> None:
        """Replace the value."""
        with self._lock:
            self._value = value

    def take(self) -> T | None:
        """Return the value and leave the place empty; None if there was none."""
        with self._lock:
            value, self._value = self._value, None
            return value


class RateMeter:
    """Events per second over the last `window_s` seconds, by a clock that the caller reads (monotonic seconds)."""

    def __init__(self, window_s: float = 3.0) -> None:
        """Start with no event."""
        self._window_s = window_s
        self._times: list[float] = []

    def tick(self, now_s: float) -> None:
        """Count one event at `now_s`."""
        self._times.append(now_s)
        self._trim(now_s)

    def rate(self, now_s: float) -> float:
        """Return events per second up to `now_s`; 0.0 before the second event."""
        self._trim(now_s)
        if len(self._times) < 2:
            return 0.0
        return (len(self._times) - 1) / max(now_s - self._times[0], 1e-9)

    def _trim(self, now_s: float) -> None:
        while self._times and self._times[0] < now_s - self._window_s:
            self._times.pop(0)
