"""The matrix of faults: what is tried, how often, what failed, and how soon all is well again.

Real sessions are killed, held, left without a disk and sent nonsense, by shared memory and by UDP only; power cuts of
the journal and of checkpoints are simulated. After each of these runs one check looks whether all promises hold. All of
it takes some hours; `--short` shows in some minutes that it works. Parts of it may run at once, each with a shared
memory and a ROS domain of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import report

sys.path.append(str(Path(__file__).parents[1] / "test" / "support"))

from fault_runs.cycles import up_and_down
from fault_runs.journal_storm import journal_storm
from fault_runs.points import WHEN_IT_ENDS, WHILE_IT_RUNS, Outcome, faults_at_points
from fault_runs.storm import storm
from gesture_trials import some_takes, try_lie
from hostile_graph import attack
from power_cut.checks import lost_checkpoints, lost_labels
from power_cut.cutting import cut_everywhere
from power_cut.log import build_shim
from virtual_display import display_if_any

TRANSPORTS = {"shared memory": "DEFAULT", "UDP only": "UDPv4"}
_TAKES = 160
_WHO = "LATENTVR_FAULTS_PART"
_OWN_SHARED_MEMORY = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs latentvr /dev/shm && exec "$@"', "sh")
"""The words before a command that give it one. Only root may."""
_NO_PROFILES = Path(__file__).parents[1] / "test" / "data" / "no_profiles.xml"
_DOMAINS = range(101, 231)


@dataclass(frozen=True)
class Amounts:
    """How much of everything."""

    journal_kills: int = 500
    session_kills: int = 500
    entries_cut: int = 120
    checkpoints_cut: int = 30
    messages: int = 100_000
    lies: int = 10_000
    cycles: int = 100
    minutes: float = 60.0


SHORT = Amounts(
    journal_kills=10, session_kills=16, entries_cut=6, checkpoints_cut=3, messages=2000, lies=200, cycles=2, minutes=2.0
)


@dataclass
class Row:
    """One kind of fault."""

    fault: str
    trials: int
    failures: int
    recover_s: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unit: str = ""
    """What a trial is."""
    acknowledged: int = 0
    """Entries that were acknowledged meanwhile."""

    @property
    def bound(self) -> str:
        """The 95 % bound of the share of trials that fail, where none did (rule of three)."""
        return "" if self.failures else f"{3 / max(self.trials, 1):.2g}"

    def cells(self) -> list[str]:
        """Return the row as cells of a table."""
        times = ", ".join(f"{s:.1f}" for s in np.percentile(self.recover_s, [50, 95])) if self.recover_s else ""
        return [self.fault, f"{self.trials:,} {self.unit}".strip(), f"{self.failures:,}", self.bound, times]


def say(text: str) -> None:
    """Tell how far it is, apart from what is found."""
    print(f"{os.environ.get(_WHO, '')}{text}", file=sys.stderr, flush=True)


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="latentvr-faults-") as directory:
        yield Path(directory)


# Parts, each in a process of its own: what transport is used is decided once a process


def killed_journal(amounts: Amounts, way: str) -> list[Row]:
    """The journal alone, as fast as it can be started."""
    with scratch() as directory:
        done = journal_storm(directory / "journal", kills=amounts.journal_kills // len(TRANSPORTS))
    row = Row(f"kill -9 of the journal, {way}", done.kills, len(done.problems), done.recover_s, done.problems, "kills")
    row.acknowledged = done.acknowledged
    return [row]


def killed_parts(amounts: Amounts, way: str) -> list[Row]:
    """One session, in which process after process is killed."""
    kills = amounts.session_kills // len(TRANSPORTS)
    with scratch() as directory:
        done = storm(directory / "session", kills=kills, tell=say)
    name = f"kill -9 and holding of {len(done.kills)} processes, {way}"
    row = Row(name, sum(done.kills.values()), len(done.problems), done.recover_s, done.problems, "kills")
    row.acknowledged = done.acknowledged
    return [row]


def points(amounts: Amounts, way: str) -> list[Row]:
    """A session for each kind of fault at points of the code."""
    rows = []
    for name, faults in WHILE_IT_RUNS.items():
        at_end = WHEN_IT_ENDS if name == "kill" else ()
        with scratch() as directory:
            done = _at_points(directory / "session", faults, at_end)
        say(f"{name}: {len(done.happened)} happened, {done.acknowledged} entries acknowledged, {done.problems}")
        said = {"kill": "kill -9", "error": "no disk, a broken one, an exception", "hang": "a loop that hangs"}[name]
        count = len(faults) + len(at_end)
        rows.append(Row(f"{said} at points, {way}", count, len(done.problems), [], done.problems, "points"))
        rows[-1].acknowledged = done.acknowledged
    return rows


def _at_points(session: Path, faults: Sequence[str], at_end: Sequence[str]) -> Outcome:
    try:
        return faults_at_points(session, faults, at_end=at_end)
    except AssertionError as error:
        say(str(error))
        return Outcome(problems=[str(error).splitlines()[0]])


def power_cuts(amounts: Amounts, _way: str) -> list[Row]:
    """Every call of what writes to the disk is a moment to be cut."""
    rows = []
    with scratch() as directory:
        shim = build_shim(directory)
        for what, program, count, check in (
            ("journal", "keep_labels.py", amounts.entries_cut, lost_labels),
            ("checkpoints", "keep_checkpoints.py", amounts.checkpoints_cut, lost_checkpoints),
        ):
            done = cut_everywhere(program, count, "as it is", check, shim)
            name = f"cut of power, {what}"
            rows.append(Row(name, done.states, len(done.problems), [], done.problems, "states"))
    return rows


def hostile_messages(amounts: Amounts, way: str) -> list[Row]:
    """Bytes that somebody made to do harm, at every topic and service of all nodes."""
    with scratch() as directory, display_if_any() as display:
        done = attack(amounts.messages // len(TRANSPORTS), directory, TRANSPORTS[way], display=display, tell=say)
    problems = [f"{name} ended: {said}" for name, said in done.ended.items()]
    problems += [f"{name} fell silent" for name in done.silent]
    name = f"hostile messages, at most {done.largest_mb:.0f} MB a node, {way}"
    return [Row(name, done.hostile_messages, done.crashes, [], problems, "messages")]


def lying_devices(amounts: Amounts, _way: str) -> list[Row]:
    """Gestures before devices that lie: what is marked that was not meant."""
    random = np.random.default_rng(11)
    takes = some_takes(_TAKES)
    tried = [try_lie(takes[i % len(takes)], random) for i in range(amounts.lies)]
    false = [f"{t.name}, {t.lie}: {t.false} items" for t in tried if t.false]
    return [Row("hands lost, lying, jumping; focus lost", len(tried), len(false), [], false, "gestures")]


def cycles(amounts: Amounts, way: str) -> list[Row]:
    """Sessions that come up and go: what is left of them."""
    with scratch() as directory:
        done = up_and_down(directory, cycles=max(1, amounts.cycles // len(TRANSPORTS)))
    return [Row(f"up and down, {way}", done.cycles, len(done.leaks), [], done.leaks, "sessions")]


def long_run(amounts: Amounts, way: str) -> list[Row]:
    """Random faults, seldom enough that much is done in between."""
    with scratch() as directory:
        done = storm(directory / "session", kills=10**9, minutes=amounts.minutes, mean_pause_s=15.0, seed=1, tell=say)
    name = f"{amounts.minutes:g} minutes with a fault every 15 s, {way}"
    row = Row(name, sum(done.kills.values()) + done.held, len(done.problems), done.recover_s, done.problems, "faults")
    row.acknowledged = done.acknowledged
    return [row]


PARTS: dict[str, tuple[Callable[[Amounts, str], list[Row]], bool]] = {
    "power_cuts": (power_cuts, False),
    "lying_devices": (lying_devices, False),
    "hostile_messages": (hostile_messages, True),
    "killed_journal": (killed_journal, True),
    "points": (points, True),
    "killed_parts": (killed_parts, True),
    "cycles": (cycles, True),
    "long_run": (long_run, True),
}
"""What is run, and whether once with each transport."""


@dataclass(frozen=True)
class Part:
    """A part of the matrix with one transport, in a process of its own."""

    name: str
    way: str
    domain: int
    short: bool
    before: tuple[str, ...]
    """Words before the command."""

    def run(self) -> list[Row]:
        """Run it, and tell of it; return its rows."""
        words = [sys.executable, __file__, "--part", self.name, "--way", self.way, *(["--short"] if self.short else [])]
        title = f"{self.name}, {self.way}"
        variables = {
            "FASTDDS_BUILTIN_TRANSPORTS": TRANSPORTS[self.way],
            "ROS_DOMAIN_ID": str(self.domain),
            _WHO: f"{title}: ",
        }
        if TRANSPORTS[self.way] != "DEFAULT":
            # The profile that sessions use has shared memory in it.
            variables["FASTRTPS_DEFAULT_PROFILES_FILE"] = str(_NO_PROFILES)
        began = time.monotonic()
        done = subprocess.run([*self.before, *words], env=os.environ | variables, stdout=-1, text=True, check=False)
        said = f"exit code {done.returncode}"
        rows = [Row(title, 0, 1, [], [f"the run itself ended with {said}"])]
        if done.returncode == 0:
            rows = [Row(**row) for row in json.loads(done.stdout.splitlines()[-1])]
        say(f"{title}: {time.monotonic() - began:.0f} s")
        for row in rows:
            say(f"  {'; '.join(row.cells())}")
            for problem in row.problems[:10]:
                say(f"  {row.fault}: {problem}")
        return rows


def parts(names: Sequence[str], short: bool, before: tuple[str, ...]) -> list[Part]:
    """Return what `names` come to, in the order of the table, each with a ROS domain of its own."""
    first = os.getpid()
    ways = [(name, way) for name in names for way in list(TRANSPORTS)[: 1 + PARTS[name][1]]]
    return [
        Part(name, way, _DOMAINS[(first + number) % len(_DOMAINS)], short, before)
        for number, (name, way) in enumerate(ways)
    ]


def run_all(wanted: Sequence[Part], at_once: int) -> dict[str, list[Row]]:
    """Run them, the last ones first, for they take longest; return the rows by name of part, in the order given."""
    with ThreadPoolExecutor(at_once) as pool:
        running = {part: pool.submit(part.run) for part in reversed(wanted)}
        rows: dict[str, list[Row]] = {}
        for part in wanted:
            rows.setdefault(part.name, []).extend(running[part].result())
    return rows


def own_shared_memory() -> tuple[str, ...]:
    """Return the words before a command that give it one; none where that cannot be had."""
    with suppress(OSError):
        if not subprocess.run([*_OWN_SHARED_MEMORY, "true"], capture_output=True, check=False).returncode:
            return _OWN_SHARED_MEMORY
    return ()


def figures_of(rows: dict[str, list[Row]], amounts: Amounts) -> dict[str, object]:
    """Return the figures of the issue's line."""

    def total(*parts: str) -> int:
        return sum(row.trials for part in parts for row in rows.get(part, ()))

    def failed(*parts: str) -> int:
        return sum(row.failures for part in parts for row in rows.get(part, ()))

    labels = ("killed_journal", "points", "killed_parts", "long_run")
    lost = [p for part in labels for row in rows.get(part, ()) for p in row.problems if "lost" in p or "another" in p]
    times = [s for part in labels for row in rows.get(part, ()) for s in row.recover_s]
    return {
        "kills": total("killed_journal", "killed_parts"),
        "acknowledged": sum(row.acknowledged for part in labels for row in rows.get(part, ())),
        "acknowledged_lost": len(lost),
        "power_cut_states": total("power_cuts"),
        "power_cut_lost": failed("power_cuts"),
        "hostile_messages": total("hostile_messages"),
        "crashes": failed("hostile_messages"),
        "false_labels": failed("lying_devices"),
        "updown_cycles": total("cycles"),
        "leaks": failed("cycles"),
        "minutes_of_random_faults": amounts.minutes,
        "recover_s_p95": round(float(np.percentile(times, 95)), 2) if times else None,
        "problems": sum(row.failures for found in rows.values() for row in found),
    }


def main() -> int:
    """Run the matrix and report; return 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a little of everything")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), help="not the whole matrix")
    parser.add_argument(
        "--at-once",
        type=int,
        choices=range(1, 17),
        default=1,
        help="so many parts beside each other; as root; default: 1",
    )
    parser.add_argument("--part", choices=list(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--way", choices=list(TRANSPORTS), default="shared memory", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    amounts = SHORT if arguments.short else Amounts()
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    if arguments.part:
        print(json.dumps([row.__dict__ for row in PARTS[arguments.part][0](amounts, arguments.way)]))
        return 0
    before = own_shared_memory()
    if arguments.at_once > 1 and not before:
        parser.error("--at-once: parts need a shared memory of their own for that, which only root can give them")
    rows = run_all(parts(arguments.only, arguments.short, before), arguments.at_once)
    found = [row for some in rows.values() for row in some]
    header = ("fault", "trials", "failures", "95 % bound", "back after s, p50, p95")
    print(report.table(header, [row.cells() for row in found]))
    figures = figures_of(rows, amounts)
    report.finish("faults", figures)
    return int(bool(figures["problems"]))


if __name__ == "__main__":
    sys.exit(main())
