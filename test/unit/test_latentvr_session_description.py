"""What a session is made of: every process exists, and is given only parameters that it has."""

import ast
import dataclasses
import importlib
import os
import re
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_type_hints

import pytest

from latentvr_common.datasets import NAMED
from latentvr_common.parameters import checked
from latentvr_common.run import FOLLOW_PARENT
from latentvr_session.arguments import Arguments, has_monado
from latentvr_session.debian_prefix import Prefix
from latentvr_session.description import PARTS, Process, environment, executable_path, processes, profile_fits
from latentvr_session.monado import Monado
from latentvr_session.preparation import Prepared

TOP = Path(__file__).parents[2]
SCRIPTS = TOP / "scripts"


MONADO = Monado(Prefix(Path("/runtimes/one")), Path("/run/xr"), 14242)
THROUGH_OPENXR = {"hands": "openxr", "xr_runtime": "monado"}
OF_OPENXR = {"xr_bridge", "monado_service"}


def prepared(**said: Any) -> Prepared:
    arguments = Arguments(**said)
    runtime = MONADO if has_monado(arguments) else None
    return Prepared(arguments, Path("/sessions/one"), ("ant", "bee"), 1797, (), runtime)


def started(**said: Any) -> list[str]:
    return [process.executable for process in processes(prepared(**said))]


def parameters_of(executable: str, **said: Any) -> dict[str, Any]:
    (found,) = [p for p in processes(prepared(**said)) if p.executable == executable]
    return dict(found.parameters)


def declared_by(executable: str) -> type[Any]:
    """The dataclass that the node of an executable declares, in the module that its script names."""
    (module,) = re.findall(r"see `([\w.]+)`", (SCRIPTS / executable).read_text())
    node = ast.parse((TOP / "src" / (module.replace(".", "/") + ".py")).read_text())
    calls = [c for c in ast.walk(node) if isinstance(c, ast.Call) and getattr(c.func, "id", "") == "declare"]
    (name,) = [c.args[1].id for c in calls if isinstance(c.args[1], ast.Name)]
    found = getattr(importlib.import_module(f"{module.rsplit('.', 1)[0]}.parameters"), name)
    assert isinstance(found, type)
    return found


# Which processes


def test_all_of_a_session_by_default() -> None:
    assert started() == [
        part.executable for part in PARTS if part.executable not in OF_OPENXR | {"desktop", "room_markers"}
    ]
    assert {part.executable for part in PARTS} == {p.name for p in SCRIPTS.iterdir()} - {
        *("run_session", "session_player", "replay_training")
    }


def test_hands_that_a_runtime_sees_come_by_the_bridge_and_the_person_moves_those_of_monado() -> None:
    assert set(started()) ^ set(started(hands="openxr")) == {"xr_bridge", "scripted_hands"}
    assert set(started(**THROUGH_OPENXR)) - set(started()) == OF_OPENXR
    assert "hands_by" not in parameters_of("scripted_hands")
    given = parameters_of("scripted_hands", **THROUGH_OPENXR)
    assert (given["hands_by"], given["port"]) == ("monado", 14242)
    assert parameters_of("session_host", **THROUGH_OPENXR)["person"] == "scripted_hands"
    assert parameters_of("session_host", hands="openxr")["person"] == ""


def test_a_desktop_session_has_its_window_and_pictures_beside_it_and_nobody_elses_hands() -> None:
    assert set(started()) ^ set(started(view="desktop")) == {"desktop", "scripted_hands"}
    assert parameters_of("cloud_view", view="desktop")["mode"] == "headless"
    shown = parameters_of("desktop", view="desktop", forces=True, cues=True)
    assert (shown["forces"], shown["cues"]) == (True, True)
    assert {p.executable: p.required for p in processes(prepared(view="desktop"))}["desktop"] is False


