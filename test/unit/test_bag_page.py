"""docs/bag.md is true: every topic with type, quality of service and what of it is kept; its code runs on a bag."""

import re
from pathlib import Path

import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from latentvr_common import topics
from latentvr_common.bags.layout import METADATA, REST
from latentvr_common.cloud import CLOUD_DTYPE
from room_markers.drawing import MOST_SELECTED
from session_recorder.parameters import RecorderParameters
from session_recorder.recorder_node import _FIRST_LEFT_OUT, _KEYFRAMED

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bag.md").read_text()
ROWS = re.findall(r"^\| `([\w/]+)` \| (\w+/\w+) \| ([\w, ]+) \| ([\w\\*]+) \| (.+) \|$", PAGE, re.MULTILINE)


def type_of(topic: topics.Topic) -> str:
    return f"{topic.type.__module__.split('.')[0]}/{topic.type.__name__}"


def quality(qos: QoSProfile) -> str:
    words = ["reliable" if qos.reliability == ReliabilityPolicy.RELIABLE else "best effort"]
    words += ["latched"] if qos.durability == DurabilityPolicy.TRANSIENT_LOCAL else []
    return ", ".join([*words, str(qos.depth)])


def kept(topic: topics.Topic) -> str:
    if not topic.recorded:
        return "no"
    first_left_out = r"\*" if topic in _FIRST_LEFT_OUT else ""
    return ("keyframes" if topic in _KEYFRAMED else "all") + first_left_out


def test_the_table_has_exactly_the_topics_that_there_are() -> None:
    assert [row[:4] for row in ROWS] == [(t.name, type_of(t), quality(t.qos), kept(t)) for t in topics.TOPICS]


def test_the_fields_of_the_cloud_are_those_of_its_rows() -> None:
    (meaning,) = [row[4] for row in ROWS if row[0] == "cloud"]
    assert re.findall(r"`(\w+)`", meaning) == list(CLOUD_DTYPE.names or ())
    (code,) = re.findall(r"^ROW = np\.dtype\((.+?)\)\nrows", PAGE, re.MULTILINE | re.DOTALL)
    named = re.findall(r'\("(\w+)", "(<\w\d)"\)', code)
    assert named == [(name, CLOUD_DTYPE[name].str) for name in CLOUD_DTYPE.names or ()]
    assert f"{CLOUD_DTYPE.itemsize} bytes a row" in PAGE


def test_its_numbers_are_the_defaults() -> None:
    settings = RecorderParameters()
    assert f"at {settings.file_mb:,.0f} MB (`file_mb`)" in PAGE
    assert f"below {settings.keep_free_mb:.0f} MB, `keep_free_mb`" in PAGE
    assert (settings.cloud_rate_hz, settings.cloud_mb_per_s) == (2.0, 1.0)
    assert "at most two a second and about 1 MB a second" in PAGE
    assert f"({MOST_SELECTED:,} of them at most)" in PAGE
    assert f"`{METADATA}`" in PAGE
    assert f"`<bag>_0.mcap{REST}`" in PAGE


@pytest.mark.parametrize("target", sorted({t for t in re.findall(r"\]\(([^)#]+)\)", PAGE) if not t.startswith("http")}))
def test_what_it_points_to_exists(target: str) -> None:
    assert (ROOT / "docs" / target).exists()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"(?:config|examples|tools)/\w+\.\w+", PAGE))))
def test_every_file_that_it_names_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m ([\w.]+)", PAGE))))
def test_every_command_that_it_names_is_there(module: str) -> None:
    assert (ROOT / "src" / f"{module.replace('.', '/')}.py").is_file()


def test_its_picture_is_small() -> None:
    assert (ROOT / "docs" / "images" / "gestures-and-accuracy.png").stat().st_size < 100_000
