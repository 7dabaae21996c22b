"""When a recorded message is due, and messages in the order in which they are."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

_NS = 1_000_000_000
_HORIZON_NS = _NS
"""By so much a recorder may have written a message too late: ours never does, that of rosbag2 by milliseconds."""
_MOST_BYTES = 256 << 20
_MOST_MESSAGES = 100_000


@dataclass(frozen=True)
class Recorded:
    """One message of a bag. `log_ns`: when it was received, nanoseconds since 1970."""

    topic: str
    log_ns: int
    data: bytes


@dataclass(frozen=True)
class Schedule:
    """From recorded time to the time of replay, in seconds of a clock that the caller reads."""

    first_ns: int
    """Recorded time at which the replay begins."""
    began_s: float
    """When it began."""
    rate: float
    """Recorded seconds per second."""

    def due_s(self, log_ns: int) -> float:
        """Return when a message of the recorded time `log_ns` is due."""
        return self.began_s + (log_ns - self.first_ns) / _NS / self.rate

    def recorded_ns(self, now_s: float) -> int:
        """Return the recorded time at the time `now_s`, the other way round than `due_s`."""
        return self.first_ns + round((now_s - self.began_s) * self.rate * _NS)


def in_order(messages: Iterator[Recorded]) -> Iterator[Recorded]:
    """Yield messages in the order of their times, those of equal times as they stand in the file.

    A message that is more than a second too late is yielded where it stands, or one that more than 256 MiB or 100,000
    messages have come before.
    """
    waiting: list[tuple[int, int, Recorded]] = []
    newest_ns = held_bytes = 0
    for number, message in enumerate(messages):
        heapq.heappush(waiting, (message.log_ns, number, message))
        newest_ns = max(newest_ns, message.log_ns)
        held_bytes += len(message.data)
        while waiting and (
            waiting[0][0] < newest_ns - _HORIZON_NS or held_bytes > _MOST_BYTES or len(waiting) > _MOST_MESSAGES
        ):
            _, _, next_one = heapq.heappop(waiting)
            held_bytes -= len(next_one.data)
            yield next_one
    while waiting:
        yield heapq.heappop(waiting)[2]
