"""What one process has for itself, no other has, until it ends."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from latentvr_common import holding
from latentvr_common.errors import InputError
from latentvr_common.holding import HeldError, hold, hold_directory, hold_in_directory

SOURCE = Path(holding.__file__).parents[1]


def test_a_file_is_held_by_one_whose_number_others_are_told(tmp_path: Path) -> None:
    held = hold(tmp_path / "lock")
    with pytest.raises(HeldError) as raised:
        hold(tmp_path / "lock")
    assert raised.value.holder == str(os.getpid())
    held.close()
    hold(tmp_path / "lock").close()


def test_where_a_directory_cannot_be_made_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"^the thing: .*expected a writable directory"):
        hold_in_directory(tmp_path / "file" / "lock", "the thing")
    held = hold_in_directory(tmp_path / "new" / "lock", "the thing")
    with pytest.raises(InputError, match=re.escape(f"the thing: another process has it open ({os.getpid()})")):
        hold_in_directory(tmp_path / "new" / "lock", "the thing")
    held.close()


def test_a_directory_is_held_by_a_process_until_that_is_killed_and_nothing_is_left_in_it(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from latentvr_common.holding import hold_directory
hold_directory(Path({str(tmp_path)!r}), "training")
print("held", flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(SOURCE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=r"^training: another process does that already$"):
            hold_directory(tmp_path, "training")
        other.kill()
    os.close(hold_directory(tmp_path, "training"))
    assert list(tmp_path.iterdir()) == []
