"""How each branch fares is taken down in bounded memory, kept in a file, and gone on with."""

import itertools
import math
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_trainer.curves import Curves, Point, store, stored_in
from latentvr_common.errors import InputError


def steps_of(curves: Curves, branch: str = "") -> list[int]:
    return [point.step for point in curves.all()[branch]]


def test_each_branch_has_its_own_points_in_the_order_of_steps() -> None:
    curves = Curves()
    for branch, step in (("", 10), ("", 20), ("what if", 5), ("", 30), ("what if", 15)):
        curves.note(branch, Point(step, float(step)))
    assert curves.all() == {
        "": (Point(10, 10.0), Point(20, 20.0), Point(30, 30.0)),
        "what if": (Point(5, 5.0), Point(15, 15.0)),
    }


@given(st.lists(st.integers(1, 50), max_size=60))
def test_steps_rise_and_what_went_on_from_before_replaces_what_was(steps: list[int]) -> None:
    curves = Curves()
    for number, step in enumerate(steps):
        curves.note("", Point(step, float(number)))
    points = curves.all().get("", ())
    assert all(one.step < other.step for one, other in itertools.pairwise(points))
    assert [p.step for p in points[-1:]] == steps[-1:]
    for point in points:
        assert all(later > point.step for later in steps[int(point.loss) + 1 :])


def test_of_many_points_enough_stay_evenly_with_the_first_and_the_last() -> None:
    curves = Curves()
    for step in range(1, 20_001):
        curves.note("", Point(step))
    kept = steps_of(curves)
    assert 400 <= len(kept) <= 800
    assert (kept[0], kept[-1]) == (1, 20_000)
    gaps = np.diff(kept)
    assert gaps.max() <= 20_000 / 250


def same(one: object, other: object) -> bool:
    return repr(one) == repr(other)  # NaN is not equal to itself.


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    curves = Curves()
    curves.note("", Point(3, 1.25, math.nan, 0.5))
    curves.note('from step 3 ("entry" 1)', Point(4, 0.1, 0.2, 0.3, 0.4))
    (tmp_path / "checkpoints").mkdir()
    store(curves.all(), tmp_path / "checkpoints" / "curves.json")
    assert same(
        {name: tuple(points) for name, points in stored_in(tmp_path / "checkpoints" / "curves.json").items()},
        curves.all(),
    )
    assert [file.name for file in (tmp_path / "checkpoints").iterdir()] == ["curves.json"]
    assert stored_in(tmp_path / "nothing.json") == {}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"": 3}', '{"": [[]]}', '{"": [["a"]]}', '{"": [[1, 2, 3, 4, 5, 6]]}', "[" * 9999]
)
def test_a_file_that_is_none_of_ours_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "curves.json"
    file.write_text(text)
    with pytest.raises(InputError, match=r"curves\.json: not the curves of a session"):
        stored_in(file)


def test_curves_of_before_are_gone_on_with_from_the_step_at_which_training_went_on() -> None:
    before, now = Curves(), Curves()
    for step in (10, 20, 30, 40):
        before.note("", Point(step, 1.0))
        before.note("left", Point(step, 1.0))
    now.note("", Point(25, 2.0))
    now.fill(before.all())
    assert [astuple(point)[:2] for point in now.all()[""]] == [(10, 1.0), (20, 1.0), (25, 2.0)]
    assert steps_of(now, "left") == [10, 20, 30, 40]
