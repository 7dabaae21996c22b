"""Asks the trainer what items look and sound like. Thread rule: everything runs on the executor's thread."""

import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from latentvr import srv
from PIL import Image
from rclpy.node import Node
from rclpy.task import Future

from cloud_view.desktop.panels import Look, words_of
from cloud_view.sheet import Rgb
from latentvr_common import node_tools, topics
from latentvr_common.colors import UNLABELLED_COLOR
from latentvr_common.health import HealthReporter
from latentvr_common.png import read_png
from latentvr_common.scene import Scene

_KEPT = 400
_AT_ONCE = 32
_ASK_AGAIN_S = 2.0
_NEIGHBOURS = 6


@dataclass(frozen=True)
class _Known:
    """What does not change of an item."""

    picture: Image.Image | None
    text: str
    neighbours: tuple[int, ...]


class Items:
    """What items look like; each is asked for once."""

    def __init__(self, node: Node, health: HealthReporter) -> None:
        self.changes = 0
        """Rises with every item that becomes known."""
        self.scene: Scene | None = None
        """What is known of all items now."""
        self._node = node
        self._health = health
        self._client = node_tools.client(node, topics.GET_ITEM)
        self._known: OrderedDict[int, _Known] = OrderedDict()
        self._asked_s: dict[int, float] = {}

    def look_of(self, item: int) -> Look | None:
        """Return what is known of `item`; None: nothing yet, it is being asked for."""
        known = self._known.get(item)
        if known is None:
            self._ask(item)
            return None
        words, color, by_hand = self._words(item)
        return Look(item, known.picture, known.text, words, color, by_hand)

    def neighbours_of(self, item: int) -> tuple[int, ...]:
        """Return the items nearest to `item` in the data, the nearest first, as far as they are known."""
        known = self._known.get(item)
        return known.neighbours if known is not None else ()

    def _words(self, item: int) -> tuple[str, Rgb, bool]:
        scene = self.scene
        if scene is None or item >= len(scene.cloud):
            return "not known yet", _rgb(UNLABELLED_COLOR), False
        names, cloud = {c.id: c.name for c in scene.categories}, scene.cloud
        label, predicted = int(cloud.label[item]), int(cloud.predicted[item])
        words, by_hand = words_of(
            label, predicted, float(cloud.confidence[item]), lambda i: names.get(i, f"category {i}")
        )
        color = scene.colors().get(label if label >= 0 else predicted, UNLABELLED_COLOR)
        return words, _rgb(color), by_hand

    def _ask(self, item: int) -> None:
        now_s = time.monotonic()
        under_way = sum(now_s < asked + _ASK_AGAIN_S for asked in self._asked_s.values())
        lately = now_s < self._asked_s.get(item, -math.inf) + _ASK_AGAIN_S
        if lately or under_way >= _AT_ONCE or not self._client.service_is_ready():
            return
        self._asked_s[item] = now_s
        future = self._client.call_async(srv.GetItem.Request(sample_id=item))
        future.add_done_callback(node_tools.guarded(self._node, lambda done: self._on_answer(item, done)))

    def _on_answer(self, item: int, future: Future) -> None:
        response = future.result()
        self._asked_s.pop(item, None)
        if response is None or not response.found:
            return
        picture = None
        try:
            png = bytes(response.picture.data)
            picture = read_png(f"get_item {item}", png).convert("RGB") if png else None
        except ValueError as error:
            self._health.drop(str(error))
        self._known[item] = _Known(picture, response.text, tuple(int(i) for i in response.neighbours[:_NEIGHBOURS]))
        self.changes += 1
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)


def _rgb(packed: int) -> Rgb:
    return packed >> 16 & 255, packed >> 8 & 255, packed & 255
