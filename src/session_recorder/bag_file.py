"""One MCAP file of a bag, written so that a killed process loses nothing that it has taken in.

No chunks: an open chunk is lost with the process. No buffer: each message is one write to the operating system.
"""

import os
from io import FileIO
from pathlib import Path

from mcap.writer import CompressionType, Writer

from latentvr_common.bags.metadata import FileInfo, Tally, TopicInfo
from session_recorder.channels import Channel

PROFILE = "ros2"
LIBRARY = "latentvr session_recorder"
"""Stands in the header of every file: says that it is one of ours."""
_SEQUENCE = 0xFFFFFFFF
"""What a sequence number in the file can hold."""


class _Output:
    """Writes to a file at once and whole."""

    def __init__(self, path: Path) -> None:
        self._file = FileIO(path, "x")
        self.size = 0

    def write(self, data: bytes) -> int:
        """Write all of `data`. Raises OSError; then a part of it may be in the file."""
        rest = memoryview(data)
        while rest:
            written = self._file.write(rest)
            self.size += written
            rest = rest[written:]
        return len(data)

    def tell(self) -> int:
        return self.size

    def cut(self, size: int) -> None:
        self._file.truncate(size)

    def close(self) -> None:
        """Close after all is on the disk; once is enough."""
        if self._file.closed:
            return
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()


class BagFile:
    """A new MCAP file, its messages in the order of their times.

    A message that is earlier than the one before it takes over its time: readers of a file without an index rely on
    that order.

    After an OSError the file holds all earlier messages whole and can only be closed, with `abandon`.
    """

    def __init__(self, path: Path, *, after_ns: int = 0, library: str = LIBRARY) -> None:
        """Create the file; no message is earlier than `after_ns`. Raises OSError, also if it exists."""
        self.path = path
        self._output = _Output(path)
        self._writer = Writer(self._output, compression=CompressionType.NONE, use_chunking=False, enable_data_crcs=True)
        self._tally = Tally()
        self._end_ns = after_ns
        self._channels: dict[Channel, int] = {}
        self._schemas: dict[str, int] = {}
        self._writer.start(PROFILE, library)

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self._output.size

    @property
    def count(self) -> int:
        """Messages in the file."""
        return self._tally.total

    def write(self, channel: Channel, log_ns: int, publish_ns: int, data: bytes, sequence: int = 0) -> None:
        """Append one serialized message. Times are nanoseconds since 1970. Raises OSError."""
        good = self._output.size
        try:
            channel_id = self._channels.get(channel) or self._register(channel)
            self._end_ns = max(log_ns, self._end_ns)
            self._writer.add_message(channel_id, self._end_ns, data, publish_ns, sequence & _SEQUENCE)
        except OSError:
            self._output.cut(good)
            raise
        self._tally.add(channel_id, self._end_ns)

    def _register(self, channel: Channel) -> int:
        definition = channel.definition
        schema_id = self._schemas.get(definition.type)
        if schema_id is None:
            schema_id = self._writer.register_schema(definition.type, "ros2msg", definition.text.encode())
            self._schemas[definition.type] = schema_id
        self._channels[channel] = self._writer.register_channel(channel.topic, "cdr", schema_id, channel.metadata())
        return self._channels[channel]

    def info(self) -> FileInfo:
        """Return what metadata.yaml says of the file as it is now."""
        topics = [
            (channel_id, TopicInfo(c.topic, c.definition.type, c.definition.type_hash, (c.qos,), 0))
            for c, channel_id in self._channels.items()
        ]
        return self._tally.file_info(self.path.name, topics)

    def finish(self) -> None:
        """Write the summary and close the file. Raises OSError."""
        try:
            self._writer.finish()
        finally:
            self._output.close()

    def abandon(self) -> None:
        """Close the file as it is, without a summary. Raises OSError."""
        self._output.close()
