"""Gives a bag whose recorder was killed what it lacks: the ends of its files and metadata.yaml.

From a command line: python -m session_recorder.repair BAG
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mcap.records import Header, Message

from latentvr_common.bags.definitions import Definition
from latentvr_common.bags.layout import PARTIAL, REST, State, files_of, state_of
from latentvr_common.bags.metadata import FileInfo, write_metadata
from latentvr_common.bags.reading import Channels, RecordReader, check_file, has_end, scan
from latentvr_common.bags.wording import shown
from latentvr_common.errors import EXIT_INPUT_ERROR, InputError
from session_recorder.bag_file import LIBRARY, BagFile
from session_recorder.channels import Channel

_MOST_REST = 2 << 30
"""A recorder that was killed leaves a part of one message."""
_NOTES = {"recorded_by": LIBRARY, "repaired": "a file had no end"}


@dataclass(frozen=True)
class Repaired:
    """What a repair has kept."""

    files: tuple[FileInfo, ...]
    rest_bytes: int
    """Bytes behind the last whole records, kept beside the bag's files in files that end on `.rest`."""

    @property
    def messages(self) -> int:
        """Messages in the bag now."""
        return sum(file.count for file in self.files)

    def describe(self) -> str:
        """Return what was kept, in a few words."""
        rest = f"; {self.rest_bytes:,} bytes of a message that was cut off are set aside" if self.rest_bytes else ""
        return f"{self.messages:,} messages kept{rest}"


def repair_bag(bag: Path) -> Repaired:
    """Finish the files of a bag of ours that have no end, and write metadata.yaml.

    It may have one already: `ros2 bag reindex` writes it, but leaves the files as they are.

    An unfinished file is written anew beside the old one and then takes its place, which needs as much free space as
    it has bytes. Whenever that fails nothing is lost, and the bag is as unfinished as before.

    Raises OSError if a file cannot be read or written, InputError, naming the file, for what is no such bag.
    """
    repaired = finish_files(bag)
    write_metadata(bag, repaired.files, _NOTES)
    return repaired


def finish_files(bag: Path) -> Repaired:
    """Do what `repair_bag` does, but leave out metadata.yaml, so that the bag can be gone on with."""
    state = state_of(bag)
    if state is not State.UNFINISHED and not is_cut(bag):
        raise InputError(f"{bag} holds {state.value}, expected {State.UNFINISHED.value}")
    files: list[FileInfo] = []
    rest_bytes = 0
    for path in files_of(bag):
        file, rest = _finish(path, files[-1].end_ns if files else 0)
        files.append(file)
        rest_bytes += rest
    return Repaired(tuple(files), rest_bytes)


def is_cut(bag: Path) -> bool:
    """Whether a bag has metadata.yaml, but a file without an end. Raises OSError."""
    return state_of(bag) is State.FINISHED and not all(has_end(path) for path in files_of(bag))


def _finish(path: Path, after_ns: int) -> tuple[FileInfo, int]:
    """Finish one file; return what is in it and how many bytes of it could not be used."""
    if has_end(path):
        check_file(path)
        return scan(path), 0
    partial = path.with_name(path.name + PARTIAL)
    partial.unlink(missing_ok=True)
    try:
        copy, good_bytes = _copy(path, partial, after_ns)
        if path.stat().st_size - good_bytes > _MOST_REST:
            raise InputError(f"{path} is damaged behind byte {good_bytes:,}, and has too much behind it to set aside")
        rest = _set_aside(path, good_bytes)
        os.replace(partial, path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return replace(copy, name=path.name), rest


def _copy(path: Path, target: Path, after_ns: int) -> tuple[FileInfo, int]:
    """Write the whole records of `path` to a new file; return what is in it and where they end in `path`."""
    reader = RecordReader(path)
    file = BagFile(target, after_ns=after_ns)
    try:
        _copy_messages(reader, file)
        file.finish()
    except BaseException:
        with contextlib.suppress(OSError):
            file.abandon()
        raise
    return file.info(), reader.good_bytes


def _copy_messages(reader: RecordReader, file: BagFile) -> None:
    known, channels = Channels(reader.path), dict[int, Channel]()
    for record in reader:
        known.note(record)
        if isinstance(record, Header) and record.library != LIBRARY:
            raise InputError(
                f"{reader.path} was recorded by {shown(record.library)!r}; mend it with: ros2 bag reindex -s mcap, "
                "then ros2 bag convert"
            )
        if isinstance(record, Message):
            channel = channels.get(record.channel_id) or _channel(known, record.channel_id)
            channels[record.channel_id] = channel
            file.write(channel, record.log_time, record.publish_time, record.data, record.sequence)
    if reader.damage and not reader.good_bytes:
        raise InputError(f"{reader.path} is no MCAP file: {reader.damage}")


def _channel(known: Channels, channel_id: int) -> Channel:
    topic, schema = known.topic_info(channel_id), known.schema(channel_id)
    try:
        definition = Definition(topic.type, schema.data.decode(), topic.type_hash)
    except UnicodeDecodeError as error:
        raise InputError(f"{known.path}: the definition of {shown(topic.type)} is no text: {error}") from error
    return Channel(topic.name, definition, topic.qos[0] if topic.qos else {}, known.has_keyframes(channel_id))


def _set_aside(path: Path, good_bytes: int) -> int:
    """Keep what stands behind `good_bytes` in a file of its own; return how many bytes that is."""
    with path.open("rb") as source:
        source.seek(good_bytes)
        rest = path.stat().st_size - good_bytes
        if rest:
            with path.with_name(path.name + REST).open("wb") as target:
                shutil.copyfileobj(source, target)
                target.flush()
                os.fsync(target.fileno())
    return rest


def main(arguments: Sequence[str]) -> int:
    """Repair the bag that the one argument names; return the exit code."""
    try:
        if len(arguments) != 1:
            raise InputError("expected one argument, the directory of a bag")
        sys.stdout.write(repair_bag(Path(arguments[0])).describe() + "\n")
    except (InputError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return EXIT_INPUT_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
