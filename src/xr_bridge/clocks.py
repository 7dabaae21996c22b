"""From the runtime's clock to ROS time. No OpenXR.

XrTime counts nanoseconds from a beginning that is the runtime's own. XR_KHR_convert_timespec_time turns it into that of
the clock CLOCK_MONOTONIC; ROS time is that of CLOCK_REALTIME, which people and time servers may set at any moment.
"""

import time
from collections.abc import Callable


def ros_from_monotonic(
    monotonic_ns: int,
    monotonic_clock: Callable[[], int] = time.monotonic_ns,
    real_clock: Callable[[], int] = time.time_ns,
) -> int:
    """Return the ROS time in nanoseconds of the moment at which CLOCK_MONOTONIC showed, or will show, `monotonic_ns`.

    The two clocks are read anew each time, real between two looks at the other: what the reader waits counts half.
    """
    before = monotonic_clock()
    real = real_clock()
    after = monotonic_clock()
    return real + monotonic_ns - (before + after) // 2
