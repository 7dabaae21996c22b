"""Two network namespaces with a cable between them, as two machines on one network. Needs root."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

_CABLE = ("wire0", "wire1")


class Machine:
    """One of the two."""

    def __init__(self, holder: "subprocess.Popen[bytes]") -> None:
        self._enter = ["nsenter", "--target", str(holder.pid), "--net"]

    def run(self, *words: str) -> None:
        """Run a command there to its end. Raises CalledProcessError."""
        subprocess.run([*self._enter, *words], check=True, capture_output=True)

    def python(self) -> Sequence[str]:
        """Return the words that run Python there."""
        return [*self._enter, sys.executable]


@contextmanager
def two_machines() -> Iterator[tuple[Machine, Machine]]:
    """Yield both; skip the test where they cannot be had."""
    tools = ("unshare", "nsenter", "ip")
    if os.geteuid() != 0 or not all(shutil.which(tool) for tool in tools):
        pytest.skip("namespaces of networks need root, and the commands unshare, nsenter and ip")
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a namespace")
    holders = [
        subprocess.Popen(["unshare", "--net", "sh", "-c", "echo ready; exec sleep 600"], stdout=-1) for _ in "ab"
    ]
    try:
        for holder in holders:
            assert holder.stdout is not None
            holder.stdout.readline()
        first, second = (str(holder.pid) for holder in holders)
        ends = ["type", "veth", "peer", "name", _CABLE[1], "netns", second]
        made = subprocess.run(["ip", "link", "add", _CABLE[0], "netns", first, *ends], capture_output=True, check=False)
        if made.returncode:
            pytest.skip(f"this machine lays no cables: {made.stderr.decode().strip()}")
        machines = Machine(holders[0]), Machine(holders[1])
        for number, (machine, name) in enumerate(zip(machines, _CABLE, strict=True), start=1):
            machine.run("ip", "link", "set", "lo", "up")
            machine.run("ip", "address", "add", f"10.213.7.{number}/24", "dev", name)
            machine.run("ip", "link", "set", name, "up")
            machine.run("ip", "route", "add", "default", "dev", name)
        yield machines
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()
