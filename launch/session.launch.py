"""Run a session: `ros2 launch latentvr session.launch.py dataset:=/data/birds hands:=scripted`.

Everything a session is made of is in `latentvr_session.description`; here it becomes launch actions.
"""

import atexit
import os
import shlex
import sys
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
    TimerAction,
)
from launch.event import Event
from launch.events import Shutdown
from launch.events.process import ProcessExited
from launch_ros.actions import Node

from latentvr_common.errors import EXIT_INPUT_ERROR, InputError
from latentvr_session import shared_memory, summary
from latentvr_session.arguments import defaults, describe, from_texts
from latentvr_session.description import (
    NAMESPACE,
    PACKAGE,
    Process,
    environment,
    processes,
    refuse_if_unsafe,
    ros_arguments,
    write_parameters,
)
from latentvr_session.domain import hold_domain
from latentvr_session.preparation import Prepared, prepare
from latentvr_session.supervision import Supervision
from latentvr_session.system_packages import installing_missing


def generate_launch_description() -> LaunchDescription:
    """Declare the session's arguments and start its processes."""
    arguments = [
        DeclareLaunchArgument(name, default_value=value, description=describe(name))
        for name, value in defaults().items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=_start)])


def _tell(text: str) -> None:
    """Say how far reading the dataset has come: launch logs only what happens after it."""
    os.write(sys.stderr.fileno(), f"{text}\n".encode())


def _start(context: LaunchContext) -> list[object]:
    try:
        _refuse_unknown(sys.argv)
        configured = context.launch_configurations
        arguments = from_texts({name: configured[name] for name in defaults() if name in configured})
        refuse_if_unsafe(arguments)
        # Kept for as long as the launch lives.
        context.extend_globals({"domain_lock": hold_domain()})
        return _actions(installing_missing(lambda: prepare(arguments, on_progress=_tell)))
    except InputError as error:
        # Nothing runs yet: one clear line and the exit code are all that a person needs.
        sys.stdout.flush()
        os.write(sys.stderr.fileno(), f"error: {error}\n".encode())
        os._exit(EXIT_INPUT_ERROR)


def _refuse_unknown(words: list[str]) -> None:
    """Raise InputError for a name on the command line that is no argument; another launch file may have its own."""
    if any(word.endswith(Path(__file__).name) for word in words):
        from_texts({name: defaults().get(name, "") for name, given, _ in (w.partition(":=") for w in words) if given})


def _actions(prepared: Prepared) -> list[object]:
    # What processes leave that are killed: by somebody, or by the launch when they do not end.
    shared_memory.give_back_dead()
    atexit.register(shared_memory.give_back_dead)
    faults: list[str] = []
    supervision = Supervision(prepared.arguments.restarts)
    return [
        *(LogInfo(msg=note) for note in prepared.notes),
        LogInfo(msg=f"session directory: {prepared.directory}"),
        *(SetEnvironmentVariable(name, value) for name, value in environment(os.getpid()).items()),
        *(_node(process, prepared, supervision, faults) for process in processes(prepared)),
    ]


def _node(process: Process, prepared: Prepared, supervision: Supervision, faults: list[str]) -> Node:
    """Return the action that starts `process`; what goes wrong with it is added to `faults`, shared by all."""

    def ended(event: Event, context: LaunchContext) -> list[object]:
        assert isinstance(event, ProcessExited)
        if context.is_shutdown:
            return []
        verdict = supervision.judge(process, event.returncode)
        said = [LogInfo(msg=f"error: {verdict.text}")] if verdict.text is not None else []
        if verdict.again_s is not None:
            again = _node(process, prepared, supervision, faults)
            return [*said, TimerAction(period=verdict.again_s, actions=[again])]
        if verdict.text is not None:
            faults.append(verdict.text)
            if not verdict.ends_session:
                return said
        end = OpaqueFunction(function=_fail, args=[faults]) if faults else EmitEvent(event=Shutdown(reason="finished"))
        return [LogInfo(msg=summary.text(prepared.directory)), end]

    return Node(
        package=PACKAGE,
        executable=process.executable,
        name=process.executable,
        namespace=NAMESPACE,
        parameters=[str(write_parameters(process, prepared.directory))],
        ros_arguments=ros_arguments(process),
        prefix=shlex.join(process.prefix) or None,
        additional_env=dict(process.variables),
        output="screen",
        on_exit=ended,
    )


def _fail(_context: LaunchContext, faults: list[str]) -> None:
    """End the launch with an exit code other than 0, which a Shutdown event would not."""
    raise RuntimeError("; ".join(faults))
