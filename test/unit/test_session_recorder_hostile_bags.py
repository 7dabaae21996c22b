"""Bags that are broken, foreign or made to do harm: each is answered in one line, soon, and with little memory.

Every bag is given to the check, to the player's reading and to the repair, in a process with limits of its own.
"""

import multiprocessing
import os
import resource
import struct
import zlib
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import yaml
from mcap.writer import CompressionType, Writer

from latentvr_common import topics
from latentvr_common.bags.bag import open_bag
from latentvr_common.bags.definitions import definition_of, type_name
from latentvr_common.bags.layout import METADATA, State, state_of
from latentvr_common.bags.metadata import write_metadata
from latentvr_common.bags.plain_yaml import read_plain
from latentvr_common.errors import InputError
from session_recorder.bag_file import LIBRARY, BagFile
from session_recorder.channels import Channel, qos_entry
from session_recorder.check import report
from session_recorder.examining import examine
from session_recorder.repair import repair_bag

MEMORY_BYTES = 450 << 20
"""What a process may take in addition to what it has: 256 MiB are held back at most to be brought into order."""
TIME_S = 40.0
HANDS = Channel("/latentvr/hands", definition_of(type_name(topics.HANDS.type)), qos_entry(topics.HANDS.qos))
MAGIC = b"\x89MCAP0\r\n"


# Making bags


def record(opcode: int, content: bytes, length: int | None = None) -> bytes:
    return struct.pack("<BQ", opcode, len(content) if length is None else length) + content


def text(value: bytes, length: int | None = None) -> bytes:
    return struct.pack("<I", len(value) if length is None else length) + value


def schema(name: bytes = b"latentvr/msg/Hands", data: bytes = b"uint8 x", number: int = 1) -> bytes:
    return record(3, struct.pack("<H", number) + text(name) + text(b"ros2msg") + text(data))


def topic(name: bytes = b"/latentvr/hands", qos: bytes = b"[]", number: int = 0) -> bytes:
    extra = text(b"offered_qos_profiles") + text(qos)
    return record(4, struct.pack("<HH", number, 1) + text(name) + text(b"cdr") + text(extra))


def message(number: int = 0, log_ns: int = 10**18, data: bytes = b"\0\1\0\0") -> bytes:
    return record(5, struct.pack("<HIQQ", number, 1, log_ns, log_ns) + data)


def chunk(inside: bytes, compression: bytes = b"", size: int | None = None, packed: bytes | None = None) -> bytes:
    packed = inside if packed is None else packed
    begin = struct.pack("<QQQI", 0, 0, len(inside) if size is None else size, zlib.crc32(inside))
    return record(6, begin + text(compression) + struct.pack("<Q", len(packed)) + packed)


HEADER = record(1, text(b"ros2") + text(LIBRARY.encode()))
END = record(15, bytes(4)) + record(2, bytes(20)) + MAGIC


def with_file(bag: Path, *parts: bytes, finished: bool = True) -> None:
    """A bag of one file of these parts, with metadata that says one message of hands if it is finished."""
    (bag / "bag_0.mcap").write_bytes(b"".join([MAGIC, HEADER, *parts, *([END] if finished else [])]))
    if finished:
        with_metadata(bag, lambda said: said)


def with_metadata(bag: Path, change: Callable[[str], str]) -> None:
    """Metadata as of one message of hands in bag_0.mcap, then changed."""
    made = bag.parent / "made"
    made.mkdir(exist_ok=True)
    (made / "bag_0.mcap").unlink(missing_ok=True)
    file = BagFile(made / "bag_0.mcap")
    file.write(HANDS, 10**18, 0, b"\0\1\0\0")
    file.finish()
    write_metadata(bag, [file.info()], {})
    if not (bag / "bag_0.mcap").exists():
        (bag / "bag_0.mcap").write_bytes((made / "bag_0.mcap").read_bytes())
    (bag / METADATA).write_text(change((bag / METADATA).read_text()))


def replaced(old: str, new: str) -> Callable[[Path], None]:
    def change(said: str) -> str:
        assert old in said
        return said.replace(old, new)

    return lambda bag: with_metadata(bag, change)


