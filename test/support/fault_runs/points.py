"""One session in which a fault happens at each of some points of the code."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from listening import Listener
from running import RunningSession

from fault_runs.author import Author, known_from
from fault_runs.invariants import broken_promises
from fault_runs.storm import LASTS
from latentvr_common import conversions, topics
from latentvr_common.fault_points import LOG_VARIABLE, VARIABLE

ITEMS = 600
_REACHED_S, _ENDS_S, _WORKS_S = 600.0, 120.0, 120.0

WHILE_IT_RUNS: Mapping[str, Sequence[str]] = {
    "kill": (
        "journal.commit:kill:9",
        "journal.committed:kill:30",
        "journal.publish:kill:50",
        "trainer.step:kill:200",
        "trainer.publish:kill:90",
        "checkpoint.begin:kill",
        "checkpoint.file:kill:2",
        "checkpoint.rename:kill",
        "labeler.hands:kill:300",
        "marks.submit:kill:3",
        "marks.answered:kill:3",
        "recorder.write:kill:900",
        "view.draw:kill:2",
    ),
    "error": (
        "journal.commit:enospc:12",
        "journal.committed:eio:30",
        "journal.publish:raise:40",
        "trainer.step:raise:300",
        "trainer.step:enospc:500",
        "trainer.publish:raise:60",
        "checkpoint.file:enospc:2",
        "checkpoint.rename:eio",
        "labeler.hands:raise:200",
        "marks.answered:raise:2",
        "view.draw:raise:2",
    ),
    "hang": ("journal.commit:hang:9", "trainer.step:hang:300", "labeler.hands:hang:200", "view.draw:hang:2"),
}
"""Faults by what they are called together, and at which turn: those of one process at points that come one by one."""
SHORT = (
    "journal.commit:kill:9",
    "journal.committed:eio:20",
    "journal.publish:kill:30",
    "labeler.hands:kill:300",
    "recorder.write:kill:500",
    "trainer.step:kill:200",
)
"""Some of each kind, in a minute or two."""
WHEN_IT_ENDS = ("recorder.finish:kill", "export.file:kill:3", "host.summary:kill")
_HANG_S = "30"


@dataclass
class Outcome:
    """What came of it."""

    happened: list[str] = field(default_factory=list)
    acknowledged: int = 0
    problems: list[str] = field(default_factory=list)


def faults_at_points(directory: Path, faults: Sequence[str], *, at_end: Sequence[str] = ()) -> Outcome:
    """Run a session with `faults`; once all have happened and it goes on, end it, and check all promises.

    It goes on once labels are taken again and there are steps of training. `at_end`: faults that happen when the
    session ends.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    log, outcome = directory.with_name(f"{directory.name}-faults"), Outcome()
    log.touch()
    variables = {VARIABLE: ",".join([*faults, *at_end]), LOG_VARIABLE: str(log), "LATENTVR_HANG_S": _HANG_S}
    arguments = ("gestures:=100000", "pace:=8", "view:=headless", f"max_items:={ITEMS}", *LASTS)
    with (
        Listener(topics.GESTURES, topics.EPOCH) as listener,
        Author(ITEMS, 3, rate_hz=5.0) as author,
        _environment(variables),
        RunningSession(*arguments, "restarts:=100", f"directory:={directory}") as session,
    ):
        try:
            session.wait_until(lambda: set(faults) <= _happened(log), _REACHED_S)
        except AssertionError as error:
            raise AssertionError(f"{set(faults) - _happened(log)} did not happen: {error}") from error
        happened_ns, before = time.time_ns(), len(author.answered_s)
        session.wait_until(lambda: len(author.answered_s) > before + 15, _WORKS_S)
        session.wait_until(lambda: _trains(listener, happened_ns), _WORKS_S)
        session.interrupt()
        code = session.end(_ENDS_S)
        told = known_from(listener.messages[topics.GESTURES.name])
        acknowledged = dict(author.acknowledged)
    outcome.happened = sorted(_happened(log))
    if code != 130:
        outcome.problems.append(f"the session ended with exit code {code}")
    outcome.problems += [f"{fault} did not happen" for fault in {*faults, *at_end} - _happened(log)]
    outcome.acknowledged = len(acknowledged) + len(told)
    outcome.problems += broken_promises(directory, acknowledged, told)
    return outcome


def _trains(listener: Listener, since_ns: int) -> bool:
    """Tell whether training has gone on since: only then are there results to be written at the end."""
    return any(
        m.state == m.TRAINING and conversions.time_from_msg(m.header.stamp) > since_ns
        for m in listener.messages[topics.EPOCH.name][-20:]
    )


def _happened(log: Path) -> set[str]:
    return set(log.read_text().splitlines())


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have these variables for the processes that are started."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]