@pytest.mark.parametrize(
    ("said", "person"),
    [
        ({"view": "desktop"}, "desktop"),
        ({"view": "desktop", "hands": "scripted"}, "desktop"),
        ({"view": "desktop", "hands": "openxr"}, "desktop"),
        ({"view": "window"}, "scripted_hands"),
        ({"view": "window", "hands": "none"}, ""),
    ],
)
def test_a_session_lasts_until_its_window_for_labelling_is_closed(said: dict[str, Any], person: str) -> None:
    assert parameters_of("session_host", **said)["person"] == person
    assert ("desktop" in started(**said)) == (person == "desktop")


def test_markers_are_sent_only_where_they_are_wanted_and_are_never_needed() -> None:
    assert set(started(markers=True)) - set(started()) == {"room_markers"}
    assert parameters_of("room_markers", markers=True, cues=True) == {"cues": True}
    assert {p.executable: p.required for p in processes(prepared(markers=True))}["room_markers"] is False


def test_hands_that_were_asked_for_are_there_beside_a_desktop() -> None:
    assert "scripted_hands" in started(view="desktop", hands="scripted")
    assert "xr_bridge" in started(view="desktop", hands="openxr")


def test_only_what_uses_monado_runs_under_its_loader_and_hears_of_it() -> None:
    assert all(not p.prefix and not p.variables for p in processes(prepared()))
    found = {p.executable: p for p in processes(prepared(**THROUGH_OPENXR))}
    assert [name for name, p in found.items() if p.prefix] == ["xr_bridge"]
    assert {name for name, p in found.items() if p.variables} == OF_OPENXR
    assert found["xr_bridge"].prefix[0].startswith("/runtimes/one/")
    assert Path(found["xr_bridge"].prefix[-1]) == Path(sys.executable).resolve()
    assert found["xr_bridge"].variables["XR_RUNTIME_JSON"] == "/run/xr/openxr.json"
    assert found["monado_service"].parameters["command"][-1] == "/runtimes/one/usr/bin/monado-service"


def test_whoever_records_or_keeps_labels_starts_before_whoever_has_something_to_say() -> None:
    order = started()
    assert order.index("session_recorder") == 0
    assert order.index("label_journal") < order.index("latent_trainer") < order.index("gesture_labeler")
    assert order[-1] == "scripted_hands"
    through_openxr = started(**THROUGH_OPENXR)
    assert through_openxr[-3:] == ["monado_service", "xr_bridge", "scripted_hands"]


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({"hands": "none"}, {"scripted_hands"}),
        ({"view": "off"}, {"cloud_view"}),
        ({"view": "headless"}, set()),
        ({"view": "window"}, set()),
        ({"record": False}, {"session_recorder"}),
        ({"hands": "none", "view": "off", "record": False}, {"scripted_hands", "cloud_view", "session_recorder"}),
    ],
)
def test_what_is_not_wanted_is_not_started(said: dict[str, Any], missing: set[str]) -> None:
    assert set(started()) - set(started(**said)) == missing


def test_only_the_end_of_the_host_ends_the_session_and_only_what_watches_may_be_missing() -> None:
    found = processes(prepared())
    assert [p.executable for p in found if p.ends_session] == ["session_host"]
    assert [p.executable for p in found if not p.required] == ["session_recorder", "cloud_view"]
    assert [p.required for p in processes(prepared(**THROUGH_OPENXR)) if p.executable in OF_OPENXR] == [False, True]


@pytest.mark.parametrize("executable", [part.executable for part in PARTS])
def test_every_executable_exists_in_the_tree_and_in_the_installation(executable: str) -> None:
    for file in (SCRIPTS / executable, executable_path(executable)):
        assert file.is_file()
        assert os.access(file, os.X_OK)


# With which parameters