def metadata_only(content: str | bytes) -> Callable[[Path], None]:
    def make(bag: Path) -> None:
        with_metadata(bag, lambda _: "")
        (bag / METADATA).write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def file_of(*parts: bytes, finished: bool = True) -> Callable[[Path], None]:
    return lambda bag: with_file(bag, *parts, finished=finished)


def raw_file(content: bytes) -> Callable[[Path], None]:
    return lambda bag: (bag / "bag_0.mcap").write_bytes(content) and None


ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
MERGES = "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12))


def with_pipe(bag: Path) -> None:
    os.mkfifo(bag / "bag_0.mcap")


def with_pipe_as_metadata(bag: Path) -> None:
    with_metadata(bag, lambda said: said)
    (bag / METADATA).unlink()
    os.mkfifo(bag / METADATA)


def with_folder_as_metadata(bag: Path) -> None:
    with_metadata(bag, lambda said: said)
    (bag / METADATA).unlink()
    (bag / METADATA).mkdir()


def with_a_ring_of_links(bag: Path) -> None:
    (bag / "bag_0.mcap").symlink_to(bag / "bag_1.mcap")
    (bag / "bag_1.mcap").symlink_to(bag / "bag_0.mcap")


def with_a_lie_in_a_huge_file(bag: Path) -> None:
    """A text of 3.7 GiB in a record of a hundred bytes, and a file that has as many."""
    lie = record(3, struct.pack("<H", 1) + struct.pack("<I", 0xEFFFFFFF), length=100)
    with (bag / "bag_0.mcap").open("wb") as stream:
        stream.write(MAGIC + HEADER + lie)
        stream.truncate(5 << 30)


def with_an_lz4_bomb(bag: Path) -> None:
    with (bag / "bag_0.mcap").open("wb") as stream:
        writer = Writer(stream, compression=CompressionType.LZ4)
        writer.start("ros2", LIBRARY)
        kind = writer.register_schema("latentvr/msg/Hands", "ros2msg", b"uint8 x")
        writer.add_message(writer.register_channel(HANDS.topic, "cdr", kind), 10**18, bytes(64 << 20), 10**18)
        writer.finish()
    with_metadata(bag, lambda said: said)


def with_a_crowded_chunk(bag: Path) -> None:
    with_file(bag, chunk(schema(data=b"") * 120_000))


def with_huge_types(bag: Path) -> None:
    with_file(bag, *(schema(data=bytes(1 << 20), number=n) for n in range(1, 81)), topic(), message())


def with_messages_of_one_time(bag: Path) -> None:
    """So many that they must not all be held back to be brought into order."""
    with_file(bag, schema(), topic(), *[message(data=bytes(1 << 20))] * 600)


def of_another_project(bag: Path) -> None:
    with (bag / "bag_0.mcap").open("wb") as stream:
        writer = Writer(stream, compression=CompressionType.NONE)
        writer.start("ros2", "libmcap 1.4")
        for name in ("/scan", "/odom"):
            kind = writer.register_schema("nav_msgs/msg/Odometry", "ros2msg", b"uint8 x")
            writer.add_message(writer.register_channel(name, "cdr", kind), 5, b"x", 5)
        writer.finish()


