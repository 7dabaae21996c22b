"""How a node runs and stops, shown on real processes."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from latentvr_common import watchdog
from latentvr_common.run import FOLLOW_PARENT

SOURCE = Path(__file__).parents[2] / "src"
TIMEOUT_S = 30.0

PROGRAM = """
import os, signal, sys, time
from rclpy.node import Node
from latentvr_common.errors import InputError
from latentvr_common.run import run_node

def say(text):
    print(text, flush=True)

class Test(Node):
    def __init__(self):
        super().__init__("test")
        self.ticks = 0
        self.create_timer(0.01, self._tick)
        {made}

    def _tick(self):
        self.ticks += 1
        {ticked}

    def close(self):
        say("closing")
        {closed}
        say("closed")

sys.exit(run_node(Test{said}))
"""
RUNS = "if self.ticks == 1: say('running')"


class Process:
    """A node in a process of its own."""

    def __init__(
        self,
        *,
        made: str = "",
        ticked: str = RUNS,
        closed: str = "",
        said: str = "",
        follow: str | None = None,
        hang_s: str = "",
        arguments: tuple[str, ...] = (),
    ) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])}
        environment.pop(FOLLOW_PARENT, None)
        environment[watchdog.VARIABLE] = hang_s
        if follow is not None:
            environment[FOLLOW_PARENT] = follow
        parts = {"made": made or "pass", "ticked": ticked or "pass", "closed": closed or "pass"}
        indented = {name: textwrap.indent(textwrap.dedent(text), " " * 8).lstrip() for name, text in parts.items()}
        self.popen = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(**indented, said=said), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._heard: list[str] = []

    def wait_for(self, line: str) -> None:
        assert self.popen.stdout is not None
        for heard in self.popen.stdout:
            self._heard.append(heard.rstrip("\n"))
            if self._heard[-1] == line:
                return
        raise AssertionError(f"ended before it said {line!r}: {self._heard}, {self.popen.communicate()[1]}")

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def end(self) -> tuple[int, list[str], str]:
        """Wait for the end; return exit code, lines of stdout and stderr."""
        out, err = self.popen.communicate(timeout=TIMEOUT_S)
        return self.popen.returncode, self._heard + out.splitlines(), err

    def kill(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.communicate()


MakeProcess = Callable[..., Process]


@pytest.fixture
def start() -> Iterator[MakeProcess]:
    started: list[Process] = []

    def make(**parts: Any) -> Process:
        started.append(Process(**parts))
        return started[-1]

    try:
        yield make
    finally:
        for process in started:
            process.kill()


@pytest.fixture
def starter() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that may be killed: it waits for ever."""
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


# Asked to stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_node_that_is_asked_to_stop_closes_and_ends_with_0(start: MakeProcess, number: signal.Signals) -> None:
    process = start()
    process.wait_for("running")
    process.send(number)
    assert process.end() == (0, ["running", "closing", "closed"], "")


def test_further_signals_do_not_cut_a_slow_close_short(start: MakeProcess, tmp_path: Path) -> None:
    written = tmp_path / "written"
    process = start(closed=f"time.sleep(0.8)\nopen({str(written)!r}, 'w').write('all of it')")
    process.wait_for("running")
    process.send(signal.SIGINT)
    process.wait_for("closing")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        process.send(number)
        time.sleep(0.1)  # One after the other: signals of one kind that wait are one signal.
    assert process.end() == (0, ["running", "closing", "closed"], "")
    assert written.read_text() == "all of it"


def test_a_signal_while_the_node_is_made_is_not_lost(start: MakeProcess) -> None:
    process = start(made="signal.raise_signal(signal.SIGTERM)", ticked="say('running')")
    assert process.end() == (0, ["closing", "closed"], "")


def test_a_node_that_has_to_start_soon_and_hangs_while_it_is_made_ends_with_its_trace(start: MakeProcess) -> None:
    process = start(made="time.sleep(60)", said=", starts_soon=True", hang_s="1")
    code, out, err = process.end()
    assert (code, out) == (1, [])
    assert err.startswith("Timeout")
    assert "in __init__" in err


