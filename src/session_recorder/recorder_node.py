"""The recorder as a ROS node.

Thread rule: all methods here run on the executor's thread.
"""

import time
from collections.abc import Callable
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node
from rclpy.qos import QoSProfile

from latentvr_common import node_tools, topics
from latentvr_common.bags.definitions import definition_of, type_name
from latentvr_common.errors import InputError
from latentvr_common.health import Health, HealthReporter
from latentvr_common.parameters import declare
from latentvr_common.run import run_node
from latentvr_common.topics import Topic
from session_recorder.channels import Channel, qos_entry
from session_recorder.journal_node import Journal
from session_recorder.keyframes import Keyframes
from session_recorder.opening import Place, make_place
from session_recorder.parameters import RecorderParameters
from session_recorder.recording import Recording, Taken, Track
from session_recorder.space import Room, SpaceGuard, free_bytes

_MB = 1_000_000
_TICK_S = 1.0
_KEYFRAMED = (topics.CLOUD, topics.FORCES, topics.CUES)
_FIRST_LEFT_OUT = (*_KEYFRAMED, topics.HANDS, topics.HEAD, topics.SELECTION, topics.MIRROR)
_DEPTH = 1000
"""Others want the newest message, a recorder wants all: what comes while it writes has to wait, not to be dropped."""


class SessionRecorder(Node):  # type: ignore[misc]
    """Writes all topics of a session to a bag."""

    def __init__(self) -> None:
        super().__init__("session_recorder", namespace=topics.NAMESPACE)
        self.exit_code: int | None = None
        self._settings = declare(self, RecorderParameters)
        if not self._settings.bag:
            raise InputError("parameter bag is empty, expected the directory of the bag to write")
        self._recording = self._start(make_place(Path(self._settings.bag), go_on=self._settings.go_on))
        self._told: tuple[Room, str] = (Room.ALL, "")
        self._told_missed = 0
        for topic in topics.TOPICS:
            if topic.recorded:
                self._record(topic)
        self._health = HealthReporter(self, self._probe)
        node_tools.every(self, _TICK_S, self._on_tick)

    def _start(self, place: Place) -> Recording:
        self._guard = SpaceGuard(int(self._settings.keep_free_mb * _MB), lambda: free_bytes(place.bag))
        try:
            recording = Recording(place, self._guard, file_bytes=int(self._settings.file_mb * _MB))
        except OSError as error:
            raise InputError(f"cannot record to {place.path}: {error}") from error
        if place.repaired is not None:
            self.get_logger().warning(f"the last recorder of {place.bag} was killed: {place.repaired.describe()}")
        self.get_logger().info(f"recording to {place.path}")
        return recording

    def _record(self, topic: Topic) -> None:
        name = self.resolve_topic_name(topic.name)
        is_thinned = topic in _KEYFRAMED and (self._settings.cloud_rate_hz > 0 or self._settings.cloud_mb_per_s > 0)
        track = Track(
            Channel(name, definition_of(type_name(topic.type)), qos_entry(topic.qos), keyframes=is_thinned),
            needs=Room.ALL if topic in _FIRST_LEFT_OUT else Room.SMALL,
            keyframes=self._keyframes() if is_thinned else None,
            hears_all=not is_thinned,
        )
        self._recording.add(track)
        qos = topic.qos if is_thinned else _with_deep_queue(topic.qos)
        taker = self._taker_of_labels(track) if topic is topics.LABELS else self._taker(track)
        node_tools.listen_with_origin(self, topic, taker, qos=qos)

    def _keyframes(self) -> "Keyframes[Taken]":
        return Keyframes(rate_hz=self._settings.cloud_rate_hz, bytes_per_s=self._settings.cloud_mb_per_s * _MB)

    def _taker(self, track: Track) -> Callable[[bytes, node_tools.Origin], None]:
        take, now_ns = self._recording.take, time.time_ns

        def on_message(data: bytes, origin: node_tools.Origin) -> None:
            take(track, Taken(now_ns(), data, origin.sent_ns, origin.number))

        return on_message

    def _taker_of_labels(self, track: Track) -> Callable[[bytes, node_tools.Origin], None]:
        record = self._taker(track)
        journal = Journal(self, lambda taken: self._recording.take(track, taken))

        def on_message(data: bytes, origin: node_tools.Origin) -> None:
            record(data, origin)
            journal.heard(data)

        return on_message

    def _on_tick(self) -> None:
        self._recording.tick()
        now = (self._recording.room, self._recording.fault)
        if now != self._told:
            self._told = now
            self._tell()

    def _tell(self) -> None:
        log, text = self.get_logger(), self._trouble()
        if self._recording.fault or self._recording.room is Room.NOTHING:
            log.error(text)
        elif text:
            log.warning(text)
        else:
            log.info("there is room again: everything is recorded")

    def _trouble(self) -> str:
        """Return what is not recorded and why; empty if nothing is left out."""
        recording = self._recording
        if recording.fault:
            return recording.fault
        if recording.room is Room.ALL:
            return ""
        free = f"{self._guard.free / _MB:,.0f} MB are free, {self._settings.keep_free_mb:,.0f} MB are to be kept free"
        if recording.room is Room.NOTHING:
            return f"{free}: nothing is recorded"
        names = ", ".join(topic.name for topic in _FIRST_LEFT_OUT)
        return f"{free}: not recorded are {names}"

    def _probe(self) -> Health:
        recording, trouble = self._recording, self._trouble()
        missed = recording.missed()
        news, self._told_missed = sum(missed.values()) > self._told_missed, sum(missed.values())
        level = DiagnosticStatus.WARN if trouble or news else DiagnosticStatus.OK
        if recording.fault or recording.room is Room.NOTHING:
            level = DiagnosticStatus.ERROR
        text = f"{recording.describe()}; {trouble}" if trouble else recording.describe()
        values = {"messages": recording.count, "bytes": recording.size, "left out": recording.left_out}
        by_topic = {f"missed {topic}": count for topic, count in missed.items()}
        return Health(text, level, {**values, "missed": self._told_missed, **by_topic})

    def close(self) -> None:
        """Finish the bag. A recording that broke off gives exit code 1, once the session has ended."""
        self._recording.close()
        if self._recording.fault:
            self.get_logger().error(self._recording.fault)
            self.exit_code = 1
        end = "" if self._recording.missed() else "; none missed"
        self.get_logger().info(f"recorded {self._recording.describe()}{end}")


def _with_deep_queue(qos: QoSProfile) -> QoSProfile:
    return QoSProfile(history=qos.history, depth=_DEPTH, reliability=qos.reliability, durability=qos.durability)


def main() -> int:
    """Run the node."""
    return run_node(SessionRecorder)
