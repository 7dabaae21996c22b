"""What the benchmark of learning says of sessions, from sessions whose course is known."""

import math
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import learning
from virtual_session import Moment, accuracies


def filled(kind: Any, **known: Any) -> Any:
    """A `kind`, whose other fields are 0."""
    return kind(**{f.name: 0.0 for f in fields(kind)} | known)


def found(
    dataset: str = "digits", seed: int = 0, gestures: int = 20, end: float = 0.9, prepare_s: float = 2.0
) -> learning.Found:
    """A session whose accuracy rises in a straight line to `end`, and which makes a mark every two seconds."""
    run = learning.Run(dataset, gestures, seed)
    at = [*[n for n in learning.AT if n < gestures], gestures]
    curve = {n: end * n / gestures for n in at}
    seconds = {n: 2.0 * n for n in range(gestures + 1)}
    session: learning.Found = filled(learning.Found, run=run, curve=curve, seconds=seconds, prepare_s=prepare_s)
    return session


def moment(gestures: int, accuracy: float) -> Moment:
    stood: Moment = filled(Moment, gestures=gestures, accuracy=accuracy)
    return stood


# Accuracies


def test_the_accuracy_of_so_many_marks_is_the_one_that_stood_when_the_next_came() -> None:
    moments = [moment(0, 0.1), moment(1, 0.3), moment(2, 0.5), moment(2, 0.7)]
    assert list(accuracies(moments, [2, 0, 1])) == [0.7, 0.1, 0.3]


def test_the_accuracy_of_marks_that_were_never_made_is_no_number() -> None:
    beyond, there = accuracies([moment(1, 0.3)], [5, 1])
    assert math.isnan(beyond)
    assert there == 0.3
    assert list(accuracies([moment(1, 0.3)], [])) == []


# Spread and cells


@pytest.mark.parametrize(
    ("values", "middle", "least", "most"),
    [
        ([0.5], 0.5, 0.5, 0.5),
        ([3, 1, 2], 2, 1, 3),
        ([0.1, 0.4], 0.25, 0.1, 0.4),
        ([1 / 3, 2 / 3, 1], 0.6667, 0.3333, 1),
    ],
)
def test_spread_is_median_and_range_to_four_places(
    values: list[float], middle: float, least: float, most: float
) -> None:
    assert learning.spread("x", values) == {"x": middle, "x_min": least, "x_max": most}


@pytest.mark.parametrize(
    ("values", "cell"),
    [([], ""), ([0.753], "75.3 (75-75)"), ([0.7, 0.8, 0.751], "75.1 (70-80)"), ([0, 1], "50.0 (0-100)")],
)
def test_a_cell_tells_percent_and_range_or_nothing(values: list[float], cell: str) -> None:
    assert learning._cell(values) == cell


# Curves


def test_the_table_has_a_row_for_each_dataset_with_the_median_over_its_seeds() -> None:
    sessions = [found(seed=seed, end=end) for seed, end in enumerate((0.8, 0.9, 0.7))]
    lines = learning.curves([*sessions, found("/data/birds.npz", gestures=10)]).splitlines()
    assert len(lines) == 3
    assert lines[0].split() == ["gestures", *map(str, learning.AT)]
    assert len({len(line) for line in lines}) == 1
    assert lines[1].startswith("digits, 3 seeds")
    assert "80.0 (70-90)" in lines[1]
    assert lines[2].startswith("birds.npz, 1 seeds")
    assert lines[2].rstrip().endswith("90.0 (90-90)")


def test_known_figures_stand_below_the_dataset_that_they_are_of() -> None:
    lines = learning.curves([found("digits"), found("fashion_mnist", gestures=40)]).splitlines()
    anchors = learning.ANCHORS["fashion_mnist"]
    assert lines[2].startswith("fashion_mnist")
    assert [line.strip().split("  ")[0] for line in lines[3:]] == [name for name, _ in anchors]
    by_number = anchors[0][1]
    assert [int(word) for word in lines[3].split() if word.isdigit()] == list(by_number.values())
    # What does not depend on the number of marks stands in every column.
    assert lines[-1].split().count(str(anchors[-1][1][0])) == len(learning.AT)


# Figures


def test_figures_are_the_spread_at_each_number_of_marks_and_the_length_of_a_session() -> None:
    sessions = [found(end=0.8, prepare_s=1.0), found(seed=1, end=0.9, prepare_s=3.0)]
    figures = learning.figures(sessions)
    assert figures["digits_accuracy_20"] == pytest.approx(0.85)
    assert (figures["digits_accuracy_20_min"], figures["digits_accuracy_20_max"]) == (0.8, 0.9)
    assert figures["digits_accuracy_5"] == pytest.approx(0.2125)
    assert "digits_accuracy_30" not in figures
    # 20 marks take 40 s.
    assert figures["session_s"] == 2.0 + 40.0 + learning.SETTLE_S
    assert figures["session_s_max"] == 3.0 + 40.0 + learning.SETTLE_S


def test_of_a_long_session_the_first_forty_marks_are_its_length() -> None:
    figures = learning.figures([found(gestures=80)])
    assert figures["session_s"] == 2.0 + 80.0 + learning.SETTLE_S
    assert figures["digits_accuracy_80"] == pytest.approx(0.9)


def test_figures_of_a_file_have_its_name_without_folder_and_suffix() -> None:
    assert "birds_accuracy_10" in learning.figures([found("/data/birds.npz", gestures=10)])


def test_a_dataset_that_cannot_be_measured_by_is_refused_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "plain.npz", items=np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32))
    assert learning.main([f"dataset:={tmp_path / 'plain.npz'}"]) == 2
    assert learning.main([f"dataset:={tmp_path / 'none.npz'}"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"dataset {tmp_path / 'plain.npz'}: has no truth, expected some to measure by"
    assert str(tmp_path / "none.npz") in second
