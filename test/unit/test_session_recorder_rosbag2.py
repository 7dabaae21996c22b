"""Bags that rosbag2 itself has written or reindexed are read, checked and mended: see test/data/rosbag2."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rosbags.rosbag2 import Reader

from latentvr_common import topics
from latentvr_common.bags.bag import open_bag
from latentvr_common.bags.layout import METADATA
from latentvr_common.bags.metadata import metadata_text
from latentvr_common.bags.reading import check_file, scan
from latentvr_common.errors import InputError
from session_recorder import check
from session_recorder.bag_file import LIBRARY, BagFile
from session_recorder.opening import make_place
from session_recorder.repair import repair_bag

ROOT = Path(__file__).parents[2]
BAGS = ROOT / "test" / "data" / "rosbag2"
QOS = ROOT / "config" / "bag_qos.yaml"
RECORDED = {"/latentvr/cloud": 3, "/latentvr/head": 12, "/diagnostics": 14}
REINDEXED = RECORDED | {"/diagnostics": 13}


@pytest.fixture
def reindexed(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BAGS / "reindexed", tmp_path / "reindexed"))


def counts(bag: Path) -> dict[str, int]:
    """Messages by topic that can be read, not those of which metadata.yaml tells."""
    heard = [message.topic for message in open_bag(bag).messages(RECORDED.keys(), 0)]
    return {topic: heard.count(topic) for topic in RECORDED}


def paths(content: Any, place: str = "") -> Iterator[str]:
    """Where in a document there is something, all entries of a list being one place."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield f"{place}/{key}"
            yield from paths(value, f"{place}/{key}")
    elif isinstance(content, list):
        for value in content:
            yield from paths(value, f"{place}/*")


def test_what_ros2_bag_record_wrote_is_whole_and_played(capsys: pytest.CaptureFixture[str]) -> None:
    bag = BAGS / "recorded"
    assert check.main([str(bag)]) == 0
    assert "whole: 29 messages in 1 file" in capsys.readouterr().out
    opened = open_bag(bag)
    opened.check()
    assert opened.finished
    assert {topic.name: topic.count for topic in opened.info.topics} == counts(bag) == RECORDED
    times = [message.log_ns for message in opened.messages(RECORDED.keys(), 0)]
    assert (times[0], times[-1]) == (opened.info.start_ns, opened.info.end_ns)
    assert times == sorted(times)


def test_our_metadata_has_every_field_that_rosbag2_writes_and_no_other() -> None:
    theirs = yaml.safe_load((BAGS / "recorded" / METADATA).read_text())
    file = scan(BAGS / "recorded" / "recorded_0.mcap")
    ours = yaml.safe_load(metadata_text([file], {}))
    assert set(paths(ours)) == set(paths(theirs))
    root = "rosbag2_bagfile_information"
    said = {
        key: value for key, value in theirs[root].items() if key not in ("custom_data", "topics_with_message_count")
    }
    assert {key: ours[root][key] for key in said} == said

    def by_name(content: Any) -> dict[str, Any]:
        return {entry["topic_metadata"]["name"]: entry for entry in content[root]["topics_with_message_count"]}

    assert by_name(ours) == by_name(theirs)


def test_a_bag_that_was_reindexed_tells_how_to_get_its_end(reindexed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mend = f"python -m session_recorder.repair {reindexed}"
    assert check.main([str(reindexed)]) == 1
    said = capsys.readouterr().out
    assert f"problem: it has no end, its recorder was killed: {mend}\n" in said
    assert "not whole: 28 messages in 1 file" in said
    with pytest.raises(InputError, match="it has no end; to mend it") as error:
        open_bag(reindexed).check()
    assert str(error.value).endswith(mend)


def test_a_bag_that_was_reindexed_is_mended(reindexed: Path) -> None:
    repaired = repair_bag(reindexed)
    assert (repaired.messages, repaired.rest_bytes) == (28, 261)
    check_file(reindexed / "reindexed_0.mcap")
    assert check.main([str(reindexed)]) == 0
    assert counts(reindexed) == REINDEXED
    with Reader(reindexed) as reader:
        assert reader.message_count == 28
        assert {c.topic: c.msgcount for c in reader.connections} == REINDEXED
    with pytest.raises(InputError, match="holds a finished bag"):
        repair_bag(reindexed)


def test_a_session_goes_on_in_a_bag_that_was_reindexed(reindexed: Path) -> None:
    with pytest.raises(InputError, match="holds a finished bag"):
        make_place(reindexed)
    place = make_place(reindexed, go_on=True)
    assert place.path.name == "reindexed_1.mcap"
    assert place.repaired is not None
    assert [file.count for file in place.earlier] == [28]
    assert not (reindexed / METADATA).exists()
    BagFile(place.path).finish()
    repair_bag(reindexed)
    assert check.main([str(reindexed)]) == 0


def test_a_bag_of_rosbag2_without_an_end_is_left_to_rosbag2(tmp_path: Path) -> None:
    bag = Path(shutil.copytree(BAGS / "recorded", tmp_path / "recorded"))
    path = bag / "recorded_0.mcap"
    path.write_bytes(path.read_bytes()[:-30])
    before = {file.name: file.read_bytes() for file in bag.iterdir()}
    with pytest.raises(InputError, match=r"recorded by 'libmcap .*reindex -s mcap, then ros2 bag convert"):
        repair_bag(bag)
    with pytest.raises(InputError, match="recorded by 'libmcap"):
        make_place(bag, go_on=True)
    assert {file.name: file.read_bytes() for file in bag.iterdir()} == before
    assert LIBRARY.encode() not in before["recorded_0.mcap"]


def test_rosbag2_is_told_the_quality_of_service_of_every_topic() -> None:
    assert yaml.safe_load(QOS.read_text()) == {
        t.name if t.name.startswith("/") else f"/{topics.NAMESPACE}/{t.name}": {
            "history": t.qos.history.short_key,
            "depth": t.qos.depth,
            "reliability": t.qos.reliability.short_key,
            "durability": t.qos.durability.short_key,
        }
        for t in topics.TOPICS
    }
