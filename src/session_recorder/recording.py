"""Takes messages of all topics and decides which of them go to the bag."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from latentvr_common.bags.layout import file_path, next_number
from latentvr_common.bags.metadata import write_metadata
from latentvr_common.errors import InputError
from latentvr_common.fault_points import reach
from session_recorder.bag_file import LIBRARY, BagFile
from session_recorder.channels import Channel
from session_recorder.keyframes import Keyframes
from session_recorder.opening import Place
from session_recorder.repair import repair_bag
from session_recorder.sequences import Sequences, speaker_of
from session_recorder.space import Room, SpaceGuard

_MB = 1_000_000


@dataclass(frozen=True)
class Taken:
    """One serialized message as it came. Times are nanoseconds since 1970."""

    log_ns: int
    """When it was received."""
    data: bytes
    publish_ns: int = 0
    """When it was published. 0: not known."""
    number: int = 0
    """Its publisher's count of what it has published, from 1. 0: not known."""


@dataclass(eq=False)
class Track:
    """One topic while it is recorded."""

    channel: Channel
    needs: Room = Room.SMALL
    """ALL: it is the first to be left out when space runs short."""
    keyframes: "Keyframes[Taken] | None" = None
    """Chooses its frames; None: all of them are recorded."""
    hears_all: bool = True
    """False: newer frames may take the place of older ones on their way, which is no loss."""
    left_out: int = field(default=0, init=False)
    """Messages for which there was no room."""
    sequences: Sequences = field(default_factory=Sequences, init=False)
    """Knows how many messages were published and did not arrive."""


class Recording:
    """A bag while it is recorded. An OSError ends the recording, never the caller: `fault` says so.

    Times are nanoseconds since 1970, but for `clock`: monotonic seconds.
    """

    def __init__(
        self, place: Place, guard: SpaceGuard, *, file_bytes: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start the next file of the bag, and another one whenever it has `file_bytes`; 0: never. Raises OSError."""
        self._bag = place.bag
        self._guard = guard
        self._file_bytes = file_bytes or sys.maxsize
        self._clock = clock
        self._tracks: list[Track] = []
        self._finished = list(place.earlier)
        self._finished_count = sum(file.count for file in place.earlier)
        self._finished_bytes = 0
        self._file = BagFile(place.path, after_ns=max((file.end_ns for file in place.earlier), default=0))
        self.room = Room.ALL
        self.fault = ""
        """Why nothing more is recorded. Empty: recording goes on."""

    def add(self, track: Track) -> None:
        """Record `track` from now on."""
        self._tracks.append(track)

    def take(self, track: Track, message: Taken) -> None:
        """Take one message."""
        if track.hears_all:
            track.sequences.note(message.number, speaker_of(track.channel.definition.type, message.data))
        if track.needs > self.room:
            track.left_out += 1
        elif track.keyframes is None:
            self._write(track, message)
        else:
            self._write_frame(track, track.keyframes.offer(message, len(message.data), self._clock()))

    def tick(self) -> None:
        """Look after the free space, and after frames whose time has come. To be called about once a second."""
        if self.fault:
            return
        try:
            self.room = self._guard.look()
        except OSError as error:
            self._stop(error)
            return
        for track in self._tracks:
            if track.keyframes is not None and track.needs <= self.room:
                self._write_frame(track, track.keyframes.due(self._clock()))

    def close(self) -> None:
        """Record the newest frames, and finish the bag. A failure stands in `fault`."""
        for track in self._tracks:
            if track.keyframes is not None and track.needs <= self.room:
                self._write_frame(track, track.keyframes.last(self._clock()))
        try:
            if self.fault:
                repair_bag(self._bag)
            else:
                reach("recorder.finish")
                self._file.finish()
                write_metadata(self._bag, [*self._finished, self._file.info()], {"recorded_by": LIBRARY})
        except (OSError, InputError) as error:
            self.fault = f"the bag is unfinished, without metadata.yaml: {error}"

    def describe(self) -> str:
        """Return how much is in the bag, as in "1,234 messages, 12.3 MB", and what was missed."""
        missed = ", ".join(f"{count:,} of {topic}" for topic, count in self.missed().items())
        return f"{self.count:,} messages, {self.size / _MB:,.1f} MB" + (f"; missed: {missed}" if missed else "")

    @property
    def count(self) -> int:
        """Messages in the bag."""
        return self._finished_count + self._file.count

    @property
    def size(self) -> int:
        """Bytes written by this recording."""
        return self._finished_bytes + self._file.size

    @property
    def left_out(self) -> int:
        """Messages for which there was no room."""
        return sum(track.left_out for track in self._tracks)

    def missed(self) -> dict[str, int]:
        """Return how many messages were published but have not arrived, by topic; without those that missed none."""
        return {t.channel.topic: t.sequences.missing for t in self._tracks if t.sequences.missing}

    def _write_frame(self, track: Track, frame: Taken | None) -> None:
        if frame is not None:
            self._write(track, frame)

    def _write(self, track: Track, message: Taken) -> None:
        if self.fault:
            track.left_out += 1
            return
        try:
            reach("recorder.write")
            publish_ns = message.publish_ns or message.log_ns
            self._file.write(track.channel, message.log_ns, publish_ns, message.data, message.number)
        except OSError as error:
            track.left_out += 1
            self._stop(error)
        else:
            if self._file.size >= self._file_bytes:
                self._begin_file()

    def _begin_file(self) -> None:
        done = self._file
        try:
            done.finish()
            following = BagFile(file_path(self._bag, next_number(self._bag)), after_ns=done.info().end_ns)
        except OSError as error:
            self._stop(error)
            return
        self._finished.append(done.info())
        self._finished_count += done.count
        self._finished_bytes += done.size
        self._file = following

    def _stop(self, error: OSError) -> None:
        self.fault = f"the disk failed, nothing more is recorded: {error}"
        try:
            self._file.abandon()
        except OSError as another:
            self.fault += f"; {another}"
