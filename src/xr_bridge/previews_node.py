"""Asks the trainer what items look like: those at a finger tip, the one that is looked at, or some that are offered.

Thread rule: everything runs on the executor's thread.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from latentvr import srv
from PIL import Image
from rclpy.node import Node
from rclpy.task import Future

from latentvr_common import node_tools, topics
from latentvr_common.health import HealthReporter
from latentvr_common.png import read_png
from latentvr_common.scene import Offer, Scene, Selection
from xr_bridge.look_panels import MOST_NEIGHBOURS, Look, dwell_panel, preview_panel
from xr_bridge.near_items import looked_at, pointed_at
from xr_bridge.offer_panel import MOST_LOOKS, offer_panel
from xr_bridge.sheet import Panel

_MOST = 3
_KEPT = 256
_ASK_AGAIN_S = 2.0
_DRAW_AGAIN_S = 0.5
"""An offer is not drawn for each answer: twenty looks take about 0.08 s (2 busy cores), and hands wait for that."""


@dataclass(frozen=True)
class _Known:
    """What the trainer has told of an item."""

    picture: Image.Image | None
    """None: it has none."""
    text: str
    """What it is called or holds; why that is not known."""
    neighbours: tuple[int, ...]
    """In the data, nearest first."""


@dataclass(frozen=True)
class _Audit:
    """Items that are offered, and what they are taken for when that is shown first: the words stay while one looks."""

    gesture_id: str
    items: tuple[tuple[int, str], ...]
    known: tuple[int, ...] = ()
    """Those whose looks are shown."""
    drawn_s: float = -math.inf
    """When these were taken in, monotonic seconds."""


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
        self._audit: _Audit | None = None

    def offered(self, scene: Scene) -> Panel | None:
        """Return what the network would label by itself, with the looks of some of it; None: nothing is offered."""
        offer, selection = scene.offer, scene.selection
        if offer is None or selection is None:
            return None
        audit, now_s = self._audit_of(scene, offer, selection), time.monotonic()
        for item, _ in audit.items:
            self._ask(item)
        known = tuple(item for item, _ in audit.items if item in self._known)
        if len(known) == len(audit.items) or now_s > audit.drawn_s + _DRAW_AGAIN_S:
            audit = self._audit = replace(audit, known=known, drawn_s=now_s)
        return self._kept(
            (offer, audit.known), lambda: offer_panel(offer.words, [self._look(*look) for look in audit.items])
        )

    def _audit_of(self, scene: Scene, offer: Offer, selection: Selection) -> _Audit:
        if self._audit is None or self._audit.gesture_id != offer.gesture_id:
            items = [item for item in selection.audit_ids.tolist() if item < len(scene.cloud)]
            taken = tuple((item, words_of(scene, item, "{}: {:.0f} %")) for item in items[:MOST_LOOKS])
            self._audit = _Audit(offer.gesture_id, taken)
        return self._audit

    def _look(self, item: int, words: str) -> Look:
        known = self._known.get(item)
        return Look(words) if known is None else Look(words, known.picture, known.text)

    def of(self, scene: Scene) -> tuple[Panel, npt.NDArray[np.floating]] | None:
        """Return what to show, and where.

        None: no finger points at an item that is known already, or something is offered, which is what to look at.
        """
        if scene.offer is not None:
            return None
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
        return self._kept(words, lambda: preview_panel([self._look(*look) for look in words]))

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
        if response is None:
            return
        try:
            png = bytes(response.picture.data)
            picture = read_png(f"get_item {item}", png) if png else None
        except ValueError as error:
            self._health.drop(str(error))
            picture = None
        neighbours = [int(other) for other in response.neighbours if int(other) != item]
        text = response.text if response.found else response.message
        self._known[item] = _Known(picture, text, tuple(neighbours[:MOST_NEIGHBOURS]))
        self._tell()
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)


def words_of(scene: Scene, item: int, guess: str = "{} {:.0f} %?") -> str:
    """Return the item's label, or what it is taken for and how surely, as `guess` puts it, for people."""
    names = {category.id: category.name for category in scene.categories}
    label, predicted = int(scene.cloud.label[item]), int(scene.cloud.predicted[item])
    if label >= 0:
        return names.get(label, f"category {label}")
    if predicted >= 0:
        return guess.format(names.get(predicted, f"category {predicted}"), 100 * float(scene.cloud.confidence[item]))
    return "not known"
