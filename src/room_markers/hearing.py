"""What was heard of a session, from its nodes or from its bag, and what is to be seen after it.

Messages come serialized, and large ones are read only when they are needed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from geometry_msgs.msg import PoseStamped
from latentvr import msg
from sensor_msgs.msg import PointCloud2

from latentvr_common import conversions, topics
from latentvr_common.beacons import Beacon, beacons_of
from latentvr_common.cloud import CLOUD_DTYPE, Cloud
from latentvr_common.gesture_watch import STALE_S, GestureWatch
from latentvr_common.gestures import Preview, Tool
from latentvr_common.hands import Hands
from latentvr_common.labels import Category
from latentvr_common.placement import Placement
from latentvr_common.scene import Scene, Selection
from latentvr_common.topics import Topic
from room_markers.head import Head

WITHOUT_CUES = (
    topics.CLOUD,
    topics.CATEGORIES,
    topics.HANDS,
    topics.HEAD,
    topics.GESTURES,
    topics.SELECTION,
    topics.TOOL,
    topics.CLOUD_PLACEMENT,
)
HEARD = (*WITHOUT_CUES, topics.CUES)

T = TypeVar("T")
_NO_CLOUD = np.zeros(0, dtype=CLOUD_DTYPE)


@dataclass(frozen=True)
class _Timed(Generic[T]):
    what: T
    came_s: float

    def at(self, now_s: float) -> T | None:
        """Return it unless it is stale: who tells of it has gone."""
        return self.what if now_s <= self.came_s + STALE_S else None


class Hearing:
    """The newest of each topic. Times are seconds of one clock that rises."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.changes = 0
        """Rises with all that came in and could be used."""
        self._cloud: Cloud | bytes | None = None
        self._hands: _Timed[Hands] | None = None
        self._head: _Timed[Head] | None = None
        self._preview: _Timed[Preview] | None = None
        self._gestures = GestureWatch()
        self._categories: tuple[Category, ...] = ()
        self._tool = Tool()
        self._placement = Placement()
        self._beacons: tuple[Beacon, ...] | None = None
        self._takers: Mapping[str, Callable[[bytes, float], None]] = {
            topics.CLOUD.name: self._take_cloud,
            topics.CATEGORIES.name: self._take_categories,
            topics.HANDS.name: self._take_hands,
            topics.HEAD.name: self._take_head,
            topics.GESTURES.name: self._take_gesture,
            topics.SELECTION.name: self._take_selection,
            topics.TOOL.name: self._take_tool,
            topics.CLOUD_PLACEMENT.name: self._take_placement,
            topics.CUES.name: self._take_cues,
        }

    def take(self, topic: Topic, data: bytes, now_s: float) -> None:
        """Take in a message of one of HEARD. Raises ValueError, naming the field, if it cannot be used."""
        self._takers[topic.name](data, now_s)
        self.changes += 1

    def scene(self, now_s: float) -> Scene:
        """Return what there is to draw. Raises ValueError for a cloud that cannot be used, once."""
        selection = self._selection(now_s)
        needs_cloud = selection is not None or bool(self._beacons)
        hands = self._hands.at(now_s) if self._hands else None
        return Scene(
            self._read_cloud() if needs_cloud else _empty(),
            self._categories,
            placement=self._placement,
            hands=hands,
            brushes=self._gestures.brushes(now_s),
            selection=selection,
            tool=self._tool,
            beacons=self._beacons,
            doing=self._gestures.doing(now_s) if hands is not None else None,
        )

    def head(self, now_s: float) -> Head | None:
        """Return where the head is; None: nobody tells."""
        return self._head.at(now_s) if self._head else None

    def _selection(self, now_s: float) -> Selection | None:
        preview = self._preview.at(now_s) if self._preview else None
        if preview is None or not self._gestures.knows(preview.gesture_id):
            return None
        return Selection(preview.category, preview.sample_ids, preview.region, preview.audit_ids)

    def _read_cloud(self) -> Cloud:
        stored, self._cloud = self._cloud, None
        if isinstance(stored, bytes):
            stored = conversions.cloud_from_msg(_read(stored, PointCloud2))
        self._cloud = stored
        return stored if stored is not None else _empty()

    def _take_cloud(self, data: bytes, _now_s: float) -> None:
        self._cloud = data

    def _take_categories(self, data: bytes, _now_s: float) -> None:
        self._categories = tuple(conversions.categories_from_msg(_read(data, msg.Categories)))

    def _take_hands(self, data: bytes, now_s: float) -> None:
        self._hands = _Timed(conversions.hands_from_cdr(data), now_s)

    def _take_head(self, data: bytes, now_s: float) -> None:
        self._head = _Timed(Head(*conversions.head_from_msg(_read(data, PoseStamped))), now_s)

    def _take_gesture(self, data: bytes, now_s: float) -> None:
        self._gestures.take(conversions.gesture_from_msg(_read(data, msg.Gesture)), now_s)

    def _take_selection(self, data: bytes, now_s: float) -> None:
        self._preview = _Timed(conversions.selection_from_msg(_read(data, msg.Selection)), now_s)

    def _take_tool(self, data: bytes, _now_s: float) -> None:
        self._tool = conversions.tool_from_msg(_read(data, msg.Tool))

    def _take_placement(self, data: bytes, _now_s: float) -> None:
        self._placement = conversions.placement_from_msg(_read(data, msg.CloudPlacement))

    def _take_cues(self, data: bytes, _now_s: float) -> None:
        self._beacons = beacons_of(conversions.cues_from_msg(_read(data, PointCloud2)))


def _read(data: bytes, message_type: Any) -> Any:
    return conversions.message_from_cdr(message_type, data)


def _empty() -> Cloud:
    columns = {name: _NO_CLOUD[name] for name in ("rgb", "label", "predicted", "confidence")}
    return Cloud(0, np.zeros((0, 3), dtype=np.float32), **columns)
