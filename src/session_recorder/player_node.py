"""The player as a ROS node.

Thread rule: all methods here run on the executor's thread, but for `_Outlet` and `_on_end`, which the replay's thread
calls (see replay.py): publishing is thread-safe, and `exit_code` is set once and only read by others.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.serialization import deserialize_message
from rosgraph_msgs.msg import Clock

from latentvr_common import conversions, node_tools, topics
from latentvr_common.bags.bag import open_bag
from latentvr_common.bags.definitions import definition_of, type_name
from latentvr_common.bags.wording import shown
from latentvr_common.errors import EXIT_INPUT_ERROR, InputError
from latentvr_common.health import Health, HealthReporter
from latentvr_common.parameters import declare
from latentvr_common.run import run_node
from session_recorder.parameters import PlayerParameters
from session_recorder.replay import Pace, Replay
from session_recorder.replay_topics import check_wanted, choose

_MOST_REASONS = 5


class _Outlet:
    """Publishes serialized messages, but none that nobody could read."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def publish(self, data: bytes) -> None:
        try:
            deserialize_message(data, self._publisher.msg_type)
        except RuntimeError as error:
            name, kind = self._publisher.topic_name, type_name(self._publisher.msg_type)
            raise InputError(f"the bag has {len(data):,} bytes on {name} that are no {kind}: {shown(error)}") from error
        self._publisher.publish(data)

    def has_listener(self) -> bool:
        return bool(self._publisher.get_subscription_count())

    def settled(self, timeout_s: float) -> bool:
        return bool(self._publisher.wait_for_all_acked(Duration(seconds=timeout_s)))


class SessionPlayer(Node):  # type: ignore[misc]
    """Publishes what a bag holds, in its time."""

    def __init__(self) -> None:
        super().__init__("session_player", namespace=topics.NAMESPACE)
        self.exit_code: int | None = None
        self._settings = declare(self, PlayerParameters)
        if not self._settings.bag:
            raise InputError("parameter bag is empty, expected the directory of the bag to play")
        self._bag = open_bag(Path(self._settings.bag))
        outlets = {name: _Outlet(publisher) for name, publisher in self._advertise().items()}
        pace = Pace(
            rate=self._settings.rate,
            start_offset_s=self._settings.start_offset_s,
            loop=self._settings.loop,
            wait_s=self._settings.wait_s,
            paused=self._settings.paused,
        )
        self._replay = Replay(self._bag, outlets, pace, self._on_end)
        self._health = HealthReporter(self, self._probe)
        self._serve_pausing()
        self._introduce(outlets.keys())
        if self._settings.clock_hz > 0:
            self._clock_out = node_tools.advertise(self, topics.CLOCK)
            node_tools.every(self, 1.0 / self._settings.clock_hz, self._tell_time)
        self._replay.start()

    def _serve_pausing(self) -> None:
        playhead = self._replay.playhead
        node_tools.serve(self, topics.PAUSE, self._holder(lambda: True))
        node_tools.serve(self, topics.RESUME, self._holder(lambda: False))
        node_tools.serve(self, topics.TOGGLE_PAUSED, self._holder(lambda: not playhead.held))

    def _holder(self, is_to_be_held: Callable[[], bool]) -> Callable[[Any, Any], Any]:
        playhead = self._replay.playhead

        def answer(_request: Any, response: Any) -> Any:
            at_s = (playhead.hold(is_to_be_held()) - self._bag.info.start_ns) / 1e9
            response.success = True
            response.message = f"{'paused' if playhead.held else 'playing'} at {at_s:.3f} s"
            return response

        return answer

    def _tell_time(self) -> None:
        self._clock_out.publish(Clock(clock=conversions.time_to_msg(self._replay.playhead.position_ns())))

    def _advertise(self) -> dict[str, Publisher]:
        ours = {self.resolve_topic_name(topic.name): topic for topic in topics.TOPICS}
        known = {name: definition_of(type_name(topic.type)) for name, topic in ours.items()}
        wanted = [self.resolve_topic_name(name) for name in self._settings.topics if name]
        check_wanted(wanted, known)
        played, reasons = choose(self._bag.info.topics, known, wanted)
        if not played and self._bag.info.count:
            raise InputError(f"{self._bag.directory} has nothing to play: {_few(reasons)}")
        if reasons:
            self.get_logger().warning(_few(reasons))
        return {name: node_tools.advertise(self, ours[name]) for name in played}

    def _introduce(self, names: Collection[str]) -> None:
        log, info = self.get_logger(), self._bag.info
        if not self._bag.finished:
            log.warning(
                f"{self._bag.directory} is unfinished, its recorder was killed: it is played up to the cut; "
                f"to mend it: python -m session_recorder.repair {self._bag.directory}"
            )
        what = ", ".join(names) or "no topic"
        log.info(f"playing {what}: {info.count:,} messages in {self._length_s:.1f} s of {self._bag.directory}")

    @property
    def _length_s(self) -> float:
        return (self._bag.info.end_ns - self._bag.info.start_ns) / 1e9

    def _on_end(self, wrong: str) -> None:
        if wrong:
            self.get_logger().error(wrong)
        elif not self._replay.progress.messages:
            self.get_logger().warning("there was nothing to play")
        self.exit_code = EXIT_INPUT_ERROR if wrong else 0

    def _probe(self) -> Health:
        progress = self._replay.progress
        paused = ", paused" if self._replay.playhead.held else ""
        return Health(f"{progress.position_s:.1f} of {self._length_s:.1f} s, {progress.messages:,} messages{paused}")

    def close(self) -> None:
        """Stop playing."""
        self._replay.stop()
        progress = self._replay.progress
        self.get_logger().info(f"played {progress.messages:,} messages, up to {progress.position_s:.1f} s")


def _few(reasons: Sequence[str]) -> str:
    """Return the first of them in one line, and how many more there are."""
    rest = len(reasons) - _MOST_REASONS
    return "; ".join(reasons[:_MOST_REASONS]) + (f"; and {rest:,} more" if rest > 0 else "")


def main() -> int:
    """Run the node."""
    return run_node(SessionPlayer)
