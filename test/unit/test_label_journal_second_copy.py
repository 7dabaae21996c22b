"""A second copy of a journal follows it, survives what cuts it off, and makes a journal again."""

import json
import resource
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from label_journal.journal import Journal
from label_journal.restore import main
from label_journal.second_copy import SecondCopy
from latentvr_common.errors import InputError
from latentvr_common.labels import Kind, LabelEvent, spheres

ITEMS = 50
NAMES = ["cat", "dög", "bird"]


def open_journal(path: Path) -> Journal:
    return Journal(path, ITEMS, NAMES)


def mark(journal: Journal, category: int, *ids: int) -> None:
    region = spheres(np.eye(3)[:1] / 3, np.array([0.1], np.float32))
    journal.submit(
        LabelEvent(str(uuid.uuid4()), Kind.ASSIGN, category, np.array(ids, np.uint32), author="ann", region=region), 7
    )


def content(journal: Journal) -> tuple[list[object], list[object]]:
    return list(journal.rows_after(0)), list(journal.category_rows_after(0))


def of_file(path: Path) -> tuple[list[object], list[object]]:
    journal = open_journal(path)
    try:
        return content(journal)
    finally:
        journal.close()


def restored(copy: Path, path: Path) -> tuple[list[object], list[object]]:
    assert main([str(copy), str(path)]) == 0
    return of_file(path)


@contextmanager
def full_disk() -> Iterator[None]:
    """Have no file grow beyond 10 bytes, for this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_journal_made_of_the_copy_is_the_journal(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    mark(journal, 0, 1, 2)
    copy = SecondCopy(tmp_path / "elsewhere" / "copy.jsonl", journal)
    mark(journal, 1, 2, 3)
    journal.add_category("newt", None, 9)
    journal.step_history("ann", str(uuid.uuid4()), redo=False, now_ns=11)
    copy.follow()
    mark(journal, 3, 5)
    copy.close()
    assert copy.fault == ""
    assert restored(tmp_path / "elsewhere" / "copy.jsonl", tmp_path / "again.db") == content(journal)


def test_every_entry_is_on_the_disk_once_the_copy_has_followed(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    path = tmp_path / "copy.jsonl"
    copy = SecondCopy(path, journal)
    for number in range(3):
        mark(journal, 0, number)
        copy.follow()
        assert sum(json.loads(line)[0] == "entry" for line in path.read_text().splitlines()) == number + 1


def test_one_that_was_cut_off_anywhere_is_gone_on_with(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    for number in range(4):
        mark(journal, 0, number)
    path = tmp_path / "copy.jsonl"
    SecondCopy(path, journal).close()
    whole = path.read_bytes()
    mark(journal, 1, 9)
    for cut in range(0, len(whole) + 1, 7):
        path.write_bytes(whole[:cut])
        SecondCopy(path, journal).close()
        again = tmp_path / f"{cut}.db"
        assert restored(path, again) == content(journal), cut


def test_while_the_copys_disk_is_full_the_journal_goes_on_and_the_copy_catches_up(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    path = tmp_path / "copy.jsonl"
    copy = SecondCopy(path, journal)
    mark(journal, 0, 1)
    before = path.read_bytes()
    with full_disk():
        copy.follow()
    assert copy.fault.startswith(f"the copy of the labels {path} cannot be written: File too large")
    assert path.read_bytes() == before
    mark(journal, 0, 2)
    copy.follow()
    assert copy.fault == ""
    assert restored(path, tmp_path / "again.db") == content(journal)


def test_a_place_that_cannot_be_written_is_a_fault_and_used_once_it_can(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "labels.db")
    blocker = tmp_path / "disk"
    blocker.touch()
    copy = SecondCopy(blocker / "copy.jsonl", journal)
    assert "cannot be written" in copy.fault
    blocker.unlink()
    mark(journal, 0, 2)
    copy.follow()
    assert copy.fault == ""
    assert restored(blocker / "copy.jsonl", tmp_path / "again.db") == content(journal)


@pytest.mark.parametrize("what", ["another journal", "more entries", "text", "other items"])
def test_what_is_no_copy_of_this_journal_is_left_as_it_is(tmp_path: Path, what: str) -> None:
    path, other = tmp_path / "copy.jsonl", open_journal(tmp_path / "other.db")
    mark(other, 0, 1)
    SecondCopy(path, other).close()
    journal = open_journal(tmp_path / "labels.db")
    if what == "another journal":
        mark(journal, 1, 1)
    elif what == "text":
        path.write_text("these are notes\n")
    elif what == "other items":
        path.write_text('["labels of latentvr, 1",51]\n')
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"left as|is damaged"):
        SecondCopy(path, journal)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda text: text.replace("ann", "eve", 1), "entry 1 was altered"),
        (lambda text: "".join(line for line in text.splitlines(True) if '"entry",1,' not in line), "entry 2 was"),
        (lambda text: text.replace('"entry",2', '"entry",1'), "UNIQUE constraint failed"),
        (lambda text: text.replace("labels of latentvr", "something"), "no copy of labels"),
        (lambda text: text.replace('["entry"', '["nothing"'), "is no line of a copy"),
        (lambda text: text.replace('["entry",1', '["entry",1,1'), "bindings"),
        (lambda text: "", "no copy of labels"),
    ],
)
def test_a_copy_that_was_altered_makes_no_journal(
    tmp_path: Path, broken: object, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, journal = tmp_path / "copy.jsonl", open_journal(tmp_path / "labels.db")
    mark(journal, 0, 1)
    mark(journal, 1, 2)
    SecondCopy(path, journal).close()
    path.write_text(broken(path.read_text()))  # type: ignore[operator]
    assert main([str(path), str(tmp_path / "again.db")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "again.db").exists()


def test_a_journal_that_is_there_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = open_journal(tmp_path / "labels.db")
    SecondCopy(tmp_path / "copy.jsonl", journal).close()
    assert main([str(tmp_path / "copy.jsonl"), str(tmp_path / "labels.db")]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main([]) == 2
    assert main([str(tmp_path / "none"), str(tmp_path / "again.db")]) == 2
