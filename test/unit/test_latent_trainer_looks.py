"""Looks: once a period while somebody wants to know, for at most a share of the worker's time, one at a time."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from latent_trainer.looks import Looks
from latent_trainer.training import NotFiniteError
from latent_trainer.worker import EndedError

PERIOD_S = 1.0
MOST_SHARE = 0.1
TRAINING: Any = "training"


class Run:
    """A worker that answers when the test says so, and what is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock_s = 0.0
        monkeypatch.setattr("latent_trainer.looks.time.monotonic", lambda: self.clock_s)
        self.asked: list[tuple[Callable[[Any], object], Future[object]]] = []
        self.told: list[str] = []
        self.wanted = True
        self.look_s = 0.0
        self.looks: Looks[str] = Looks(
            self._put_question, lambda: self.wanted, self.told.append, period_s=PERIOD_S, most_share=MOST_SHARE
        )

    def _put_question(self, question: Callable[[Any], object]) -> "Future[object]":
        self.asked.append((question, Future()))
        return self.asked[-1][1]

    def _look(self, training: Any) -> str:
        self.clock_s += self.look_s
        return f"{training} {len(self.asked)}"

    def tick(self, now_s: float) -> int:
        """Return how many looks were asked for so far."""
        self.looks.tick(now_s, self._look)
        return len(self.asked)

    def answer(self, error: Exception | None = None) -> None:
        question, place = self.asked[-1]
        if error is None:
            place.set_result(question(TRAINING))
        else:
            place.set_exception(error)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(monkeypatch)


def test_it_looks_once_a_period_and_tells_what_came(run: Run) -> None:
    assert run.tick(100.0) == 1
    run.answer()
    assert run.tick(100.9) == 1
    assert run.told == ["training 1"]
    assert run.tick(101.0) == 2
    run.answer()
    assert run.tick(102.0) == 3
    assert run.told == ["training 1", "training 2"]


def test_nothing_is_asked_while_an_answer_is_under_way(run: Run) -> None:
    assert run.tick(100.0) == 1
    assert run.tick(150.0) == 1
    run.answer()
    assert run.tick(150.0) == 2


def test_nobody_looks_while_nobody_wants_to_know(run: Run) -> None:
    run.wanted = False
    assert run.tick(100.0) == 0
    assert not run.looks.going
    run.wanted = True
    assert run.tick(100.9) == 0
    assert run.tick(101.0) == 1
    assert run.looks.going
    run.answer()
    run.wanted = False
    assert run.tick(102.0) == 1
    assert run.told == ["training 1"], "what was under way is told"
    assert not run.looks.going


@pytest.mark.parametrize(("look_s", "next_s"), [(0.05, 1.0), (0.1, 1.0), (0.5, 5.0)])
def test_looks_that_take_long_come_seldom(run: Run, look_s: float, next_s: float) -> None:
    run.look_s = look_s
    run.tick(100.0)
    run.answer()
    assert run.tick(100.0 + next_s - 0.01) == 1
    assert run.tick(100.0 + next_s + 0.01) == 2


@pytest.mark.parametrize("error", [EndedError("training has ended"), NotFiniteError("no place")])
def test_what_the_epoch_tells_anyway_is_no_failure(run: Run, error: Exception) -> None:
    run.tick(100.0)
    run.answer(error)
    assert run.tick(101.0) == 2
    assert run.told == []


def test_a_look_that_fails_is_a_failure_once_and_looks_go_on(run: Run) -> None:
    run.tick(100.0)
    run.answer(MemoryError("no room"))
    with pytest.raises(MemoryError, match="no room"):
        run.tick(100.5)
    assert run.tick(100.6) == 1
    assert run.tick(101.0) == 2
