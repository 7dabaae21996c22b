"""From times to places on a bar and back, and spans of time in words."""

import numpy as np
import numpy.typing as npt

_NS = 1_000_000_000
_LONGEST_GAP_NS = 10 * _NS
"""A longer time without a frame is a break, as before a session went on; it gets no more room than this."""
_UNUSUAL = 4
"""So many times as long as usual a gap is a break, where frames are far between."""


class Axis:
    """A bar from the first frame, 0, to the newest, 1."""

    def __init__(self, stamps: npt.NDArray[np.int64]) -> None:
        """`stamps` of frames (K,), nanoseconds, rising, K at least 1."""
        self._first_ns = int(stamps[0])
        # As floats, times since 1970 would be rounded.
        self._away = (stamps - stamps[0]).astype(np.float64)
        gaps = np.diff(self._away)
        longest = max(_LONGEST_GAP_NS, _UNUSUAL * float(np.median(gaps))) if len(gaps) else 1.0
        run = np.concatenate([[0.0], np.cumsum(np.minimum(gaps, longest))])
        self._shares = run / max(float(run[-1]), 1.0)

    def share(self, stamp_ns: int) -> float:
        """Return where a time is, 0 to 1; times outside are at the ends."""
        return float(self.shares(np.array([stamp_ns], np.int64))[0])

    def shares(self, stamps: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return where times (n,) are, as `share` does for one."""
        return np.interp((stamps - self._first_ns).astype(np.float64), self._away, self._shares)

    def stamp_ns(self, share: float) -> int:
        """Return which time is there."""
        return self._first_ns + round(float(np.interp(share, self._shares, self._away)))


def span_in_words(span_ns: int) -> str:
    """Return a span of time as "0:07", "12:30", "3:04:00", "2 days"."""
    seconds = max(span_ns, 0) // _NS
    if seconds >= 2 * 86_400:
        return f"{seconds // 86_400} days"
    hours, rest = divmod(seconds, 3600)
    minutes = f"{rest // 60:02d}" if hours else f"{rest // 60}"
    return (f"{hours}:" if hours else "") + f"{minutes}:{rest % 60:02d}"


def about_in_words(span_ns: int) -> str:
    """Return a span of time more roughly, so that it seldom changes: "10 s", "12 min", "3 h", "2 days"."""
    seconds = max(span_ns, 0) // _NS
    for length, unit in ((2 * 86_400, "days"), (2 * 3600, "h"), (120, "min")):
        if seconds >= length:
            return f"{seconds // {'days': 86_400, 'h': 3600, 'min': 60}[unit]} {unit}"
    return f"{seconds // 10 * 10} s"