SAID: list[dict[str, Any]] = [
    {},
    {"max_items": 100, "seed": 2**31 - 1, "gestures": 0, "purity": 0.1, "pace": 20.0, "threads": 256},
    {"view": "window", "device": "cuda", "paused": True, "settle_s": 0.0, "duration_s": 3600.0},
    {"view": "headless", "device": "cpu", "hands": "none"},
    THROUGH_OPENXR,
    {"view": "desktop", "forces": True},
    {"markers": True, "cues": True},
]
NO_NODES = {"monado_service"}


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("executable", [part.executable for part in PARTS])
def test_every_parameter_that_a_process_is_given_is_one_that_it_declares_and_in_its_range(
    executable: str, said: dict[str, Any]
) -> None:
    if executable not in started(**said) or executable in NO_NODES:
        return
    given, settings = parameters_of(executable, **said), declared_by(executable)
    hints = get_type_hints(settings)
    assert given.keys() <= hints.keys()
    for name, value in given.items():
        if hints[name] == list[str]:
            assert isinstance(value, list)
            assert all(isinstance(text, str) for text in value)
        else:
            assert type(value) is hints[name], name
    checked(settings(**given))


def test_every_argument_reaches_a_process_or_decides_whether_one_starts() -> None:
    other = {
        "hands": "none",
        "xr_runtime": "monado",
        "graphics": "egl",
        "resolution": 0.5,
        "forces": True,
        "cues": True,
        "markers": True,
        "view": "off",
        "record": False,
        "device": "cpu",
        "paused": True,
        "dataset": "fashion_mnist",
        "labels_copy": "/backup/labels.jsonl",
    }
    # The first are in what `prepare` returns, the last is for who starts processes.
    elsewhere = {"categories", "directory", "restarts"}
    for field in dataclasses.fields(Arguments):
        said = {"hands": "openxr"} if field.name in ("xr_runtime", "graphics", "resolution") else {}
        before = [(p.executable, p.parameters) for p in processes(prepared(**said))]
        changed = prepared(**said, **{field.name: other.get(field.name, 7)})
        after = [(p.executable, p.parameters) for p in processes(changed)]
        assert (after != before) == (field.name not in elsewhere), field.name


def test_all_who_read_the_dataset_read_the_same() -> None:
    readers = ("session_host", "latent_trainer", "scripted_hands")
    given = [parameters_of(name, dataset="fashion_mnist", max_items=50, seed=3) for name in readers]
    for name in ("dataset", "max_items", "seed"):
        assert len({g[name] for g in given}) == 1
    assert given[0]["dataset"] == "fashion_mnist"


def test_what_was_prepared_is_given_on() -> None:
    assert parameters_of("label_journal") == {
        "path": "/sessions/one/labels.db",
        "categories": ["ant", "bee"],
        "wins": "newest",
        "item_count": 1797,
        "copy": "",
    }
    assert parameters_of("label_journal", labels_copy="/backup/labels.jsonl")["copy"] == "/backup/labels.jsonl"
    for name in ("session_host", "latent_trainer", "cloud_view"):
        assert parameters_of(name)["directory"] == "/sessions/one"
    assert parameters_of("session_recorder") == {"bag": "/sessions/one/bag", "go_on": False}
    assert parameters_of("session_recorder", resume="/sessions/one")["go_on"]


@pytest.mark.parametrize(("wins", "given"), [("ann", "ann"), ("", "newest")])
def test_the_journal_is_told_whose_marks_hold(wins: str, given: str) -> None:
    assert parameters_of("label_journal", wins=wins)["wins"] == given


def test_the_host_counts_planned_gestures_only_where_somebody_plans_them() -> None:
    assert parameters_of("session_host", gestures=7)["planned_gestures"] == 7
    assert parameters_of("session_host", gestures=7, hands="none")["planned_gestures"] == 0


def test_a_relative_path_of_a_dataset_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "birds").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for said in ("birds", "./birds", "~/birds", str(tmp_path / "birds")):
        assert parameters_of("latent_trainer", dataset=said)["dataset"] == str(tmp_path / "birds")


@pytest.mark.parametrize("name", NAMED)
def test_a_name_stays_a_name_where_a_directory_is_called_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert parameters_of("latent_trainer", dataset=name)["dataset"] == name


# How they end


