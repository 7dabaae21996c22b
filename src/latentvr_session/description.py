"""What a session is made of: which processes, with which parameters, under which condition. As data, written once.

The launch file and the bare-machine runner both start what `processes` returns.
"""

import json
import os
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ament_index_python.packages import get_package_prefix, get_package_share_directory

from latentvr_common import run, session_files
from latentvr_common.datasets import NAMED
from latentvr_common.voices import NEWEST
from latentvr_session import security
from latentvr_session.arguments import Arguments, has_desktop, has_simulated_person, whose_hands
from latentvr_session.monado import Monado
from latentvr_session.preparation import Prepared, write_text
from latentvr_session.security import enclave_of
from latentvr_session.shared_memory import SHARED_MEMORY, profile_fits

PACKAGE = "latentvr"
NAMESPACE = "/latentvr"
Value = str | int | float | bool | list[str]
Parameters = Mapping[str, Value]

_PERSON = "scripted_hands"
_DESKTOP = "desktop"


@dataclass(frozen=True)
class Part:
    """One process of a session. `executable` is also the name of its node, where it is one."""

    executable: str
    parameters: Callable[[Prepared], Parameters]
    when: Callable[[Prepared], bool] = lambda _: True
    ends_session: bool = False
    """Its clean exit is the session's end; that of any other part, or any failure, is a fault."""
    required: bool = True
    """Without it the session cannot go on."""
    restarts: bool = True
    """When it fails it is started again: it finds in the session's directory, or hears, all that it needs."""
    is_node: bool = True
    """Of ROS."""
    prefix: Callable[[Prepared], Sequence[str]] = lambda _: ()
    """Words before those that start it, such as another dynamic loader and Python itself."""
    variables: Callable[[Prepared], Mapping[str, str]] = lambda _: {}
    """Environment variables of it alone."""


def _runtime(prepared: Prepared) -> Monado:
    assert prepared.runtime is not None
    return prepared.runtime


def _of_dataset(prepared: Prepared) -> dict[str, Value]:
    arguments = prepared.arguments
    return {"dataset": _absolute(arguments.dataset), "max_items": arguments.max_items, "seed": arguments.seed}


def _absolute(dataset: str) -> str:
    if dataset in NAMED:
        return dataset
    path = Path(dataset).expanduser()
    return str(path.absolute()) if path.exists() else dataset


def _whose_end(arguments: Arguments) -> str:
    """Return the node whose leaving ends the session; empty: that of whoever publishes hands."""
    if has_desktop(arguments):
        return _DESKTOP
    return _PERSON if has_simulated_person(arguments) else ""


PARTS: tuple[Part, ...] = (
    Part(
        "session_recorder",
        lambda p: {"bag": str(p.directory / session_files.BAG), "go_on": bool(p.arguments.resume)},
        when=lambda p: p.arguments.record,
        required=False,
    ),
    Part(
        "label_journal",
        lambda p: {
            "path": str(p.directory / session_files.LABELS),
            "categories": list(p.categories),
            "wins": p.arguments.wins or NEWEST,
            "copy": str(Path(p.arguments.labels_copy).expanduser().absolute()) if p.arguments.labels_copy else "",
            "item_count": p.item_count,
        },
    ),
    Part(
        "session_host",
        lambda p: {
            **_of_dataset(p),
            "directory": str(p.directory),
            "settle_s": p.arguments.settle_s,
            "duration_s": p.arguments.duration_s,
            "planned_gestures": p.arguments.gestures if has_simulated_person(p.arguments) else 0,
            "person": _whose_end(p.arguments),
        },
        ends_session=True,
        # It would not know whether a person was there before.
        restarts=False,
    ),
    Part(
        "latent_trainer",
        lambda p: {
            **_of_dataset(p),
            "directory": str(p.directory),
            "threads": p.arguments.threads,
            "device": p.arguments.device,
            "paused": p.arguments.paused,
        },
    ),
    Part("gesture_labeler", lambda _: {}),
    Part(
        "cloud_view",
        lambda p: {
            "directory": str(p.directory),
            "mode": "headless" if has_desktop(p.arguments) else p.arguments.view,
            "forces": p.arguments.forces,
            "cues": p.arguments.cues,
        },
        when=lambda p: p.arguments.view != "off",
        required=False,
    ),
    # A process of its own: pictures of the session are made beside it, and nobody waits for them.
    Part(
        _DESKTOP,
        lambda p: {"directory": str(p.directory), "forces": p.arguments.forces, "cues": p.arguments.cues},
        when=lambda p: has_desktop(p.arguments),
        required=False,
    ),
    Part(
        "room_markers",
        lambda p: {"cues": p.arguments.cues},
        when=lambda p: p.arguments.markers,
        required=False,
    ),
    Part(
        "monado_service",
        lambda p: {"command": _runtime(p).service_command()},
        when=lambda p: p.runtime is not None,
        required=False,
        restarts=False,
        is_node=False,
        variables=lambda p: _runtime(p).environment(),
    ),
    Part(
        "xr_bridge",
        lambda p: {
            "graphics": p.arguments.graphics,
            "resolution": p.arguments.resolution,
            "forces": p.arguments.forces,
            "cues": p.arguments.cues,
        },
        when=lambda p: whose_hands(p.arguments) == "openxr",
        prefix=lambda p: p.runtime.client_command() if p.runtime else (),
        variables=lambda p: p.runtime.client_environment() if p.runtime else {},
    ),
    Part(
        _PERSON,
        lambda p: {
            **_of_dataset(p),
            "gestures": p.arguments.gestures,
            "purity": p.arguments.purity,
            "policy": p.arguments.policy,
            "pace": p.arguments.pace,
            **({"hands_by": "monado", "port": p.runtime.port} if p.runtime else {}),
        },
        when=lambda p: has_simulated_person(p.arguments),
        # It would make all its gestures once more.
        restarts=False,
    ),
)


