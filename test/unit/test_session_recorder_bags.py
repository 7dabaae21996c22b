"""Bags are what rosbag2 writes, lose nothing that was taken in, and are repaired or refused when they are not whole."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from ament_index_python.packages import get_package_share_directory
from mcap.reader import make_reader
from mcap.records import Message
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from latentvr_common import topics
from latentvr_common.bags.bag import open_bag
from latentvr_common.bags.definitions import definition_of, type_name
from latentvr_common.bags.layout import METADATA, State, files_of, state_of
from latentvr_common.bags.metadata import merged, read_metadata, write_metadata
from latentvr_common.bags.reading import MAX_RECORD_BYTES, RecordReader, check_file, scan
from latentvr_common.bags.schedule import Recorded
from latentvr_common.errors import InputError
from session_recorder import repair
from session_recorder.bag_file import BagFile
from session_recorder.channels import Channel, qos_entry
from session_recorder.examining import examine
from session_recorder.opening import make_place
from session_recorder.repair import repair_bag

TYPES = sorted({type_name(topic.type) for topic in topics.TOPICS})
Row = tuple[str, int, bytes]


def channel(topic: topics.Topic) -> Channel:
    name = topic.name if topic.name.startswith("/") else f"/{topics.NAMESPACE}/{topic.name}"
    return Channel(name, definition_of(type_name(topic.type)), qos_entry(topic.qos))


CHANNELS = [channel(topic) for topic in (topics.CLOUD, topics.LABELS, topics.HANDS, topics.DIAGNOSTICS)]


def rows(count: int, start_ns: int = 1_000) -> list[Row]:
    """Messages of several topics, of sizes from nothing to some kilobytes, at times that repeat."""
    return [
        (CHANNELS[n % len(CHANNELS)].topic, start_ns + n // 3, b"\0\1\0\0" + bytes([n % 256]) * (97 * n % 3000))
        for n in range(count)
    ]


def write(path: Path, messages: Sequence[Row], *, after_ns: int = 0) -> BagFile:
    by_topic = {c.topic: c for c in CHANNELS}
    file = BagFile(path, after_ns=after_ns)
    for topic, log_ns, data in messages:
        file.write(by_topic[topic], log_ns, log_ns - 5, data)
    return file


def finished_bag(bag: Path, messages: Sequence[Row]) -> Path:
    bag.mkdir()
    file = write(bag / f"{bag.name}_0.mcap", messages)
    file.finish()
    write_metadata(bag, [file.info()], {})
    return bag


def unfinished_bag(bag: Path, messages: Sequence[Row]) -> Path:
    bag.mkdir()
    write(bag / f"{bag.name}_0.mcap", messages).abandon()
    return bag


def read_by_rosbags(bag: Path) -> list[Row]:
    with Reader(bag) as reader:
        return [(connection.topic, log_ns, bytes(data)) for connection, log_ns, data in reader.messages()]


def read_by_us(bag: Path) -> list[Row]:
    messages = open_bag(bag).messages({c.topic for c in CHANNELS}, 0)
    return [(m.topic, m.log_ns, m.data) for m in messages]


# What is written


@pytest.mark.parametrize("name", TYPES)
def test_the_schema_is_made_of_the_installed_interface_files(name: str) -> None:
    parts = definition_of(name).text.split("\n" + "=" * 80 + "\nMSG: ")
    package, _, message = name.split("/")
    texts = {f"{package}/{message}": parts[0], **dict(part.split("\n", 1) for part in parts[1:])}
    assert len(texts) == len(parts)
    for title, text in texts.items():
        package, message = title.split("/")
        assert text == (Path(get_package_share_directory(package)) / "msg" / f"{message}.msg").read_text()


@pytest.mark.parametrize("name", TYPES)
def test_schema_and_hash_agree_by_an_independent_reckoning(name: str) -> None:
    store = get_typestore(Stores.EMPTY)
    definition = definition_of(name)
    store.register(get_types_from_msg(definition.text, name))
    assert store.hash_rihs01(name) == definition.type_hash


def test_a_written_bag_reads_back_complete(tmp_path: Path) -> None:
    bag = finished_bag(tmp_path / "bag", rows(200))
    with AnyReader([bag]) as reader:
        read = [(connection.topic, log_ns, bytes(data)) for connection, log_ns, data in reader.messages()]
    assert read == read_by_us(bag) == rows(200)
    with (bag / "bag_0.mcap").open("rb") as stream:
        summary = make_reader(stream, validate_crcs=True).get_summary()
    assert summary is not None
    assert summary.statistics is not None
    assert summary.statistics.message_count == 200
    open_bag(bag).check()


def test_channels_carry_what_rosbag2_looks_for(tmp_path: Path) -> None:
    bag = finished_bag(tmp_path / "bag", rows(8))
    ours = {c.topic: c for c in CHANNELS}
    with AnyReader([bag]) as reader:
        for connection in reader.connections:
            topic = ours[connection.topic]
            assert connection.msgtype == topic.definition.type
            assert connection.digest == topic.definition.type_hash
            assert connection.msgdef.data == topic.definition.text
            assert connection.ext.serialization_format == "cdr"
            (profile,) = connection.ext.offered_qos_profiles
            assert profile.reliability.name.lower() == topic.qos["reliability"]
            assert profile.durability.name.lower() == topic.qos["durability"]
            assert profile.depth == topic.qos["depth"]
        assert {c.topic for c in reader.connections} == set(ours)


def test_metadata_has_the_form_of_version_9(tmp_path: Path) -> None:
    bag = finished_bag(tmp_path / "my bag", rows(40))
    text = (bag / METADATA).read_text()
    info = yaml.safe_load(text)["rosbag2_bagfile_information"]
    assert (info["version"], info["storage_identifier"], info["ros_distro"]) == (9, "mcap", "jazzy")
    assert (info["compression_format"], info["compression_mode"]) == ("", "")
    assert (info["message_count"], info["starting_time"]) == (40, {"nanoseconds_since_epoch": 1_000})
    assert info["duration"] == {"nanoseconds": 13}
    assert info["relative_file_paths"] == ["my bag_0.mcap"]
    assert info["files"][0]["message_count"] == 40
    assert sum(entry["message_count"] for entry in info["topics_with_message_count"]) == 40
    for entry in info["topics_with_message_count"]:
        assert entry["topic_metadata"]["type_description_hash"].startswith("RIHS01_")
        assert entry["topic_metadata"]["offered_qos_profiles"][0]["history"] == "keep_last"
    assert not {"&", "*"} & set(text)


def test_metadata_reads_back_as_written(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    bag.mkdir()
    first, second = write(bag / "bag_0.mcap", rows(7)), write(bag / "bag_1.mcap", rows(9, 5_000))
    write_metadata(bag, [first.info(), second.info()], {"note": "two files"})
    written, read = merged([first.info(), second.info()]), read_metadata(bag)
    assert (read.files, read.start_ns, read.end_ns, read.count) == (("bag_0.mcap", "bag_1.mcap"), 1_000, 5_002, 16)
    assert [(t.name, t.type, t.type_hash, t.count) for t in read.topics] == [
        (t.name, t.type, t.type_hash, t.count) for t in written.topics
    ]


def test_a_bag_without_messages_is_a_bag(tmp_path: Path) -> None:
    bag = finished_bag(tmp_path / "bag", [])
    assert read_by_rosbags(bag) == read_by_us(bag) == []
    assert open_bag(bag).info.count == 0


def test_a_clock_that_jumps_back_does_not_disorder_the_file(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    bag.mkdir()
    file = write(bag / "bag_0.mcap", [(CHANNELS[1].topic, ns, b"") for ns in (50, 100, 30, 120)], after_ns=60)
    file.finish()
    write_metadata(bag, [file.info()], {})
    assert [log_ns for _, log_ns, _ in read_by_rosbags(bag)] == [60, 100, 100, 120]


# What a killed recorder leaves


def test_whatever_is_cut_off_all_earlier_messages_are_kept(tmp_path: Path) -> None:
    whole, ends = tmp_path / "whole.mcap", [0]
    file = BagFile(whole)
    messages = rows(12)
    by_topic = {c.topic: c for c in CHANNELS}
    for topic, log_ns, data in messages:
        file.write(by_topic[topic], log_ns, log_ns, data)
        ends.append(file.size)
    file.finish()
    content = whole.read_bytes()
    cuts = {*range(0, len(content), 2003), *(end + d for end in ends[1:] for d in (-1, 0, 1)), len(content) - 1}
    for number, cut in enumerate(sorted(cuts)):
        bag = tmp_path / f"cut{number}"
        bag.mkdir()
        (bag / f"{bag.name}_0.mcap").write_bytes(content[:cut])
        kept = messages[: sum(end <= cut for end in ends[1:])]
        assert read_by_us(bag) == kept, cut
        assert repair_bag(bag).messages == len(kept), cut
        assert state_of(bag) is State.FINISHED
        assert read_by_rosbags(bag) == read_by_us(bag) == kept, cut
        open_bag(bag).check()
        rest = bag / f"{bag.name}_0.mcap.rest"
        assert not rest.exists() or content[:cut].endswith(rest.read_bytes())


def test_a_killed_writer_loses_nothing_that_it_has_taken_in(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    bag.mkdir()
    program = """
