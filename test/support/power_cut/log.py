"""Runs a program with shim.c, and reads what it did to the files below a directory."""

import os
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_HERE = Path(__file__).parent
_HEAD = struct.Struct("<cIqI")


class Call(Enum):
    """What was done. The values are those of shim.c."""

    CREATE = b"c"
    WRITE = b"w"
    TRUNCATE = b"t"
    SYNC = b"s"
    RENAME = b"r"
    UNLINK = b"u"
    MKDIR = b"m"
    RMDIR = b"d"


@dataclass(frozen=True)
class Done:
    """One call that succeeded."""

    call: Call
    path: str
    """Absolute."""
    number: int = 0
    """Of WRITE where, of TRUNCATE to how many bytes."""
    data: bytes = b""
    """Of WRITE what; of RENAME the new path."""


def build_shim(directory: Path) -> Path:
    """Compile shim.c; return the library. Needs a C compiler, as the project's messages do."""
    library = directory / "shim.so"
    command = ["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(_HERE / "shim.c"), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return library


def run_logged(program: Sequence[str], root: Path, log: Path, shim: Path) -> list[Done]:
    """Run `python *program` and return all that it did below `root`. Raises CalledProcessError if it fails."""
    variables = {"LD_PRELOAD": str(shim), "POWER_CUT_ROOT": str(root), "POWER_CUT_LOG": str(log)}
    variables["PYTHONPATH"] = os.pathsep.join(sys.path)
    subprocess.run([sys.executable, *program], check=True, env=os.environ | variables, timeout=300)
    return list(read(log.read_bytes()))


def read(log: bytes) -> Iterator[Done]:
    """Yield the calls in `log`, in order."""
    place = 0
    while place < len(log):
        kind, path_size, number, size = _HEAD.unpack_from(log, place)
        place += _HEAD.size
        path = log[place : place + path_size].decode()
        place += path_size
        yield Done(Call(kind), path, number, log[place : place + size])
        place += size
