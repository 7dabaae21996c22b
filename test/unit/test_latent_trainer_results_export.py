"""Results as files: they are those of one moment, and no reader finds half of one."""

import copy
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
import torch
from outcomes import MARKS, Run, mark, marks, pictures
from safetensors.numpy import load_file

from latent_trainer.results.export import MODEL_DESCRIPTION, MODEL_ONNX, MODEL_TENSORS, Written, export_results
from latentvr_common.session_files import ITEMS_CSV, ITEMS_PARQUET, REPORT

torch.set_num_threads(1)

FILES = [ITEMS_PARQUET, ITEMS_CSV, MODEL_TENSORS, MODEL_DESCRIPTION, MODEL_ONNX, REPORT]
LATER = mark(5, 2, 20, 21)


def files_below(directory: Path) -> set[str]:
    return {str(f.relative_to(directory)) for f in directory.rglob("*") if f.is_file() or f.is_symlink()}


@pytest.fixture(scope="module")
def one_run() -> Run:
    return Run(pictures(), marks(*MARKS))


@pytest.fixture
def run(one_run: Run) -> Run:
    return copy.deepcopy(one_run)


@pytest.fixture(scope="module")
def results(one_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("results")
    export_results(directory, one_run.outcome())
    return directory


@pytest.fixture
def exported(results: Path, tmp_path: Path) -> Path:
    """A directory of this test's own, with the results of the run."""
    return Path(shutil.copytree(results, tmp_path / "session"))


def go_on(run: Run) -> None:
    """One more mark and one more step: every file is another then."""
    run.said = marks(*MARKS, LATER)
    run.training.set_labels(run.said.labels)
    run.training.step()


def test_the_files_written_are_those_returned_and_nothing_else(tmp_path: Path, run: Run) -> None:
    written = export_results(tmp_path / "not" / "there", run.outcome())
    assert written == Written(FILES, [])
    assert files_below(tmp_path / "not" / "there") == set(FILES)


def test_exporting_again_replaces_what_was_there(exported: Path, run: Run) -> None:
    before = {name: (exported / name).read_bytes() for name in FILES}
    go_on(run)
    export_results(exported, run.outcome())
    assert files_below(exported) == set(FILES)
    assert all((exported / name).read_bytes() != content for name, content in before.items())
    table = pyarrow.parquet.read_table(exported / ITEMS_PARQUET)
    np.testing.assert_array_equal(table["label_id"].to_numpy(), run.said.labels)
    np.testing.assert_array_equal(table["x"].to_numpy(), run.training.encode().positions[:, 0])


@pytest.mark.parametrize("broken", FILES)
def test_a_file_that_cannot_be_written_is_an_error_of_the_system_and_leaves_the_old_one_whole(
    exported: Path, run: Run, broken: str
) -> None:
    before = (exported / broken).read_bytes()
    go_on(run)
    (exported / f"{broken}.partial").mkdir()  # nothing can be written there
    with pytest.raises(OSError, match=f"{broken}.partial"):
        export_results(exported, run.outcome())
    assert (exported / broken).read_bytes() == before
    (exported / f"{broken}.partial").rmdir()
    export_results(exported, run.outcome())
    assert (exported / broken).read_bytes() != before


@pytest.mark.parametrize("broken", FILES)
def test_a_full_disk_is_an_error_of_the_system_and_leaves_the_old_file_whole(
    exported: Path, run: Run, broken: str
) -> None:
    before = (exported / broken).read_bytes()
    (exported / f"{broken}.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        export_results(exported, run.outcome())
    assert (exported / broken).read_bytes() == before
    assert files_below(exported) == set(FILES), "and takes no more room"


def test_what_a_killed_export_left_is_cleared_away_by_the_next(tmp_path: Path, run: Run) -> None:
    (tmp_path / "model").mkdir()
    for name in FILES:
        (tmp_path / f"{name}.partial").write_bytes(b"half of i")
    export_results(tmp_path, run.outcome())
    assert files_below(tmp_path) == set(FILES)
    assert "projection_axes" in load_file(tmp_path / MODEL_TENSORS)


def test_where_onnx_is_missing_all_else_is_written_and_one_line_says_so(
    exported: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    go_on(run)
    written = export_results(exported, run.outcome())
    rest = [name for name in FILES if name != MODEL_ONNX]
    assert written.files == rest
    assert files_below(exported) == set(rest), "an older network is not left among newer files"
    (note,) = written.notes
    assert note.startswith(f"{MODEL_ONNX} was not written: ")
    assert "\n" not in note