@dataclass(frozen=True)
class Process:
    """A process to start."""

    executable: str
    parameters: Parameters
    ends_session: bool
    required: bool
    restarts: bool = False
    """When it fails it is started again, see supervision.py."""
    prefix: Sequence[str] = ()
    """Words before those that start it; the last one is a Python. Empty: it starts as it is."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of it alone."""

    def fault(self, exit_code: int) -> str | None:
        """Return what to say when it ends with `exit_code` while the session runs; None: that is the session's end."""
        if self.ends_session and exit_code == 0:
            return None
        consequence = "the session is over" if self.required else "the session goes on without it"
        return f"{self.executable} {how_it_ended(exit_code)}; {consequence}"


def how_it_ended(exit_code: int) -> str:
    """Return it in words, as in "was ended by SIGKILL"."""
    if exit_code < 0:
        return f"was ended by {signal.Signals(-exit_code).name}"
    return "ended before the session did" if exit_code == 0 else f"failed with exit code {exit_code}"


def refuse_if_unsafe(arguments: Arguments) -> None:
    """Raise InputError if a session could not be kept as safe as is asked for; to be called before anything is made."""
    _refuse_if_unsafe(Prepared(arguments, Path(), (), 0, ()))


def _refuse_if_unsafe(prepared: Prepared) -> None:
    security.refuse_if_unsafe(enclave_of(part.executable) for part in PARTS if part.is_node and part.when(prepared))


def processes(prepared: Prepared) -> list[Process]:
    """Return the processes of this session, in the order in which to start them.

    Raises InputError if they could not be kept as safe as is asked for.
    """
    # Once more: of a session that is resumed only now all arguments are known.
    _refuse_if_unsafe(prepared)
    return [
        Process(
            part.executable,
            part.parameters(prepared),
            part.ends_session,
            part.required,
            part.restarts,
            tuple(part.prefix(prepared)),
            part.variables(prepared),
        )
        for part in PARTS
        if part.when(prepared)
    ]


def ros_arguments(process: Process) -> list[str]:
    """Return what to tell ROS of `process` on its command line: whose key it has, where SROS 2 is on."""
    return ["--enclave", enclave_of(process.executable)]


def write_parameters(process: Process, directory: Path) -> Path:
    """Write the parameters of `process` below the session's `directory`; return the file, to be given to the process.

    As JSON, which is YAML too, with every text in quotes: ROS would take a category named "y" for true.
    Raises InputError, as on a full disk.
    """
    file = directory / session_files.PARAMETERS / f"{process.executable}.yaml"
    content = {f"{NAMESPACE}/{process.executable}": {"ros__parameters": dict(process.parameters)}}
    write_text(file, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return file


def executable_path(name: str) -> Path:
    """Return where the installed executable `name` is."""
    return Path(get_package_prefix(PACKAGE)) / "lib" / PACKAGE / name


def _profiles() -> dict[str, str]:
    """Return the variable that names config/fastdds.xml; nothing where Fast DDS does better with its own defaults."""
    try:
        free_bytes = shutil.disk_usage(SHARED_MEMORY).free
    except OSError:
        free_bytes = 0
    if not profile_fits(free_bytes):
        return {}
    profile = Path(get_package_share_directory(PACKAGE)) / "config" / "fastdds.xml"
    return {"FASTRTPS_DEFAULT_PROFILES_FILE": str(profile)}


def environment(starter_pid: int) -> dict[str, str]:
    """Return the variables that the processes need beyond what is set: what the person has set wins.

    `starter_pid`: the process with which they end.
    """
    wanted = {
        # Not an access boundary, but a session is not to be heard all over the network by accident.
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        **_profiles(),
        "PYTHONUNBUFFERED": "1",
        # Only training computes in parallel, with threads that it sets itself.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    missing = {name: value for name, value in wanted.items() if name not in os.environ}
    return missing | {run.FOLLOW_PARENT: str(starter_pid)}
