"""Reads a whole bag and finds what is in it and what is not: messages, gaps, checksums, cuts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mcap.records import DataEnd, McapRecord, Message

from latentvr_common.bags.layout import State, files_of, state_of, why_no_bag
from latentvr_common.bags.metadata import BagInfo, read_metadata
from latentvr_common.bags.reading import Channels, RecordReader, check_file
from latentvr_common.bags.wording import shown
from latentvr_common.errors import InputError
from session_recorder.repair import is_cut
from session_recorder.sequences import Sequences, label_number, speaker_of

LABELS = "latentvr/msg/LabelEvent"
"""Its messages have a number of their own."""


@dataclass
class TopicFound:
    """One topic as it stands in the files. Times are nanoseconds since 1970."""

    name: str
    type: str
    keyframes: bool
    """Only some of its messages were recorded, on purpose: gaps are no loss."""
    sequences: Sequences = field(default_factory=Sequences)
    count: int = 0
    size: int = 0
    """Bytes of all its messages."""
    numbered: int = 0
    """Messages with a number of their publisher."""
    first_ns: int = 0
    last_ns: int = 0
    labels: set[int] = field(default_factory=set)
    """Numbers in the journal, of a topic of labels."""

    def note(self, message: Message) -> None:
        """Count a message."""
        self.first_ns = min(self.first_ns, message.log_time) if self.count else message.log_time
        self.last_ns = max(self.last_ns, message.log_time)
        self.count += 1
        self.size += len(message.data)
        self.numbered += bool(message.sequence)
        self.sequences.note(message.sequence, speaker_of(self.type, message.data))
        if self.type == LABELS and (number := label_number(message.data)):
            self.labels.add(number)

    @property
    def missing(self) -> int | None:
        """Messages that were published but are not in the bag; None: not known, as nobody counted."""
        return self.sequences.missing if self.numbered else None

    @property
    def missing_labels(self) -> int:
        """Numbers of the journal that are left out between the first and the last one."""
        return max(self.labels) - min(self.labels) + 1 - len(self.labels) if self.labels else 0


@dataclass
class Found:
    """What is in a bag."""

    files: list[tuple[str, int, str]] = field(default_factory=list)
    """Name, messages, and how the file is: "whole", or what is wrong with it."""
    topics: dict[str, TopicFound] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    """What is wrong, a sentence each."""

    @property
    def count(self) -> int:
        """Messages in the bag."""
        return sum(topic.count for topic in self.topics.values())


def examine(bag: Path) -> Found:
    """Read all of a bag, finished or not. Raises InputError if there is none, or one that cannot be understood."""
    try:
        state = state_of(bag)
        if state not in (State.FINISHED, State.UNFINISHED):
            raise InputError(why_no_bag(bag, state))
        info = read_metadata(bag) if state is State.FINISHED else None
        found = Found()
        if info is None or is_cut(bag):
            found.problems.append(f"it has no end, its recorder was killed: python -m session_recorder.repair {bag}")
        for path in [bag / name for name in info.files] if info else files_of(bag):
            _examine_file(path, found)
    except OSError as error:
        raise InputError(f"{bag} cannot be read: {error}") from error
    found.problems += [*_gaps(found), *(_differences(info, found) if info else ())]
    return found


def _examine_file(path: Path, found: Found) -> None:
    name = shown(path.name)
    if not path.is_file():
        found.files.append((name, 0, "missing"))
        found.problems.append(f"{name} does not exist, but metadata.yaml names it")
        return
    reader, channels, here = RecordReader(path), Channels(path), dict[int, TopicFound]()
    count, has_checksum = 0, False
    for record in reader:
        channels.note(record)
        if isinstance(record, DataEnd):
            has_checksum = record.data_section_crc != 0
        if isinstance(record, Message):
            count += 1
            if record.channel_id not in here:
                here[record.channel_id] = _topic_of(record, channels, found)
            here[record.channel_id].note(record)
    if reader.damage and not reader.good_bytes:
        raise InputError(f"{path} is no MCAP file: {reader.damage}")
    wrong = _wrong_with(path, reader)
    found.files.append((name, count, wrong or ("whole, checksums hold" if has_checksum else "whole, has no checksum")))
    if wrong:
        found.problems.append(f"{name}: {wrong}")


def _wrong_with(path: Path, reader: RecordReader) -> str:
    """Return what is wrong with a file that was read; empty: nothing is."""
    rest = path.stat().st_size - reader.good_bytes
    if reader.damage:
        return f"damaged behind byte {reader.good_bytes:,}, {rest:,} bytes cannot be read: {reader.damage}"
    if not reader.complete:
        return f"cut off behind byte {reader.good_bytes:,}" + (f", {rest:,} bytes of a record are left" if rest else "")
    try:
        check_file(path)
    except InputError as error:
        return shown(error).removeprefix(f"{path} is not a whole MCAP file: ")
    return f"{rest:,} bytes stand behind its end" if rest else ""


def _topic_of(message: McapRecord, channels: Channels, found: Found) -> TopicFound:
    assert isinstance(message, Message)
    info = channels.topic_info(message.channel_id)
    known = found.topics.get(info.name)
    if known is None:
        keyframes = channels.has_keyframes(message.channel_id)
        known = found.topics[info.name] = TopicFound(info.name, info.type, keyframes)
    elif known.type != info.type:
        raise InputError(
            f"{channels.path}: messages of {shown(info.name)} are {shown(info.type)}, before they were "
            f"{shown(known.type)}"
        )
    return known


def _gaps(found: Found) -> Iterator[str]:
    for topic in found.topics.values():
        name = shown(topic.name)
        if topic.missing and not topic.keyframes:
            yield f"{name}: {topic.missing:,} messages were published and are not in the bag"
        if topic.missing_labels:
            yield f"{name}: {topic.missing_labels:,} entries of the journal are not in the bag"


def _differences(info: BagInfo, found: Found) -> Iterator[str]:
    said = {topic.name: topic.count for topic in info.topics if topic.count}
    for name in sorted(said.keys() | found.topics.keys()):
        here = found.topics[name].count if name in found.topics else 0
        if here != said.get(name, 0):
            yield f"{shown(name)}: metadata.yaml says {said.get(name, 0):,} messages, the files have {here:,}"
