"""Run a session on a machine without the ROS launch tools: `run_session name:=value ...`.

Starts the same processes as the launch file. Honcho keeps them: one output with a prefix for each, one end for all.
"""

import multiprocessing
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import honcho.manager
from honcho.manager import Manager
from honcho.printer import Printer

from latentvr_common import session_files
from latentvr_common.errors import EXIT_INPUT_ERROR, InputError
from latentvr_session import shared_memory, summary
from latentvr_session.arguments import defaults, describe, parse
from latentvr_session.description import (
    Process,
    environment,
    executable_path,
    processes,
    refuse_if_unsafe,
    ros_arguments,
    write_parameters,
)
from latentvr_session.domain import hold_domain
from latentvr_session.preparation import Prepared, prepare
from latentvr_session.supervision import Supervision
from latentvr_session.system_packages import installing_missing

_INTERRUPTED = 130
_KILL_AFTER_S = 30
"""Results are written in the end: on a busy machine that takes a while."""


class SessionManager(Manager):  # type: ignore[misc]
    """Honcho's manager, which also starts processes again, and remembers what failed.

    It ends all of them when one has ended that the session needs.
    """

    def __init__(self, parts: Sequence[Process], supervision: Supervision) -> None:
        super().__init__(Printer(sys.stdout))
        self._parts = {part.executable: part for part in parts}
        self._supervision = supervision
        self._due_s: dict[str, float] = {}
        """When to start again those that have ended, monotonic seconds."""
        self._asked_to_end = False
        self.ended: dict[str, int] = {}
        """Exit codes of the processes that ended while the session ran, and were not started again."""
        self.told: list[str] = []
        """What was said of those that ended."""

    def terminate(self) -> None:
        """End all processes; before all of them have started, as soon as they have: Honcho knows no others."""
        self._asked_to_end = True
        if self._all_started():
            super().terminate()

    def _any_stopped(self) -> bool:
        """Tell whether to end all others: asked by Honcho's loop after every event, once all have started."""
        if self._asked_to_end:
            return True
        for name, state in self._processes.items():
            if "returncode" in state and name not in self.ended and name not in self._due_s:
                self._judge(name, state["returncode"])
        self._start_again()
        return any(self._parts[name].required for name in self.ended)

    def _judge(self, name: str, exit_code: int) -> None:
        verdict = self._supervision.judge(self._parts[name], exit_code)
        if verdict.text is not None:
            self.told.append(verdict.text)
            self._system_print(f"error: {verdict.text}\n")
        if verdict.again_s is None:
            self.ended[name] = exit_code
        else:
            self._due_s[name] = time.monotonic() + verdict.again_s

    def _start_again(self) -> None:
        """Start those that are due, as Honcho starts all of them at first."""
        for name in [name for name, due_s in self._due_s.items() if time.monotonic() >= due_s]:
            del self._due_s[name]
            state = self._processes[name]
            del state["returncode"], state["pid"]
            arguments = (self.events, True)
            state["process"] = multiprocessing.Process(name=name, target=state["obj"].run, args=arguments)
            state["process"].start()

    @property
    def faults(self) -> dict[str, str]:
        """What to say of each process that ended although the session went on, and was not started again."""
        told = {name: self._parts[name].fault(code) for name, code in self.ended.items()}
        return {name: text for name, text in told.items() if text is not None}

    def needs(self, name: str) -> bool:
        """Tell whether the session cannot go on without process `name`."""
        return self._parts[name].required

    @property
    def interrupted(self) -> bool:
        """Whether all processes were ended although no required one had."""
        return not any(self._parts[name].required for name in self.ended)


def main(words: Sequence[str] | None = None) -> int:
    """Run a session and return its exit code: 0 finished, 1 a process failed, 2 bad input, 130 interrupted."""
    words = sys.argv[1:] if words is None else words
    if {"-h", "--help", "--show-args"} & set(words):
        print(_help())
        return 0
    try:
        arguments = parse(words)
        refuse_if_unsafe(arguments)
        with hold_domain():
            return _run(
                installing_missing(lambda: prepare(arguments, on_progress=lambda text: print(text, flush=True)))
            )
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_INPUT_ERROR
    except KeyboardInterrupt:
        # Only before the processes start: from then on Honcho handles Ctrl-C.
        print("session interrupted", file=sys.stderr)
        return _INTERRUPTED


def _help() -> str:
    width = max(map(len, defaults()))
    lines = [f"  {name:<{width}}  {describe(name)} Default: {value!r}" for name, value in defaults().items()]
    return "\n".join(["usage: run_session [name:=value ...]", "", *lines])


def _run(prepared: Prepared) -> int:
    for note in prepared.notes:
        print(note)
    print(f"session directory: {prepared.directory}", flush=True)
    shared_memory.give_back_dead()
    parts = processes(prepared)
    manager = SessionManager(parts, Supervision(prepared.arguments.restarts))
    honcho.manager.KILL_WAIT = _KILL_AFTER_S
    for part in parts:
        command = _command(part, prepared.directory)
        manager.add_process(part.executable, command, env=os.environ | environment(os.getpid()) | dict(part.variables))
    manager.loop()
    shared_memory.give_back_dead()
    code = _verdict(manager, prepared)
    sys.stderr.flush()
    print(summary.text(prepared.directory), flush=True)
    return code


def _command(part: Process, directory: Path) -> str:
    parameters = str(write_parameters(part, directory))
    words = [str(executable_path(part.executable)), "--ros-args", *ros_arguments(part), "--params-file", parameters]
    # Honcho starts a shell; exec makes the process the shell's own, so that it gets the signals.
    return "exec " + shlex.join([*(part.prefix or [sys.executable]), *words])


def _verdict(manager: SessionManager, prepared: Prepared) -> int:
    for text in manager.told:
        print(f"error: {text}", file=sys.stderr)
    if manager.told:
        print(f"every acknowledged label is in {prepared.directory / session_files.LABELS}", file=sys.stderr)
    if manager.interrupted:
        print("session interrupted", file=sys.stderr)
        return _INTERRUPTED
    input_error = any(manager.ended[name] == EXIT_INPUT_ERROR and manager.needs(name) for name in manager.faults)
    return EXIT_INPUT_ERROR if input_error else int(bool(manager.faults))
