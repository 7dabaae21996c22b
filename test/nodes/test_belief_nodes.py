"""On real DDS: confidence that is measured, where to look next, and what could be labelled at once."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from latentvr import msg, srv
from node_process import TIMEOUT_S, NodeProcess, Peer
from rclpy.node import Node

from latentvr_common import conversions, node_tools, topics
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.cues import Cues
from latentvr_common.labels import Category, Kind, LabelEvent

EACH = 100
TRUTH = np.repeat(np.arange(3), EACH).astype(np.int16)
CATEGORIES = [Category(i, name, 0x202020 * (i + 1)) for i, name in enumerate(("left", "right", "far"))]
SMALL = {"width": 32, "batch": 32, "label_batch": 32, "threads": 1, "neighbours": 6}


@pytest.fixture
def trainer(tmp_path: Path) -> Iterator[NodeProcess]:
    rng = np.random.default_rng(0)
    items = (4.0 * np.eye(3, 8)[TRUTH] + rng.normal(size=(len(TRUTH), 8))).astype(np.float32)
    path = tmp_path / "rows.npz"
    np.savez(path, items=items, truth=TRUTH, categories=np.array([c.name for c in CATEGORIES]))
    with NodeProcess("latent_trainer", {"dataset": str(path), **SMALL}, tmp_path / "trainer.log") as process:
        yield process


class Journal:
    """The journal's side, as far as a test plays it."""

    def __init__(self, peer: Peer) -> None:
        self._labels_out = node_tools.advertise(peer.node, topics.LABELS)
        self._categories_out = node_tools.advertise(peer.node, topics.CATEGORIES)
        self._categories_out.publish(conversions.categories_to_msg(CATEGORIES, 1, 1))
        self._seq = 0

    def mark(self, category: int, first: int, count: int = 10) -> None:
        self._seq += 1
        ids = np.arange(first, first + count, dtype=np.uint32)
        event = LabelEvent(f"mark {self._seq}", Kind.ASSIGN, category, ids, seq=self._seq)
        self._labels_out.publish(conversions.label_event_to_msg(event))

    def mark_two_categories(self) -> None:
        for category, first in ((0, 0), (0, 30), (1, EACH), (1, EACH + 30)):
            self.mark(category, first)


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer(topics.CLOUD, topics.EPOCH, topics.DIAGNOSTICS) as made:
        yield made


def wait_for_confidence(peer: Peer) -> None:
    peer.wait_until(
        lambda: peer.heard["epoch"] and not math.isnan(peer.heard["epoch"][-1].ece), "a measured confidence"
    )
    peer.wait_until(lambda: peer.heard["epoch"][-1].step > 150, "training")


def propose(peer: Peer, **request: Any) -> srv.ProposeLabels.Response:
    return peer.call(topics.PROPOSE_LABELS, srv.ProposeLabels.Request(**request))


def failures(peer: Peer) -> set[str]:
    reports = [s for m in peer.heard["/diagnostics"] for s in m.status if s.name == "/latentvr/latent_trainer"]
    return {pair.value for status in reports for pair in status.values if pair.key == "failed callbacks"}


def test_the_error_of_confidence_is_told_once_there_are_predictions(trainer: NodeProcess, peer: Peer) -> None:
    peer.wait_until(lambda: any(e.state == msg.Epoch.TRAINING for e in peer.heard["epoch"]), "training")
    assert all(math.isnan(e.ece) and math.isnan(e.ece_truth) for e in peer.heard["epoch"])
    Journal(peer).mark_two_categories()
    wait_for_confidence(peer)
    epoch = peer.heard["epoch"][-1]
    assert 0 <= epoch.ece <= 1
    assert 0 <= epoch.ece_truth <= 1
    peer.wait_until(
        lambda: any(c.header.stamp == epoch.header.stamp for c in peer.heard["cloud"]), "the cloud of that epoch"
    )
    cloud = conversions.cloud_from_msg(next(c for c in peer.heard["cloud"] if c.header.stamp == epoch.header.stamp))
    rest = cloud.label == NONE
    bins = np.minimum((cloud.confidence[rest] * 15).astype(int), 14)
    wrongness = cloud.confidence[rest] - (cloud.predicted == TRUTH)[rest]
    expected = sum(abs(wrongness[bins == b].sum()) for b in range(15)) / rest.sum()
    assert epoch.ece_truth == pytest.approx(expected, abs=1e-4)
    peer.wait_until(lambda: believed_less(conversions.cloud_from_msg(peer.heard["cloud"][-1])), "doubt")


