"""What was heard of a session, from its nodes or from its bag, and what is to be seen after it."""

import numpy as np
from geometry_msgs.msg import PoseStamped

from latentvr_common import conversions, topics
from latentvr_common.cloud import CLOUD_DTYPE, Cloud
from latentvr_common.heard import Heard, Timed
from latentvr_common.scene import Scene
from latentvr_common.topics import Topic
from room_markers.head import Head

HEARD = (*Heard.TOPICS, topics.HEAD)
WITHOUT_CUES = tuple(topic for topic in HEARD if topic is not topics.CUES)

_NO_CLOUD = np.zeros(0, dtype=CLOUD_DTYPE)


class Hearing:
    """The newest of each topic. Times are seconds of one clock that rises."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.changes = 0
        """Rises with all that came in and could be used."""
        self._heard = Heard()
        self._head: Timed[Head] | None = None

    def take(self, topic: Topic, data: bytes, now_s: float) -> None:
        """Take in a message of one of HEARD. Raises ValueError, naming the field, if it cannot be used."""
        if topic is topics.HEAD:
            self._take_head(data, now_s)
        else:
            self._heard.take(topic, data, now_s)
        self.changes += 1

    def scene(self, now_s: float) -> Scene:
        """Return what there is to draw. Raises ValueError for a cloud that cannot be used, once."""
        heard = self._heard
        hands, selection = heard.hands(now_s), heard.selection(now_s)
        needs_cloud = selection is not None or bool(heard.beacons)
        return Scene(
            (heard.cloud() if needs_cloud else None) or _empty(),
            heard.categories,
            placement=heard.placement,
            hands=hands,
            brushes=heard.gestures.brushes(now_s),
            selection=selection,
            tool=heard.tool,
            beacons=heard.beacons,
            doing=heard.gestures.doing(now_s) if hands is not None else None,
        )

    def head(self, now_s: float) -> Head | None:
        """Return where the head is; None: nobody tells."""
        return self._head.at(now_s) if self._head else None

    def _take_head(self, data: bytes, now_s: float) -> None:
        self._head = Timed(Head(*conversions.head_from_msg(conversions.message_from_cdr(PoseStamped, data))), now_s)


def _empty() -> Cloud:
    columns = {name: _NO_CLOUD[name] for name in ("rgb", "label", "predicted", "confidence")}
    return Cloud(0, np.zeros((0, 3), dtype=np.float32), **columns)
