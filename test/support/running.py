"""A session under test: the installed runner as a process of its own, and what is heard of it."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from ament_index_python.packages import PackageNotFoundError, get_package_prefix

ROOT = Path(__file__).parents[2]


def installed_runner() -> Path:
    """Where a workspace has it; without one that is sourced, where `make setup` has put it."""
    try:
        prefix = Path(get_package_prefix("latentvr"))
    except PackageNotFoundError:
        prefix = ROOT / "install" / "latentvr"
    return prefix / "lib" / "latentvr" / "run_session"


RUNNER = installed_runner()
_STARTED = re.compile(r"system\s+\| (\w+) started \(pid=(\d+)\)")


class RunningSession:
    """Starts `run_session` with arguments; use as a context manager, which leaves nothing running."""

    def __init__(self, *arguments: str) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, str(RUNNER), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "RunningSession":
        return self

    def __exit__(self, *_: object) -> None:
        family = self.family()
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._reader.join(5)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.lines.append(line.rstrip("\n"))

    @property
    def output(self) -> str:
        """Everything printed so far."""
        return "\n".join(self.lines)

    def family(self) -> list[psutil.Process]:
        """The runner and all processes below it."""
        with suppress(psutil.NoSuchProcess):
            runner = psutil.Process(self._process.pid)
            return [runner, *runner.children(recursive=True)]
        return []

    def pid_of(self, name: str, at_most_s: float = 60.0) -> int:
        """Return the process id of part `name`, once it has started."""
        found: dict[str, int] = {}

        def has_started() -> bool:
            found.update({n: int(pid) for n, pid in _STARTED.findall(self.output)})
            return name in found

        self.wait_until(has_started, at_most_s)
        return found[name]

    def wait_until(self, condition: Callable[[], bool], at_most_s: float) -> None:
        """Return when `condition` holds; fail with the output when it does not within `at_most_s`."""
        end = time.monotonic() + at_most_s
        while not condition():
            assert self._process.poll() is None, f"the session ended early:\n{self.output}"
            assert time.monotonic() < end, f"waited {at_most_s} s in vain:\n{self.output}"
            time.sleep(0.05)

    def wait_for_line(self, text: str, at_most_s: float) -> None:
        """Return when a line holds `text`."""
        self.wait_until(lambda: any(text in line for line in self.lines), at_most_s)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def end(self, at_most_s: float) -> int:
        """Return the exit code when the session has ended."""
        try:
            code = self._process.wait(at_most_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the session did not end within {at_most_s} s:\n{self.output}") from None
        self._reader.join(5)
        return code

    def summary(self) -> dict[str, Any]:
        """The summary in the last line."""
        found = json.loads(self.lines[-1])
        assert isinstance(found, dict)
        return found


def slowness() -> float:
    """Return how much longer than its processor time something takes on this machine now; 1: as long."""
    began_s, before = time.monotonic(), os.times()
    subprocess.run([sys.executable, "-c", "import numpy, rclpy"], check=True)
    after = os.times()
    used_s = after.children_user + after.children_system - before.children_user - before.children_system
    return max(1.0, (time.monotonic() - began_s) / used_s)


def run_to_end(*arguments: str, at_most_s: float) -> tuple[int, str, str]:
    """Run a session that is expected to end by itself; return exit code, standard output and standard error."""
    done = subprocess.run(
        [sys.executable, str(RUNNER), *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=at_most_s,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
