"""Sessions of a benchmark that was cut off: used again by the same code, and by no other."""

import math
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import kept_sessions
import learning

RUN = learning.Run("/data/birds.npz", 40, 2)
FOUND = learning.Found(RUN, {5: 0.25, 40: 0.5}, {0: 1.5, 40: 99.0}, 3.0, 0.9, 700, math.nan, 1e-7)


def test_a_kept_session_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = learning.kept_sessions(tmp_path / "sessions")
    assert kept.get("birds-40-2") is None
    kept.put("birds-40-2", FOUND)
    assert str(kept.get("birds-40-2")) == str(FOUND)
    assert kept.get("birds-40-1") is None


def test_what_other_code_made_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learning.kept_sessions(tmp_path).put("birds-40-2", FOUND)
    monkeypatch.setattr(learning, "code_digest", lambda: "other")
    assert learning.kept_sessions(tmp_path).get("birds-40-2") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"run": {"dataset": "x"}}'])
def test_a_file_that_cannot_be_read_is_no_session(tmp_path: Path, text: str) -> None:
    kept = learning.kept_sessions(tmp_path)
    kept.put("birds-40-2", FOUND)
    next(tmp_path.iterdir()).write_text(text)
    assert kept.get("birds-40-2") is None


def test_the_digest_changes_with_the_code_that_counts_and_with_no_other(tmp_path: Path) -> None:
    for folder in ("src/latent_trainer/results", "src/cloud_view", "benchmarks"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "src/latent_trainer/results/one.py").write_text("a = 1")
    first = kept_sessions.code_digest(tmp_path)
    (tmp_path / "src/cloud_view/two.py").write_text("b = 1")
    assert kept_sessions.code_digest(tmp_path) == first
    (tmp_path / "src/latent_trainer/results/one.py").write_text("a = 2")
    second = kept_sessions.code_digest(tmp_path)
    (tmp_path / "benchmarks/three.py").write_text("c = 1")
    assert len({first, second, kept_sessions.code_digest(tmp_path)}) == 3


def test_only_sessions_that_are_missing_are_made_and_all_come_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = learning.kept_sessions(tmp_path)
    runs = [learning.Run("digits", 40, seed) for seed in range(3)]
    for run in runs:
        kept.put(f"digits-40-{run.seed}", learning.Found(run, {40: 0.1 * run.seed}, {40: 9.0}, 1.0, 0.9, 7, 0.1, 0.0))
    found = learning.sessions(runs[::-1], 1, kept)
    assert [one.run.seed for one in found] == [2, 1, 0]
    assert capsys.readouterr().out.count("kept from before") == 3


def test_a_kept_session_of_another_file_of_that_name_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = learning.kept_sessions(tmp_path)
    kept.put("birds-40-2", FOUND)
    made: list[learning.Run] = []
    monkeypatch.setattr(learning, "ProcessPoolExecutor", lambda *_, **__: _Recorder(made))
    learning.sessions([learning.Run("/other/birds.npz", 40, 2)], 1, kept)
    assert made == [learning.Run("/other/birds.npz", 40, 2)]


class _Recorder(ThreadPoolExecutor):
    """Takes down what is to be made, and makes nothing."""

    def __init__(self, made: list[learning.Run]) -> None:
        super().__init__(1)
        self._made = made

    def submit(self, _function: Any, run: Any) -> Any:  # type: ignore[override]
        self._made.append(run)
        return super().submit(lambda: replace(FOUND, run=run))
