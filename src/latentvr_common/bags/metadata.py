"""metadata.yaml: what rosbag2 wants to know of a bag before it opens its files (version 9, as Jazzy writes it)."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from latentvr_common.bags.layout import METADATA, PARTIAL
from latentvr_common.bags.plain_yaml import read_plain
from latentvr_common.bags.wording import shown
from latentvr_common.errors import InputError

_VERSION = 9
_NEVER_NS = 2**63 - 1
"""Where rosbag2 lets a bag without messages start."""
_MAX_BYTES = 1 << 20
_MOST = 2**63
_LONGEST_NAME = 1000
_ROOT = "rosbag2_bagfile_information"


@dataclass(frozen=True)
class TopicInfo:
    """One topic of a bag, and how many messages it has."""

    name: str
    type: str
    type_hash: str
    """RIHS01. Empty: not known."""
    qos: tuple[Mapping[str, Any], ...]
    count: int


@dataclass(frozen=True)
class FileInfo:
    """One MCAP file of a bag. Times are nanoseconds since 1970, by the recorder's clock; 0 without messages."""

    name: str
    start_ns: int
    end_ns: int
    topics: tuple[TopicInfo, ...]

    @property
    def count(self) -> int:
        """Messages in the file."""
        return sum(topic.count for topic in self.topics)


@dataclass(frozen=True)
class BagInfo:
    """A whole bag: `files` are names inside its directory, in order. Times as in FileInfo."""

    files: tuple[str, ...]
    start_ns: int
    end_ns: int
    topics: tuple[TopicInfo, ...]

    @property
    def count(self) -> int:
        """Messages in the bag."""
        return sum(topic.count for topic in self.topics)


class Tally:
    """Counts the messages of a file. Times are nanoseconds since 1970."""

    def __init__(self) -> None:
        """Start with no message."""
        self.start_ns = 0
        self.end_ns = 0
        self.total = 0
        self._counts: Counter[int] = Counter()

    def add(self, channel_id: int, log_ns: int) -> None:
        """Count one message of the channel `channel_id`."""
        self.start_ns = min(log_ns, self.start_ns) if self.total else log_ns
        self.end_ns = max(log_ns, self.end_ns)
        self.total += 1
        self._counts[channel_id] += 1

    def file_info(self, name: str, topics: Iterable[tuple[int, TopicInfo]]) -> FileInfo:
        """Return what metadata.yaml says of the file; `topics` by the id of their channel, whatever their count."""
        counted = tuple(replace(topic, count=self._counts[channel_id]) for channel_id, topic in topics)
        return FileInfo(name, self.start_ns, self.end_ns, counted)


def merged(files: Sequence[FileInfo]) -> BagInfo:
    """Return what the files of a bag are together."""
    topics: dict[str, TopicInfo] = {}
    for topic in (topic for file in files for topic in file.topics):
        before = topics.get(topic.name)
        topics[topic.name] = replace(topic, count=topic.count + (before.count if before else 0))
    filled = [file for file in files if file.count]
    return BagInfo(
        files=tuple(file.name for file in files),
        start_ns=min((file.start_ns for file in filled), default=0),
        end_ns=max((file.end_ns for file in filled), default=0),
        topics=tuple(topics.values()),
    )


def write_metadata(bag: Path, files: Sequence[FileInfo], notes: Mapping[str, str]) -> None:
    """Write metadata.yaml at once or not at all. `notes` become the bag's custom data. Raises OSError."""
    partial = bag / (METADATA + PARTIAL)
    with partial.open("w") as stream:
        stream.write(metadata_text(files, notes))
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, bag / METADATA)


def metadata_text(files: Sequence[FileInfo], notes: Mapping[str, str]) -> str:
    """Return the text of metadata.yaml."""
    bag = merged(files)
    content = {
        "version": _VERSION,
        "storage_identifier": "mcap",
        **_span(bag.start_ns, bag.end_ns, bag.count),
        "topics_with_message_count": [_topic_entry(topic) for topic in bag.topics],
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": list(bag.files),
        "files": [{"path": file.name, **_span(file.start_ns, file.end_ns, file.count)} for file in files],
        "custom_data": dict(notes),
        "ros_distro": os.environ.get("ROS_DISTRO", "jazzy"),
    }
    return str(yaml.dump({_ROOT: content}, Dumper=_NoAliases, sort_keys=False))


class _NoAliases(yaml.SafeDumper):
    """rosbag2 writes equal parts out in full, and its readers may not expect anything else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _span(start_ns: int, end_ns: int, count: int) -> dict[str, Any]:
    return {
        "duration": {"nanoseconds": end_ns - start_ns},
        "starting_time": {"nanoseconds_since_epoch": start_ns if count else _NEVER_NS},
        "message_count": count,
    }


def _topic_entry(topic: TopicInfo) -> dict[str, Any]:
    return {
        "topic_metadata": {
            "name": topic.name,
            "type": topic.type,
            "serialization_format": "cdr",
            "offered_qos_profiles": [dict(profile) for profile in topic.qos],
            "type_description_hash": topic.type_hash,
        },
        "message_count": topic.count,
    }


def read_metadata(bag: Path) -> BagInfo:
    """Read metadata.yaml. Raises InputError, naming the file, if it is not that of an uncompressed MCAP bag."""
    path = bag / METADATA
    try:
        if not path.is_file():
            raise ValueError("it is no file")
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError(f"larger than {_MAX_BYTES >> 20} MiB")
        content = read_plain(path.read_text())[_ROOT]
        _check_kind(content)
        return _bag_info(content)
    except KeyError as error:
        raise InputError(f"{path}: {error} is missing") from error
    except (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise InputError(f"{path} is not the metadata of a bag: {shown(error)}") from error


def _check_kind(content: Mapping[str, Any]) -> None:
    for name, wanted in (("storage_identifier", "mcap"), ("compression_mode", "")):
        if content[name] != wanted:
            raise ValueError(f"{name} is {shown(content[name])!r}, expected {wanted!r}")


def _bag_info(content: Mapping[str, Any]) -> BagInfo:
    start_ns = _number(content["starting_time"], "nanoseconds_since_epoch")
    # A name may lead out of the bag in a file that somebody else made; the last part of it cannot.
    files = tuple(Path(_text(name, "relative_file_paths")).name for name in content["relative_file_paths"])
    if len(set(files)) < len(files):
        raise ValueError("relative_file_paths names a file twice")
    topics = tuple(_topics(content["topics_with_message_count"]))
    end_ns = start_ns + _number(content["duration"], "nanoseconds")
    _number(content, "message_count")  # Of all topics: not used here, but `ros2 bag` wants one.
    return BagInfo(files, start_ns, end_ns, topics) if any(t.count for t in topics) else BagInfo(files, 0, 0, topics)


def _topics(entries: Iterable[Mapping[str, Any]]) -> Iterable[TopicInfo]:
    for entry in entries:
        topic = entry["topic_metadata"]
        yield TopicInfo(
            name=_text(topic["name"], "name"),
            type=_text(topic["type"], "type"),
            type_hash=_text(topic.get("type_description_hash") or "", "type_description_hash"),
            qos=(),
            count=_number(entry, "message_count"),
        )


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_NAME:
        raise ValueError(f"{field} is {shown(value)!r}, expected a text of at most {_LONGEST_NAME} characters")
    return value


def _number(content: Mapping[str, Any], field: str) -> int:
    value = content[field]
    if not isinstance(value, int) or not 0 <= value < _MOST:
        raise ValueError(f"{field} is {shown(value)!r}, expected a whole number from 0 to 2^63 - 1")
    return value
