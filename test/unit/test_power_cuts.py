"""Power cuts, simulated: nothing that was acknowledged is lost, whatever the disk held; and loss is found."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from power_cut.checks import lost_checkpoints, lost_labels
from power_cut.cutting import cut_everywhere
from power_cut.disk import Cut, Disk, put_on
from power_cut.log import Call, Done, build_shim, run_logged

Check = Callable[[Path, Sequence[str]], str]


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(tmp_path_factory.mktemp("shim"))


def disk_of(*calls: Done) -> Disk:
    disk = Disk(Path("/d"))
    for call in calls:
        disk.take(call)
    return disk


def after(disk: Disk, cut: Cut, seeds: int = 200) -> list[dict[str, bytes | None]]:
    """Return what may be there after a cut, each once."""
    found = [disk.after(cut, random.Random(seed)) for seed in range(seeds)]
    return [held for i, held in enumerate(found) if held not in found[:i]]


CREATED = Done(Call.CREATE, "/d/a"), Done(Call.SYNC, "/d")


def test_what_was_synced_is_there_whatever_the_cut() -> None:
    disk = disk_of(*CREATED, Done(Call.WRITE, "/d/a", 0, b"kept"), Done(Call.SYNC, "/d/a"))
    assert [after(disk, cut) for cut in Cut] == [[{"a": b"kept"}]] * len(Cut)


def test_writes_that_were_not_synced_may_each_be_there_or_not() -> None:
    disk = disk_of(*CREATED, Done(Call.WRITE, "/d/a", 0, b"one"), Done(Call.WRITE, "/d/a", 3, b"two"))
    assert after(disk, Cut.DROPPED) == [{"a": b""}]
    assert after(disk, Cut.KEPT) == [{"a": b"onetwo"}]
    mixed = {bytes(held["a"] or b"") for held in after(disk, Cut.MIXED)}
    assert mixed == {b"", b"one", b"\0\0\0two", b"onetwo"}


def test_a_torn_write_is_there_in_whole_sectors() -> None:
    old, new = b"o" * 1536, b"n" * 1536
    disk = disk_of(*CREATED, Done(Call.WRITE, "/d/a", 0, old), Done(Call.SYNC, "/d/a"))
    disk.take(Done(Call.WRITE, "/d/a", 0, new))
    sectors = {
        "".join(chr((held["a"] or b"")[place]) for place in (0, 511, 512, 1023, 1024, 1535))
        for held in after(disk, Cut.TORN)
    }
    assert sectors == {"oooooo", "nnoooo", "nnnnoo", "nnnnnn", "oonnoo", "oonnnn", "oooonn"}


def test_a_file_is_cut_to_a_size_only_when_that_is_synced() -> None:
    disk = disk_of(*CREATED, Done(Call.WRITE, "/d/a", 0, b"long"), Done(Call.SYNC, "/d/a"))
    disk.take(Done(Call.TRUNCATE, "/d/a", 1))
    assert {bytes(held["a"] or b"") for held in after(disk, Cut.MIXED)} == {b"l", b"long"}


def test_a_name_is_there_only_once_its_directory_was_synced() -> None:
    made = Done(Call.CREATE, "/d/a"), Done(Call.WRITE, "/d/a", 0, b"x"), Done(Call.SYNC, "/d/a")
    assert after(disk_of(*made), Cut.DROPPED) == [{}]
    assert sorted(after(disk_of(*made), Cut.MIXED), key=len) == [{}, {"a": b"x"}]
    assert after(disk_of(*made, Done(Call.SYNC, "/d")), Cut.DROPPED) == [{"a": b"x"}]


def test_a_renamed_directory_has_its_old_name_or_the_new_one_and_its_files() -> None:
    disk = disk_of(
        Done(Call.MKDIR, "/d/new"),
        Done(Call.CREATE, "/d/new/a"),
        Done(Call.SYNC, "/d/new/a"),
        Done(Call.SYNC, "/d/new"),
        Done(Call.SYNC, "/d"),
        Done(Call.RENAME, "/d/new", 0, b"/d/done"),
    )
    assert after(disk, Cut.DROPPED) == [{"new": None, "new/a": b""}]
    assert after(disk, Cut.KEPT) == [{"done": None, "done/a": b""}]


def test_the_log_of_a_program_makes_the_files_that_it_made(shim: Path, tmp_path: Path) -> None:
    root, again = tmp_path / "root", tmp_path / "again"
    root.mkdir()
    program = f"""
import os, pathlib, shutil
root = pathlib.Path({str(root)!r})
(root / "sub").mkdir()
with open(root / "sub" / "a", "wb") as f:
    f.write(b"first"); f.flush(); f.seek(1); f.write(b"F"); f.flush(); f.truncate(4)
with open(root / "sub" / "a", "ab") as f:
    f.write(b"appended")
os.rename(root / "sub" / "a", root / "sub" / "b")
(root / "gone").mkdir(); (root / "gone" / "x").write_text("x"); shutil.rmtree(root / "gone")
fd = os.open(root / "c", os.O_RDWR | os.O_CREAT); os.pwrite(fd, b"there", 3); os.writev(fd, [b"a", b"b"]); os.close(fd)
(root / "c2").write_text("short"); (root / "c2").write_text("s"); (root / "d").write_text("d"); (root / "d").unlink()
"""
    done = run_logged(["-c", program], root, tmp_path / "log", shim)
    disk = Disk(root)
    for call in done:
        disk.take(call)
    put_on(disk.after(Cut.KEPT, random.Random(0)), again)

    def files(directory: Path) -> dict[str, bytes | None]:
        return {str(p.relative_to(directory)): p.read_bytes() if p.is_file() else None for p in directory.rglob("*")}

    assert files(again) == files(root)
    assert sorted(files(root)) == ["c", "c2", "sub", "sub/b"]


CASES = {
    "labels": ("keep_labels.py", 10, 3, lost_labels),
    "checkpoints": ("keep_checkpoints.py", 5, 2, lost_checkpoints),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_that_was_acknowledged_is_lost(name: str, shim: Path) -> None:
    program, count, every, check = CASES[name]
    outcome = cut_everywhere(program, count, "as it is", check, shim, every=every)
    assert outcome.problems == []
    assert outcome.states >= 25


@pytest.mark.parametrize("name", CASES)
def test_a_sync_that_is_left_out_is_found_by_what_is_lost(name: str, shim: Path) -> None:
    program, count, every, check = CASES[name]
    outcome = cut_everywhere(program, count, "careless", check, shim, every=every)
    assert len(outcome.problems) > 3