import os, sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from latentvr_common import topics
from session_recorder.bag_file import BagFile
from session_recorder.channels import Channel, qos_entry
from latentvr_common.bags.definitions import definition_of, type_name
hands = Channel("/latentvr/hands", definition_of(type_name(topics.HANDS.type)), qos_entry(topics.HANDS.qos))
file = BagFile(Path(sys.argv[1]))
for number in range(10**9):
    file.write(hands, number, number, number.to_bytes(8, "little") * 400)
    os.write(1, b"%d\\n" % number)
"""
    source = str(Path(repair.__file__).parent.parent)
    command = [sys.executable, "-c", program, str(bag / "bag_0.mcap"), source]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        for _ in range(300):
            line = writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        said = [line, *writer.stdout.read().splitlines(keepends=True)]
    taken = int([line for line in said if line.endswith(b"\n")][-1])
    repaired = repair_bag(bag)
    assert repaired.messages >= taken + 1 >= 300
    assert [data for _, _, data in read_by_rosbags(bag)][: taken + 1] == [
        number.to_bytes(8, "little") * 400 for number in range(taken + 1)
    ]


def test_bytes_behind_damage_are_set_aside(tmp_path: Path) -> None:
    bag = unfinished_bag(tmp_path / "bag", rows(20))
    path = bag / "bag_0.mcap"
    content = bytearray(path.read_bytes())
    sizes = [0]
    reader = RecordReader(path)
    for record in reader:
        if isinstance(record, Message):
            sizes.append(reader.good_bytes)
    # The length of the record that begins where the record before message 10 ends.
    begin = sizes[10]
    content[begin + 1 : begin + 9] = (MAX_RECORD_BYTES + 1).to_bytes(8, "little")
    path.write_bytes(content)
    repaired = repair_bag(bag)
    assert 8 <= repaired.messages < 20
    assert read_by_rosbags(bag) == rows(20)[: repaired.messages]
    rest = (bag / "bag_0.mcap.rest").read_bytes()
    assert len(rest) == repaired.rest_bytes
    assert bytes(content).endswith(rest)
    assert "set aside" in repaired.describe()


@pytest.mark.parametrize("step", ["write_metadata", "_set_aside", "os.replace"])
def test_a_repair_that_fails_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    bag = unfinished_bag(tmp_path / "bag", rows(30))
    with monkeypatch.context() as patch:
        patch.setattr(f"session_recorder.repair.{step}", full)
        with pytest.raises(OSError, match="No space"):
            repair_bag(bag)
    assert state_of(bag) is State.UNFINISHED
    assert read_by_us(bag) == rows(30)
    assert not list(bag.glob("*.partial"))
    assert repair_bag(bag).messages == 30


def test_a_bag_that_lacks_only_its_metadata_keeps_its_files(tmp_path: Path) -> None:
    bag = finished_bag(tmp_path / "bag", rows(10))
    (bag / METADATA).unlink()
    before = (bag / "bag_0.mcap").read_bytes()
    assert repair_bag(bag).messages == 10
    assert (bag / "bag_0.mcap").read_bytes() == before
    assert read_by_rosbags(bag) == rows(10)


def test_a_bag_of_another_recorder_is_not_repaired(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    bag.mkdir()
    BagFile(bag / "bag_0.mcap", library="libmcap 1.4").abandon()
    before = (bag / "bag_0.mcap").read_bytes()
    with pytest.raises(InputError, match=r"recorded by 'libmcap 1\.4'.*ros2 bag reindex"):
        repair_bag(bag)
    assert (bag / "bag_0.mcap").read_bytes() == before


@pytest.mark.parametrize("arguments", [[], ["nowhere"], ["one", "two"]])
def test_the_repair_command_says_what_it_expects(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert repair.main(arguments) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_the_repair_command_says_what_it_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert repair.main([str(unfinished_bag(tmp_path / "bag", rows(5)))]) == 0
    assert capsys.readouterr().out == "5 messages kept\n"


# Where a recorder may write


def test_a_new_bag_gets_its_directory(tmp_path: Path) -> None:
    place = make_place(tmp_path / "session" / "bag")
    assert place.path == tmp_path / "session" / "bag" / "bag_0.mcap"
    assert place.bag.is_dir()
    assert make_place(place.bag) == place


def test_an_unfinished_bag_is_repaired_and_gone_on_with(tmp_path: Path) -> None:
    bag = unfinished_bag(tmp_path / "bag", rows(25))
    for number in (1, 2):
        place = make_place(bag)
        assert place.path.name == f"bag_{number}.mcap"
        assert state_of(bag) is State.UNFINISHED
        write(place.path, rows(5, 10_000 * number)).abandon()
    assert [file.count for file in make_place(bag).earlier] == [25, 5, 5]
    assert read_by_us(bag) == [*rows(25), *rows(5, 10_000), *rows(5, 20_000)]


@pytest.mark.parametrize("step", ["_copy", "_set_aside", "os.replace"])
def test_a_recorder_killed_while_it_repairs_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class KilledError(BaseException):
        pass

    def kill(*_: object) -> None:
        raise KilledError

    bag = unfinished_bag(tmp_path / "bag", rows(25))
    with monkeypatch.context() as patch:
        patch.setattr(f"session_recorder.repair.{step}", kill)
        with pytest.raises(KilledError):
            make_place(bag)
    assert make_place(bag).path.name == "bag_1.mcap"
    assert read_by_us(bag) == rows(25)


def test_the_finished_bag_of_another_recorder_is_not_gone_on_with_and_stays_as_it_is(tmp_path: Path) -> None:
    bag = finished_bag(tmp_path / "bag", rows(3))
    (bag / "bag_0.mcap").rename(bag / "theirs.mcap")
    (bag / METADATA).write_text((bag / METADATA).read_text().replace("bag_0.mcap", "theirs.mcap"))
    before = {path.name: path.read_bytes() for path in bag.iterdir()}
    with pytest.raises(InputError, match=r"of another recorder: it has theirs\.mcap, expected bag_0\.mcap"):
        make_place(bag, go_on=True)
    assert {path.name: path.read_bytes() for path in bag.iterdir()} == before


def test_a_finished_bag_whose_metadata_is_damaged_is_gone_on_with_if_it_has_files(tmp_path: Path) -> None:
    bag = finished_bag(tmp_path / "bag", rows(3))
    (bag / METADATA).write_text("x: 1")
    assert make_place(bag, go_on=True).path.name == "bag_1.mcap"
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / METADATA).write_text("x: 1")
    with pytest.raises(InputError, match="is missing"):
        make_place(tmp_path / "none", go_on=True)
    assert (tmp_path / "none" / METADATA).read_text() == "x: 1"


def test_a_bag_that_is_gone_on_with_never_looks_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bag = unfinished_bag(tmp_path / "bag", rows(25))
    written: list[Path] = []
    real = os.replace
    monkeypatch.setattr("os.replace", lambda source, target: (written.append(Path(target)), real(source, target)))
    make_place(bag)
    assert [path.name for path in written] == ["bag_0.mcap"]


def test_files_of_a_bag_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    bag.mkdir()
    for name in ("bag_10.mcap", "bag_2.mcap", "bag_x.mcap", "other_1.mcap", "bag_2.mcap.partial"):
        (bag / name).touch()
    assert [path.name for path in files_of(bag)] == ["bag_2.mcap", "bag_10.mcap"]


def test_what_is_no_unfinished_bag_of_ours_is_left_alone(tmp_path: Path) -> None:
    finished = finished_bag(tmp_path / "finished", rows(3))
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("x")
    for bag, reason in ((finished, "a finished bag"), (tmp_path / "file", "no bag"), (tmp_path / "full", "no bag")):
        with pytest.raises(InputError, match=reason) as error:
            make_place(bag)
        assert str(bag) in str(error.value)
    with pytest.raises(InputError, match="cannot record"):
        make_place(tmp_path / "file" / "bag")


# What cannot be played


def test_any_changed_byte_of_a_finished_file_is_noticed(tmp_path: Path) -> None:
    bag = finished_bag(tmp_path / "bag", rows(6))
    path = bag / "bag_0.mcap"
    content = path.read_bytes()
    check_file(path)
    # All of the ends of the data, the summary and the file, and some of the rest.
    ends = range(content.index(bytes([0x0F, 4, 0, 0, 0, 0, 0, 0, 0])), len(content))
    for position in {*range(0, len(content), 37), *ends[:20], *ends[-50:]}:
        changed = bytearray(content)
        changed[position] ^= 0x10
        path.write_bytes(changed)
        with pytest.raises(InputError, match=str(path)):
            check_file(path)


def test_a_file_that_ends_early_is_noticed(tmp_path: Path) -> None:
    bag = finished_bag(tmp_path / "bag", rows(6))
    path = bag / "bag_0.mcap"
    content = path.read_bytes()
    for cut in range(0, len(content), 101):
        path.write_bytes(content[:cut])
        with pytest.raises(InputError, match=r"bag_0\.mcap is not a whole MCAP file"):
            check_file(path)
    with pytest.raises(InputError, match=r"bag_0\.mcap is not a whole MCAP file"):
        open_bag(bag).check()


@pytest.mark.parametrize("length", [2**64 - 1, 2**63, MAX_RECORD_BYTES + 1, MAX_RECORD_BYTES, 21, 0])
def test_a_record_that_lies_about_its_length_ends_the_reading(tmp_path: Path, length: int) -> None:
    path = tmp_path / "bag_0.mcap"
    write(path, rows(3)).abandon()
    good = path.stat().st_size
    with path.open("ab") as stream:
        stream.write(b"\x05" + length.to_bytes(8, "little") + bytes(100))
    assert scan(path).count == 3
    reader = RecordReader(path)
    list(reader)
    assert not reader.complete
    assert reader.good_bytes == good


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("storage_identifier: mcap", "storage_identifier: sqlite3", "storage_identifier is 'sqlite3', expected 'mcap'"),
        ("compression_mode: ''", "compression_mode: file", "compression_mode is 'file'"),
        ("- bag_0.mcap", "- bag_7.mcap", "bag_7.mcap does not exist"),
        ("- bag_0.mcap", "- ../../secret.mcap", "bag/secret.mcap does not exist"),
        ("message_count: 2", "message_count: many", "not the metadata of a bag"),
        ("  duration:", "  lasted:", "'duration' is missing"),
        ("rosbag2_bagfile_information:", "- x", "not the metadata of a bag"),
        ("  version: 9", "  version: !!python/object/apply:os.getcwd []", "not the metadata of a bag"),
    ],
)
def test_bad_metadata_is_refused_with_its_reason(tmp_path: Path, old: str, new: str, reason: str) -> None:
    bag = finished_bag(tmp_path / "bag", rows(6))
    text = (bag / METADATA).read_text()
    assert old in text
    (bag / METADATA).write_text(text.replace(old, new))
    with pytest.raises(InputError, match=str(bag)) as error:
        open_bag(bag)
    assert reason in str(error.value)


def test_what_is_no_bag_cannot_be_played(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise" / "noise_0.mcap").write_bytes(os.urandom(1000))
    for name, reason in (("nowhere", "does not exist"), ("file", "no bag"), ("noise", "is no MCAP file")):
        with pytest.raises(InputError, match=reason) as error:
            open_bag(tmp_path / name)
        assert str(tmp_path / name) in str(error.value)


def test_who_names_the_session_instead_of_its_bag_is_told_where_that_is(tmp_path: Path) -> None:
    bag = finished_bag(tmp_path / "bag", rows(1))
    for use in (open_bag, examine):
        with pytest.raises(InputError, match=f"{tmp_path} holds something that is no bag.*: {bag} is one"):
            use(tmp_path)


def test_damage_met_while_playing_is_said(tmp_path: Path) -> None:
    bag = finished_bag(tmp_path / "bag", rows(6))
    opened = open_bag(bag)
    (bag / "bag_0.mcap").write_bytes((bag / "bag_0.mcap").read_bytes()[:-200])
    messages: list[Recorded] = []
    with pytest.raises(InputError, match="cannot be read from byte"):
        messages.extend(opened.messages({CHANNELS[0].topic}, 0))
