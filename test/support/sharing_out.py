"""How tests share a machine: which go beside each other, in which order, and which have it for themselves.

Without xdist's workers nothing of this changes anything: tests then run one after another as they stand.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

Item = TypeVar("Item")
_UNIT = "test/unit/"
_FIRST_DOMAIN, _DOMAINS = 101, 130
"""Lower ones are left to people."""
_SHARE_WHAT_THEY_MADE = ("test/session/test_whole_session.py", "test/session/test_exact_replay.py")
"""Their tests look at one session."""
_TURN, _PLACES = Path(__file__), Path(__file__).with_name("node_process.py")
"""Files of which the locks count, not what is in them."""


def unit_of_work(nodeid: str) -> str:
    """Return what goes to one worker as a whole: a file of test/unit, whose tests share fixtures, else one test."""
    file = nodeid.partition("::")[0]
    return file if file.startswith(_UNIT) or file in _SHARE_WHAT_THEY_MADE else nodeid


class Domains:
    """ROS domains for the units of work of one worker, each its own.

    What a process leaves that was killed, such as messages in shared memory, is then not heard by the next test.
    """

    def __init__(self, base: int, worker: int, workers: int) -> None:
        """`base`: of this test run, to tell it from others on the machine; `worker`: from 0."""
        self._block = _DOMAINS // workers
        self._first = base + worker * self._block
        self._units: dict[str, int] = {}

    def of(self, nodeid: str) -> int:
        """Return the domain of a test."""
        number = self._units.setdefault(unit_of_work(nodeid), len(self._units))
        return _FIRST_DOMAIN + (self._first + number % self._block) % _DOMAINS


def scheduler(config: pytest.Config, log: Any) -> Any:
    """Return what hands units of work to xdist's workers, in the order in which tests were collected."""
    from xdist.scheduler import LoadScopeScheduling

    class InOrder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of_work(nodeid)

        def remove_node(self, node: Any) -> str | None:
            """Have all that a worker that died had left to do be done by others, but for the test that it died of."""
            workload = self.assigned_work.pop(node)
            left = [(unit, name) for unit, tests in workload.items() for name, done in tests.items() if not done]
            if not left:
                return None
            unit, died_of = left[0]
            workload[unit][died_of] = True
            self.workqueue.update({name: tests for name, tests in workload.items() if not all(tests.values())})
            for other in self.assigned_work:
                self._reschedule(other)
            return died_of

        def mark_test_pending(self, item: str) -> None:
            """Have a test be run once more, by whoever is free."""
            self.workqueue[self._split_scope(item)] = {item: False}
            for node in self.assigned_work:
                self._reschedule(node)

        def schedule(self) -> None:
            super().schedule()
            # A worker begins with a test once it knows the next one, or that there is none. One that came later, in the
            # place of one that died, gets a single one at first, and would wait for ever.
            for node in self.nodes:
                if self._pending_of(self.assigned_work[node]) < 2:
                    self._reschedule(node)

    config.option.loadscopereorder = False
    return InOrder(config, log)


def once_more(item: str, report: Any, scheduling: Any, tried: set[str]) -> None:
    """Have a test of which a worker died be run again, the first time: the summary then counts a "rerun".

    `tried`: those that were run again already.
    """
    if item not in tried:
        tried.add(item)
        report.outcome = "rerun"
        scheduling.mark_test_pending(item)


def mixed(waiting: Sequence[Item], computing: Sequence[Item]) -> list[Item]:
    """Return both, each in its order, evenly mixed: what waits for others leaves the processor to what computes."""
    places = [((i + 0.5) / len(some), item) for some in (waiting, computing) for i, item in enumerate(some)]
    return [item for _, item in sorted(places, key=lambda place: place[0])]


def in_order_of_work(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests in the order in which they are handed out.

    First those that are alone: none of the workers then has to wait for another's long test. Then sessions begin early,
    and what computes goes beside what waits.
    """
    units: dict[str, list[pytest.Item]] = {}
    for item in items:
        units.setdefault(unit_of_work(item.nodeid), []).append(item)
    alone = [name for name, tests in units.items() if any(is_alone(test) for test in tests)]
    rest = [name for name in units if name not in alone]
    computing = [name for name in rest if name.startswith(_UNIT)]
    waiting = [name for name in reversed(rest) if name not in computing]
    return [item for name in (*alone, *mixed(waiting, computing)) for item in units[name]]


def is_alone(test: pytest.Item) -> bool:
    """Tell whether it is to have the machine for itself."""
    return test.get_closest_marker("alone") is not None


@contextmanager
def place_on_the_machine(alone: bool) -> Iterator[None]:
    """Wait for a place among the tests that run; `alone`: until no other has one, and keep all others out."""
    with _TURN.open() as turn, _PLACES.open() as places:
        # Who waits to be alone has the turn: nobody comes in between.
        fcntl.flock(turn, fcntl.LOCK_EX)
        fcntl.flock(places, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        yield
