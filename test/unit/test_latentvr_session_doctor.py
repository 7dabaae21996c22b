"""What `make doctor` says of a machine, from what was found there."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from latentvr_session import domain
from latentvr_session.doctor import disk, installation, machine, network, seeing
from latentvr_session.doctor.__main__ import findings_of, report
from latentvr_session.doctor.finding import Finding, Level, error, ok, warning

TOP = Path(__file__).parents[2]
OK, WARNING, ERROR = Level.OK, Level.WARNING, Level.ERROR
GIB, MIB = 1 << 30, 1 << 20
HERE = Path("/somewhere")
SAFE = {
    "ROS_SECURITY_ENABLE": "true",
    "ROS_SECURITY_STRATEGY": "Enforce",
    "ROS_SECURITY_KEYSTORE": "/no/keys",
}

FINDINGS: list[tuple[Finding, Level, str]] = [
    (installation.python((3, 11)), OK, "3.11"),
    (installation.python((3, 13)), ERROR, "expected 3.11 or 3.12"),
    (installation.set_up("build", "ready"), OK, "up to date"),
    (installation.set_up("build", "old"), WARNING, "run make setup"),
    (installation.set_up("build", "missing"), ERROR, "there is none; run make setup"),
    (installation.set_up("build", "bash: not found"), ERROR, "bash: not found"),
    (installation.packages({"a": "1", "b": "2"}, {"a": "1"}), OK, "2, in the versions"),
    (installation.packages({"a": "1", "b": None}, {"a": "1"}), ERROR, "missing: b"),
    (installation.packages({"a": "1.1"}, {"a": "1"}), WARNING, "a 1.1"),
    (installation.packages({"torch": "2.13.0+cpu"}, {"torch": "2.13.0"}), OK, "1, in the versions"),
    (installation.packages(dict.fromkeys("abcdef"), {}), ERROR, "a, b, c, d and 2 more"),
    (installation.messages(""), OK, "can be imported"),
    (installation.messages("No module named 'rclpy'"), ERROR, "No module named 'rclpy'); run make setup"),
    (machine.processors(8, 0.5), OK, "training takes 7 threads"),
    (machine.processors(32, 0.5), OK, "training takes 8 threads"),
    (machine.processors(1, 0.0), WARNING, "two or more"),
    (machine.processors(4, 4.5), WARNING, "end what else runs"),
    (machine.memory(16 * GIB), OK, "16.0 GiB"),
    (machine.memory(3 * GIB), WARNING, "small data only"),
    (machine.memory(1 * GIB), ERROR, "end other programs"),
    (machine.graphics_card("A card", "12.4", driver=True), OK, "on A card"),
    (machine.graphics_card("", "", driver=False), OK, "on the processor"),
    (machine.graphics_card("", "", driver=True), WARNING, "install one for CUDA"),
    (machine.graphics_card("", "12.4", driver=True), WARNING, "nvidia-smi"),
    (disk.space(HERE, 100 * GIB), OK, "/somewhere"),
    (disk.space(HERE, GIB), WARNING, "make room"),
    (disk.space(HERE, 100 * MIB), ERROR, "100 MiB free"),
    (disk.writing(HERE, "", 0.001), OK, "after 1.0 ms"),
    (disk.writing(HERE, "", 0.2), WARNING, "local disk"),
    (disk.writing(HERE, "Read-only file system", 0.0), ERROR, "/somewhere: Read-only file system"),
    (disk.cache(HERE, 5 * MIB, writable=True), OK, "5 MiB in /somewhere"),
    (disk.cache(HERE, 0, writable=False), WARNING, "cannot be written to"),
    (disk.cache(None, 0, writable=False), WARNING, "no home directory"),
    (network.discovery({}), OK, "this machine only"),
    (network.discovery({"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}), OK, "this machine only"),
    (network.discovery({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}), WARNING, "whoever is there can label"),
    (network.discovery({"ROS_STATIC_PEERS": "192.168.0.7"}), WARNING, "other machines"),
    (network.discovery({"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"}), ERROR, "unset it"),
    (network.discovery({"ROS_AUTOMATIC_DISCOVERY_RANGE": "ALL"}), ERROR, "expected one of OFF, LOCALHOST"),
    (network.discovery(SAFE | {"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}), OK, "with a key"),
    (
        network.discovery({"ROS_SECURITY_ENABLE": "true", "ROS_STATIC_PEERS": "a"}),
        WARNING,
        "whoever is there can label",
    ),
    (network.safety({}, lambda: None), OK, "off: every program on this machine"),
    (network.safety({"ROS_SECURITY_ENABLE": "false"}, lambda: None), OK, "off"),
    (network.safety({"ROS_SECURITY_ENABLE": "True"}, lambda: True), ERROR, "set ROS_SECURITY_ENABLE=true"),
    (network.safety(SAFE, lambda: False), ERROR, "no security plugin; use that of an installed ROS 2 Jazzy"),
    (network.safety(SAFE | {"ROS_SECURITY_STRATEGY": "Permissive"}, lambda: False), ERROR, "no security plugin"),
    (network.safety({"ROS_SECURITY_ENABLE": "true"}, lambda: True), ERROR, "ROS_SECURITY_KEYSTORE is not set"),
    (network.safety(SAFE, lambda: True), ERROR, "/no/keys, which is no keystore"),
    (network.domain_id(""), OK, "0"),
    (network.domain_id("7"), OK, "7"),
    (network.domain_id("150"), WARNING, "lower ROS_DOMAIN_ID"),
    (network.domain_id("233"), ERROR, "expected 0 to 232"),
    (network.domain_id("-1"), ERROR, "expected 0 to 232"),
    (network.domain_id("home"), ERROR, "'home'"),
    (network.neighbours(""), OK, "none runs"),
    (network.neighbours("4711"), WARNING, "process 4711"),
    (network.middleware(""), OK, "Fast DDS"),
    (network.middleware("rmw_cyclonedds_cpp"), WARNING, "unset RMW_IMPLEMENTATION"),
    (network.shared_memory(2 * GIB, 3, 5 * MIB), OK, "3 segments of Fast DDS hold 5"),
    (network.shared_memory(64 * MIB, 0, 0), WARNING, "--shm-size"),
    (network.shared_memory(64 * MIB, 9, 900 * MIB), WARNING, "removes what killed processes left"),
    (seeing.window(""), OK, "answers"),
    (seeing.window("DISPLAY is not set"), WARNING, "DISPLAY is not set"),
    (seeing.egl(""), OK, "without a window"),
    (seeing.egl("libEGL does not load"), WARNING, "install libegl1"),
    (seeing.runtime(None, [HERE, HERE], None), WARNING, "2 places"),
    (seeing.runtime(HERE, [HERE], None), WARNING, "no runtime manifest"),
    (seeing.runtime(HERE, [HERE], "/not/there.so"), WARNING, "/not/there.so, which is missing"),
    (seeing.runtime(HERE, [HERE], "libopenxr_monado.so"), OK, "libopenxr_monado.so"),
]


@pytest.mark.parametrize(("finding", "level", "text"), FINDINGS, ids=lambda value: str(value)[:40])
def test_what_was_found_is_judged_and_said_with_what_to_do(finding: Finding, level: Level, text: str) -> None:
    assert finding.level is level
    assert text in finding.line
    assert "\n" not in finding.line
    assert bool(finding.todo) == (level is not OK)


def test_with_a_keystore_only_enforce_keeps_those_without_a_key_out(tmp_path: Path) -> None:
    (tmp_path / "enclaves").mkdir()
    safe = SAFE | {"ROS_SECURITY_KEYSTORE": str(tmp_path)}
    for can in (True, None):
        assert network.safety(safe, lambda can=can: can).level is OK
    for strategy in ("Permissive", "enforce", ""):
        found = network.safety(safe | {"ROS_SECURITY_STRATEGY": strategy}, lambda: True)
        assert (found.level, found.todo) == (WARNING, "set ROS_SECURITY_STRATEGY=Enforce")


def test_the_exit_code_is_0_unless_there_is_an_error() -> None:
    assert report([ok("a", "b"), warning("c", "d", "e")])[1] == 0
    text, code = report([ok("a", "b"), warning("c", "d", "e"), error("f", "g", "h"), error("i", "j", "k")])
    assert code == 1
    assert text.splitlines()[-1] == "2 errors, 1 warnings: no session runs before the errors are mended"
    assert len(text.splitlines()) == 5


def test_what_cannot_be_looked_at_is_an_error_and_the_rest_is_looked_at() -> None:
    def broken() -> list[Finding]:
        raise OSError("no such device")

    found = findings_of([broken, lambda: [ok("a", "b")]])
    assert [finding.level for finding in found] == [ERROR, OK]
    assert "no such device" in found[0].line


def test_requirements_and_constraints_are_read_as_pip_does() -> None:
    assert installation.names_in("# words\nros-rclpy[fastrtps]==7.1.6\nnumpy\n\npillow>=1 # why\n") == [
        "ros-rclpy",
        "numpy",
        "pillow",
    ]
    assert installation.versions_in("# From\na==1.0\nb-c==2\n") == {"a": "1.0", "b-c": "2"}
    assert installation.installed(["pytest", "no-such-package"]) == {
        "pytest": pytest.__version__,
        "no-such-package": None,
    }


def test_free_memory_is_what_the_kernel_says_can_be_had() -> None:
    assert machine.free_memory("MemTotal: 9 kB\nMemAvailable:    5 kB\n") == 5 * 1024
    assert machine.free_memory("") == 0


def test_a_folder_that_can_be_written_to_tells_how_long_it_takes(tmp_path: Path) -> None:
    trouble, seconds = disk.try_to_write(tmp_path)
    assert trouble == ""
    assert 0 < seconds < 60
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_tells_why() -> None:
    trouble, _ = disk.try_to_write(Path("/proc"))
    assert trouble


def test_of_a_folder_that_is_not_there_yet_the_one_above_counts(tmp_path: Path) -> None:
    assert disk.existing(tmp_path / "a" / "b") == tmp_path
    assert disk.size_of(tmp_path / "a") == 0
    (tmp_path / "file").write_bytes(bytes(7))
    assert disk.size_of(tmp_path) == 7


def test_a_session_in_the_domain_is_noticed_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("ROS_DOMAIN_ID", "77")
    assert domain.holder() == ""
    with domain.hold_domain():
        assert domain.holder() == str(os.getpid())
    assert domain.holder() == ""
    with (tmp_path / f"latentvr-{os.getuid()}-domain-77.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert domain.holder() == "unknown"


def test_the_states_of_environment_and_build_are_those_of_the_set_up(tmp_path: Path) -> None:
    environment, build = installation.states(TOP)
    assert environment in ("ready", "old", "missing")
    assert build in ("ready", "old", "missing")
    assert installation.states(tmp_path)[0] not in ("ready", "old", "missing")


def test_the_doctor_runs_with_nothing_installed_and_says_so(tmp_path: Path) -> None:
    """As on a machine on which nothing is set up: Python without any package."""
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-m", "latentvr_session.doctor"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TOP / "src"), "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert len(lines) >= 15
    assert all(line.split()[0] in ("ok", "warning", "error") for line in lines[:-1])
    assert any("messages" in line and "cannot be imported" in line for line in lines)
    assert "errors" in lines[-1]
