"""How tests share a machine: whole files where they have something in common, and some alone."""

import multiprocessing
import os
import subprocess
import sys
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from types import SimpleNamespace

import pytest
import sharing_out
from sharing_out import Domains, in_order_of_work, mixed, place_on_the_machine, unit_of_work

SHORT_S, LONG_S = 0.3, 20.0


@pytest.mark.parametrize(
    ("nodeid", "unit"),
    [
        ("test/unit/test_a.py::test_b[x::y]", "test/unit/test_a.py"),
        ("test/session/test_whole_session.py::test_b", "test/session/test_whole_session.py"),
        ("test/session/test_exact_replay.py::test_b", "test/session/test_exact_replay.py"),
        ("test/session/test_faults.py::test_b", "test/session/test_faults.py::test_b"),
        ("test/nodes/test_a.py::test_b[0]", "test/nodes/test_a.py::test_b[0]"),
    ],
)
def test_units_are_files_where_tests_share_fixtures_and_else_single_tests(nodeid: str, unit: str) -> None:
    assert unit_of_work(nodeid) == unit


def test_each_unit_of_each_worker_has_a_domain_of_its_own() -> None:
    workers = [Domains(base=217, worker=worker, workers=3) for worker in range(3)]
    found = [domains.of(f"test/nodes/test_a.py::test_{i}") for domains in workers for i in range(43)]
    assert len(set(found)) == len(found)
    assert set(found) <= set(range(101, 231))
    in_file = {workers[0].of(f"test/unit/test_b.py::test_{i}") for i in range(3)}
    assert len(in_file) == 1
    assert workers[0].of("test/nodes/test_a.py::test_0") == found[0]


def test_what_computes_is_spread_evenly_among_what_waits() -> None:
    assert mixed("abcdef", "XY") == list("abXcdeYf")
    assert mixed("", "XY") == ["X", "Y"]


def test_every_test_is_kept_once_those_of_a_file_together() -> None:
    names = [f"test/unit/test_{file}.py::test_{i}" for file in "ab" for i in range(3)]
    names += [f"test/{folder}/test_a.py::test_{i}" for folder in ("nodes", "session") for i in range(3)]
    marked = "test/nodes/test_a.py::test_1"
    items = [
        SimpleNamespace(nodeid=n, get_closest_marker=lambda mark, n=n: (n, mark) == (marked, "alone") or None)
        for n in names
    ]
    ordered = [item.nodeid for item in in_order_of_work(items)]  # type: ignore[arg-type]
    assert ordered[0] == marked
    assert sorted(ordered) == sorted(names)
    in_file = [ordered.index(name) for name in names[:3]]
    assert in_file == list(range(in_file[0], in_file[0] + 3))
    assert ordered.index("test/session/test_a.py::test_0") < ordered.index("test/nodes/test_a.py::test_0")


def hold(alone: bool, has_it: Event, may_go: Event) -> None:
    with place_on_the_machine(alone):
        has_it.set()
        may_go.wait(LONG_S)


@pytest.mark.parametrize("alone", [(False, True), (True, False), (True, True), (False, False)])
def test_who_is_to_be_alone_waits_for_all_others_and_they_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, alone: tuple[bool, bool]
) -> None:
    for name in ("_TURN", "_PLACES"):
        file = tmp_path / name  # type: ignore[operator]
        file.touch()
        monkeypatch.setattr(sharing_out, name, file)
    fork = multiprocessing.get_context("fork")
    has_it, may_go = [fork.Event() for _ in alone], [fork.Event() for _ in alone]
    both = [fork.Process(target=hold, args=given) for given in zip(alone, has_it, may_go, strict=True)]
    both[0].start()
    assert has_it[0].wait(LONG_S)
    both[1].start()
    assert has_it[1].wait(SHORT_S if any(alone) else LONG_S) == (not any(alone))
    may_go[0].set()
    assert has_it[1].wait(LONG_S)
    may_go[1].set()
    for process in both:
        process.join(LONG_S)
        assert process.exitcode == 0


def test_who_waits_to_be_alone_is_not_kept_waiting_by_those_who_come_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    for name in ("_TURN", "_PLACES"):
        file = tmp_path / name  # type: ignore[operator]
        file.touch()
        monkeypatch.setattr(sharing_out, name, file)
    fork = multiprocessing.get_context("fork")
    has_it, may_go = [fork.Event() for _ in range(3)], [fork.Event() for _ in range(3)]
    given = zip((False, True, False), has_it, may_go, strict=True)
    first, alone, late = [fork.Process(target=hold, args=one) for one in given]
    first.start()
    assert has_it[0].wait(LONG_S)
    alone.start()
    time.sleep(SHORT_S)
    late.start()
    assert not has_it[2].wait(SHORT_S)
    may_go[0].set()
    assert has_it[1].wait(LONG_S)
    assert not has_it[2].is_set()
    may_go[1].set()
    assert has_it[2].wait(LONG_S)
    may_go[2].set()
    for process in (first, alone, late):
        process.join(LONG_S)


CONFTEST = """
import sys
sys.path.insert(0, {support!r})
import sharing_out
tried = set()
def pytest_xdist_make_scheduler(config, log):
    return sharing_out.scheduler(config, log)
def pytest_handlecrashitem(crashitem, report, sched):
    sharing_out.once_more(crashitem, report, sched, tried)
"""
TESTS = """
import os, time, pytest
@pytest.mark.parametrize("i", range(12))
def test_a(i):
    time.sleep(0.05)
    if i == {dies} and not os.path.exists("died-{once}"):
        open("died-{once}", "w").close() if {once} else None
        os._exit(3)
"""


@pytest.mark.parametrize(("dies", "once"), [(11, False), (0, True), (11, True)])
def test_when_a_worker_dies_of_a_test_all_others_are_run_and_it_once_more(
    tmp_path: Path, dies: int, once: bool
) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST.format(support=str(Path(sharing_out.__file__).parent)))
    (tmp_path / "test_some.py").write_text(TESTS.format(dies=dies, once=once))
    words = [sys.executable, "-m", "pytest", "-p", "xdist", "-n", "2", "-p", "no:cacheprovider", str(tmp_path)]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    surroundings["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = subprocess.run(words, cwd=tmp_path, env=surroundings, capture_output=True, text=True, timeout=120)
    assert done.returncode == (0 if once else 1), done.stdout
    last = done.stdout.splitlines()[-1]
    assert "1 rerun" in last
    assert ("== 12 passed" if once else "== 1 failed, 11 passed") in last
