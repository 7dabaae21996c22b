"""What is asked of the pace of training is read back as it was kept, and nothing else is believed."""

import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_trainer.wish import Wish, store, stored_in
from latentvr_common.errors import InputError

speeds = st.floats(0, 1, exclude_min=True, allow_subnormal=False)


@given(st.booleans(), speeds, st.booleans(), speeds)
def test_the_newest_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, paused: bool, speed: float, then: bool, faster: float
) -> None:
    file = tmp_path_factory.mktemp("wish") / "training.json"
    store(Wish(paused, speed), file)
    assert stored_in(file) == Wish(paused, speed)
    store(Wish(then, faster), file)
    assert stored_in(file) == Wish(then, faster)
    assert os.listdir(file.parent) == [file.name]


def test_where_nothing_is_kept_nothing_is_read(tmp_path: Path) -> None:
    assert stored_in(tmp_path / "training.json") is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 2000,
        '{"paused": true}',
        '{"paused": 1, "speed": 1.0}',
        '{"paused": true, "speed": "fast"}',
        '{"paused": true, "speed": true}',
        *(json.dumps({"paused": True, "speed": speed}) for speed in (0.0, -1.0, 1.5, math.nan, math.inf)),
    ],
)
def test_what_is_none_is_refused_and_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "training.json").write_text(content)
    with pytest.raises(InputError, match=r"training\.json: .*expected"):
        stored_in(tmp_path / "training.json")


def test_a_directory_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="IsADirectoryError"):
        stored_in(tmp_path)
