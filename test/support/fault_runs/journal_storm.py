"""A journal that is killed again and again while somebody labels as fast as it takes entries."""

import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from node_process import NodeProcess

from fault_runs.author import Author
from fault_runs.invariants import broken_promises

ITEMS = 2000
_WORKS_S = 60.0


@dataclass
class Outcome:
    """What came of it."""

    kills: int = 0
    acknowledged: int = 0
    recover_s: list[float] = field(default_factory=list)
    """From a start until the next entry was acknowledged."""
    problems: list[str] = field(default_factory=list)


def journal_storm(directory: Path, *, kills: int, seed: int = 0) -> Outcome:
    """Kill it so many times, at random moments, also while it starts, and check that nothing acknowledged is lost."""
    outcome, chance = Outcome(), random.Random(seed)
    directory.mkdir(parents=True, exist_ok=True)
    parameters = {"path": str(directory / "labels.db"), "categories": ["a", "b", "c"], "item_count": ITEMS}
    with Author(ITEMS, 3, rate_hz=200.0, seed=seed) as author:
        while outcome.kills < kills:
            with NodeProcess("label_journal", parameters, directory / "log") as journal:
                began_s = time.monotonic()
                if chance.random() < 0.8 and _works(author, began_s):
                    outcome.recover_s.append(author.answered_s[-1] - began_s)
                    time.sleep(chance.uniform(0.0, 0.4))
                else:
                    time.sleep(chance.uniform(0.0, 1.5))
                journal.kill()
                outcome.kills += 1
        with NodeProcess("label_journal", parameters, directory / "log") as journal:
            if not _works(author, time.monotonic()):
                outcome.problems.append("the journal does not come back")
            journal.stop()
        acknowledged = dict(author.acknowledged)
    outcome.acknowledged = len(acknowledged)
    outcome.problems += broken_promises(directory, acknowledged, {})
    return outcome


def _works(author: Author, since_s: float) -> bool:
    """Wait until an entry is acknowledged; return whether that came."""
    until = time.monotonic() + _WORKS_S
    while time.monotonic() < until:
        if author.answered_s and author.answered_s[-1] > since_s:
            return True
        time.sleep(0.01)
    return False
