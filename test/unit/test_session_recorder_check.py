"""The check of a bag tells what is in it, what is missing, and what is damaged, by its words and its exit code."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from latentvr import msg
from mcap.writer import CompressionType, Writer
from rclpy.serialization import serialize_message

from latentvr_common import topics
from latentvr_common.bags.definitions import definition_of, type_name
from latentvr_common.bags.layout import METADATA
from latentvr_common.bags.metadata import write_metadata
from latentvr_common.bags.reading import RecordReader
from session_recorder import check
from session_recorder.bag_file import BagFile
from session_recorder.channels import Channel, qos_entry
from session_recorder.repair import repair_bag


def channel(topic: topics.Topic, *, keyframes: bool = False) -> Channel:
    definition = definition_of(type_name(topic.type))
    return Channel(f"/latentvr/{topic.name}", definition, qos_entry(topic.qos), keyframes)


HANDS, CLOUD, LABELS = channel(topics.HANDS), channel(topics.CLOUD, keyframes=True), channel(topics.LABELS)
Row = tuple[Channel, int, bytes]
"""Topic, number, message."""


def label(seq: int) -> bytes:
    return bytes(serialize_message(msg.LabelEvent(seq=seq, event_id=str(seq))))


def rows(hands: Sequence[int], labels: Sequence[int] = (), cloud: Sequence[int] = ()) -> list[Row]:
    return [
        *((HANDS, number, b"hands" * 10) for number in hands),
        *((LABELS, place, label(seq)) for place, seq in enumerate(labels, 1)),
        *((CLOUD, number, b"cloud") for number in cloud),
    ]


def write(path: Path, messages: Sequence[Row], start_ns: int = 10**18) -> BagFile:
    file = BagFile(path)
    for place, (topic, number, data) in enumerate(messages):
        log_ns = start_ns + place * 100_000_000
        file.write(topic, log_ns, log_ns, data, number)
    return file


def make_bag(bag: Path, *files: Sequence[Row]) -> Path:
    bag.mkdir()
    infos = []
    for place, messages in enumerate(files):
        file = write(bag / f"{bag.name}_{place}.mcap", messages, 10**18 + place * 10**12)
        file.finish()
        infos.append(file.info())
    write_metadata(bag, infos, {})
    return bag


def checked(bag: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code of the check, and what it says; an error is one line."""
    code = check.main([str(bag)])
    said = capsys.readouterr()
    if code == 2:
        assert said.err.startswith("error: ")
        assert said.err.count("\n") == 1
        assert said.out == ""
        return code, said.err
    assert said.err == ""
    return code, said.out


