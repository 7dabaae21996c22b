"""Who waits for an answer of the worker gets it once, or is told that there is none."""

from concurrent.futures import CancelledError, Future

import pytest

from latent_trainer.waiting import Waiting


def asked(waiting: Waiting, until_s: float = 10.0) -> "tuple[Future[object], list[Future[object]]]":
    answer: Future[object] = Future()
    told: list[Future[object]] = []
    waiting.add(answer, until_s, told.append)
    return answer, told


def test_each_is_told_once_when_its_answer_is_there() -> None:
    waiting = Waiting()
    (first, told_first), (second, told_second) = asked(waiting), asked(waiting)
    waiting.look(0.0)
    assert (told_first, told_second, len(waiting)) == ([], [], 2)
    second.set_result("late is better")
    waiting.look(1.0)
    waiting.look(2.0)
    assert (told_first, told_second, len(waiting)) == ([], [second], 1)
    first.set_exception(OSError("no disk"))
    waiting.look(3.0)
    assert (told_first, len(waiting)) == ([first], 0)


def test_a_question_that_nobody_takes_up_is_cancelled_in_time() -> None:
    waiting = Waiting()
    answer, told = asked(waiting, until_s=5.0)
    waiting.look(5.0)
    assert told == []
    waiting.look(5.1)
    assert told == [answer]
    with pytest.raises(CancelledError):
        answer.result(0)


def test_what_is_being_answered_is_waited_for() -> None:
    waiting = Waiting()
    answer, told = asked(waiting, until_s=5.0)
    answer.set_running_or_notify_cancel()
    waiting.look(99.0)
    assert (told, len(waiting)) == ([], 1)
    answer.set_result(3)
    waiting.look(100.0)
    assert told == [answer]


def test_who_is_told_may_ask_again() -> None:
    waiting = Waiting()
    answer: Future[object] = Future()
    answer.set_result(1)
    waiting.add(answer, 5.0, lambda _: waiting.add(Future(), 5.0, lambda _: None))
    waiting.look(0.0)
    assert len(waiting) == 1
