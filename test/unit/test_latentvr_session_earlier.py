"""Which directory holds a session that can go on, and what is said of one that does not."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from latentvr_common import session_files
from latentvr_common.errors import InputError
from latentvr_session.arguments import Arguments
from latentvr_session.earlier import EarlierSession, earlier_session

SAID = asdict(Arguments(gestures=7, seed=3))


def a_session(directory: Path, **arguments: Any) -> Path:
    """A journal of some pages, and the description of a session."""
    directory.mkdir()
    description = {"arguments": {**SAID, **arguments}, "dataset": {"digest": "d"}}
    (directory / session_files.SESSION).write_text(json.dumps(description))
    journal = sqlite3.connect(directory / session_files.LABELS)
    with journal:
        journal.execute("CREATE TABLE entry (seq INTEGER PRIMARY KEY, content BLOB)")
        journal.executemany("INSERT INTO entry VALUES (?, ?)", [(i, bytes(1000)) for i in range(50)])
    journal.close()
    return directory


def resumed(directory: Path) -> EarlierSession:
    return earlier_session(Arguments(resume=str(directory)))


def test_a_session_goes_on_as_it_was_but_for_what_is_given_anew(tmp_path: Path) -> None:
    directory = a_session(tmp_path / "session")
    found = earlier_session(Arguments(resume=str(directory), gestures=9))
    assert (found.directory, found.arguments.seed, found.arguments.gestures) == (directory, 3, 9)


def test_a_whole_number_will_do_for_any_number(tmp_path: Path) -> None:
    assert resumed(a_session(tmp_path / "session", pace=2)).arguments.pace == 2


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("seed", "x", "argument seed is 'x', expected an integer"),
        ("gestures", [1], "argument gestures is [1], expected an integer"),
        ("gestures", True, "argument gestures is True, expected an integer"),
        ("gestures", 1.5, "argument gestures is 1.5, expected an integer"),
        ("pace", None, "argument pace is None, expected a number"),
        ("cues", 1, "argument cues is 1, expected true or false"),
        ("dataset", {"a": 1}, "argument dataset is {'a': 1}, expected a text"),
        ("pace", 1e9, "pace"),
    ],
)
def test_an_argument_of_another_type_is_named(tmp_path: Path, name: str, value: object, said: str) -> None:
    directory = a_session(tmp_path / "session", **{name: value})
    with pytest.raises(InputError) as error:
        resumed(directory)
    assert said in str(error.value)


def cut(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes()[: journal.stat().st_size // 2])


def with_checkpoints(journal: Path) -> None:
    journal.write_bytes(b"")
    (journal.parent / session_files.CHECKPOINTS).mkdir()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda journal: journal.write_bytes(b"no journal" * 100), "is no journal of labels"),
        (lambda journal: journal.write_bytes(b"SQLite format 3\0"), "is no journal of labels"),
        (cut, "is cut off"),
        (with_checkpoints, "is no journal of labels"),
        (lambda journal: journal.unlink(), "there is no labels.db"),
    ],
)
def test_a_session_whose_journal_is_damaged_does_not_begin(
    tmp_path: Path, change: Callable[[Path], object], said: str
) -> None:
    directory = a_session(tmp_path / "session")
    change(directory / session_files.LABELS)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=said):
        resumed(directory)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_journal_of_a_session_that_never_trained_and_one_that_was_killed_are_left_to_the_journal(
    tmp_path: Path,
) -> None:
    never, killed = a_session(tmp_path / "never"), a_session(tmp_path / "killed")
    (never / session_files.LABELS).write_bytes(b"")
    # Its newest pages are not in the file yet.
    cut(killed / session_files.LABELS)
    (killed / f"{session_files.LABELS}-wal").write_bytes(b"pages")
    for directory in (never, killed):
        assert resumed(directory).arguments.gestures == 7
