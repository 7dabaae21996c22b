"""A bag to be played."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from mcap.records import Channel as ChannelRecord
from mcap.records import Message

from latentvr_common.bags.layout import State, files_of, state_of, why_no_bag
from latentvr_common.bags.metadata import BagInfo, merged, read_metadata
from latentvr_common.bags.reading import Channels, RecordReader, check_file, has_end, scan
from latentvr_common.bags.schedule import Recorded, in_order
from latentvr_common.bags.wording import shown
from latentvr_common.errors import InputError


@dataclass(frozen=True)
class Bag:
    """A bag that exists. An unfinished one, whose recorder was killed, ends where it was cut."""

    directory: Path
    info: BagInfo
    finished: bool

    def check(self) -> None:
        """Raise InputError, naming the file, if one of a finished bag is damaged, or OSError. Reads all of it."""
        for path in self._paths() if self.finished else []:
            if not has_end(path):
                raise InputError(
                    f"{path} is not a whole MCAP file: it has no end; "
                    f"to mend it: python -m session_recorder.repair {self.directory}"
                )
            check_file(path)

    def messages(self, topics: Collection[str], from_ns: int) -> Iterator[Recorded]:
        """Yield the messages of `topics` since `from_ns` in the order of their times. Raises InputError, OSError."""
        for path in self._paths():
            yield from in_order(self._messages_of(path, topics, from_ns))

    def _paths(self) -> list[Path]:
        return [self.directory / name for name in self.info.files]

    def _messages_of(self, path: Path, topics: Collection[str], from_ns: int) -> Iterator[Recorded]:
        reader, channels, chosen = RecordReader(path), Channels(path), dict[int, str]()
        for record in reader:
            channels.note(record)
            if isinstance(record, ChannelRecord):
                chosen.pop(record.id, None)
            elif isinstance(record, Message) and record.log_time >= from_ns:
                if record.channel_id not in chosen:
                    chosen[record.channel_id] = self._topic_of(record.channel_id, channels, topics)
                if topic := chosen[record.channel_id]:
                    yield Recorded(topic, record.log_time, record.data)
        if self.finished and not reader.complete:
            reason = reader.damage or "it ends there"
            raise InputError(f"{path} cannot be read from byte {reader.good_bytes:,} on: {reason}")

    def _topic_of(self, channel_id: int, channels: Channels, topics: Collection[str]) -> str:
        """Return the topic of a channel; empty if it is none of `topics`."""
        found = channels.topic_info(channel_id)
        for said in self.info.topics if found.name in topics else ():
            if said.name == found.name:
                if said.type != found.type or (
                    said.type_hash and found.type_hash and said.type_hash != found.type_hash
                ):
                    raise InputError(
                        f"{channels.path}: messages of {found.name} are {shown(found.type)} {shown(found.type_hash)}, "
                        f"but the bag says {said.type} {said.type_hash}"
                    )
                return found.name
        return ""


def open_bag(directory: Path) -> Bag:
    """Return the bag in `directory`. Raises InputError, naming the file, if there is none that can be played."""
    try:
        state = state_of(directory)
        if state is State.FINISHED:
            return _finished(directory)
        if state is State.UNFINISHED:
            return Bag(directory, merged([scan(path) for path in files_of(directory)]), finished=False)
    except OSError as error:
        raise InputError(f"{directory} cannot be read: {error}") from error
    raise InputError(why_no_bag(directory, state))


def _finished(directory: Path) -> Bag:
    info = read_metadata(directory)
    for name in info.files:
        if not (directory / name).is_file():
            raise InputError(f"{directory}/{shown(name)} does not exist, but metadata.yaml of the bag names it")
    return Bag(directory, info, finished=True)
