"""What a view hears, and the scene that follows from it.

Thread rule: everything runs on the executor's thread. Callbacks only store; large messages are stored as bytes and read
when a scene is asked for. Of each topic only the newest counts.
"""

import time
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from latentvr import msg
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import PointCloud2

from latentvr_common import conversions, node_tools, topics
from latentvr_common.checks import RefusedError
from latentvr_common.cloud import Cloud
from latentvr_common.forces import Forces
from latentvr_common.hands import Hands
from latentvr_common.heard import Heard
from latentvr_common.place import Place
from latentvr_common.scene import Ghost, Progress, Scene, hands_moved
from latentvr_common.wellness import Wellness

_OURS = f"/{topics.NAMESPACE}/"


class Inbox:
    """The newest of each topic, and the scene that follows from it."""

    def __init__(self, node: Node) -> None:
        self.changes = 0
        """Rises with everything that came in, hands apart: those come at 72 Hz, moved or not."""
        self._heard = Heard()
        self._ghost: Ghost | None = None
        self._new_ghost: bytes | None = None
        self._progress = Progress()
        self._place: Place | None = None
        self._forces_in: Subscription | None = None
        self._forces: Forces | None = None
        self._cues_in: Subscription | None = None
        self._wellness = Wellness()
        self._trouble = ""
        self._node = node
        always = [topic for topic in Heard.TOPICS if topic is not topics.CUES]
        self._subscriptions = [
            *(node_tools.listen(node, topic, self._taker(topic), raw=True) for topic in always),
            node_tools.listen(node, topics.GHOST, self._on_ghost, raw=True),
            node_tools.listen(node, topics.EPOCH, self._on_epoch),
            node_tools.listen(node, topics.DIAGNOSTICS, self._on_diagnostics),
        ]

    def _taker(self, topic: topics.Topic) -> Callable[[bytes], None]:
        def on_message(data: bytes) -> None:
            self._heard.take(topic, data, time.monotonic())
            if topic is not topics.HANDS:
                self.changes += 1

        return on_message

    def leave(self) -> None:
        """Listen no more, for good: whoever looks on is there no longer."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()

    def toggle_forces(self) -> None:
        """Begin to listen to the forces, or end: the trainer works them out only while somebody listens."""
        self._forces_in = self._toggled(self._forces_in, topics.FORCES, self._on_forces)
        self._forces = None

    def toggle_cues(self) -> None:
        """Begin to listen to the cues, or end: the trainer works them out only while somebody listens."""
        self._cues_in = self._toggled(self._cues_in, topics.CUES, self._on_cues, raw=True)
        self._heard.beacons = None

    def _toggled(
        self, before: Subscription | None, topic: topics.Topic, on_message: Callable[[Any], None], *, raw: bool = False
    ) -> Subscription | None:
        self.changes += 1
        if before is None:
            return node_tools.listen(self._node, topic, on_message, raw=raw)
        self._node.destroy_subscription(before)
        return None

    def take_place(self, place: Place | None) -> None:
        """Show this in the scene from now on."""
        if place != self._place:
            self._place = place
            self.changes += 1

    def _on_ghost(self, data: bytes) -> None:
        self._new_ghost = data
        self.changes += 1

    def _on_forces(self, message: PointCloud2) -> None:
        if self._forces_in is None:
            return  # What was under way when nobody wanted them any more.
        self._forces = conversions.forces_from_msg(message)
        self.changes += 1

    def _on_cues(self, data: bytes) -> None:
        if self._cues_in is not None:  # As with forces.
            self._taker(topics.CUES)(data)

    def _on_epoch(self, message: msg.Epoch) -> None:
        self._progress = conversions.progress_from_msg(message)
        self.changes += 1

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        now_s = time.monotonic()
        for status in message.status:
            if status.name.startswith(_OURS):
                self._wellness.take(status.name.removeprefix(_OURS), status.level[0], status.message, now_s)
        trouble = self._wellness.trouble(self._is_there)
        if trouble != self._trouble:
            self._trouble = trouble
            self.changes += 1

    def _is_there(self, name: str) -> bool:
        return (name, _OURS.rstrip("/")) in self._node.get_node_names_and_namespaces()

    def notice(self, now_s: float) -> str:
        """Return why the last gesture came to nothing; empty: it did not, or a while ago."""
        return self._heard.gestures.notice(now_s)

    def hands(self, now_s: float) -> Hands | None:
        """Return the hands, or None if nobody shows any."""
        return self._heard.hands(now_s)

    def scene(self, now_s: float) -> Scene | None:
        """Return what there is to draw; None before there is an item."""
        cloud, ghost = self._cloud(), self._newest_ghost()
        if cloud is None or not len(cloud):
            return None
        heard = self._heard
        hands = heard.hands(now_s)
        return Scene(
            cloud,
            heard.categories,
            self._progress,
            heard.placement,
            hands,
            heard.gestures.brushes(now_s),
            heard.selection(now_s),
            heard.tool,
            self._place if hands is not None else None,
            self._forces,
            heard.beacons,
            heard.gestures.doing(now_s) if hands is not None else None,
            self.notice(now_s),
            heard.gestures.offer(now_s),
            dict(heard.desks),
            # Of another dataset, or of an earlier session.
            ghost if ghost is not None and len(ghost.positions) == len(cloud) else None,
            self._trouble,
        )

    def _cloud(self) -> Cloud | None:
        try:
            return self._heard.cloud()
        except RefusedError as error:
            self._drop(error)
            return self._heard.cloud()

    def _newest_ghost(self) -> Ghost | None:
        data, self._new_ghost = self._new_ghost, None
        if data is not None:
            try:
                cloud = conversions.cloud_from_cdr(data)
                self._ghost = Ghost(cloud.positions, cloud.predicted) if len(cloud) else None
            except RefusedError as error:
                self._drop(error)
        return self._ghost

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
