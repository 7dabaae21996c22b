"""Asks the trainer what the items at a finger tip look like. Thread rule: everything runs on the executor's thread."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from latentvr import srv
from PIL import Image
from rclpy.node import Node
from rclpy.task import Future

from latentvr_common import node_tools, topics
from latentvr_common.health import HealthReporter
from latentvr_common.png import read_png
from latentvr_common.scene import Scene
from xr_bridge.near_items import pointed_at
from xr_bridge.panels import Look, Panel, preview_panel

_MOST = 3
_KEPT = 256
_ASK_AGAIN_S = 2.0


class Previews:
    """Looks of items; each is asked for once."""

    def __init__(self, node: Node, health: HealthReporter, on_answer: Callable[[], object]) -> None:
        """`on_answer` is called when an item is known that was not."""
        self._node = node
        self._tell = on_answer
        self._health = health
        self._client = node_tools.client(node, topics.GET_ITEM)
        self._pictures: OrderedDict[int, Image.Image | None] = OrderedDict()
        self._asked_s: dict[int, float] = {}
        """When each was asked for, monotonic seconds; again after a while where no answer helps."""
        self._shown: tuple[tuple[tuple[int, str], ...], Panel] | None = None

    def of(self, scene: Scene) -> tuple[Panel, npt.NDArray[np.floating]] | None:
        """Return what to show, and where; None: no finger points at an item that is known already."""
        found = pointed_at(scene, _MOST)
        if found is None:
            return None
        tip, items = found
        for item in items:
            self._ask(item)
        known = [item for item in items if item in self._pictures]
        return (self._panel(scene, known), tip) if known else None

    def _panel(self, scene: Scene, items: Sequence[int]) -> Panel:
        words = tuple((item, words_of(scene, item)) for item in items)
        if self._shown is None or self._shown[0] != words:
            looks = [Look(text, self._pictures[item]) for item, text in words]
            self._shown = words, preview_panel(looks)
        return self._shown[1]

    def _ask(self, item: int) -> None:
        now_s = time.monotonic()
        lately = now_s < self._asked_s.get(item, -math.inf) + _ASK_AGAIN_S
        if item in self._pictures or lately or not self._client.service_is_ready():
            return
        if len(self._asked_s) > _KEPT:
            self._asked_s.clear()
        self._asked_s[item] = now_s
        future = self._client.call_async(srv.GetItem.Request(sample_id=item))
        future.add_done_callback(node_tools.guarded(self._node, lambda done: self._on_answer(item, done)))

    def _on_answer(self, item: int, future: Future) -> None:
        response = future.result()
        if response is None or not response.found:
            return
        try:
            png = bytes(response.picture.data)
            self._pictures[item] = read_png(f"get_item {item}", png) if png else None
        except ValueError as error:
            self._health.drop(str(error))
            self._pictures[item] = None
        self._tell()
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)


def words_of(scene: Scene, item: int) -> str:
    """Return the item's label, or what it is taken for and how surely, for people."""
    names = {category.id: category.name for category in scene.categories}
    label, predicted = int(scene.cloud.label[item]), int(scene.cloud.predicted[item])
    if label >= 0:
        return names.get(label, f"category {label}")
    if predicted >= 0:
        return f"{names.get(predicted, f'category {predicted}')} {100 * float(scene.cloud.confidence[item]):.0f} %?"
    return "not known"
