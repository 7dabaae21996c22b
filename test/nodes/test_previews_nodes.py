"""What items look like, in the headset: what is asked of the trainer, and what is shown of its answers, on real DDS."""

import io
import time
from collections.abc import Iterator

import numpy as np
import pytest
from latentvr import srv
from node_process import Peer
from PIL import Image
from sensor_msgs.msg import CompressedImage

from latentvr_common import conversions, node_tools, rotations, topics
from latentvr_common.cloud import Cloud
from latentvr_common.gestures import ACCEPT, DWELL, Phase, Preview, Report
from latentvr_common.hands import Hand, Hands
from latentvr_common.health import Health, HealthReporter
from latentvr_common.labels import Category, Region
from latentvr_common.placement import Placement
from scripted_hands.anatomy import FINGER_TIP, POINTING, hand_at
from xr_bridge.look_panels import Look
from xr_bridge.offer_panel import offer_panel
from xr_bridge.panels import Panels
from xr_bridge.parameters import Parameters
from xr_bridge.scene_node import SceneSide
from xr_bridge.sheet import Panel

ITEMS = 60
SHOWN = (3, 8, 21)
NO_PICTURE, UNREADABLE = 8, 21
NEIGHBOURS = (40, 41)
WORDS = f"{ITEMS} items at 90 % or more. Poke accept again to label them"


def color_of(item: int) -> tuple[int, int, int]:
    return 250, 4 * item, 0