def test_a_node_with_data_to_read_may_take_longer_to_be_made(start: MakeProcess) -> None:
    process = start(made="time.sleep(7)", ticked="self.exit_code = 0", hang_s="3")
    assert process.end() == (0, ["closing", "closed"], "")


# Done or failed


@pytest.mark.parametrize("code", [0, 7])
def test_a_node_whose_work_is_done_ends_with_its_exit_code(start: MakeProcess, code: int) -> None:
    process = start(made="self.exit_code = None", ticked=f"if self.ticks == 3: self.exit_code = {code}")
    assert process.end() == (code, ["closing", "closed"], "")


def test_a_bad_input_is_said_in_one_line_and_ends_with_2(start: MakeProcess) -> None:
    process = start(made="raise InputError('parameter x is 3, expected 4')")
    assert process.end() == (2, [], "error: parameter x is 3, expected 4\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("-p", "rate"), "'-p rate'"),
        (("-p", "rate:=["), "'-p rate:=['"),
        (("--params-file", "/no/such/file.yaml"), "/no/such/file.yaml"),
        (("--frobnicate",), "--frobnicate"),
    ],
)
def test_arguments_that_ros_cannot_read_are_said_in_one_line_and_end_with_2(
    start: MakeProcess, arguments: tuple[str, ...], named: str
) -> None:
    code, out, err = start(arguments=("--ros-args", *arguments)).end()
    assert (code, out) == (2, []), err
    (line,) = err.splitlines()
    assert line.startswith("error: ROS does not start: ")
    assert named in line
    assert line.endswith("expected as in --ros-args -p name:=value")


def test_a_node_that_finds_while_it_closes_that_it_failed_says_so_by_its_exit_code(start: MakeProcess) -> None:
    process = start(closed="self.exit_code = 3")
    process.wait_for("running")
    process.send(signal.SIGINT)
    assert process.end() == (3, ["running", "closing", "closed"], "")


def test_a_bad_input_found_while_running_closes_the_node_too(start: MakeProcess) -> None:
    code, out, err = start(ticked="raise InputError('file y is empty')").end()
    assert (code, out) == (2, ["closing", "closed"])
    # The executor of ROS says where a callback failed before it hands the exception on.
    assert err.splitlines()[-1] == "error: file y is empty"
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("where", "lines"),
    [("made", []), ("ticked", ["closing", "closed"]), ("closed", ["closing"])],
)
def test_any_other_exception_is_shown_with_its_trace_and_ends_with_1(
    start: MakeProcess, where: str, lines: list[str]
) -> None:
    parts = {"ticked": "self.exit_code = 0"} | {where: "raise RuntimeError('a broken invariant')"}
    code, out, err = start(**parts).end()
    assert (code, out) == (1, lines)
    assert "Traceback (most recent call last):\n" in err
    assert err.endswith("RuntimeError: a broken invariant\n")


def test_a_failing_close_does_not_hide_behind_a_clean_exit_code(start: MakeProcess) -> None:
    code, _, err = start(ticked="self.exit_code = 5", closed="raise RuntimeError('not written')").end()
    assert code == 1
    assert "RuntimeError: not written" in err


# With the process that started it


def test_a_node_ends_when_its_starter_is_killed(start: MakeProcess, starter: "subprocess.Popen[bytes]") -> None:
    process = start(follow=str(starter.pid))
    process.wait_for("running")
    assert process.popen.poll() is None
    # Nobody has waited for the dead process yet, as after the kill of a whole session's starter.
    starter.send_signal(signal.SIGKILL)
    assert process.end() == (0, ["running", "closing", "closed"], "")


def test_a_node_ends_at_once_when_its_starter_is_gone_already(
    start: MakeProcess, starter: "subprocess.Popen[bytes]"
) -> None:
    starter.kill()
    starter.wait()
    process = start(follow=str(starter.pid), ticked="if self.ticks == 200: say('still here')")
    assert process.end() == (0, ["closing", "closed"], "")


@pytest.mark.parametrize("follow", ["", "nobody", "-1", "99999999999999999999999"])
def test_what_names_no_process_is_not_followed(start: MakeProcess, follow: str) -> None:
    process = start(follow=follow, ticked="if self.ticks == 5: self.exit_code = 3")
    assert process.end() == (3, ["closing", "closed"], "")
