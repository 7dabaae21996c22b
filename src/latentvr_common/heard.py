"""What was heard of a session that can be drawn: the newest of each topic, from its nodes or from its bag.

Messages come serialized; a cloud is read when it is needed. Times are seconds of one clock that rises.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from latentvr import msg
from sensor_msgs.msg import PointCloud2

from latentvr_common import conversions, topics
from latentvr_common.beacons import Beacon, beacons_of
from latentvr_common.cloud import Cloud
from latentvr_common.gesture_watch import STALE_S, GestureWatch
from latentvr_common.gestures import Preview, Side, Tool
from latentvr_common.hands import Hands
from latentvr_common.labels import Category
from latentvr_common.placement import Placement
from latentvr_common.scene import Selection
from latentvr_common.topics import Topic

T = TypeVar("T")
_read = conversions.message_from_cdr


@dataclass(frozen=True)
class Timed(Generic[T]):
    """Something that is told again and again, and when it came."""

    what: T
    came_s: float

    def at(self, now_s: float) -> T | None:
        """Return it unless it is stale: who tells of it has gone."""
        return self.what if now_s <= self.came_s + STALE_S else None


class Heard:
    """The newest of each of TOPICS."""

    TOPICS = (
        topics.CLOUD,
        topics.CATEGORIES,
        topics.HANDS,
        topics.GESTURES,
        topics.SELECTION,
        topics.TOOL,
        topics.CLOUD_PLACEMENT,
        topics.CUES,
    )

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.gestures = GestureWatch()
        self.categories: tuple[Category, ...] = ()
        self.tool = Tool()
        """What a person with hands holds."""
        self.desks: dict[str, Tool] = {}
        """What persons with mouse and keys hold, by author."""
        self.placement = Placement()
        self.beacons: tuple[Beacon, ...] | None = None
        self._cloud: Cloud | None = None
        self._new_cloud: bytes | None = None
        self._hands: Timed[Hands] | None = None
        self._preview: Timed[Preview] | None = None
        self._takers: Mapping[str, Callable[[bytes, float], None]] = {
            topics.CLOUD.name: self._take_cloud,
            topics.CATEGORIES.name: self._take_categories,
            topics.HANDS.name: self._take_hands,
            topics.GESTURES.name: self._take_gesture,
            topics.SELECTION.name: self._take_selection,
            topics.TOOL.name: self._take_tool,
            topics.CLOUD_PLACEMENT.name: self._take_placement,
            topics.CUES.name: self._take_cues,
        }

    def take(self, topic: Topic, data: bytes, now_s: float) -> None:
        """Take in a message of one of TOPICS. Raises ValueError, naming the field, if it cannot be used."""
        self._takers[topic.name](data, now_s)

    def cloud(self) -> Cloud | None:
        """Return the cloud. Raises ValueError for a new one that cannot be used, once; then it is the one before."""
        new, self._new_cloud = self._new_cloud, None
        if new is not None:
            self._cloud = conversions.cloud_from_cdr(new)
        return self._cloud

    def hands(self, now_s: float) -> Hands | None:
        """Return the hands; None: nobody shows any."""
        return self._hands.at(now_s) if self._hands is not None else None

    def selection(self, now_s: float) -> Selection | None:
        """Return what the gesture that goes on would mark; None: nothing."""
        preview = self._preview.at(now_s) if self._preview is not None else None
        if preview is None or not self.gestures.knows(preview.gesture_id):
            return None
        return Selection(preview.category, preview.sample_ids, preview.region, preview.audit_ids)

    def _take_cloud(self, data: bytes, _now_s: float) -> None:
        self._new_cloud = data

    def _take_categories(self, data: bytes, _now_s: float) -> None:
        self.categories = tuple(conversions.categories_from_msg(_read(msg.Categories, data)))

    def _take_hands(self, data: bytes, now_s: float) -> None:
        self._hands = Timed(conversions.hands_from_cdr(data), now_s)

    def _take_gesture(self, data: bytes, now_s: float) -> None:
        self.gestures.take(conversions.gesture_from_msg(_read(msg.Gesture, data)), now_s)

    def _take_selection(self, data: bytes, now_s: float) -> None:
        self._preview = Timed(conversions.selection_from_msg(_read(msg.Selection, data)), now_s)

    def _take_tool(self, data: bytes, _now_s: float) -> None:
        tool = conversions.tool_from_msg(_read(msg.Tool, data))
        if tool.side is Side.MOUSE:
            self.desks[tool.author] = tool
        else:
            self.tool = tool

    def _take_placement(self, data: bytes, _now_s: float) -> None:
        self.placement = conversions.placement_from_msg(_read(msg.CloudPlacement, data))

    def _take_cues(self, data: bytes, _now_s: float) -> None:
        self.beacons = beacons_of(conversions.cues_from_msg(_read(PointCloud2, data)))
