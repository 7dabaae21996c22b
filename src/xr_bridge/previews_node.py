"""Asks the trainer what the items at a finger tip, or the one that is looked at, look like.

Thread rule: everything runs on the executor's thread.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
from xr_bridge.look_panels import MOST_NEIGHBOURS, Look, dwell_panel, preview_panel
from xr_bridge.near_items import looked_at, pointed_at
from xr_bridge.sheet import Panel

_MOST = 3
_KEPT = 256
_ASK_AGAIN_S = 2.0


@dataclass(frozen=True)
class _Known:
    """What the trainer has told of an item."""

    picture: Image.Image | None
    """None: it has none."""
    neighbours: tuple[int, ...]
    """In the data, nearest first."""


class Previews:
    """Looks of items; each is asked for once."""

    def __init__(self, node: Node, health: HealthReporter, on_answer: Callable[[], object]) -> None:
        """`on_answer` is called when an item is known that was not."""
        self._node = node
        self._tell = on_answer
        self._health = health
        self._client = node_tools.client(node, topics.GET_ITEM)
        self._known: OrderedDict[int, _Known] = OrderedDict()
        self._asked_s: dict[int, float] = {}
        """When each was asked for, monotonic seconds; again after a while where no answer helps."""
        self._shown: tuple[object, Panel] | None = None
        """What a panel says, and that panel."""

    def of(self, scene: Scene) -> tuple[Panel, npt.NDArray[np.floating]] | None:
        """Return what to show, and where; None: no finger points at an item that is known already."""
        found = looked_at(scene)
        if found is not None:
            panel = self._dwell_panel(scene, found[1])
            return (panel, found[0]) if panel is not None else None
        near = pointed_at(scene, _MOST)
        if near is None:
            return None
        tip, items = near
        for item in items:
            self._ask(item)
        known = [item for item in items if item in self._known]
        return (self._panel(scene, known), tip) if known else None

    def _panel(self, scene: Scene, items: Sequence[int]) -> Panel:
        words = tuple((item, words_of(scene, item)) for item in items)
        return self._kept(words, lambda: preview_panel([Look(text, self._known[item].picture) for item, text in words]))

    def _dwell_panel(self, scene: Scene, item: int) -> Panel | None:
        self._ask(item)
        known = self._known.get(item)
        if known is None:
            return None
        for other in known.neighbours:
            self._ask(other)
        others = [self._known[other].picture for other in known.neighbours if other in self._known]
        pictures = [picture for picture in others if picture is not None]
        words = words_of(scene, item)
        return self._kept((item, words, len(pictures)), lambda: dwell_panel(Look(words, known.picture), pictures))

    def _kept(self, says: object, draw: Callable[[], Panel]) -> Panel:
        """Return the panel that is shown if it says just that, or a new one."""
        if self._shown is None or self._shown[0] != says:
            self._shown = says, draw()
        return self._shown[1]

    def _ask(self, item: int) -> None:
        now_s = time.monotonic()
        lately = now_s < self._asked_s.get(item, -math.inf) + _ASK_AGAIN_S
        if item in self._known or lately or not self._client.service_is_ready():
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
            picture = read_png(f"get_item {item}", png) if png else None
        except ValueError as error:
            self._health.drop(str(error))
            picture = None
        neighbours = [int(other) for other in response.neighbours if int(other) != item]
        self._known[item] = _Known(picture, tuple(neighbours[:MOST_NEIGHBOURS]))
        self._tell()
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)


def words_of(scene: Scene, item: int) -> str:
    """Return the item's label, or what it is taken for and how surely, for people."""
    names = {category.id: category.name for category in scene.categories}
    label, predicted = int(scene.cloud.label[item]), int(scene.cloud.predicted[item])
    if label >= 0:
        return names.get(label, f"category {label}")
    if predicted >= 0:
        return f"{names.get(predicted, f'category {predicted}')} {100 * float(scene.cloud.confidence[item]):.0f} %?"
    return "not known"
