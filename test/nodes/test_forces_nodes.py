"""Forces on real DDS: sent to whoever looks, not to the recorder, true of the cloud, and at rest when training is."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from latentvr import msg, srv
from node_process import NodeProcess, Peer
from rclpy.node import Node

from latentvr_common import conversions, node_tools, topics
from latentvr_common.forces import Forces

ITEMS, WATCHED = 300, 50
SMALL = {"width": 16, "batch": 32, "label_batch": 32, "threads": 1, "neighbours": 6, "forces_items": WATCHED}


@pytest.fixture
def trainer(tmp_path: Path) -> Iterator[NodeProcess]:
    path = tmp_path / "rows.npz"
    np.savez(path, items=np.random.default_rng(0).normal(size=(ITEMS, 8)).astype(np.float32))
    parameters = {"dataset": str(path), "forces_rate_hz": 5.0, **SMALL}
    with NodeProcess("latent_trainer", parameters, tmp_path / "trainer.log") as process:
        yield process


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer(topics.CLOUD, topics.EPOCH, topics.DIAGNOSTICS) as made:
        yield made


def hear(node: Node, into: list[Any]) -> Any:
    return node_tools.listen(node, topics.FORCES, into.append)


def read(heard: list[Any]) -> list[Forces]:
    return [conversions.forces_from_msg(message) for message in heard]


def training(peer: Peer) -> bool:
    return any(epoch.state == msg.Epoch.TRAINING and epoch.step > 20 for epoch in peer.heard["epoch"])


def failures(peer: Peer) -> set[str]:
    reports = [s for m in peer.heard["/diagnostics"] for s in m.status if s.name == "/latentvr/latent_trainer"]
    return {pair.value for status in reports for pair in status.values if pair.key == "failed callbacks"}


def distance(forces: Any, cloud: Any) -> float:
    """How far the items of a message of forces are from where a cloud shows them, on average, latent units."""
    told, shown = conversions.forces_from_msg(forces), conversions.cloud_from_msg(cloud)
    return float(np.linalg.norm(told.positions - shown.positions[told.sample_ids], axis=1).mean())


def test_forces_tell_of_a_fixed_sample_of_the_cloud_while_it_moves(trainer: NodeProcess, peer: Peer) -> None:
    heard: list[Any] = []
    hear(peer.node, heard)
    peer.wait_until(lambda: len(heard) >= 4 and training(peer), "forces")
    found = read(heard)
    ids = found[0].sample_ids
    assert (len(ids), heard[0].height, heard[0].header.frame_id) == (WATCHED, 1, "latent")
    for forces in found:
        np.testing.assert_array_equal(forces.sample_ids, ids)
        assert {"structure", "spread"} <= set(forces.terms)
        assert np.abs(forces.pull).max() > 0
        assert np.abs(forces.motion).max() > 0
        np.testing.assert_allclose(forces.own + forces.drag, forces.motion, atol=1e-6)
    # The cloud that is shown glides after the network, no faster than one can follow.
    peer.wait_until(lambda: distance(heard[-1], peer.heard["cloud"][-1]) < 0.1, "the cloud is where the forces are")
    stamps = [forces.stamp_ns for forces in found]
    assert stamps == sorted(set(stamps))
    peer.wait_until(lambda: failures(peer), "health")
    assert failures(peer) == {"0"}
    assert trainer.stop() == 0


def test_nobody_is_told_while_only_the_recorder_listens(trainer: NodeProcess, peer: Peer) -> None:
    recorded: list[Any] = []
    with Peer() as other:
        recorder = Node("session_recorder", namespace=topics.NAMESPACE, context=other.node.context)
        try:
            other._executor.add_node(recorder)
            hear(recorder, recorded)
            peer.wait_until(lambda: training(peer), "training")
            until = time.monotonic() + 2.0
            other.wait_until(lambda: time.monotonic() > until, "time to send forces")
            assert recorded == []
            heard: list[Any] = []
            subscription = hear(peer.node, heard)
            peer.wait_until(lambda: len(heard) >= 2, "forces for the other")
            other.wait_until(lambda: recorded, "which the recorder gets too")
            peer.node.destroy_subscription(subscription)
            other.wait_until(lambda: node_tools.listeners(other.node, topics.FORCES) == [], "the other has gone")
            until = time.monotonic() + 1.0
            other.wait_until(lambda: time.monotonic() > until, "what was under way has come")
            recorded.clear()
            until = time.monotonic() + 1.5
            other.wait_until(lambda: time.monotonic() > until, "time to send forces")
            assert recorded == []
        finally:
            other._executor.remove_node(recorder)
            recorder.destroy_node()


def test_while_training_is_paused_items_are_pulled_and_do_not_move(trainer: NodeProcess, peer: Peer) -> None:
    peer.wait_until(lambda: training(peer), "training")
    peer.call(topics.SET_TRAINING, srv.SetTraining.Request(command=srv.SetTraining.Request.PAUSE))
    peer.wait_until(lambda: peer.heard["epoch"][-1].state == msg.Epoch.PAUSED, "the pause")
    heard: list[Any] = []
    hear(peer.node, heard)
    peer.wait_until(lambda: len(heard) >= 3, "forces of a cloud at rest")
    for forces in read(heard[1:]):
        assert np.abs(forces.pull).max() > 0
        assert not forces.motion.any()
        assert not forces.drag.any()
