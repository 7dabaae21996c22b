"""A display of X11 without a screen: the host's Xvfb, or where it has none, one of Debian's, unpacked for the tests."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from latentvr_common.errors import InputError
from latentvr_session.debian_prefix import Prefix, unpacked
from latentvr_session.monado import runtimes_folder

_SUITE = "trixie"
_PACKAGES = ("xvfb", "xkb-data", "x11-xkb-utils", "libgl1-mesa-dri", "libgl1")
_KEYBOARDS_BY = b"\0/usr/bin\0"
"""In the server: where it looks for xkbcomp, without which it does not start. No option says another place."""
SIZE = (1400, 900)


@dataclass(frozen=True)
class Server:
    """How a server is started."""

    command: list[str]
    variables: dict[str, str]
    directory: Path
    """Where it runs."""


def _of_host() -> Server | None:
    here = all(shutil.which(name) is not None for name in ("Xvfb", "xkbcomp"))
    return Server(["Xvfb"], {}, Path.cwd()) if here else None


def of_debian(scratch: Path) -> Server:
    """Return a server from a prefix, which finds its keyboards there. Skips the test where it cannot be had."""
    try:
        prefix = unpacked(_PACKAGES, _SUITE, runtimes_folder(), print)
    except InputError as error:
        pytest.skip(f"no Xvfb: {error}")
    return server_of(prefix, scratch)


def server_of(prefix: Prefix, scratch: Path) -> Server:
    """Return the server of an unpacked prefix; `scratch`, an empty folder, is kept as long as it runs."""
    there = prefix.root / "usr" / "bin"
    program = (there / "Xvfb").read_bytes()
    assert program.count(_KEYBOARDS_BY) == 1, "another Xvfb than was expected"
    # Without its leading slash the path is one from where the server runs.
    (scratch / "Xvfb").write_bytes(program.replace(_KEYBOARDS_BY, b"\0usr/bin\0\0"))
    compiler = scratch / "usr" / "bin" / "xkbcomp"
    compiler.parent.mkdir(parents=True)
    compiler.write_text(f'#!/bin/sh\nexec {shlex.join(prefix.command(there / "xkbcomp"))} "$@"\n')
    compiler.chmod(0o755)
    command = [*prefix.command(scratch / "Xvfb"), "-xkbdir", str(prefix.root / "usr" / "share" / "X11" / "xkb")]
    return Server(command, {"LIBGL_DRIVERS_PATH": str(prefix.libraries / "dri")}, scratch)


@contextmanager
def virtual_display() -> Iterator[str]:
    """Yield the name of a new display; skip the test where there can be none."""
    scratch = Path(tempfile.mkdtemp(prefix="latentvr-x11-"))
    try:
        with running(_of_host() or of_debian(scratch)) as name:
            yield name
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def display_if_any() -> Iterator[str]:
    """Yield the name of a new display; empty where there can be none."""
    with ExitStack() as stack:
        try:
            name = stack.enter_context(virtual_display())
        except pytest.skip.Exception:
            name = ""
        yield name


@contextmanager
def running(how: Server) -> Iterator[str]:
    """Run a server; yield the name of its display."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        [*how.command, "-displayfd", str(writer), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24", "-nolisten", "tcp"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
        cwd=how.directory,
        env=os.environ | how.variables,
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as numbers:
            number = numbers.readline().strip()
        assert number, f"{how.command[0]} did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()
