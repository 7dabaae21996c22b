"""The matrix of faults, a little of it: `make faults` runs all. After each run the same promises are checked."""

from pathlib import Path

from fault_runs.journal_storm import journal_storm
from fault_runs.points import SHORT, WHEN_IT_ENDS, faults_at_points


def test_faults_at_points_of_a_session_lose_nothing(tmp_path: Path) -> None:
    done = faults_at_points(tmp_path / "session", SHORT, at_end=WHEN_IT_ENDS[:1])
    assert done.problems == []
    assert done.acknowledged > 20


def test_a_journal_that_is_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    done = journal_storm(tmp_path / "journal", kills=5)
    assert done.problems == []
    assert done.acknowledged > 20
    assert len(done.recover_s) > 0
