"""Small shared things: the newest value, rates, the brush, colours, and where files are."""

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from latentvr_common import brush, session_files
from latentvr_common.colors import CATEGORY_COLORS, UNLABELLED_COLOR, category_color, join_rgb, split_rgb
from latentvr_common.newest import Newest, RateMeter

# The newest value


def test_a_value_is_taken_once_and_only_the_newest() -> None:
    place: Newest[int] = Newest()
    assert place.take() is None
    place.put(1)
    place.put(2)
    assert [place.take(), place.take()] == [2, None]


def test_a_value_that_is_false_is_a_value() -> None:
    place: Newest[int] = Newest()
    place.put(0)
    assert place.take() == 0


def test_readers_of_a_busy_writer_see_rising_values_none_twice_and_always_the_last() -> None:
    place: Newest[int] = Newest()
    last, done = 20_000, threading.Event()
    seen: list[list[int]] = [[], []]

    def write() -> None:
        for value in range(1, last + 1):
            place.put(value)
        done.set()

    def read(mine: list[int]) -> None:
        while True:
            ended = done.is_set()
            value = place.take()
            if value is not None:
                mine.append(value)
            elif ended:
                return

    threads = [threading.Thread(target=write), *(threading.Thread(target=read, args=(mine,)) for mine in seen)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    together = seen[0] + seen[1]
    assert all(mine == sorted(mine) for mine in seen)
    assert len(set(together)) == len(together)
    assert max(together) == last


# Rates


@pytest.mark.parametrize("hz", [0.5, 3.0, 90.0])
def test_a_steady_rate_is_measured_as_it_is(hz: float) -> None:
    meter = RateMeter(window_s=10.0)
    for i in range(int(30 * hz)):
        meter.tick(1000.0 + i / hz)
    assert meter.rate(1000.0 + (int(30 * hz) - 1) / hz) == pytest.approx(hz)


def test_there_is_no_rate_before_the_second_event() -> None:
    meter = RateMeter()
    assert meter.rate(5.0) == 0.0
    meter.tick(5.0)
    assert meter.rate(6.0) == 0.0


def test_the_rate_falls_in_silence_and_ends_at_0() -> None:
    meter = RateMeter(window_s=3.0)
    for i in range(30):
        meter.tick(i / 10)
    rates = [meter.rate(2.9 + pause) for pause in (0.0, 0.5, 1.0, 2.0, 2.9, 3.5)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(10.0)
    assert rates[-1] == 0.0


@given(st.lists(st.floats(0.0, 2.0), min_size=1, max_size=40), st.floats(0.0, 4.0))
def test_the_rate_is_that_of_its_definition(pauses: list[float], silence: float) -> None:
    times = np.cumsum(pauses).tolist()
    meter = RateMeter(window_s=3.0)
    for time in times:
        meter.tick(time)
    now = times[-1] + silence
    recent = [time for time in times if time >= now - 3.0]
    expected = (len(recent) - 1) / max(now - recent[0], 1e-9) if len(recent) > 1 else 0.0
    assert meter.rate(now) == pytest.approx(expected)


# The brush


@given(st.floats(brush.SMALLEST_M * brush.STEP, brush.LARGEST_M / brush.STEP))
def test_larger_and_smaller_undo_each_other(radius: float) -> None:
    assert brush.resized(brush.resized(radius, larger=True), larger=False) == pytest.approx(radius)
    assert brush.resized(radius, larger=False) < radius < brush.resized(radius, larger=True)


@pytest.mark.parametrize(("larger", "limit"), [(True, brush.LARGEST_M), (False, brush.SMALLEST_M)])
def test_the_brush_stops_at_its_limits(larger: bool, limit: float) -> None:
    radius = brush.RADIUS_M
    for _ in range(20):
        radius = brush.resized(radius, larger)
    assert radius == limit


# Colours


@given(arrays.arrays(np.uint32, st.integers(0, 20), elements=st.integers(0, 0xFFFFFF)))
def test_a_colour_is_the_same_after_splitting_and_joining(colors: np.ndarray) -> None:
    np.testing.assert_array_equal(join_rgb(split_rgb(colors)), colors)


def test_red_green_and_blue_are_where_they_belong() -> None:
    assert split_rgb(0x123456).tolist() == [0x12, 0x34, 0x56]
    assert int(join_rgb(np.array([0x12, 0x34, 0x56], np.uint8))) == 0x123456


def test_the_first_twelve_categories_differ_and_then_colours_repeat() -> None:
    colors = [category_color(i) for i in range(24)]
    assert len(set(colors[:12])) == 12 == len(CATEGORY_COLORS)
    assert colors[:12] == colors[12:]
    assert UNLABELLED_COLOR not in colors


def test_colours_of_categories_are_far_apart_and_clear_of_a_dark_ground() -> None:
    rgb = split_rgb([*CATEGORY_COLORS, UNLABELLED_COLOR, 0x000000]).astype(float)
    apart = np.linalg.norm(rgb[:, None] - rgb[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 40


# Files


def test_every_file_of_a_session_has_a_name_of_its_own_inside_of_its_directory() -> None:
    names = [value for name, value in vars(session_files).items() if name.isupper()]
    assert len(set(names)) == len(names) >= 8
    for name in names:
        assert session_files.in_directory("/sessions/one", name).parent == Path("/sessions/one")
