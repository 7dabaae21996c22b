"""The bridge to OpenXR as a ROS node: hands and head in, pictures out, what the session is doing.

Thread rule: the executor's thread publishes; the loop's thread (loop.py) lives with the runtime and leaves what it saw
in a place for one value. Neither waits for the other.
"""

import math
import time
from collections import Counter

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from latentvr import msg
from rclpy.node import Node

from latentvr_common import conversions, node_tools, topics
from latentvr_common.hands import Hand, Hands
from latentvr_common.health import Health, HealthReporter
from latentvr_common.newest import Newest, RateMeter
from latentvr_common.parameters import declare
from latentvr_common.patience import Patience
from latentvr_common.run import run_node
from xr_bridge.clocks import ros_from_monotonic
from xr_bridge.hand_filter import HandFilter, RawHand
from xr_bridge.loop import Loop, Status
from xr_bridge.openxr.graphics import Choice
from xr_bridge.openxr.runtime import OpenXr
from xr_bridge.parameters import Parameters
from xr_bridge.scene_node import SceneSide
from xr_bridge.session_machine import State
from xr_bridge.sight import Pose, Sight

_STOP_TIMEOUT_S = 3.0
_ABSENT_AFTER_S = 0.1
"""At least: where drawing is slow, hands come slowly, and are waited for longer (patience.py)."""
_ABSENT_TIMES = 10
"""So often it is said that the hands are gone, by a topic that may lose messages."""
_WARN_AGAIN_S = 60.0
_SLOW_PICTURE_S = 0.05
_SILENT_S = 1.0
_WELL = (State.RUNNING, State.VISIBLE, State.FOCUSED)


class XrBridge(Node):  # type: ignore[misc]
    """Publishes what an OpenXR runtime sees of the person."""

    def __init__(self) -> None:
        super().__init__("xr_bridge", namespace=topics.NAMESPACE)
        self._settings = declare(self, Parameters)
        self._hands_out = node_tools.advertise(self, topics.HANDS)
        self._head_out = node_tools.advertise(self, topics.HEAD)
        self._state_out = node_tools.advertise(self, topics.XR_STATE)
        self._sights: Newest[Sight] = Newest()
        self._statuses: Newest[Status] = Newest()
        self._status = Status()
        self._warned: dict[str, float] = {}
        """The newest warning, and when it was given."""
        self._left, self._right = HandFilter(), HandFilter()
        self._rate = RateMeter()
        self._patience = Patience(_ABSENT_AFTER_S)
        self._seen_s = time.monotonic()
        self._absences = _ABSENT_TIMES
        self._told_faults: Counter[str] = Counter()
        self._health = HealthReporter(self, self._probe)
        self._scene_side = SceneSide(self, self._settings, self._health)
        node_tools.every(self, _ABSENT_AFTER_S, self._look)
        self._publish_soon = node_tools.soon(self, self._publish_sight)
        self._tell_soon = node_tools.soon(self, self._tell_status)
        self._tell(self._status)
        self._loop = Loop(self._make_runtime, self._on_status)
        self._loop.start()

    # On the loop's thread

    def _make_runtime(self) -> OpenXr:
        choice = Choice(self._settings.graphics, self._scene_side.show, self._settings.rate_hz)
        return OpenXr(choice, self._on_sight, self._settings.rate_hz)

    def _on_sight(self, sight: Sight) -> None:
        self._sights.put(sight)
        self._publish_soon()

    def _on_status(self, status: Status) -> None:
        self._statuses.put(status)
        self._tell_soon()

    # On the executor's thread

    def _publish_sight(self) -> None:
        sight = self._sights.take()
        if sight is None:
            return
        at_s, stamp_ns = sight.monotonic_ns / 1e9, ros_from_monotonic(sight.monotonic_ns)
        left, right = self._believe(self._left, sight.left, at_s), self._believe(self._right, sight.right, at_s)
        self._hands_out.publish(conversions.hands_to_cdr(Hands(stamp_ns, left, right)))
        if sight.head is not None:
            self._publish_head(sight.head, stamp_ns)
        self._rate.tick(at_s)
        self._seen_s, self._absences = time.monotonic(), 0
        self._patience.hear(self._seen_s)

    def _believe(self, watch: HandFilter, raw: RawHand | None, at_s: float) -> Hand:
        return Hand() if raw is None else watch.believe(raw, at_s)

    def _publish_head(self, head: Pose, stamp_ns: int) -> None:
        message = PoseStamped(header=conversions.header(conversions.STAGE_FRAME, stamp_ns))
        message.pose = conversions.pose_to_msg(head.position, head.quat_xyzw)
        self._head_out.publish(message)

    def _look(self) -> None:
        """Tell what stands where nobody woke this thread; where nothing is seen any more, that the hands are gone."""
        self._tell_status()
        self._publish_sight()
        if time.monotonic() - self._seen_s > self._patience.lasts_s and self._absences < _ABSENT_TIMES:
            self._absences += 1
            self._hands_out.publish(conversions.hands_to_cdr(Hands(node_tools.now_ns(self), Hand(), Hand())))

    def _tell_status(self) -> None:
        status = self._statuses.take()
        if status is not None and status != self._status:
            self._tell(status)

    def _tell(self, status: Status) -> None:
        now_s = time.monotonic()
        if status.text and now_s > self._warned.get(status.text, -math.inf) + _WARN_AGAIN_S:
            self._warned = {status.text: now_s}
            self.get_logger().warning(status.text)
        elif status.state is State.FOCUSED and self._status.state is not State.FOCUSED:
            self.get_logger().info(f"running on {status.runtime}")
        self._status = status
        message = msg.XrState(header=conversions.header("", node_tools.now_ns(self)))
        message.state, message.text = int(status.state), status.text
        message.runtime, message.hand_tracking = status.runtime, status.hand_tracking
        self._state_out.publish(message)

    def _probe(self) -> Health:
        faults = self._left.faults + self._right.faults
        new = faults - self._told_faults
        self._told_faults = faults
        state = self._status.state.name.lower().replace("_", " ")
        parts = [state, self._status.text, *sorted(new)]
        now_s = time.monotonic()
        silent = self._status.state in _WELL and now_s - self._seen_s > _SILENT_S
        if silent:
            parts.append(f"the runtime has not answered for {now_s - self._seen_s:.0f} s")
        picture_s = self._scene_side.show.picture_s
        if picture_s > _SLOW_PICTURE_S:
            parts.append(f"drawing is slow, {picture_s:.2f} s a picture: lower resolution or most_points")
        good = self._status.state in _WELL and not new and not silent and picture_s <= _SLOW_PICTURE_S
        rate_hz = self._rate.rate(now_s)
        pace = {"hands a second": f"{rate_hz:.0f}", "ms a picture": f"{1e3 * picture_s:.1f}"}
        values = {"runtime": self._status.runtime, **pace, **faults}
        level = DiagnosticStatus.OK if good else DiagnosticStatus.WARN
        if not self._loop.lives:
            level = DiagnosticStatus.ERROR
        return Health("; ".join(part for part in parts if part), level, values)

    def close(self) -> None:
        """Leave the runtime."""
        if not self._loop.stop(_STOP_TIMEOUT_S):
            self.get_logger().warning("the OpenXR runtime does not let go")


def main() -> int:
    """Run the node."""
    return run_node(XrBridge, starts_soon=True)
