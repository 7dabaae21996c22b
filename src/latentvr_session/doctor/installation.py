"""Python, the packages, and the build."""

import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from latentvr_session.doctor.finding import Finding, error, ok, warning

SUPPORTED = ((3, 11), (3, 12))
_TODO = "run make setup"
_STATES = """
set -e
source tools/setup.sh
choose_python
state() { if [ ! -e "$1" ]; then echo missing; elif [ "$(cat "$1")" = "$2" ]; then echo ready; else echo old; fi; }
state .venv/.ready "$(description_of_environment)"
state install/.ready "$(description_of_build)"
"""


def python(version: tuple[int, int]) -> Finding:
    """Look at the version of Python."""
    text = f"{version[0]}.{version[1]}"
    if version not in SUPPORTED:
        return error("Python", text, "expected 3.11 or 3.12: name one with PYTHON=python3.12 make setup")
    return ok("Python", text)


def set_up(what: str, state: str) -> Finding:
    """Look at the environment or the build: `missing`, `old`, `ready`, or nothing that is known."""
    if state == "ready":
        return ok(what, "up to date")
    if state == "old":
        return warning(what, "made for another state of this tree", _TODO)
    return error(what, "there is none" if state == "missing" else f"not known ({state})", _TODO)


def packages(found: Mapping[str, str | None], wanted: Mapping[str, str]) -> Finding:
    """Compare versions by the names of packages. found: None where there is none; wanted: tested ones."""
    missing = sorted(name for name, version in found.items() if version is None)
    if missing:
        return error("packages", f"missing: {_listed(missing)}", _TODO)
    # What follows a plus says how it was built, such as torch 2.13.0+cpu.
    known = {name: (version or "").partition("+")[0] for name, version in found.items() if name in wanted}
    others = sorted(f"{name} {found[name]}" for name, version in known.items() if version != wanted[name])
    if others:
        text = f"other versions than those that are tested: {_listed(others)}"
        return warning("packages", text, "run make setup if something does not work")
    return ok("packages", f"{len(found)}, in the versions that are tested")


def _listed(names: list[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def messages(trouble: str) -> Finding:
    """Look at the project's own messages, which are built here; `trouble`: why they cannot be imported, or empty."""
    if trouble:
        return error("messages", f"cannot be imported ({trouble})", _TODO)
    return ok("messages", "can be imported")


def _one_line(trouble: Exception) -> str:
    return " ".join(str(trouble).split())[:150] or type(trouble).__name__


# How it is found


def names_in(requirements: str) -> list[str]:
    """Return the names of packages in a file of requirements."""
    lines = (line.split("#")[0].strip() for line in requirements.splitlines())
    return [re.split(r"[\[=<>;\s]", line)[0] for line in lines if line]


def versions_in(constraints: str) -> dict[str, str]:
    """Return the versions by name of a file of constraints."""
    pairs = (line.split("#")[0].strip().partition("==") for line in constraints.splitlines())
    return {name: version for name, _, version in pairs if version}


def installed(names: Iterable[str]) -> dict[str, str | None]:
    """Return the versions that are installed."""
    return {name: _version_of(name) for name in names}


def _version_of(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def states(top: Path) -> tuple[str, str]:
    """Return the states of environment and build of the tree `top`, by the script that makes them."""
    try:
        done = subprocess.run(["bash", "-c", _STATES], cwd=top, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as trouble:
        return (_one_line(trouble),) * 2
    environment, _, build = done.stdout.strip().partition("\n")
    reason = (done.stderr.strip().splitlines() or ["no answer"])[-1]
    return environment or reason, build or reason


def why_no_messages() -> str:
    """Return why ROS and its messages cannot be imported, asked for in a process of its own; empty: they can."""
    program = [sys.executable, "-c", "import rclpy.node, latentvr.msg, latentvr.srv"]
    try:
        done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as trouble:
        return _one_line(trouble)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


def look(top: Path) -> list[Finding]:
    """Look at all of it."""
    environment, build = states(top)
    requirements = names_in((top / "requirements" / "run.txt").read_text())
    wanted = versions_in((top / "requirements" / "constraints.txt").read_text())
    return [
        python(sys.version_info[:2]),
        set_up("environment", environment),
        set_up("build", build),
        packages(installed(requirements), wanted),
        messages(why_no_messages()),
    ]