@pytest.mark.parametrize(
    ("ends_session", "required", "code", "said"),
    [
        (True, True, 0, None),
        (True, True, 1, "part failed with exit code 1; the session is over"),
        (False, True, 0, "part ended before the session did; the session is over"),
        (False, True, 2, "part failed with exit code 2; the session is over"),
        (False, True, -signal.SIGKILL, "part was ended by SIGKILL; the session is over"),
        (False, False, 0, "part ended before the session did; the session goes on without it"),
        (False, False, -signal.SIGSEGV, "part was ended by SIGSEGV; the session goes on without it"),
    ],
)
def test_an_end_that_is_not_the_sessions_is_a_fault(
    ends_session: bool, required: bool, code: int, said: str | None
) -> None:
    assert Process("part", {}, ends_session, required).fault(code) == said


# Surroundings

WANTED = {
    "ROS_AUTOMATIC_DISCOVERY_RANGE",
    "FASTRTPS_DEFAULT_PROFILES_FILE",
    "PYTHONUNBUFFERED",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
}


PROFILE = TOP / "config" / "fastdds.xml"
MIB = 2**20


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WANTED | {FOLLOW_PARENT}:
        monkeypatch.delenv(name, raising=False)
    shared_memory(monkeypatch, 24 * 1024 * MIB)


def shared_memory(monkeypatch: pytest.MonkeyPatch, free_bytes: int | None) -> None:
    """Be a machine with so much free shared memory; None: with no shared memory at all."""

    def disk_usage(path: Path) -> SimpleNamespace:
        assert path == Path("/dev/shm")
        if free_bytes is None:
            raise FileNotFoundError(path)
        return SimpleNamespace(free=free_bytes)

    monkeypatch.setattr("latentvr_session.description.shutil.disk_usage", disk_usage)


@pytest.mark.usefixtures("nothing_set")
def test_a_session_is_not_heard_on_the_network_and_follows_its_starter() -> None:
    found = environment(1234)
    assert found.keys() == WANTED | {FOLLOW_PARENT}
    assert found["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert found[FOLLOW_PARENT] == "1234"
    profiles = Path(found["FASTRTPS_DEFAULT_PROFILES_FILE"])
    assert profiles.read_text() == PROFILE.read_text()


@pytest.mark.parametrize(
    ("free_mib", "fits"), [(0, False), (63, False), (64, False), (703, False), (704, True), (24 * 1024, True)]
)
def test_the_profile_fits_where_there_is_room_for_a_segment_of_each_process(free_mib: int, fits: bool) -> None:
    assert profile_fits(free_mib * MIB) == fits


def test_the_room_is_reckoned_with_the_size_in_the_profile() -> None:
    (size,) = re.findall(r"<segment_size>(\d+)</segment_size>", PROFILE.read_text())
    processes_and_a_node_of_ones_own = len(PARTS) - len(NO_NODES) + 1
    assert profile_fits(processes_and_a_node_of_ones_own * int(size))
    assert not profile_fits(processes_and_a_node_of_ones_own * int(size) - 1)


@pytest.mark.usefixtures("nothing_set")
@pytest.mark.parametrize("free_bytes", [None, 0, 64 * MIB])
def test_with_little_shared_memory_fast_dds_keeps_its_own_defaults(
    monkeypatch: pytest.MonkeyPatch, free_bytes: int | None
) -> None:
    shared_memory(monkeypatch, free_bytes)
    assert environment(1).keys() == (WANTED - {"FASTRTPS_DEFAULT_PROFILES_FILE"}) | {FOLLOW_PARENT}


@pytest.mark.usefixtures("nothing_set")
@pytest.mark.parametrize("name", sorted(WANTED))
@pytest.mark.parametrize("value", ["", "SUBNET", "4"])
def test_what_the_person_has_set_wins(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert environment(1).keys() == (WANTED - {name}) | {FOLLOW_PARENT}


@pytest.mark.usefixtures("nothing_set")
def test_a_starter_of_before_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLLOW_PARENT, "99")
    assert environment(1234)[FOLLOW_PARENT] == "1234"
