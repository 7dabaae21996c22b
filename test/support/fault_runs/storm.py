"""One session in which process after process is killed or held at some moment, while people go on labelling."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from listening import Listener
from running import RunningSession

from fault_runs.author import Author, known_from
from fault_runs.invariants import broken_promises
from latentvr_common import conversions, topics

ITEMS = 600
LASTS = ("settle_s:=86400",)
"""What makes a session last until it is interrupted, even if the person leaves, as on a machine that answers nobody."""
VICTIMS = ("label_journal", "latent_trainer", "gesture_labeler", "cloud_view", "session_recorder")
_STARTS_S, _COMES_BACK_S, _ENDS_S = 180.0, 120.0, 60.0
_HELD_SHARE, _HELD_S = 0.1, 1.5


@dataclass
class Outcome:
    """What came of it."""

    kills: Counter[str] = field(default_factory=Counter)
    """How often each process was killed."""
    held: int = 0
    """How often one was held for a moment, by SIGSTOP."""
    acknowledged: int = 0
    recover_s: list[float] = field(default_factory=list)
    """From a kill until the process told again how it is."""
    problems: list[str] = field(default_factory=list)


class _Session:
    """A session that is watched: which processes are well, and since when."""

    def __init__(self, session: RunningSession, listener: Listener, victims: Sequence[str]) -> None:
        self.session = session
        self._heard = listener.messages[topics.DIAGNOSTICS.name]
        self._read = 0
        self._well_ns: dict[str, int] = dict.fromkeys(victims, 0)
        self._killed: dict[str, tuple[int, int]] = {}
        """When, nanoseconds since 1970, and the process id."""

    def hear(self) -> list[float]:
        """Take in what was told; return how long those took that have come back, seconds."""
        back = []
        while self._read < len(self._heard):
            message = self._heard[self._read]
            self._read += 1
            stamp_ns = conversions.time_from_msg(message.header.stamp)
            for status in message.status:
                name = status.name.rpartition("/")[2]
                if name in self._well_ns:
                    self._well_ns[name] = stamp_ns
                    if name in self._killed and stamp_ns > self._killed[name][0] and self._is_new(name):
                        back.append((stamp_ns - self._killed.pop(name)[0]) / 1e9)
        return back

    def _is_new(self, name: str) -> bool:
        return self.session.pid_of(name) != self._killed[name][1]

    def up(self) -> list[str]:
        """Return who has told how it is since it was killed last."""
        return [name for name, stamp_ns in self._well_ns.items() if stamp_ns and name not in self._killed]

    @property
    def down(self) -> list[str]:
        """Who has not come back yet."""
        return list(self._killed)

    def kill(self, name: str) -> None:
        pid = self.session.pid_of(name)
        self._killed[name] = time.time_ns(), pid
        os.kill(pid, signal.SIGKILL)

    def hold(self, name: str, seconds: float) -> None:
        pid = self.session.pid_of(name)
        os.kill(pid, signal.SIGSTOP)
        threading.Timer(seconds, lambda: psutil.pid_exists(pid) and os.kill(pid, signal.SIGCONT)).start()


def storm(
    directory: Path,
    *,
    kills: int,
    minutes: float = 60.0,
    seed: int = 0,
    victims: Sequence[str] = VICTIMS,
    mean_pause_s: float = 0.7,
    tell: Callable[[str], None] = lambda text: None,
) -> Outcome:
    """Kill so many times, or until the time is over, then end the session and check that all promises hold."""
    outcome, chance = Outcome(), random.Random(seed)
    arguments = ("gestures:=100000", "pace:=8", "view:=headless", f"max_items:={ITEMS}", *LASTS)
    heard = (topics.DIAGNOSTICS, topics.GESTURES)
    with (
        Listener(*heard) as listener,
        Author(ITEMS, 3, rate_hz=10.0, seed=seed) as author,
        RunningSession(*arguments, "restarts:=100", f"directory:={directory}") as running,
    ):
        session = _Session(running, listener, victims)
        running.wait_until(lambda: not session.hear() and len(session.up()) == len(victims), _STARTS_S)
        until_s = time.monotonic() + 60 * minutes
        while sum(outcome.kills.values()) < kills and time.monotonic() < until_s:
            _strike(session, outcome, chance, mean_pause_s, tell)
        _let_all_come_back(session, outcome)
        family = running.family()
        running.interrupt()
        code = running.end(_ENDS_S)
        if code != 130:
            outcome.problems.append(f"the session ended with exit code {code}")
        outcome.problems += _left(family)
        told = known_from(listener.messages[topics.GESTURES.name])
        acknowledged = dict(author.acknowledged)
    outcome.acknowledged = len(acknowledged) + len(told)
    outcome.problems += broken_promises(directory, acknowledged, told)
    return outcome


def _strike(
    session: _Session, outcome: Outcome, chance: random.Random, mean_pause_s: float, tell: Callable[[str], None]
) -> None:
    """Wait for some time, then kill or hold some process that is well."""
    wait_s = time.monotonic() + chance.expovariate(1 / mean_pause_s)
    session.session.wait_until(
        lambda: bool(outcome.recover_s.extend(session.hear()) or session.up()) and time.monotonic() > wait_s,
        _COMES_BACK_S,
    )
    victim = chance.choice(session.up())
    if chance.random() < _HELD_SHARE:
        session.hold(victim, chance.uniform(0.2, _HELD_S))
        outcome.held += 1
        return
    session.kill(victim)
    outcome.kills[victim] += 1
    if sum(outcome.kills.values()) % 20 == 0:
        tell(f"{sum(outcome.kills.values())} kills, {len(outcome.recover_s)} came back")


def _let_all_come_back(session: _Session, outcome: Outcome) -> None:
    try:
        session.session.wait_until(
            lambda: not (outcome.recover_s.extend(session.hear()) or session.down), _COMES_BACK_S
        )
    except AssertionError:
        outcome.problems.append(f"{', '.join(session.down)} did not come back within {_COMES_BACK_S:.0f} s")


def _left(family: Sequence[psutil.Process]) -> list[str]:
    """Return which processes are still there."""
    _, alive = psutil.wait_procs(family, timeout=30)
    return [f"{p.name()} is left behind" for p in alive if p.status() != psutil.STATUS_ZOMBIE]
