"""The whole vocabulary through real nodes: hands in; what comes of them on topics, in the journal, at the trainer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from gesture_bench import CATEGORIES, HEAD, ITEMS, MIDDLES, clumps
from latentvr import msg, srv
from node_process import NodeProcess, Peer

from latentvr_common import conversions, node_tools, palette, topics
from latentvr_common.cloud import Cloud
from latentvr_common.labels import LabelBook
from latentvr_common.placement import Placement
from scripted_hands import performances
from scripted_hands.performances import Performance, Performer

RATE_HZ = 72
HEARD = (topics.LABELS, topics.GESTURES, topics.SELECTION, topics.TOOL, topics.CATEGORIES, topics.CLOUD_PLACEMENT)


class Graph:
    """A labeler and a journal, and a peer that has hands and a head, shows the cloud, and trains as it is told."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._hands_out = node_tools.advertise(peer.node, topics.HANDS)
        self._head_out = node_tools.advertise(peer.node, topics.HEAD)
        self._cloud_out = node_tools.advertise(peer.node, topics.CLOUD)
        self._epoch_out = node_tools.advertise(peer.node, topics.EPOCH)
        self.xr_state_out = node_tools.advertise(peer.node, topics.XR_STATE)
        node_tools.serve(peer.node, topics.SET_TRAINING, self._on_set_training)
        node_tools.serve(peer.node, topics.PROPOSE_LABELS, self._on_propose)
        self.see(clumps(node_tools.now_ns(peer.node)))

    def see(self, cloud: Cloud) -> None:
        self._cloud_out.publish(conversions.cloud_to_msg(cloud))
        due_s = time.monotonic() + 0.1
        self.peer.wait_until(lambda: time.monotonic() > due_s, "time")

    def _on_set_training(self, request: srv.SetTraining.Request, response: srv.SetTraining.Response) -> object:
        paused = request.command == srv.SetTraining.Request.PAUSE
        self._epoch_out.publish(msg.Epoch(state=msg.Epoch.PAUSED if paused else msg.Epoch.TRAINING))
        response.accepted = True
        return response

    def _on_propose(self, request: srv.ProposeLabels.Request, response: srv.ProposeLabels.Response) -> object:
        assert (request.threshold, request.category, request.audit_size) == (pytest.approx(0.9), -1, 20)
        response.accepted, response.expected = True, 0.95
        response.sample_ids, response.categories, response.audit_ids = [1, 5, 8], [0, 2, 0], [5]
        return response

    def newest(self, topic: topics.Topic) -> object:
        return self.peer.heard[topic.name][-1]

    @property
    def tool(self) -> msg.Tool:
        return self.newest(topics.TOOL)

    @property
    def placement(self) -> Placement:
        return conversions.placement_from_msg(self.newest(topics.CLOUD_PLACEMENT))  # type: ignore[arg-type]

    def perform(self, performance: Performance) -> None:
        began, i = time.monotonic(), 0
        while (passed_s := time.monotonic() - began) < performance.lasts_s:
            hands = performance.at(passed_s).hands(node_tools.now_ns(self.peer.node))
            self._hands_out.publish(conversions.hands_to_cdr(hands))
            head = PoseStamped(header=conversions.header(conversions.STAGE_FRAME, hands.stamp_ns))
            head.pose = conversions.pose_to_msg(HEAD.position, HEAD.quat_xyzw)
            self._head_out.publish(head)
            i += 1
            self.peer.wait_until(lambda due=began + i / RATE_HZ: time.monotonic() >= due, "time")  # type: ignore[misc]

    def until(self, performance: Performance, condition: object, what: str) -> None:
        """Perform; once more where a busy machine has swallowed it."""
        for _ in range(3):
            self.perform(performance)
            try:
                self.peer.wait_until(condition, what, 3.0)  # type: ignore[arg-type]
            except AssertionError:
                continue
            return
        reasons = [(g.name, g.phase, g.detail) for g in self.peer.heard["gestures"] if g.phase != msg.Gesture.UPDATE]
        raise AssertionError(f"{what}: {reasons}")

    def poke(self, action: str, condition: object) -> None:
        categories = conversions.categories_from_msg(self.newest(topics.CATEGORIES))  # type: ignore[arg-type]
        self.until(performances.poke(action, categories, Performer()), condition, action)

    def labels(self) -> np.ndarray:
        book = LabelBook(ITEMS)
        book.add_all(conversions.label_event_from_msg(message) for message in self.peer.heard["labels"])
        return book.labels


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Graph]:
    with running(tmp_path) as found:
        yield found


