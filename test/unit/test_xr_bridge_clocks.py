"""ROS time of a moment that is known by the monotonic clock."""

import time

import pytest

from xr_bridge.clocks import ros_from_monotonic


def test_a_moment_is_as_long_ago_by_either_clock() -> None:
    for away_ns in (0, -20_000_000, 3_000_000_000):
        moment = time.monotonic_ns() + away_ns
        found = ros_from_monotonic(moment)
        assert found - time.time_ns() == pytest.approx(moment - time.monotonic_ns(), abs=20_000_000)


def test_the_real_clock_may_be_set_at_any_time() -> None:
    real = 5_000_000_000
    assert ros_from_monotonic(1_000, lambda: 400, lambda: real) == real + 600
    real = 99_000_000_000
    assert ros_from_monotonic(1_000, lambda: 400, lambda: real) == real + 600


def test_what_reading_takes_counts_half() -> None:
    clock = iter([100, 300])
    assert ros_from_monotonic(1_000, lambda: next(clock), lambda: 7_000) == 7_800
