"""How many threads train where nobody says: no more than the cores that the process may use."""

import os
from pathlib import Path

import pytest

from latent_trainer import cores


@pytest.mark.parametrize(
    ("may_use", "quota", "threads", "preparing"),
    [
        (1, None, 1, 1),
        (2, None, 1, 2),
        (4, None, 3, 4),
        (9, None, 8, 8),
        (256, None, 8, 8),
        (64, 4.0, 3, 4),
        (64, 0.5, 1, 1),
        (2, 16.0, 1, 2),
    ],
)
def test_one_core_is_left_to_the_others_in_training_and_at_most_eight_work(
    monkeypatch: pytest.MonkeyPatch, may_use: int, quota: float | None, threads: int, preparing: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(may_use)))
    monkeypatch.setattr(os, "cpu_count", lambda: 512)
    monkeypatch.setattr(cores, "cpu_quota", lambda: quota)
    assert cores.default_threads() == threads
    assert cores.preparing_threads() == preparing


def make_groups(directory: Path, own: str, limits: dict[str, str]) -> tuple[Path, Path]:
    (directory / "cgroup").write_text(f"1:name=systemd:/other\n0::{own}\n")
    for group, text in limits.items():
        (directory / "groups" / group).mkdir(parents=True, exist_ok=True)
        (directory / "groups" / group / "cpu.max").write_text(text)
    return directory / "cgroup", directory / "groups"


@pytest.mark.parametrize(
    ("own", "limits", "quota"),
    [
        ("/", {"": "150000 100000\n"}, 1.5),
        ("/", {"": "max 100000\n"}, None),
        ("/a/b", {"a/b": "max 100000\n", "a": "400000 100000\n"}, 4.0),
        ("/a/b", {"a/b": "200000 100000\n", "a": "400000 100000\n"}, 2.0),
        ("/a", {"a/b": "100000 100000\n"}, None),
        ("/", {"": "much\n"}, None),
        ("/", {"": "0 0\n"}, None),
        ("/", {}, None),
    ],
)
def test_the_narrowest_control_group_counts(
    tmp_path: Path, own: str, limits: dict[str, str], quota: float | None
) -> None:
    assert cores.cpu_quota(*make_groups(tmp_path, own, limits)) == quota


def test_a_machine_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    assert cores.cpu_quota(tmp_path / "nothing", tmp_path) is None
