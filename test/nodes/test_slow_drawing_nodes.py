"""A bridge whose pictures take long, before a labeler and a journal: it says so, and strokes are waited for.

The runtime is the test's own: how long a picture takes is then the same on every machine. Hands come with pictures.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import rclpy
from gesture_bench import CATEGORIES, ITEMS, MIDDLES, clumps
from latentvr import msg
from node_process import NodeProcess, Peer
from rclpy.executors import SingleThreadedExecutor

from gesture_labeler.parameters import Parameters
from latentvr_common import conversions, node_tools, palette, topics
from latentvr_common.hands import Hand
from latentvr_common.placement import Placement
from scripted_hands import performances
from scripted_hands.performances import Performance, Performer
from xr_bridge.hand_filter import RawHand
from xr_bridge.node import XrBridge
from xr_bridge.session_machine import Do, Result, Told
from xr_bridge.sight import Sight

QUICK_S, SLOW_S = 0.011, 0.2
HEARD = (topics.LABELS, topics.GESTURES, topics.TOOL, topics.CATEGORIES, topics.HANDS, topics.DIAGNOSTICS)


def raw(hand: Hand) -> RawHand:
    return RawHand(hand.tracked, hand.positions, hand.quats_xyzw, hand.radii, hand.validity)


class SlowRuntime:
    """A runtime in whose session each picture takes `picture_s`, and whose person performs what is asked for."""

    name, has_hands, hears_hands, draws = "slow", True, False, False

    def __init__(self, bridge: "Bridge") -> None:
        self._bridge = bridge
        self._told: list[list[Told]] = []

    def do(self, do: Do) -> tuple[Result, str]:
        if do is Do.CREATE_SESSION:
            self._told = [[Told.READY], [Told.SYNCHRONIZED, Told.VISIBLE, Told.FOCUSED]]
        if do is Do.FRAME:
            self._bridge.draw()
        return Result.DONE, ""

    def events(self) -> tuple[list[Told], Result, str]:
        return (self._told.pop(0) if self._told else []), Result.DONE, ""


class Bridge(XrBridge):
    """The bridge, but for the runtime."""

    picture_s = QUICK_S
    performance: Performance | None = None
    began_s = 0.0

    def _make_runtime(self) -> SlowRuntime:  # type: ignore[override]
        return SlowRuntime(self)

    def draw(self) -> None:
        """Look at the hands, and draw for `picture_s`."""
        performance, now_ns = self.performance, time.monotonic_ns()
        if performance is not None:
            hands = performance.at(now_ns / 1e9 - self.began_s).hands(0)
            self._on_sight(Sight(now_ns, raw(hands.left), raw(hands.right), None))
        time.sleep(self.picture_s)
        self._scene_side.show.note_picture(self.picture_s)

    def perform(self, performance: Performance) -> None:
        self.began_s = time.monotonic()
        self.performance = performance


@contextmanager
def bridge() -> Iterator[Bridge]:
    """Yield the bridge, which lives on a thread."""
    rclpy.init()
    node, executor, done = Bridge(), SingleThreadedExecutor(), threading.Event()
    executor.add_node(node)

    def spin() -> None:
        while not done.is_set():
            executor.spin_once(timeout_sec=0.05)

    thread = threading.Thread(target=spin)
    thread.start()
    try:
        yield node
    finally:
        node.close()
        done.set()
        thread.join()
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()


class Graph:
    """The bridge, labeler and journal, and a peer that hears them."""

    def __init__(self, peer: Peer, bridge: Bridge) -> None:
        self.peer, self.bridge = peer, bridge
        clouds = node_tools.advertise(peer.node, topics.CLOUD)
        clouds.publish(conversions.cloud_to_msg(clumps(node_tools.now_ns(peer.node))))
        peer.wait_until(lambda: peer.heard["categories"] and peer.heard["tool"], "journal and labeler")

    def perform(self, performance: Performance) -> None:
        self.bridge.perform(performance)
        until = time.monotonic() + performance.lasts_s
        self.peer.wait_until(lambda: time.monotonic() > until, "time", performance.lasts_s + 5.0)

    def choose_a_category(self) -> None:
        categories = conversions.categories_from_msg(self.peer.heard["categories"][-1])
        for _ in range(5):
            self.perform(performances.poke(palette.category_action(1), categories, Performer()))
            if self.peer.heard["tool"][-1].category == 1:
                return
        raise AssertionError("the palette does not answer")

    def said(self) -> list[str]:
        """What the bridge said of itself."""
        statuses = [s for m in self.peer.heard["/diagnostics"] for s in m.status]
        return [s.message for s in statuses if s.name == "/latentvr/xr_bridge"]

    def ends(self, phase: int) -> list[str]:
        return [g.detail for g in self.peer.heard["gestures"] if (g.name, g.phase) == ("pinch_brush", phase)]


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Graph]:
    journal = {"path": str(tmp_path / "labels.db"), "item_count": ITEMS, "categories": [c.name for c in CATEGORIES]}
    with (
        bridge() as node,
        Peer(*HEARD) as peer,
        NodeProcess("label_journal", journal, tmp_path / "journal.log"),
        NodeProcess("gesture_labeler", {}, tmp_path / "labeler.log"),
    ):
        yield Graph(peer, node)


def test_slow_drawing_is_told_and_takes_no_stroke_away(graph: Graph) -> None:
    peer = graph.peer
    graph.choose_a_category()
    assert not any("drawing is slow" in said for said in graph.said())
    graph.bridge.picture_s = SLOW_S
    peer.wait_until(lambda: any("drawing is slow, 0.20 s a picture" in s for s in graph.said()), "it is told")
    peer.heard["hands"].clear()
    way = Placement().stage_from_latent(np.linspace(MIDDLES[1] - 0.1, MIDDLES[1] + 0.1, 10))
    graph.perform(performances.paint(way, Performer(pace=0.3)))
    peer.wait_until(lambda: peer.heard["labels"], "a mark")
    assert graph.ends(msg.Gesture.CANCEL) == []
    assert len(graph.ends(msg.Gesture.END)) == 1
    hands = [conversions.hands_from_msg(message) for message in peer.heard["hands"]]
    assert all(h.right.tracked for h in hands), "the bridge does not take them for gone"
    assert np.median(np.diff([h.stamp_ns for h in hands])) / 1e9 > Parameters().lost_s
