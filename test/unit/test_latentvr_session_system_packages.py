"""A missing system package is installed where that is possible; else the one command to give is said."""

import os
from pathlib import Path

import pytest

from latentvr_common.datasets.idx import MissingPackageError
from latentvr_common.errors import InputError
from latentvr_session.system_packages import installing_missing


class Machine:
    """An `apt-get` that writes down what it was asked, and a task that needs what it installs."""

    def __init__(self, directory: Path, update: int = 0, install: int = 0) -> None:
        self.directory = directory
        self._log = directory / "log"
        script = directory / "apt-get"
        script.write_text(
            f'#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> {self._log}\necho noise\n'
            f"[ $1 = update ] && exit {update}\n[ {install} = 0 ] && touch {directory}/installed\nexit {install}\n"
        )
        script.chmod(0o755)
        self.calls = 0

    def asked(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []

    def task(self) -> str:
        self.calls += 1
        if not (self.directory / "installed").exists():
            raise MissingPackageError("dataset-birds", "birds")
        return "done"


@pytest.fixture(autouse=True)
def as_root_with_this_machine_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.delenv("DEBIAN_FRONTEND", raising=False)


def test_what_needs_nothing_is_done_at_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    machine = Machine(tmp_path)
    (tmp_path / "installed").touch()
    assert installing_missing(machine.task) == "done"
    assert (machine.asked(), capfd.readouterr().out) == ([], "")


def test_a_missing_package_is_installed_and_the_task_done_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(tmp_path)
    assert installing_missing(machine.task) == "done"
    assert machine.asked() == ["noninteractive update -q", "noninteractive install -y -q dataset-birds"]
    assert capfd.readouterr().out == "installing the system package dataset-birds\n"


def test_a_failing_update_does_not_keep_a_package_from_being_installed(tmp_path: Path) -> None:
    assert installing_missing(Machine(tmp_path, update=100).task) == "done"


def test_where_installing_fails_the_command_is_said(tmp_path: Path) -> None:
    machine = Machine(tmp_path, install=100)
    with pytest.raises(MissingPackageError, match=r"dataset birds: .* install it with: apt-get install dataset-birds"):
        installing_missing(machine.task)
    assert machine.calls == 1


def test_nothing_is_installed_twice(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    def never_content() -> None:
        machine.calls += 1
        raise MissingPackageError("dataset-birds", "birds")

    with pytest.raises(MissingPackageError):
        installing_missing(never_content)
    assert machine.calls == 2
    assert len(machine.asked()) == 2


def test_who_is_not_root_is_told_the_command_and_nothing_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    machine = Machine(tmp_path)
    with pytest.raises(MissingPackageError, match="apt-get install dataset-birds"):
        installing_missing(machine.task)
    assert machine.asked() == []


def test_where_there_is_no_apt_get_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(MissingPackageError, match="dataset-birds"):
        installing_missing(machine.task)
    assert machine.asked() == []


def test_another_error_is_not_this_ones_business(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    def broken() -> None:
        raise InputError("something else")

    with pytest.raises(InputError, match="something else"):
        installing_missing(broken)
    assert machine.asked() == []