def test_a_whole_bag_is_told_by_topic(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = make_bag(tmp_path / "bag", rows(range(5, 105), (1, 2, 3), (4, 9, 12)), rows(range(105, 107)))
    assert checked(bag, capsys) == (
        0,
        """file        messages  state
bag_0.mcap       106  whole, checksums hold
bag_1.mcap         2  whole, checksums hold

topic             messages    missing    MB  from s     to s
/latentvr/cloud          3  keyframes  0.00    10.3     10.5
/latentvr/hands        102          0  0.01     0.0  1,000.1
/latentvr/labels         3          0  0.00    10.0     10.2

whole: 108 messages in 2 files
""",
    )


def test_numbers_that_are_left_out_are_missing_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = make_bag(tmp_path / "bag", rows([1, 2, 3, 7, 8]), rows([11, 12]))
    code, said = checked(bag, capsys)
    assert code == 1
    assert "problem: /latentvr/hands: 5 messages were published and are not in the bag" in said
    assert "/latentvr/hands         7        5" in said
    assert said.endswith("not whole: 7 messages in 2 files\n")


def test_entries_of_the_journal_that_are_left_out_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = make_bag(tmp_path / "bag", rows([], [3, 4, 8]), rows([], [3, 4, 5, 8, 9]))
    code, said = checked(bag, capsys)
    assert code == 1
    assert "/latentvr/labels: 2 entries of the journal are not in the bag" in said


def test_a_recorder_that_does_not_number_is_no_loss(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = checked(make_bag(tmp_path / "bag", rows([0, 0, 0])), capsys)
    assert code == 0
    assert "not known" in said


def test_the_bag_of_a_killed_recorder_is_not_whole_until_it_is_repaired(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = make_bag(tmp_path / "bag", rows(range(1, 11)))
    (bag / METADATA).unlink()
    path = bag / "bag_0.mcap"
    reader = RecordReader(path)
    ends = [reader.good_bytes for _ in reader]
    path.write_bytes(path.read_bytes()[: ends[9] + 30])
    code, said = checked(bag, capsys)
    assert code == 1
    assert f"problem: it has no end, its recorder was killed: python -m session_recorder.repair {bag}" in said
    assert f"bag_0.mcap: cut off behind byte {ends[9]:,}, 30 bytes of a record are left" in said
    repair_bag(bag)
    assert checked(bag, capsys)[0] == 0


def test_a_changed_byte_is_found_wherever_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = make_bag(tmp_path / "bag", rows(range(1, 11)))
    path = bag / "bag_0.mcap"
    content = path.read_bytes()
    for place in range(len(content) // 7, len(content), len(content) // 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x20]) + content[place + 1 :])
        code, said = checked(bag, capsys)
        assert code == 1, (place, said)
        assert "bag_0.mcap" in said


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("latentvr session_recorder", "somebody", ""),
        ("- bag_0.mcap", "- bag_0.mcap\n  - bag_9.mcap", "bag_9.mcap does not exist, but metadata.yaml names it"),
        (
            "    message_count: 10",
            "    message_count: 12",
            "/latentvr/hands: metadata.yaml says 12 messages, the files",
        ),
    ],
)
def test_what_metadata_says_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, problem: str
) -> None:
    bag = make_bag(tmp_path / "bag", rows(range(1, 11)))
    text = (bag / METADATA).read_text()
    (bag / METADATA).write_text(text.replace(old, new))
    code, said = checked(bag, capsys)
    assert code == (1 if problem else 0)
    assert problem in said
    assert said.endswith(" in 1 file\n") or "bag_9" in problem


def test_bytes_behind_the_end_are_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = make_bag(tmp_path / "bag", rows(range(1, 11)))
    with (bag / "bag_0.mcap").open("ab") as stream:
        stream.write(b"more")
    code, said = checked(bag, capsys)
    assert code == 1
    assert "problem: bag_0.mcap" in said


def test_a_bag_of_another_recorder_is_told_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bag").mkdir()
    with (tmp_path / "bag" / "bag_0.mcap").open("wb") as stream:
        writer = Writer(stream, compression=CompressionType.NONE, enable_data_crcs=False)
        writer.start("ros2", "another")
        schema = writer.register_schema("std_msgs/msg/String", "ros2msg", b"string data")
        topic = writer.register_channel("/\x1b[31mchatter\n", "cdr", schema)
        for place in range(3):
            writer.add_message(topic, place, b"x", place)
        writer.finish()
    repair_bag(tmp_path / "bag")
    code, said = checked(tmp_path / "bag", capsys)
    assert code == 0
    assert "whole, has no checksum" in said
    assert "/ [31mchatter" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("arguments", [[], ["nowhere"], ["one", "two"]])
def test_the_check_says_what_it_expects(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(arguments) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_many_problems_are_told_in_few_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = make_bag(tmp_path / "bag", rows([1]))
    text = (bag / METADATA).read_text()
    names = "".join(f"\n  - more_{number}.mcap" for number in range(50))
    (bag / METADATA).write_text(text.replace("- bag_0.mcap", "- bag_0.mcap" + names))
    code, said = checked(bag, capsys)
    assert code == 1
    assert said.count("problem: ") == 20
    assert "and 30 more problems" in said
