"""What a view hears, and the scene that follows from it.

Thread rule: everything runs on the executor's thread. Callbacks only store; large messages are stored as bytes and read
when a scene is asked for. Of each topic only the newest counts.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from latentvr import msg
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import PointCloud2

from latentvr_common import conversions, node_tools, topics
from latentvr_common.beacons import Beacon, beacons_of
from latentvr_common.checks import RefusedError
from latentvr_common.cloud import Cloud
from latentvr_common.forces import Forces
from latentvr_common.gesture_watch import STALE_S, GestureWatch
from latentvr_common.gestures import Side, Tool
from latentvr_common.hands import Hands
from latentvr_common.labels import Category
from latentvr_common.place import Place
from latentvr_common.placement import Placement
from latentvr_common.scene import Ghost, Progress, Scene, Selection, hands_moved


@dataclass(frozen=True)
class _Stored:
    """A serialized message and when it came, monotonic seconds."""

    data: bytes
    came_s: float


class Inbox:
    """The newest of each topic, and the scene that follows from it."""

    def __init__(self, node: Node) -> None:
        self.changes = 0
        """Rises with everything that came in, hands apart: those come at 72 Hz, moved or not."""
        self._cloud: Cloud | None = None
        self._new_cloud: bytes | None = None
        self._ghost: Ghost | None = None
        self._new_ghost: bytes | None = None
        self._hands: _Stored | None = None
        self._selection: _Stored | None = None
        self._categories: list[Category] = []
        self._progress = Progress()
        self._placement = Placement()
        self._gestures = GestureWatch()
        self._tool = Tool()
        self._desks: dict[str, Tool] = {}
        self._place: Place | None = None
        self._forces_in: Subscription | None = None
        self._forces: Forces | None = None
        self._cues_in: Subscription | None = None
        self._beacons: tuple[Beacon, ...] | None = None
        self._node = node
        self._heard = [
            node_tools.listen(node, topics.CLOUD, self._on_cloud, raw=True),
            node_tools.listen(node, topics.GHOST, self._on_ghost, raw=True),
            node_tools.listen(node, topics.HANDS, self._on_hands, raw=True),
            node_tools.listen(node, topics.SELECTION, self._on_selection, raw=True),
            node_tools.listen(node, topics.EPOCH, self._on_epoch),
            node_tools.listen(node, topics.CATEGORIES, self._on_categories),
            node_tools.listen(node, topics.CLOUD_PLACEMENT, self._on_placement),
            node_tools.listen(node, topics.GESTURES, self._on_gesture),
            node_tools.listen(node, topics.TOOL, self._on_tool),
        ]

    def leave(self) -> None:
        """Listen no more, for good: whoever looks on is there no longer."""
        for subscription in self._heard:
            self._node.destroy_subscription(subscription)
        self._heard.clear()

    def toggle_forces(self) -> None:
        """Begin to listen to the forces, or end: the trainer works them out only while somebody listens."""
        self._forces_in = self._toggled(self._forces_in, topics.FORCES, self._on_forces)
        self._forces = None

    def toggle_cues(self) -> None:
        """Begin to listen to the cues, or end: the trainer works them out only while somebody listens."""
        self._cues_in = self._toggled(self._cues_in, topics.CUES, self._on_cues)
        self._beacons = None

    def _toggled(
        self, before: Subscription | None, topic: topics.Topic, on_message: Callable[[PointCloud2], None]
    ) -> Subscription | None:
        self.changes += 1
        if before is None:
            return node_tools.listen(self._node, topic, on_message)
        self._node.destroy_subscription(before)
        return None

    def take_place(self, place: Place | None) -> None:
        """Show this in the scene from now on."""
        if place != self._place:
            self._place = place
            self.changes += 1

    def _on_cloud(self, data: bytes) -> None:
        self._new_cloud = data
        self.changes += 1

    def _on_ghost(self, data: bytes) -> None:
        self._new_ghost = data
        self.changes += 1

    def _on_forces(self, message: PointCloud2) -> None:
        if self._forces_in is None:
            return  # What was under way when nobody wanted them any more.
        self._forces = conversions.forces_from_msg(message)
        self.changes += 1

    def _on_cues(self, message: PointCloud2) -> None:
        if self._cues_in is None:
            return  # As with forces.
        self._beacons = beacons_of(conversions.cues_from_msg(message))
        self.changes += 1

    def _on_hands(self, data: bytes) -> None:
        self._hands = _Stored(data, time.monotonic())

    def _on_selection(self, data: bytes) -> None:
        self._selection = _Stored(data, time.monotonic())
        self.changes += 1

    def _on_epoch(self, message: msg.Epoch) -> None:
        self._progress = conversions.progress_from_msg(message)
        self.changes += 1

    def _on_categories(self, message: msg.Categories) -> None:
        self._categories = conversions.categories_from_msg(message)
        self.changes += 1

    def _on_placement(self, message: msg.CloudPlacement) -> None:
        self._placement = conversions.placement_from_msg(message)
        self.changes += 1

    def _on_gesture(self, message: msg.Gesture) -> None:
        self._gestures.take(conversions.gesture_from_msg(message), time.monotonic())
        self.changes += 1

    def _on_tool(self, message: msg.Tool) -> None:
        tool = conversions.tool_from_msg(message)
        if tool.side is Side.MOUSE:
            self._desks[tool.author] = tool
        else:
            self._tool = tool
        self.changes += 1

    def notice(self, now_s: float) -> str:
        """Return why the last gesture came to nothing; empty: it did not, or a while ago."""
        return self._gestures.notice(now_s)

    def hands(self, now_s: float) -> Hands | None:
        """Return the hands, or None if nobody shows any."""
        stored = self._hands
        if stored is None or now_s > stored.came_s + STALE_S:
            return None
        try:
            return conversions.hands_from_cdr(stored.data)
        except RefusedError as error:
            self._drop(error)
            self._hands = None
            return None

    def scene(self, now_s: float) -> Scene | None:
        """Return what there is to draw; None before there is an item."""
        self._read_cloud()
        self._read_ghost()
        if self._cloud is None or not len(self._cloud):
            return None
        hands = self.hands(now_s)
        return Scene(
            self._cloud,
            tuple(self._categories),
            self._progress,
            self._placement,
            hands,
            self._gestures.brushes(now_s),
            self._current_selection(now_s),
            self._tool,
            self._place if hands is not None else None,
            self._forces,
            self._beacons,
            self._gestures.doing(now_s) if hands is not None else None,
            self.notice(now_s),
            self._gestures.offer(now_s),
            dict(self._desks),
            # Of another dataset, or of an earlier session.
            self._ghost if self._ghost is not None and len(self._ghost.positions) == len(self._cloud) else None,
        )

    def _read_cloud(self) -> None:
        data, self._new_cloud = self._new_cloud, None
        if data is None:
            return
        try:
            self._cloud = conversions.cloud_from_cdr(data)
        except RefusedError as error:
            self._drop(error)

    def _read_ghost(self) -> None:
        data, self._new_ghost = self._new_ghost, None
        if data is None:
            return
        try:
            cloud = conversions.cloud_from_cdr(data)
        except RefusedError as error:
            self._drop(error)
            return
        self._ghost = Ghost(cloud.positions, cloud.predicted) if len(cloud) else None

    def _current_selection(self, now_s: float) -> Selection | None:
        stored = self._selection
        if stored is None or now_s > stored.came_s + STALE_S:
            return None
        try:
            preview = conversions.selection_from_cdr(stored.data)
        except RefusedError as error:
            self._drop(error)
            self._selection = None
            return None
        if not self._gestures.knows(preview.gesture_id):
            return None
        return Selection(preview.category, preview.sample_ids, preview.region, preview.audit_ids)

    def _drop(self, error: RefusedError) -> None:
        node_tools.drop(self._node, str(error), error.about)


class Changes:
    """Whether there is something to draw that was not drawn yet."""

    def __init__(self) -> None:
        self._seen = -1
        self._hands: Hands | None = None
        self._notice = ""

    def any(self, inbox: Inbox, now_s: float) -> bool:
        """Tell whether there is, at `now_s`, monotonic seconds."""
        if inbox.changes != self._seen or inbox.notice(now_s) != self._notice:
            return True
        return hands_moved(self._hands, inbox.hands(now_s))

    def drawn(self, inbox: Inbox, scene: Scene) -> None:
        """Take note that `scene` is drawn, and with it all that is in the inbox."""
        self._seen, self._hands, self._notice = inbox.changes, scene.hands, scene.notice
