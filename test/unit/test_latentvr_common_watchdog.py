"""A process that hangs ends itself with the stacks of its threads."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from latentvr_common import watchdog
from latentvr_common.errors import InputError
from latentvr_common.watchdog import Watchdog, limit_s

SOURCE = Path(watchdog.__file__).parents[1]


class Alarm:
    """The time, and what is done with the alarm."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.due_s: float | None = None

    def set(self, seconds: float) -> None:
        self.due_s = self.now_s + seconds

    def cancel(self) -> None:
        self.due_s = None

    def clock(self) -> float:
        return self.now_s


def test_the_alarm_is_put_off_while_all_loops_turn_and_goes_off_when_one_does_not() -> None:
    alarm = Alarm()
    dog = Watchdog(10.0, alarm.set, alarm.cancel, alarm.clock)
    for _ in range(50):
        alarm.now_s += 1.0
        dog.beat("one")
        dog.put_off()
        assert alarm.due_s == alarm.now_s + 10.0
    stopped_s = alarm.now_s
    for _ in range(30):
        alarm.now_s += 1.0
        dog.put_off()
    assert alarm.due_s is not None
    assert stopped_s + 10.0 <= alarm.due_s < stopped_s + 20.0


def test_a_loop_that_rests_may_take_any_time() -> None:
    alarm = Alarm()
    dog = Watchdog(10.0, alarm.set, alarm.cancel, alarm.clock)
    dog.beat("one")
    dog.rest("one")
    alarm.now_s += 100.0
    dog.put_off()
    assert alarm.due_s == alarm.now_s + 10.0


def test_the_alarm_is_not_set_anew_with_every_turn_and_gone_in_the_end() -> None:
    alarm = Alarm()
    dog = Watchdog(10.0, alarm.set, alarm.cancel, alarm.clock)
    dog.put_off()
    alarm.now_s += 0.25
    dog.put_off()
    assert alarm.due_s == 110.0
    dog.end()
    assert alarm.due_s is None


def test_a_short_limit_is_put_off_in_time() -> None:
    alarm = Alarm()
    dog = Watchdog(0.5, alarm.set, alarm.cancel, alarm.clock)
    for _ in range(20):
        dog.put_off()
        assert alarm.due_s is not None
        alarm.now_s += 0.2
        assert alarm.now_s < alarm.due_s


def test_a_start_may_take_twice_as_long_as_a_turn() -> None:
    alarm = Alarm()
    dog = Watchdog(10.0, alarm.set, alarm.cancel, alarm.clock)
    dog.watch_start()
    assert alarm.due_s == alarm.now_s + 20.0
    alarm.now_s += 15.0
    dog.put_off()
    assert alarm.due_s == alarm.now_s + 10.0
    dog.watch_start()
    dog.end()
    assert alarm.due_s is None


def test_without_a_limit_nothing_is_watched() -> None:
    alarm = Alarm()
    dog = Watchdog(limit_s({watchdog.VARIABLE: "0"}), alarm.set, alarm.cancel, alarm.clock)
    dog.put_off()
    dog.watch_start()
    assert alarm.due_s is None


def test_the_limit_is_two_minutes_or_what_the_environment_says() -> None:
    assert limit_s({}) == 120.0
    assert limit_s({watchdog.VARIABLE: "2.5"}) == 2.5
    for text in ("soon", "-1", "nan", "inf"):
        with pytest.raises(InputError, match=f"LATENTVR_HANG_S is '{text}', expected seconds"):
            limit_s({watchdog.VARIABLE: text})


PROGRAM = """
import os, threading, time
from latentvr_common import watchdog
dog = watchdog.start()
hanging = threading.Thread(target=lambda: (watchdog.beat("work"), time.sleep(60)), name="hanging", daemon=True)
hanging.start()
for _ in range(200):
    dog.put_off()
    time.sleep(0.1)
"""


def test_a_process_with_a_loop_that_hangs_ends_with_what_its_threads_were_doing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)],
        env={"PYTHONPATH": str(SOURCE), watchdog.VARIABLE: "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "in <lambda>" in done.stderr
