"""The environment of what benchmarks compare with: build/bench-env, made when it is first needed.

It is apart from .venv: what the peers need may be older than what latentvr needs, and only benchmarks need it at all.
Safe to repeat; does nothing when nothing has changed.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
_PLACE = _ROOT / "build" / "bench-env"
_REQUIREMENTS = _ROOT / "requirements" / "bench.txt"
_SCRIPTS = Path(__file__).parent / "peers"
_OF_LATENTVR = ("PYTHONPATH", "LD_LIBRARY_PATH", "AMENT_PREFIX_PATH")


class PeerError(Exception):
    """What is compared with cannot be had or does not run: one line that says why."""


def run_peer(script: str, *arguments: object) -> dict[str, Any]:
    """Run `benchmarks/peers/<script>` in the peers' environment; return the object that is its last line, JSON.

    Raises PeerError where the environment cannot be made or the script fails.
    """
    words = [str(ensure_environment()), str(_SCRIPTS / script), *map(str, arguments)]
    done = subprocess.run(words, env=_plain_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerError(f"{script} ended with {done.returncode}: {_last_line(done.stderr)}")
    found: dict[str, Any] = json.loads(_last_line(done.stdout))
    return found


def ensure_environment() -> Path:
    """Return the peers' Python, after making their environment if there is none that fits. Raises PeerError."""
    python, ready = _PLACE / "bin" / "python", _PLACE / ".ready"
    wanted = f"{sys.version}\n{_PLACE}\n{hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()}\n"
    with _alone():
        if not (ready.exists() and ready.read_text() == wanted):
            print(f"making {_PLACE.relative_to(_ROOT)}: this takes a minute or two", file=sys.stderr, flush=True)
            ready.unlink(missing_ok=True)
            _run(sys.executable, "-m", "venv", "--clear", str(_PLACE))
            _run(str(python), "-m", "pip", "install", "--progress-bar", "off", "-q", "-r", str(_REQUIREMENTS))
            ready.write_text(wanted)
    return python


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time make the environment."""
    _PLACE.parent.mkdir(parents=True, exist_ok=True)
    with _PLACE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*words: str) -> None:
    done = subprocess.run(words, env=_plain_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        raise PeerError(f"{_PLACE.relative_to(_ROOT)} could not be made: {(errors or [_last_line(done.stderr)])[-1]}")


def _plain_environment() -> dict[str, str]:
    """Return the variables without those that tools/env.sh sets for latentvr."""
    return {name: value for name, value in os.environ.items() if name not in _OF_LATENTVR}


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]


if __name__ == "__main__":
    try:
        print(ensure_environment())
    except PeerError as error:
        sys.exit(str(error))
