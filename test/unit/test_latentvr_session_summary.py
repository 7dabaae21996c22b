"""The summary at the end of a session, as a person reads it."""

import json
from pathlib import Path
from typing import Any

import pytest

from latentvr_common import session_files
from latentvr_session.summary import table, text
from session_host.minutes import Minutes

SUMMARY: dict[str, Any] = {
    "items": 70000,
    "gestures": 24,
    "labels": 1234,
    "conflicts": 0,
    "label_purity": 0.9172,
    "accuracy": 0.8765,
    "confidence": 0.9321,
    "ece": 0.0412,
    "space_used": 0.314,
    "epochs": 1045,
    "branch": "",
    "duration_s": 65.3,
    "cloud_hz": 11.96,
    "directory": "/sessions/one",
}


def test_the_table_says_every_number_with_its_meaning(tmp_path: Path) -> None:
    assert table(SUMMARY, tmp_path) == "\n".join(
        [
            "",
            "Session",
            "  items                   70,000",
            "  gestures                24",
            "  labelled items          1,234",
            "  right among the labels  91.7%",
            "  categorised correctly   87.6%",
            "  confidence, mean        93.2%",
            "  space used              31%",
            "  epochs                  1,045",
            "  duration                65 s",
            "  cloud frames a second   12.0",
            "",
            f"Results in {tmp_path}",
            "",
        ]
    )


def test_conflicts_are_told_where_there_are_any(tmp_path: Path) -> None:
    lines = table(SUMMARY | {"conflicts": 1234}, tmp_path).splitlines()
    assert lines[lines.index("  labelled items          1,234") + 1] == "  authors disagree on     1,234"
    without = {name: value for name, value in SUMMARY.items() if name != "conflicts"}
    assert table(without, tmp_path) == table(SUMMARY, tmp_path), "of a session before they were counted"


def test_the_branch_of_training_is_told_where_it_is_not_the_first(tmp_path: Path) -> None:
    lines = table(SUMMARY | {"branch": "from step 1,234 (entry 17)"}, tmp_path).splitlines()
    assert "  branch of training      from step 1,234 (entry 17)" in lines


@pytest.mark.parametrize("unknown", [{"accuracy": None, "label_purity": None}, {}])
def test_what_is_not_known_is_called_unknown(tmp_path: Path, unknown: dict[str, None]) -> None:
    without = {name: value for name, value in SUMMARY.items() if name not in ("accuracy", "label_purity")} | unknown
    lines = table(without, tmp_path).splitlines()
    assert "  right among the labels  unknown" in lines
    assert "  categorised correctly   unknown" in lines
    assert sum("unknown" in line for line in lines) == 2


def test_a_0_is_known(tmp_path: Path) -> None:
    assert "unknown" not in table(dict.fromkeys(SUMMARY, 0), tmp_path)


def test_the_results_that_are_there_are_listed_and_no_others(tmp_path: Path) -> None:
    (tmp_path / session_files.LABELS).touch()
    (tmp_path / session_files.BAG).mkdir()
    (tmp_path / "something.else").touch()
    lines = table(SUMMARY, tmp_path).splitlines()
    start = lines.index(f"Results in {tmp_path}")
    assert lines[start + 1 :] == [
        "  labels.db  the journal of labels",
        "  bag        the recording (rosbag2, MCAP)",
    ]


def test_every_kind_of_result_can_be_listed(tmp_path: Path) -> None:
    listed = [value for name, value in vars(session_files).items() if name.isupper()]
    for name in listed:
        (tmp_path / name).touch()
    shown = table(SUMMARY, tmp_path)
    # The table is the summary; the CSV is told of beside its Parquet; how training was held is no result.
    for name in set(listed) - {session_files.SUMMARY, session_files.ITEMS_CSV, session_files.TRAINING}:
        assert f"  {name} " in shown


def test_the_table_knows_every_number_that_the_host_writes(tmp_path: Path) -> None:
    written = Minutes(100, None, began_s=0.0).summary("/sessions/one", now_s=3.0)
    assert written.keys() == SUMMARY.keys()
    lines = table(written, tmp_path).splitlines()
    assert "  duration                3 s" in lines
    assert "  right among the labels  unknown" in lines


def test_the_last_line_is_the_summary_for_programs(tmp_path: Path) -> None:
    (tmp_path / session_files.SUMMARY).write_text(json.dumps(SUMMARY, indent=2))
    shown = text(tmp_path)
    assert shown.startswith(table(SUMMARY, tmp_path))
    assert json.loads(shown.splitlines()[-1]) == SUMMARY


def test_a_session_without_a_summary_has_nothing_to_show(tmp_path: Path) -> None:
    assert text(tmp_path) == ""