BAGS: dict[str, tuple[Callable[[Path], None], str]] = {
    "references that grow": (metadata_only(ALIASES), "one part of it refers to another"),
    "merges that grow": (metadata_only(MERGES), "one part of it refers to another"),
    "a part that holds itself": (metadata_only("a: &a [*a]\n"), "one part of it refers to another"),
    "deep nesting": (metadata_only("[" * 200_000), "nested more than 20 deep"),
    "deep nesting by lines": (
        metadata_only("".join(" " * n + "a:\n" for n in range(1000))),
        "nested more than 20 deep",
    ),
    "a long number": (replaced("message_count: 1", "message_count: " + "9" * 60_000), "not the metadata of a bag"),
    "a number of many parts": (
        replaced("message_count: 1", "message_count: 1" + ":59" * 20_000),
        "not the metadata of a bag",
    ),
    "a long text": (replaced("  version: 9", "  version: " + "9" * 70_000), "longer than 64 KiB"),
    "too large": (metadata_only("x: " * 500_000), "larger than 1 MiB"),
    "empty metadata": (metadata_only(""), "not the metadata of a bag"),
    "no text": (metadata_only(b"\xff\xfe\x00rosbag"), "not the metadata of a bag"),
    "another document": (metadata_only("bags:\n  - 1.bag\n"), "'rosbag2_bagfile_information' is missing"),
    "a list": (metadata_only("- 1\n- 2\n"), "not the metadata of a bag"),
    "code": (metadata_only("!!python/object/apply:os.system ['echo']\n"), "not the metadata of a bag"),
    "a name that is a list": (replaced("name: /latentvr/hands", "name: [a, b]"), "name is \"['a', 'b']\""),
    "a count of all that is a text": (
        lambda bag: with_metadata(bag, lambda said: said.replace("message_count: 1", "message_count: one", 1)),
        "message_count is 'one', expected a whole number from 0",
    ),
    "a negative count": (replaced("message_count: 1", "message_count: -1"), "expected a whole number from 0"),
    "a count that is none": (replaced("message_count: 1", "message_count: .inf"), "expected a whole number from 0"),
    "a time behind all time": (
        replaced(f"nanoseconds_since_epoch: {10**18}", f"nanoseconds_since_epoch: {2**63}"),
        "expected a whole number from 0",
    ),
    "a way out": (
        replaced("- bag_0.mcap", "- ../../../../../../etc/passwd"),
        "passwd does not exist, but metadata.yaml names it",
    ),
    "a way from the top": (
        replaced("- bag_0.mcap", "- /etc/passwd"),
        "passwd does not exist, but metadata.yaml names it",
    ),
    "itself as a file": (replaced("- bag_0.mcap", "- ."), "does not exist"),
    "a file named twice": (replaced("- bag_0.mcap", "- bag_0.mcap\n  - x/bag_0.mcap"), "names a file twice"),
    "metadata as a pipe": (with_pipe_as_metadata, "it is no file"),
    "metadata as a folder": (with_folder_as_metadata, "it is no file"),
    "another storage": (replaced("storage_identifier: mcap", "storage_identifier: sqlite3"), "expected 'mcap'"),
    "a pipe": (with_pipe, "holds something that is no bag"),
    "a ring of links": (with_a_ring_of_links, "holds something that is no bag"),
    "nothing in the file": (raw_file(b""), "cut off behind byte 0"),
    "noise": (raw_file(bytes(range(256)) * 40), "is no MCAP file"),
    "half a beginning": (raw_file(MAGIC[:5]), "cut off behind byte 0"),
    "a lie in a huge file": (with_a_lie_in_a_huge_file, "expected at most 268,435,456"),
    "a record of 2^64 bytes": (file_of(record(5, bytes(30), 2**64 - 1), finished=False), "18446744073709551615"),
    "a message of no length": (file_of(schema(), topic(), record(5, b"")), "shorter than its kind allows"),
    "a message of nobody": (file_of(message(number=7)), "channel 7, which it does not describe"),
    "a topic without a type": (file_of(topic(), message()), "channel 0, which it does not describe"),
    "a type that is no text": (file_of(schema(name=b"\xff\xfe"), topic(), message()), "can't decode byte"),
    "a definition that is no text": (file_of(schema(data=b"\xff"), topic(), message(), finished=False), "killed"),
    "quality of service that grows": (file_of(schema(), topic(qos=ALIASES.encode()), message()), "whole: 1 messages"),
    "another type": (file_of(schema(name=b"std_msgs/msg/String"), topic(), message()), "whole: 1 messages"),
    "two types on a topic": (
        file_of(schema(), topic(), message(), schema(name=b"a/msg/B", number=1), topic(number=1), message(number=1)),
        "before they were latentvr/msg/Hands",
    ),
    "zstd that unpacks to 2^60 bytes": (
        file_of(chunk(b"", b"zstd", 2**60, b"\x28\xb5\x2f\xfd")),
        "compressed with zstd",
    ),
    "lz4 that unpacks to a hundred times as much": (with_an_lz4_bomb, "compressed with lz4"),
    "a chunk of a chunk": (file_of(chunk(chunk(chunk(schema())))), "a chunk has a chunk in it"),
    "a chunk of 120,000 records": (with_a_crowded_chunk, "more than 100,000 records"),
    "a chunk that ends early": (file_of(chunk(schema() + topic() + message()[:-2])), "a chunk ends within a record"),
    "a chunk that was changed": (file_of(chunk(schema() + topic(), packed=schema() + topic()[:-1] + b"x")), "checksum"),
    "types of 80 MiB": (with_huge_types, "describes its topics in more than 64 MiB"),
    "messages all of one time": (with_messages_of_one_time, "metadata.yaml says 1 messages, the files have 600"),
    "a time behind all time in the file": (file_of(schema(), topic(), message(log_ns=2**64 - 1)), "whole: 1 messages"),
    "another project": (of_another_project, "its recorder was killed"),
}
"""How to make each, and what the check says of it."""


