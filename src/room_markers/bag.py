"""A copy of a bag with markers: `python -m room_markers.bag BAG [COPY]`.

The recorder does not record markers, for they follow from what it does. Foxglove cannot make them, and RViz cannot
either: the copy has them, and how the latent space stands upright in a room, so that "up" is up.
"""

import math
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rclpy.serialization import serialize_message
from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag2,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import Reader, ReaderError, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from latentvr_common import topics
from latentvr_common.bags.bag import open_bag
from latentvr_common.bags.definitions import type_name
from latentvr_common.bags.wording import shown
from latentvr_common.conversions import LATENT_FRAME
from latentvr_common.errors import EXIT_INPUT_ERROR, InputError
from room_markers.drawing import markers_of
from room_markers.hearing import HEARD, Hearing
from room_markers.messages import markers_to_msg

ROOM_FRAME = "room"
"""z is up, y ahead: as RViz and Foxglove draw the ground."""
TRANSFORMS = "/tf_static"
_RATE_HZ = 20.0
_TYPES = get_typestore(Stores.ROS2_JAZZY)
_NEVER = QosTime(9223372036, 854775807)


def add_markers(bag: Path, copy: Path) -> int:
    """Write `copy`, with all of `bag` and markers; return how many messages of those.

    Raises InputError, naming the bag, if it cannot be read, has markers, or the copy is there already.
    """
    if copy.exists():
        raise InputError(f"{copy} is there already, expected a directory to make")
    _check(bag)
    try:
        with Reader(bag) as source, Writer(copy, version=9, storage_plugin=StoragePlugin.MCAP) as target:
            return _Copying(source, target).run()
    except BaseException as error:
        shutil.rmtree(copy, ignore_errors=True)  # Half a copy would be taken for a whole one.
        if isinstance(error, ReaderError):
            raise InputError(f"{bag} cannot be read: {shown(error)}") from error
        raise


def _check(bag: Path) -> None:
    """Raise InputError if there is no finished, undamaged bag of a session without markers."""
    opened = open_bag(bag)
    if not opened.finished:
        raise InputError(f"{bag} has no end, its recorder was killed: python -m session_recorder.repair {bag}")
    known = {_full(topic): type_name(topic.type) for topic in HEARD}
    if not any(known.get(topic.name) == topic.type for topic in opened.info.topics):
        raise InputError(f"{bag} has no topic to make markers of, expected the bag of a session: {', '.join(known)}")
    if _full(topics.MARKERS) in {topic.name for topic in opened.info.topics}:
        raise InputError(f"{bag} has markers already")
    opened.check()


class _Copying:
    def __init__(self, source: Reader, target: Writer) -> None:
        self._source, self._target = source, target
        self._heard = {_full(topic): topic for topic in HEARD}
        self._hearing = Hearing()
        self._drawn_changes = 0
        self._due_ns = 0
        self._count = 0
        self._copies = {connection.id: self._copy_of(connection) for connection in source.connections}
        self._markers = self._new(_full(topics.MARKERS), "visualization_msgs/msg/MarkerArray", QosDurability.VOLATILE)

    def run(self) -> int:
        self._stand_upright()
        at_ns = 0
        for connection, at_ns, data in self._source.messages():
            self._target.write(self._copies[connection.id], at_ns, data)
            self._hear(connection.topic, at_ns, bytes(data))
            if at_ns >= self._due_ns:
                self._draw(at_ns)
        self._draw(at_ns)
        return self._count

    def _hear(self, name: str, at_ns: int, data: bytes) -> None:
        topic = self._heard.get(name)
        if topic is None:
            return
        try:
            self._hearing.take(topic, data, at_ns / 1e9)
        except ValueError as error:
            sys.stderr.write(f"warning: a message is copied, but not drawn: {error}\n")

    def _draw(self, at_ns: int) -> None:
        if self._hearing.changes == self._drawn_changes:
            return
        self._drawn_changes = self._hearing.changes
        self._due_ns = at_ns + round(1e9 / _RATE_HZ)
        now_s = at_ns / 1e9
        message = markers_to_msg(markers_of(self._hearing.scene(now_s), self._hearing.head(now_s)), at_ns)
        self._target.write(self._markers, at_ns, serialize_message(message))
        self._count += 1

    def _copy_of(self, connection: Connection) -> Connection:
        assert isinstance(connection.ext, ConnectionExtRosbag2)
        return self._target.add_connection(
            connection.topic,
            connection.msgtype,
            msgdef=connection.msgdef.data,
            rihs01=connection.digest,
            offered_qos_profiles=connection.ext.offered_qos_profiles,
        )

    def _new(self, topic: str, message_type: str, durability: QosDurability) -> Connection:
        return self._target.add_connection(
            topic, message_type, typestore=_TYPES, offered_qos_profiles=[_qos(durability)]
        )

    def _stand_upright(self) -> None:
        """Say how `latent`, where y is up, lies in a room where z is: turned by a quarter about x."""
        if TRANSFORMS in self._source.topics or not self._source.message_count:
            return
        connection = self._new(TRANSFORMS, "tf2_msgs/msg/TFMessage", QosDurability.TRANSIENT_LOCAL)
        types, start_ns = _TYPES.types, self._source.start_time
        stamp = types["builtin_interfaces/msg/Time"](sec=start_ns // 10**9, nanosec=start_ns % 10**9)
        half = math.sqrt(0.5)
        transform = types["geometry_msgs/msg/TransformStamped"](
            header=types["std_msgs/msg/Header"](stamp=stamp, frame_id=ROOM_FRAME),
            child_frame_id=LATENT_FRAME,
            transform=types["geometry_msgs/msg/Transform"](
                translation=types["geometry_msgs/msg/Vector3"](x=0.0, y=0.0, z=0.0),
                rotation=types["geometry_msgs/msg/Quaternion"](x=half, y=0.0, z=0.0, w=half),
            ),
        )
        message = types["tf2_msgs/msg/TFMessage"](transforms=[transform])
        self._target.write(connection, start_ns, _TYPES.serialize_cdr(message, "tf2_msgs/msg/TFMessage"))


def _full(topic: topics.Topic) -> str:
    return f"/{topics.NAMESPACE}/{topic.name}"


def _qos(durability: QosDurability) -> Qos:
    return Qos(
        history=QosHistory.KEEP_LAST,
        depth=1,
        reliability=QosReliability.RELIABLE,
        durability=durability,
        deadline=_NEVER,
        lifespan=_NEVER,
        liveliness=QosLiveliness.AUTOMATIC,
        liveliness_lease_duration=_NEVER,
        avoid_ros_namespace_conventions=False,
    )


def main(arguments: Sequence[str]) -> int:
    """Copy the bag that the first argument names; return the exit code."""
    try:
        if len(arguments) not in (1, 2):
            raise InputError("expected the directory of a bag, and that of its copy (default: <bag>_with_markers)")
        bag = Path(arguments[0])
        copy = (
            Path(arguments[1]) if len(arguments) == 2 else bag.resolve().with_name(f"{bag.resolve().name}_with_markers")
        )
        sys.stdout.write(f"wrote {copy} with {add_markers(bag, copy):,} messages of markers\n")
    except (InputError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return EXIT_INPUT_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
