"""Preparation: what a session is gets written down, and what was given wrongly is refused with nothing left behind."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from label_journal.rules import LONGEST_NAME, RejectedError, checked_name
from latentvr_common import session_files
from latentvr_common.datasets import load
from latentvr_common.errors import InputError
from latentvr_common.labels import CATEGORY_CAPACITY, Category
from latentvr_session.arguments import Arguments
from latentvr_session.preparation import Prepared, prepare, versions

ROWS = np.random.default_rng(0).normal(size=(30, 4))
TRUTH = np.arange(30) % 3


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a session leaves where it was started is inside of a directory of the test's own."""
    directory = tmp_path / "here"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


def archive(directory: Path, **arrays: Any) -> str:
    path = directory / "data.npz"
    np.savez(path, **{"items": ROWS, **arrays})
    return str(path)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def everything_below(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of every file and directory."""
    return {
        str(path): (mode_of(path), path.read_bytes() if path.is_file() else b"")
        for path in (directory, *directory.rglob("*"))
    }


@contextmanager
def refused(directory: Path, message: str) -> Iterator[None]:
    """What is inside is refused with `message` and leaves everything below `directory` as it was."""
    before = everything_below(directory)
    with pytest.raises(InputError, match=message) as error:
        yield
    assert "\n" not in str(error.value)
    assert everything_below(directory) == before


# The directory


def test_a_session_is_prepared_in_the_directory_that_was_said(tmp_path: Path) -> None:
    found = prepare(Arguments(directory=str(tmp_path / "a" / "session")))
    assert found.directory == tmp_path / "a" / "session"
    assert (found.item_count, found.categories, found.notes) == (1797, tuple("0123456789"), ())
    assert [path.name for path in found.directory.iterdir()] == [session_files.SESSION]


def test_a_relative_directory_and_a_tilde_become_absolute(
    tmp_path: Path, working_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepare(Arguments(directory="one")).directory == working_directory / "one"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert prepare(Arguments(directory="~/two")).directory == tmp_path / "two"


@pytest.mark.parametrize(
    ("dataset", "ending"), [("digits", "digits"), ("{}/data.npz", "data"), ("{}/my birds/", "my birds")]
)
def test_without_a_directory_the_session_is_named_by_time_and_dataset(
    tmp_path: Path, working_directory: Path, dataset: str, ending: str
) -> None:
    archive(tmp_path, truth=TRUTH)
    images(tmp_path / "my birds", 20)
    found = prepare(Arguments(dataset=dataset.format(tmp_path)))
    assert found.directory.parent == working_directory / "sessions"
    time, _, name = found.directory.name.rpartition(f"-{ending}")
    assert name == ""
    assert abs((datetime.strptime(time, "%Y%m%d-%H%M%S") - datetime.now()).total_seconds()) < 60


@pytest.mark.parametrize("said", ["{}/session", ""])
def test_nobody_else_can_look_into_a_session_whatever_the_umask(tmp_path: Path, said: str) -> None:
    before = os.umask(0)
    try:
        found = prepare(Arguments(directory=said.format(tmp_path)))
    finally:
        os.umask(before)
    assert mode_of(found.directory) == 0o700


def test_an_empty_directory_is_taken_and_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir(mode=0o755)
    assert mode_of(prepare(Arguments(directory=str(tmp_path / "empty"))).directory) == 0o700


def test_a_directory_that_holds_other_things_keeps_its_mode_and_its_files(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o775)
    (shared / "notes.txt").write_text("mine")
    prepare(Arguments(directory=str(shared)))
    assert mode_of(shared) == 0o775
    assert sorted(path.name for path in shared.iterdir()) == ["notes.txt", session_files.SESSION]


def test_a_directory_that_holds_a_session_is_refused(tmp_path: Path) -> None:
    arguments = Arguments(directory=str(tmp_path / "session"))
    prepare(arguments)
    with refused(
        tmp_path,
        rf"argument directory: {tmp_path}/session holds a session already \(session.json\), expected a new directory",
    ):
        prepare(arguments)


# Who runs the tests may be root, to whom no mode forbids anything: these forbid everybody.
UNWRITABLE = {
    "a file": ("{}/file", "File exists, expected a writable directory"),
    "below a file": ("{}/file/session", "Not a directory, expected a writable directory"),
    "in /proc": ("/proc/latentvr", "expected a writable directory"),
    "/proc": ("/proc", "expected a writable directory"),
    "a name that is too long": ("{}/" + "a" * 300, "File name too long, expected a writable directory"),
    "somebody who is not there": ("~nosuchuser/session", "home directory., expected a writable directory"),
}


@pytest.mark.parametrize(("said", "message"), UNWRITABLE.values(), ids=UNWRITABLE.keys())
def test_a_directory_that_cannot_be_written_is_refused(tmp_path: Path, said: str, message: str) -> None:
    (tmp_path / "file").write_text("")
    mode = mode_of(Path("/proc"))
    with refused(tmp_path, f"argument directory: .*{message}"):
        prepare(Arguments(directory=said.format(tmp_path)))
    assert mode_of(Path("/proc")) == mode


# What is written down


def test_what_a_session_is_made_of_is_written_down(tmp_path: Path) -> None:
    arguments = Arguments(directory=str(tmp_path / "session"), max_items=100, seed=7, gestures=3, purity=0.8)
    found = prepare(arguments)
    written = json.loads((found.directory / session_files.SESSION).read_text())
    dataset = load("digits", max_items=100, seed=7)
    assert found.item_count == 100
    assert datetime.fromisoformat(written.pop("started")).tzinfo is not None
    assert written.pop("versions") == versions()
    assert set(written.pop("machine")) == {"system", "processor", "cores"}
    assert written == {
        "arguments": asdict(arguments),
        "dataset": {
            "name": "digits",
            "digest": dataset.digest,
            "items": 100,
            "item_shape": [8, 8],
            "kind": "pictures",
            "notes": [],
            "has_truth": True,
            "skipped": [],
        },
        "categories": list("0123456789"),
        "seed": 7,
    }


def test_what_is_written_down_is_strict_json(tmp_path: Path) -> None:
    extremes = Arguments(directory=str(tmp_path / "s\u00e9ance"), duration_s=1e300, settle_s=86400.0, purity=0.1)
    text = (prepare(extremes).directory / session_files.SESSION).read_text()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(text, parse_constant=refuse)["arguments"] == asdict(extremes)


def test_the_versions_are_those_of_what_is_installed() -> None:
    found = versions()
    assert found["numpy"] == np.__version__
    assert found["ros"] == os.environ.get("ROS_DISTRO", "")
    assert {"python", "torch", "open3d-cpu", "faiss-cpu", "mcap", "rosbags"} <= found.keys()


# Categories


def prepare_archive(directory: Path, *, truth: Any = None, names: Any = None, **said: Any) -> Prepared:
    arrays = {key: value for key, value in (("truth", truth), ("categories", names)) if value is not None}
    return prepare(Arguments(dataset=archive(directory, **arrays), directory=str(directory / "session"), **said))


@pytest.mark.parametrize(
    ("truth", "names", "said", "expected"),
    [
        (TRUTH, ["ant", "bee", "cat"], {}, ("ant", "bee", "cat")),
        (TRUTH, ["ant", "bee", "cat"], {"categories": "ant, bee ,cat"}, ("ant", "bee", "cat")),
        (TRUTH, ["ant", "bee", "cat"], {"hands": "none"}, ("ant", "bee", "cat")),
        (TRUTH, ["ant", "bee", "cat"], {"hands": "none", "categories": "bee,owl"}, ("bee", "owl")),
        (TRUTH, None, {}, ("0", "1", "2")),
        (None, None, {"hands": "none"}, tuple(f"category {i}" for i in range(1, 9))),
        (None, None, {"hands": "none", "categories": " ,, "}, tuple(f"category {i}" for i in range(1, 9))),
        (
            None,
            None,
            {"hands": "none", "categories": " one , two words,,\u00fcber,"},
            ("one", "two words", "\u00fcber"),
        ),
    ],
)
def test_categories_are_those_given_or_the_datasets_own_or_numbered(
    tmp_path: Path, truth: Any, names: Any, said: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert prepare_archive(tmp_path, truth=truth, names=names, **said).categories == expected


@pytest.mark.parametrize(
    ("truth", "names", "said", "message"),
    [
        (TRUTH, ["ant", "bee", "cat"], {"categories": "ant,bee"}, "marks by the dataset's own, ant, bee, cat; leave"),
        (TRUTH, ["ant", "bee", "cat"], {"categories": "cat,bee,ant"}, "argument categories: the simulated person"),
        (None, None, {"hands": "none", "categories": "a,b, a"}, "categories is 'a,b, a', expected every name once"),
        (None, None, {}, r"data\.npz has no truth, which the simulated person needs; .* or say hands:=none"),
        (TRUTH, ["ant", "bee", "bee"], {}, r"dataset .*data\.npz: two categories have the same name, expected every"),
        (TRUTH, ["ant", "bee", " ant"], {}, r"dataset .*data\.npz: two categories have the same name"),
        (TRUTH, ["ant", "bee", ""], {}, r"data\.npz: a category is called '', expected 1 to 100 printable characters"),
        (TRUTH, ["ant", "bee", "c\nt"], {}, r"data\.npz: a category is called 'c\\nt', expected 1 to 100 printable"),
        (None, None, {"hands": "none", "categories": "x" * 101}, "argument categories: a category is called 'x{60}', "),
        (
            None,
            None,
            {"hands": "none", "categories": ",".join(map(str, range(CATEGORY_CAPACITY + 1)))},
            f"argument categories: {CATEGORY_CAPACITY + 1} categories, expected at most {CATEGORY_CAPACITY}",
        ),
    ],
)
def test_categories_that_cannot_be_are_refused(
    tmp_path: Path, truth: Any, names: Any, said: dict[str, Any], message: str
) -> None:
    archive(tmp_path, **({} if truth is None else {"truth": truth}), **({} if names is None else {"categories": names}))
    dataset = str(tmp_path / "data.npz")
    with refused(tmp_path, message):
        prepare(Arguments(dataset=dataset, directory=str(tmp_path / "session"), **said))


@pytest.mark.parametrize(
    "name", ["a", "x" * LONGEST_NAME, "x" * (LONGEST_NAME + 1), "\u00fc", "\t", "a\x7f", "y", "\u200b"]
)
def test_a_name_is_refused_exactly_where_the_journal_would_refuse_it(tmp_path: Path, name: str) -> None:
    def of(check: Callable[[], object]) -> bool:
        try:
            check()
        except (InputError, RejectedError):
            return False
        return True

    other = "other name"
    journal = of(lambda: checked_name(name, 1, {0: Category(0, other, 0)}))
    ours = of(lambda: prepare_archive(tmp_path, truth=TRUTH % 2, names=[other, name]))
    assert ours == journal


def test_as_many_categories_as_the_network_has_outputs_are_taken(tmp_path: Path) -> None:
    names = ",".join(map(str, range(CATEGORY_CAPACITY)))
    assert len(prepare_archive(tmp_path, hands="none", categories=names).categories) == CATEGORY_CAPACITY


# Datasets


def images(folder: Path, good: int, broken: int = 0) -> None:
    (folder / "cat").mkdir(parents=True)
    for i in range(good):
        Image.new("L", (8, 8), i).save(folder / "cat" / f"{i}.png")
    for i in range(broken):
        (folder / "cat" / f"broken{i:02}.png").write_bytes(b"no image")


def test_a_dataset_that_cannot_be_read_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with refused(tmp_path, "dataset 'nowhere': no such file or directory"):
        prepare(Arguments(dataset="nowhere"))
    with refused(tmp_path, "dataset digits: 3 usable items, expected at least 20"):
        prepare(Arguments(max_items=3, directory=str(tmp_path / "session")))


@pytest.mark.parametrize(
    ("broken", "max_items", "notes"),
    [
        (0, 0, []),
        (1, 0, ["1 of 26 files skipped", "skipped cat/broken00.png: "]),
        (2, 20, ["2 files skipped", "skipped cat/broken00.png: ", "skipped cat/broken01.png: "]),
        (
            12,
            0,
            [
                "12 of 37 files skipped",
                *(f"skipped cat/broken{i:02}.png: " for i in range(10)),
                "and 2 more: see session.json",
            ],
        ),
    ],
)
def test_skipped_files_are_counted_and_named_and_all_of_them_are_written_down(
    tmp_path: Path, broken: int, max_items: int, notes: list[str]
) -> None:
    images(tmp_path / "images", 25, broken)
    found = prepare(Arguments(dataset=str(tmp_path / "images"), directory=str(tmp_path / "s"), max_items=max_items))
    assert len(found.notes) == len(notes)
    assert all(said.startswith(expected) for said, expected in zip(found.notes, notes, strict=True))
    written = json.loads((found.directory / session_files.SESSION).read_text())["dataset"]["skipped"]
    assert [skipped["name"] for skipped in written] == [f"cat/broken{i:02}.png" for i in range(broken)]
    assert all(skipped["reason"] for skipped in written)


def test_a_window_to_label_in_needs_a_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    dataset = archive(tmp_path, truth=TRUTH)
    for name, reason in (("", "DISPLAY is not set"), (":4711", "display :4711 does not answer")):
        monkeypatch.setenv("DISPLAY", name)
        with refused(tmp_path, f"argument view is desktop, but {reason}; expected an X11 display"):
            prepare(Arguments(dataset=dataset, view="desktop"))


def test_a_session_that_is_resumed_begins_without_the_pause_in_which_it_was_killed(tmp_path: Path) -> None:
    directory = tmp_path / "session"
    prepare(Arguments(dataset="digits", max_items=100, hands="none", view="off", directory=str(directory)))
    (directory / session_files.LABELS).touch()
    kept = directory / session_files.TRAINING
    kept.write_text('{"paused": true, "speed": 1.0}')
    prepare(Arguments(resume=str(directory)))
    assert not kept.exists()
    # One that ended by itself left none.
    prepare(Arguments(resume=str(directory)))
