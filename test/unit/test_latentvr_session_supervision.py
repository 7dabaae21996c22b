"""Processes that fail are started again, within bounds, and a session ends for those that it needs."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from latentvr_session.description import Process
from latentvr_session.runner import SessionManager
from latentvr_session.supervision import Supervision, Verdict

KILLED = -int(signal.SIGKILL)


def part(name: str = "part", *, ends_session: bool = False, required: bool = True, restarts: bool = True) -> Process:
    return Process(name, {}, ends_session, required, restarts)


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_one_that_fails_is_started_again_each_time_later_and_not_for_ever() -> None:
    supervision = Supervision(6, Clock())
    verdicts = [supervision.judge(part(), KILLED) for _ in range(7)]
    assert [v.again_s for v in verdicts] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, None]
    assert [v.ends_session for v in verdicts] == [False] * 6 + [True]
    assert verdicts[0].text == "part was ended by SIGKILL; it is started again in 0.5 s"
    assert verdicts[6].text == "part was ended by SIGKILL, for the 7th time in a short while; the session is over"


def test_what_happened_long_ago_is_forgotten() -> None:
    clock = Clock()
    supervision = Supervision(2, clock)
    for _ in range(20):
        assert supervision.judge(part(), 1).again_s == 0.5
        clock.now_s += 121.0
    assert [supervision.judge(part(), 1).again_s for _ in range(3)] == [0.5, 1.0, None]


def test_each_process_is_counted_for_itself() -> None:
    supervision = Supervision(1, Clock())
    assert supervision.judge(part("one"), KILLED).again_s == 0.5
    assert supervision.judge(part("other"), KILLED).again_s == 0.5
    assert supervision.judge(part("one"), KILLED).again_s is None


@pytest.mark.parametrize(
    ("process", "code", "verdict"),
    [
        (part(ends_session=True, restarts=False), 0, Verdict(None, ends_session=True)),
        (part(), 0, Verdict("part ended before the session did; the session is over", ends_session=True)),
        (part(), 2, Verdict("part failed with exit code 2; the session is over", ends_session=True)),
        (part(required=False), 0, Verdict("part ended before the session did; the session goes on without it")),
        (part(restarts=False), 1, Verdict("part failed with exit code 1; the session is over", ends_session=True)),
    ],
)
def test_a_clean_end_bad_input_and_one_that_cannot_be_started_again_are_not(
    process: Process, code: int, verdict: Verdict
) -> None:
    assert Supervision(5, Clock()).judge(process, code) == verdict


def test_none_is_started_again_where_that_is_not_wanted() -> None:
    assert Supervision(0, Clock()).judge(part(), KILLED) == Verdict(
        "part was ended by SIGKILL; the session is over", ends_session=True
    )


# Real processes


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SessionManager]:
    monkeypatch.chdir(tmp_path)

    def run(most: int, flaky: str, host: str, *, required: bool = True) -> SessionManager:
        parts = [part("flaky", required=required), part("host", ends_session=True, restarts=False)]
        manager = SessionManager(parts, Supervision(most))
        manager.add_process("flaky", f"exec sh -c '{flaky}'")
        manager.add_process("host", f"exec sh -c '{host}'")
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            manager.loop()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return manager

    return run


FAILS_TWICE = "echo x >> starts; if [ $(wc -l < starts) -lt 3 ]; then kill -9 $$; fi; exec sleep 60"
ENDS_AFTER_THREE = "until [ $(cat starts 2>/dev/null | wc -l) -ge 3 ]; do sleep 0.1; done; sleep 0.5"


def test_the_runner_starts_a_killed_process_again_and_the_session_ends_well(
    run: Callable[..., SessionManager], tmp_path: Path
) -> None:
    manager = run(5, FAILS_TWICE, ENDS_AFTER_THREE)
    assert (tmp_path / "starts").read_text() == "x\n" * 3
    assert manager.faults == {}
    assert not manager.interrupted
    assert [text.partition("; ")[2] for text in manager.told] == [
        "it is started again in 0.5 s",
        "it is started again in 1 s",
    ]


def test_the_runner_gives_up_in_the_end_and_ends_all(run: Callable[..., SessionManager], tmp_path: Path) -> None:
    manager = run(1, "echo x >> starts; exit 3", "exec sleep 60")
    assert (tmp_path / "starts").read_text() == "x\n" * 2
    assert list(manager.faults) == ["flaky"]
    assert "failed with exit code 3, for the 2nd time in a short while" in manager.told[-1]


def test_the_session_goes_on_without_one_that_it_does_not_need(
    run: Callable[..., SessionManager], tmp_path: Path
) -> None:
    manager = run(2, "echo x >> starts; exit 3", ENDS_AFTER_THREE, required=False)
    assert manager.told[-1].endswith("; the session goes on without it")
    assert not manager.interrupted
