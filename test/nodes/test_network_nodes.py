"""Who hears a session: this machine only, unless asked otherwise. Two machines on one network, with a real journal."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from node_process import SOURCE, NodeProcess
from two_machines import Machine, two_machines

LISTENER = """
import sys, time
import rclpy
from rclpy.node import Node
rclpy.init()
node, until = Node("stranger"), time.monotonic() + float(sys.argv[1])
while time.monotonic() < until and "label_journal" not in node.get_node_names():
    rclpy.spin_once(node, timeout_sec=0.1)
print("label_journal" in node.get_node_names())
"""
_LONG_S, _SHORT_S = 40.0, 12.0


@pytest.fixture
def machines() -> Iterator[tuple[Machine, Machine]]:
    with two_machines() as both:
        yield both


def is_heard(machine: Machine, discovery: str, within_s: float) -> bool:
    path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
    found = subprocess.run(
        [*machine.python(), "-c", LISTENER, str(within_s)],
        env=os.environ | {"ROS_AUTOMATIC_DISCOVERY_RANGE": discovery, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert found.stdout.strip() in ("True", "False"), found.stderr
    return found.stdout.strip() == "True"


@pytest.mark.parametrize(("range_of_session", "heard"), [("LOCALHOST", False), ("SUBNET", True)])
def test_a_session_is_heard_on_its_machine_and_on_others_only_if_asked(
    machines: tuple[Machine, Machine], tmp_path: Path, range_of_session: str, heard: bool
) -> None:
    here, there = machines
    parameters = {"path": str(tmp_path / "labels.db"), "item_count": 10}
    variables = {"ROS_AUTOMATIC_DISCOVERY_RANGE": range_of_session}
    with NodeProcess("label_journal", parameters, tmp_path / "log", here.python(), variables):
        assert is_heard(here, range_of_session, _LONG_S)
        # A stranger who would like to hear everything.
        assert is_heard(there, "SUBNET", _LONG_S if heard else _SHORT_S) == heard