def believed_less(cloud: Cloud) -> bool:
    """The third category has no label yet: what it is taken for is to be believed less than items of the others."""
    of_marked = cloud.confidence[(cloud.label == NONE) & (TRUTH < 2)].mean()
    return bool(cloud.confidence[2 * EACH :].mean() < 0.7 * of_marked)


def test_what_is_proposed_is_what_the_cloud_shows_and_labels_nothing(trainer: NodeProcess, peer: Peer) -> None:
    Journal(peer).mark_two_categories()
    wait_for_confidence(peer)
    peer.call(topics.SET_TRAINING, srv.SetTraining.Request(command=srv.SetTraining.Request.PAUSE))
    peer.wait_until(lambda: peer.heard["epoch"][-1].state == msg.Epoch.PAUSED, "the pause")
    found = propose(peer, threshold=0.6, audit_size=7)
    assert found.accepted
    stamp = conversions.time_from_msg(found.cloud_stamp)
    peer.wait_until(lambda: conversions.time_from_msg(peer.heard["cloud"][-1].header.stamp) >= stamp, "its cloud")
    cloud = conversions.cloud_from_msg(peer.heard["cloud"][-1])
    expected = np.flatnonzero((cloud.label == NONE) & (cloud.confidence >= np.float32(0.6)))
    assert len(expected) > 20
    assert list(found.sample_ids) == expected.tolist()
    assert list(found.categories) == cloud.predicted[expected].tolist()
    assert found.expected == pytest.approx(float(cloud.confidence[expected].mean()), abs=1e-4)
    assert len(found.audit_ids) == 7
    assert set(found.audit_ids) <= set(found.sample_ids)
    assert found.epoch == peer.heard["epoch"][-1].epoch
    only = propose(peer, threshold=0.6, category=1)
    assert set(only.categories) == {1}
    assert len(only.audit_ids) == min(20, len(only.sample_ids))
    assert list(propose(peer, threshold=0.6, audit_size=7).audit_ids) == list(found.audit_ids)
    assert peer.heard["epoch"][-1].labelled == 40


def test_a_proposal_that_makes_no_sense_is_refused_with_the_reason(trainer: NodeProcess, peer: Peer) -> None:
    Journal(peer)
    peer.wait_until(lambda: peer.heard["cloud"], "a cloud")
    until = time.monotonic() + TIMEOUT_S
    while "[]" in propose(peer, category=9).message:
        assert time.monotonic() < until, "the categories arrive"
    for request, reason in (
        ({"threshold": 1.5}, "threshold is 1.5, expected 0 to 1"),
        ({"threshold": float("nan")}, "threshold is nan, expected 0 to 1"),
        ({"category": 9}, "category is 9, expected -1 for all or one of [0, 1, 2]"),
    ):
        found = propose(peer, **request)
        assert (found.accepted, found.message) == (False, reason)
        assert not found.sample_ids
    nothing = propose(peer)  # Nothing is predicted yet.
    assert nothing.accepted
    assert not nothing.sample_ids
    assert math.isnan(nothing.expected)


def hear(node: Node, into: list[Cues]) -> Any:
    return node_tools.listen(node, topics.CUES, lambda message: into.append(conversions.cues_from_msg(message)))


def test_cues_tell_where_to_look_while_somebody_beside_the_recorder_listens(trainer: NodeProcess, peer: Peer) -> None:
    Journal(peer).mark_two_categories()
    wait_for_confidence(peer)
    recorded: list[Cues] = []
    heard: list[Cues] = []
    with Peer() as other:
        recorder = Node("session_recorder", namespace=topics.NAMESPACE, context=other.node.context)
        try:
            other._executor.add_node(recorder)
            hear(recorder, recorded)
            until = time.monotonic() + 3.0
            other.wait_until(lambda: time.monotonic() > until, "time to send cues")
            assert recorded == []
            hear(peer.node, heard)
            peer.wait_until(lambda: len(heard) >= 2, "cues")
            other.wait_until(lambda: recorded, "which the recorder gets too")
        finally:
            other._executor.remove_node(recorder)
            recorder.destroy_node()
    assert (heard[1].stamp_ns - heard[0].stamp_ns) / 1e9 > 1.5
    cues = heard[-1]
    assert len(cues) == len(TRUTH)
    assert (cues.coverage[:10] == 1.0).all()
    assert cues.coverage[2 * EACH :].max() < 1.0
    places = np.flatnonzero(cues.places)
    assert 1 <= len(places) <= 5
    assert sorted(cues.places[places].tolist()) == list(range(1, len(places) + 1))
    # Nobody has named the third category.
    assert int(np.flatnonzero(cues.places == 1)[0]) >= 2 * EACH
    peer.wait_until(lambda: failures(peer), "health")
    assert failures(peer) == {"0"}
    assert trainer.stop() == 0
