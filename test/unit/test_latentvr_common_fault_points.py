"""Points at which something can be made to go wrong."""

import errno
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from latentvr_common import fault_points
from latentvr_common.errors import InputError
from latentvr_common.fault_points import POINTS, Fault, FaultError, wanted

SOURCE = Path(fault_points.__file__).parents[1]


def test_without_the_variable_nothing_happens_anywhere() -> None:
    reach = wanted({})
    for point in POINTS:
        reach(point)


@pytest.mark.parametrize(("kind", "number"), [("enospc", errno.ENOSPC), ("eio", errno.EIO)])
def test_a_disk_fails_at_the_point_at_its_turn_and_only_then(kind: str, number: int) -> None:
    reach = wanted({"LATENTVR_FAULT": f"recorder.write:{kind}:3"})
    reach("recorder.write")
    reach("trainer.step")
    reach("recorder.write")
    with pytest.raises(OSError, match=re.escape(f"[Errno {number}]")):
        reach("recorder.write")
    reach("recorder.write")


def test_the_first_turn_is_meant_where_none_is_given() -> None:
    with pytest.raises(FaultError, match=re.escape("trainer.step")):
        wanted({"LATENTVR_FAULT": "trainer.step:raise"})("trainer.step")


def test_several_faults_have_each_its_turn() -> None:
    reach = wanted({"LATENTVR_FAULT": "trainer.step:raise:2,xr.loop:raise"})
    reach("trainer.step")
    for point in ("xr.loop", "trainer.step"):
        with pytest.raises(FaultError, match=re.escape(point)):
            reach(point)


def test_what_has_happened_does_not_happen_to_those_who_come_later(tmp_path: Path) -> None:
    variables = {"LATENTVR_FAULT": "trainer.step:raise", "LATENTVR_FAULT_LOG": str(tmp_path / "log")}
    with pytest.raises(FaultError):
        wanted(variables)("trainer.step")
    wanted(variables)("trainer.step")
    with pytest.raises(FaultError):
        wanted(variables | {"LATENTVR_FAULT": "trainer.step:raise:1"})("trainer.step")


@pytest.mark.parametrize(
    "text",
    [
        "nowhere:kill",
        "trainer.step",
        "trainer.step:",
        "trainer.step:burn",
        "trainer.step:kill:0",
        "trainer.step:kill:x",
    ],
)
def test_what_cannot_be_understood_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"LATENTVR_FAULT is {text!r}, expected <point>:<kind>")):
        Fault(text)


def run(fault: str, timeout_s: float) -> int:
    program = "from latentvr_common import fault_points; fault_points.arm(); fault_points.reach('xr.loop')"
    environment = {"LATENTVR_FAULT": fault, "PYTHONPATH": str(SOURCE)}
    return subprocess.run([sys.executable, "-c", program], env=environment, timeout=timeout_s).returncode


def test_a_process_is_killed_or_hangs_at_the_point() -> None:
    assert run("xr.loop:kill", 60) == -signal.SIGKILL
    assert run("view.draw:kill", 60) == 0
    with pytest.raises(subprocess.TimeoutExpired):
        run("xr.loop:hang", 5)


def test_the_points_in_the_code_are_those_that_are_listed() -> None:
    found = [
        name for path in SOURCE.rglob("*.py") for name in re.findall(r"\breach\(\"([a-z.]+)\"\)", path.read_text())
    ]
    assert sorted(found) == sorted(POINTS)