class Headset:
    """The side of the bridge that hears and writes, and a trainer and a labeler that are played."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.asked: list[int] = []
        self._cloud_out = node_tools.advertise(peer.node, topics.CLOUD)
        self._hands_out = node_tools.advertise(peer.node, topics.HANDS)
        self._gestures_out = node_tools.advertise(peer.node, topics.GESTURES)
        self._selection_out = node_tools.advertise(peer.node, topics.SELECTION)
        categories = conversions.categories_to_msg([Category(0, "ant", 0xE04020), Category(1, "bee", 0x2060F0)], 1, 1)
        node_tools.advertise(peer.node, topics.CATEGORIES).publish(categories)
        self._side = SceneSide(peer.node, Parameters(), HealthReporter(peer.node, lambda: Health("well")))
        self._places = np.linspace(-1.0, 1.0, 3 * ITEMS).reshape(ITEMS, 3).astype(np.float32)
        self._panels = Panels()
        self.show_cloud(0.9)

    def show_cloud(self, confidence: float) -> None:
        nothing, predicted = np.full(ITEMS, -1, np.int16), np.arange(ITEMS).astype(np.int16) % 2
        sure = np.full(ITEMS, confidence, np.float32)
        cloud = Cloud(time.time_ns(), self._places, np.full(ITEMS, 0x808080, np.uint32), nothing, predicted, sure)
        self._cloud_out.publish(conversions.cloud_to_msg(cloud))

    def serve(self) -> None:
        """Have the trainer there from now on."""
        node_tools.serve(self._peer.node, topics.GET_ITEM, self._on_get_item)

    def _on_get_item(self, request: srv.GetItem.Request, response: srv.GetItem.Response) -> srv.GetItem.Response:
        item = int(request.sample_id)
        self.asked.append(item)
        if item == UNREADABLE:
            response.message = "its file cannot be read"
            return response
        response.found, response.text, response.neighbours = True, f"item {item}", [item, *NEIGHBOURS]
        if item != NO_PICTURE:
            png = io.BytesIO()
            Image.new("RGB", (8, 8), color_of(item)).save(png, "PNG")
            response.picture = CompressedImage(format="png", data=png.getvalue())
        return response

    def place_of(self, item: int) -> np.ndarray:
        return Placement().stage_from_latent(self._places[item])

    def point_at(self, item: int) -> None:
        hand = hand_at(self.place_of(item) - FINGER_TIP, rotations.IDENTITY, POINTING, left=False)
        self._hands_out.publish(conversions.hands_to_cdr(Hands(time.time_ns(), Hand(), hand)))

    def dwell(self, item: int, phase: Phase = Phase.UPDATE) -> None:
        report = Report("look", DWELL, phase, time.time_ns(), self.place_of(item), 0.05, item=item)
        self._gestures_out.publish(conversions.gesture_to_msg(report))

    def offer(self, name: str, *audit: int, phase: Phase = Phase.UPDATE) -> None:
        report = Report(name, ACCEPT, phase, time.time_ns(), np.zeros(3), 0.05, samples=ITEMS, detail=WORDS)
        self._gestures_out.publish(conversions.gesture_to_msg(report))
        if phase is Phase.UPDATE:
            ids, some = np.arange(ITEMS, dtype=np.uint32), np.array(audit, np.uint32)
            preview = Preview(name, time.time_ns(), 1, -1, Region(), ids, {-1: ITEMS}, some)
            self._selection_out.publish(conversions.selection_to_msg(preview))

    @property
    def panels(self) -> Panels:
        """What was written last."""
        found = self._side.show.scenes.take()
        if found is not None:
            self._panels = found[1]
        return self._panels

    @property
    def large(self) -> set[int]:
        """Of which items the preview at the finger shows pictures."""
        preview = self.panels.preview
        return pictured(preview[0]) if preview is not None else set()

    def until(self, act: object, condition: object, what: str) -> None:
        """Do `act` again and again until `condition` holds."""
        done_s = 0.0

        def is_so() -> bool:
            nonlocal done_s
            if time.monotonic() > done_s + 0.1:
                done_s = time.monotonic()
                act()  # type: ignore[operator]
            return bool(condition())  # type: ignore[operator]

        self._peer.wait_until(is_so, what)


def pictured(panel: Panel) -> set[int]:
    """Of which items the panel shows pictures. Looks here and there only: it is asked often."""
    seen = {tuple(color) for color in panel.pixels[::20, ::20, :3].reshape(-1, 3).tolist()}
    return {item for item in range(ITEMS) if color_of(item) in seen}


@pytest.fixture
def early() -> Iterator[Headset]:
    """Before the trainer is there."""
    with Peer() as peer:
        found = Headset(peer)
        found.until(lambda: None, lambda: found.panels.palette is not None, "the categories")
        yield found


@pytest.fixture
def headset(early: Headset) -> Headset:
    early.serve()
    return early


def test_the_item_that_is_looked_at_and_its_neighbours_are_asked_for_once_and_shown(headset: Headset) -> None:
    def look() -> None:
        headset.point_at(12)
        headset.dwell(12)

    headset.until(look, lambda: headset.large == {12, *NEIGHBOURS}, "the item and its neighbours")
    _, place = headset.panels.preview  # type: ignore[misc]
    np.testing.assert_allclose(place, headset.place_of(12), atol=1e-5)
    until_s = time.monotonic() + 0.5
    headset.until(look, lambda: time.monotonic() > until_s, "a while")
    # On the way to the dwell, the items near the finger may have been wanted.
    assert {12, *NEIGHBOURS} <= set(headset.asked)
    assert len(headset.asked) == len(set(headset.asked))


def test_of_what_is_offered_some_items_are_asked_for_once_and_shown(headset: Headset) -> None:
    def offer() -> None:
        headset.offer("one", *SHOWN)

    def shows_all() -> bool:
        panel = headset.panels.offer
        return panel is not None and pictured(panel) == {3} and len(headset.asked) == len(SHOWN)

    headset.until(offer, shows_all, "the items that are offered")
    assert sorted(headset.asked) == list(SHOWN)
    assert headset.panels.selection is None
    until_s = time.monotonic() + 2.5  # Longer than it takes for what has no answer to be asked for again.
    headset.until(offer, lambda: time.monotonic() > until_s, "a while")
    assert sorted(headset.asked) == list(SHOWN)


def test_what_is_offered_is_shown_as_it_was_predicted_then_though_pictures_come_late(early: Headset) -> None:
    def offer() -> None:
        early.offer("one", *SHOWN)

    early.until(offer, lambda: early.panels.offer is not None, "the offer")
    early.show_cloud(0.4)
    until_s = time.monotonic() + 0.5
    early.until(offer, lambda: time.monotonic() > until_s, "a while")
    early.serve()
    looks = [
        Look("bee: 90 %", Image.new("RGB", (8, 8), color_of(3))),
        Look("ant: 90 %", text="item 8"),
        Look("bee: 90 %", text="its file cannot be read"),
    ]
    wanted = offer_panel(WORDS, looks).pixels

    def shows_all() -> bool:
        panel = early.panels.offer
        return panel is not None and np.array_equal(panel.pixels, wanted)

    early.until(offer, shows_all, "the items as they were offered")


def test_an_offer_takes_the_place_of_what_is_looked_at_and_gives_it_back(headset: Headset) -> None:
    def look(offered: str = "") -> None:
        headset.point_at(12)
        headset.dwell(12)
        if offered:
            headset.offer(offered, *SHOWN)

    headset.until(look, lambda: 12 in headset.large, "the item that is looked at")
    headset.until(lambda: look("one"), lambda: headset.panels.offer is not None, "the offer")
    assert headset.panels.preview is None
    headset.until(lambda: look("one"), lambda: set(SHOWN) <= set(headset.asked), "the items that are offered")
    headset.offer("one", phase=Phase.CANCEL)
    headset.until(look, lambda: 12 in headset.large, "the item that is looked at, again")
    assert headset.panels.offer is None


def test_of_two_offers_only_the_newest_is_asked_for(headset: Headset) -> None:
    headset.until(lambda: headset.offer("one", 3), lambda: 3 in headset.asked, "the first")
    headset.offer("one", phase=Phase.CANCEL)
    headset.asked.clear()

    def shows_five() -> bool:
        panel = headset.panels.offer
        return panel is not None and pictured(panel) == {5, 6}

    headset.until(lambda: headset.offer("two", 5, 6, ITEMS + 7), shows_five, "the second")
    assert sorted(headset.asked) == [5, 6]