# What becomes of them


def answers(bag: Path) -> Iterator[str]:
    """What check, player and repair say of a bag."""
    for action in (lambda: report(examine(bag)), lambda: play(bag), lambda: repair_bag(bag).describe()):
        try:
            yield f"ok: {action()}"
        except InputError as error:
            yield f"refused: {error}"


def play(bag: Path) -> str:
    """Do what the player does before and while it publishes hands."""
    opened = open_bag(bag)
    opened.check()
    return f"{sum(1 for _ in opened.messages({HANDS.topic}, 0))} messages"


def answer_within_limits(bag: Path, out: Connection) -> None:
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY_BYTES, size + MEMORY_BYTES))
    out.send(list(answers(bag)))


@pytest.mark.parametrize("name", BAGS)
def test_a_bad_bag_is_answered_in_one_line_soon_and_with_little_memory(tmp_path: Path, name: str) -> None:
    make, reason = BAGS[name]
    bag = tmp_path / "bag"
    bag.mkdir()
    make(bag)
    before = sorted(path.name for path in bag.iterdir())
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=answer_within_limits, args=(bag, there))
    process.start()
    there.close()
    try:
        assert here.poll(TIME_S), "no answer in time"
        said = here.recv()
    except EOFError:
        pytest.fail("it ended without an answer")
    finally:
        process.kill()
        process.join()
    assert reason in said[0]
    for line in said:
        assert line.startswith("ok: ") or (line.count("\n") == 0 and len(line) < 1000)
    if state_of(bag) is not State.FINISHED:
        assert sorted(path.name for path in bag.iterdir()) == before


def test_a_bag_of_another_type_than_it_says_is_not_played(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    bag.mkdir()
    BAGS["another type"][0](bag)
    with pytest.raises(InputError, match=r"messages of /latentvr/hands are std_msgs/msg/String , but the bag says"):
        play(bag)


def test_a_repair_leaves_a_definition_that_is_no_text_alone(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    bag.mkdir()
    BAGS["a definition that is no text"][0](bag)
    with pytest.raises(InputError, match="the definition of latentvr/msg/Hands is no text"):
        repair_bag(bag)
    assert [path.name for path in bag.iterdir()] == ["bag_0.mcap"]


# Documents


@pytest.mark.parametrize(
    "said", ["a: 1", "- {a: [b, 'c']}\n- 0.5\n- true\n- null", "", "? x\n: - y", "a: 'text: with, marks'", "[[[1]]]"]
)
def test_what_is_plain_is_read_as_by_any_reader(said: str) -> None:
    assert read_plain(said) == yaml.safe_load(said)


@pytest.mark.parametrize("said", ["[1", "a: b: c", "\t- x", "!!python/name:os.system", "--- 1\n--- 2"])
def test_what_is_no_plain_document_is_refused(said: str) -> None:
    with pytest.raises(yaml.YAMLError):
        read_plain(said)
