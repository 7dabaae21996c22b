"""What there is to draw, from what is heard; and what the person sees, for those who watch.

Thread rule: everything runs on the executor's thread, but for what `show` hands over (show.py).
"""

import io
import time

from PIL import Image
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

from latentvr_common import conversions, node_tools, palette, topics
from latentvr_common.happenings_node import Happenings
from latentvr_common.health import HealthReporter
from latentvr_common.inbox_node import Changes, Inbox
from latentvr_common.newest import Newest
from latentvr_common.scene import Scene
from latentvr_common.timeline.past import Past
from latentvr_common.timeline.words import then_in_words
from xr_bridge.panels import InTime, panels_of
from xr_bridge.parameters import Parameters
from xr_bridge.previews_node import Previews
from xr_bridge.show import Picture, Show

_LOOK_FOR_OTHERS_S = 1.0
_QUALITY = 80


class SceneSide:
    """Hears the topics for the one who draws."""

    def __init__(self, node: Node, settings: Parameters, health: HealthReporter) -> None:
        self._node = node
        self._settings = settings
        self._mirror_out = node_tools.advertise(node, topics.MIRROR)
        self._mirrors: Newest[Picture] = Newest()
        self._send_soon = node_tools.soon(node, self._send_mirror)
        self.show = Show(
            self._on_mirror,
            mirror_width=settings.mirror_width,
            resolution=settings.resolution,
            most_points=settings.most_points,
        )
        self._inbox = Inbox(node)
        self._previews = Previews(node, health, self._change)
        if settings.forces:
            self._inbox.toggle_forces()
        if settings.cues:
            self._inbox.toggle_cues()
        self._past = Past(settings.timeline_mb)
        self._happenings = Happenings(node, self._past.timeline, health, lambda _: self._change())
        self._changes = Changes()
        self._is_recording = False
        self._changed = False
        """Something has changed that is not in the inbox."""
        node_tools.every(node, 1.0 / settings.scene_rate_hz, self._look)
        node_tools.every(node, _LOOK_FOR_OTHERS_S, self._look_for_others)

    def _change(self) -> None:
        self._changed = True

    def _on_mirror(self, picture: Picture) -> None:
        """On the loop's thread."""
        self._mirrors.put(picture)
        self._send_soon()

    def _send_mirror(self) -> None:
        picture = self._mirrors.take()
        if picture is None:
            return
        jpeg = io.BytesIO()
        Image.fromarray(picture).save(jpeg, "JPEG", quality=_QUALITY)
        message = CompressedImage(header=conversions.header("", node_tools.now_ns(self._node)), format="jpeg")
        message.data = jpeg.getvalue()
        self._mirror_out.publish(message)

    def _look(self) -> None:
        now_s = time.monotonic()
        if not self._changed and not self._changes.any(self._inbox, now_s):
            return
        self._changed = False
        scene = self._inbox.scene(now_s)
        if scene is not None:
            seen, time_told = self._in_time(scene)
            preview, offer = self._previews.of(seen), self._previews.offered(scene)
            self.show.scenes.put((seen, panels_of(seen, self._is_recording, preview, offer, time_told)))
            self._changes.drawn(self._inbox, scene)

    def _in_time(self, now: Scene) -> tuple[Scene, InTime]:
        """Return what there is to see, now or at the time that the person looks at, and what to tell of time."""
        past = self._past
        self._happenings.follow(len(now.cloud))
        past.note(now.cloud, now.progress)
        past.looking.look_at(now.tool.looks_at_ns)
        then = then_in_words(past.timeline, past.looking)
        return past.scene(now), InTime(now, then, past.bar(palette.STRIP_STEPS, now.colors()))

    def _look_for_others(self) -> None:
        is_recording = node_tools.RECORDER in self._node.get_node_names()
        self._changed |= is_recording != self._is_recording
        self._is_recording = is_recording
        watched = bool(node_tools.listeners(self._node, topics.MIRROR))
        self.show.mirror_rate_hz = self._settings.mirror_rate_hz if watched else 0.0