@contextmanager
def running(directory: Path) -> Iterator[Graph]:
    journal = {"path": str(directory / "labels.db"), "item_count": ITEMS, "categories": [c.name for c in CATEGORIES]}
    with (
        Peer(*HEARD) as peer,
        NodeProcess("label_journal", journal, directory / "journal.log"),
        NodeProcess("gesture_labeler", {}, directory / "labeler.log"),
    ):
        found = Graph(peer)
        peer.wait_until(
            lambda: all(peer.heard[t.name] for t in (topics.TOOL, topics.CATEGORIES)), "journal and labeler"
        )
        peer.wait_until(lambda: peer.heard["cloud_placement"], "the placement")
        yield found


def spot_of(graph: Graph, number: int) -> np.ndarray:
    return graph.placement.stage_from_latent(MIDDLES[number])


def stroke(spot: np.ndarray) -> Performance:
    return performances.paint(spot + np.linspace(0, 0.03, 5)[:, None] * np.array([1.0, 0, 0]), Performer())


def test_everything_that_the_palette_offers_is_done(graph: Graph) -> None:
    heard = graph.peer.heard
    graph.poke(palette.NEW, lambda: graph.tool.category == 3)
    assert graph.newest(topics.CATEGORIES).categories[3].name == "category 4"  # type: ignore[attr-defined]
    graph.until(stroke(spot_of(graph, 0)), lambda: len(heard["labels"]) == 1, "a mark")
    marked = graph.labels()
    assert set(marked[: ITEMS // 3]) == {-1, 3}
    graph.poke(palette.UNDO, lambda: (graph.labels() == -1).all() and len(heard["labels"]) > 1)
    graph.poke(palette.REDO, lambda: (graph.labels() == marked).all())
    graph.poke(palette.ERASE, lambda: graph.tool.erases)
    graph.until(stroke(spot_of(graph, 0)), lambda: (graph.labels() == -1).mean() > (marked == -1).mean(), "an erasure")
    graph.poke(palette.PAUSE, lambda: graph.tool.paused)
    graph.poke(palette.PAUSE, lambda: not graph.tool.paused)
    before = graph.tool.radius
    graph.poke(palette.LARGER, lambda: graph.tool.radius > before)
    ends = [g.detail for g in heard["gestures"] if (g.name, g.phase) == ("poke", msg.Gesture.END)]
    assert set(ends) == {palette.NEW, palette.UNDO, palette.REDO, palette.ERASE, palette.PAUSE, palette.LARGER}


def test_what_the_trainer_proposes_is_shown_and_labelled_by_a_second_poke(graph: Graph) -> None:
    heard = graph.peer.heard
    graph.poke(palette.ACCEPT, lambda: any(len(s.audit_ids) for s in heard["selection"]))
    assert heard["labels"] == []
    graph.poke(palette.ACCEPT, lambda: len(heard["labels"]) == 2)
    assert graph.labels()[[1, 5, 8]].tolist() == [0, 2, 0]

    def phases() -> list[int]:
        return [g.phase for g in heard["gestures"] if g.name == "accept"]

    graph.peer.wait_until(lambda: phases()[-1] == msg.Gesture.END, "the end of it")
    assert phases()[0] == msg.Gesture.BEGIN


def test_both_hands_span_boxes_and_carry_the_cloud_and_a_tap_takes_a_clump(graph: Graph) -> None:
    heard = graph.peer.heard
    graph.poke(palette.category_action(1), lambda: graph.tool.category == 1)
    spot, near, half = spot_of(graph, 1), np.array([0.02, 0, 0]), np.array([0.1, 0.1, 0.1])
    box = performances.with_both("box", (spot - near, spot + near), (spot - half, spot + half), Performer())
    graph.until(box, lambda: any(e.gesture == "box" for e in heard["labels"]), "a box")
    (event,) = (e for e in heard["labels"] if e.gesture == "box")
    assert event.region.shape == msg.Region.BOX
    assert set(np.flatnonzero(graph.labels() == 1)) <= set(range(ITEMS // 3, 2 * ITEMS // 3))
    previews = [s for s in heard["selection"] if s.gesture_id == event.event_id]
    assert list(previews[-1].sample_ids) == list(event.sample_ids)

    before, start = graph.placement, (np.array([-0.45, 1.0, -0.3]), np.array([0.45, 1.0, -0.3]))
    end = start[0] + np.array([0.1, 0.1, 0.0]), start[1] + np.array([-0.1, 0.1, 0.0])
    grab = performances.with_both("grab", start, end, Performer())
    graph.until(grab, lambda: graph.placement.scale < 0.85 * before.scale, "a smaller cloud")
    graph.until(performances.recentre(Performer()), lambda: graph.placement.scale == before.scale, "the usual size")

    graph.poke(palette.KIND, lambda: graph.tool.kind == msg.Tool.DENSITY)
    tap = performances.flood(spot_of(graph, 2), Performer())
    graph.until(tap, lambda: any(e.gesture == "density" for e in heard["labels"]), "a dense region")
    found = set(np.flatnonzero(graph.labels() == 1)) - set(event.sample_ids)
    assert len(found) > 60
    assert found <= set(range(2 * ITEMS // 3, ITEMS))


def test_what_is_marked_in_the_past_is_what_was_there_then_and_it_is_marked_now(graph: Graph) -> None:
    heard = graph.peer.heard
    graph.poke(palette.category_action(1), lambda: graph.tool.category == 1)
    now_ns = node_tools.now_ns(graph.peer.node)
    for ago_s in range(30, 5, -3):
        # Everything is on the other side until the last cloud. The first one is of so long before that all begins anew.
        other = clumps(now_ns - ago_s * 1_000_000_000)
        graph.see(replace(other, positions=-other.positions))
    graph.see(clumps(now_ns))
    categories = conversions.categories_from_msg(graph.newest(topics.CATEGORIES))  # type: ignore[arg-type]
    back = performances.scrub((0.9, 0.3), categories, Performer())
    graph.until(back, lambda: 0 < graph.tool.looks_at_ns < now_ns - 2_000_000_000, "the past")
    then_ns = graph.tool.looks_at_ns
    spot = graph.placement.stage_from_latent(-MIDDLES[2])
    graph.until(stroke(spot), lambda: len(heard["labels"]) == 1, "a mark in the past")
    (event,) = heard["labels"]
    assert conversions.time_from_msg(event.cloud_stamp) == then_ns
    assert set(event.sample_ids) <= set(range(2 * ITEMS // 3, ITEMS))
    assert set(np.flatnonzero(graph.labels() == 1)) == set(event.sample_ids)
    assert {conversions.time_from_msg(s.cloud_stamp) for s in heard["selection"]} == {then_ns}
    graph.until(performances.scrub((1.0,), categories, Performer()), lambda: graph.tool.looks_at_ns == 0, "now")
    ends = [g.phase for g in heard["gestures"] if g.name == "scrub" and g.phase != msg.Gesture.UPDATE]
    assert ends[:2] == [msg.Gesture.BEGIN, msg.Gesture.END]


def test_without_the_focus_of_the_headset_hands_do_nothing(graph: Graph) -> None:
    heard = graph.peer.heard
    graph.poke(palette.category_action(0), lambda: graph.tool.category == 0)
    graph.xr_state_out.publish(msg.XrState(state=msg.XrState.VISIBLE))
    graph.perform(stroke(spot_of(graph, 0)))
    assert heard["labels"] == []
    graph.xr_state_out.publish(msg.XrState(state=msg.XrState.FOCUSED))
    graph.until(stroke(spot_of(graph, 0)), lambda: heard["labels"], "a mark")
