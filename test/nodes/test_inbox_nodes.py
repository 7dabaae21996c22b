"""What a view hears of a branch of training: the ghost, with as many items as the cloud, and how the two compare."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from latentvr import msg
from node_process import Peer
from rclpy.publisher import Publisher

from latentvr_common import conversions, topics
from latentvr_common.cloud import Cloud
from latentvr_common.inbox_node import Inbox
from latentvr_common.node_tools import advertise
from latentvr_common.scene import Scene


def cloud(count: int, at: float, predicted: int = 0) -> Cloud:
    positions, category = np.full((count, 3), at, np.float32), np.full(count, predicted, np.int16)
    return Cloud(1, positions, np.zeros(count, np.uint32), category, category, np.zeros(count, np.float32))


class View:
    """An inbox, and who tells it."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.inbox = Inbox(peer.node)
        told = (topics.CLOUD, topics.GHOST, topics.EPOCH, topics.DIAGNOSTICS)
        self._out = {topic.name: advertise(peer.node, topic) for topic in told}

    def out(self, topic: topics.Topic) -> Publisher:
        return self._out[topic.name]

    def tell(self, topic: topics.Topic, message: object) -> Scene:
        """Return what is to be seen once the message is there."""
        before = self.inbox.changes
        self._out[topic.name].publish(message)
        self.peer.wait_until(lambda: self.inbox.changes > before, "a message")
        scene = self.inbox.scene(time.monotonic())
        assert scene is not None
        return scene

    def tell_ghost(self, count: int) -> Scene:
        return self.tell(topics.GHOST, conversions.cloud_to_msg(cloud(count, 2.0, 1)))


@pytest.fixture
def view() -> Iterator[View]:
    with Peer() as peer:
        made = View(peer)
        made.tell(topics.CLOUD, conversions.cloud_to_msg(cloud(5, 1.0)))
        yield made


def test_a_ghost_is_shown_as_long_as_it_is_there(view: View) -> None:
    ghost = view.tell_ghost(5).ghost
    assert ghost is not None
    np.testing.assert_array_equal(ghost.positions, np.full((5, 3), 2.0))
    np.testing.assert_array_equal(ghost.predicted, np.ones(5))
    # What is drawn is made anew only with another ghost.
    assert view.tell(topics.CLOUD, conversions.cloud_to_msg(cloud(5, 1.5))).ghost is ghost
    assert view.tell_ghost(0).ghost is None


def test_a_ghost_of_another_number_of_items_is_not_shown(view: View) -> None:
    assert view.tell_ghost(4).ghost is None
    assert view.tell(topics.CLOUD, conversions.cloud_to_msg(cloud(4, 1.0))).ghost is not None


def test_which_branch_it_is_and_how_it_compares_is_taken_from_epoch(view: View) -> None:
    told = view.tell(topics.EPOCH, msg.Epoch(branch="without it", agreement=0.75, ghost_accuracy=0.5)).progress
    assert (told.branch, told.agreement, told.ghost_accuracy) == ("without it", 0.75, 0.5)


def status(name: str, level: bytes, message: str) -> DiagnosticArray:
    return DiagnosticArray(status=[DiagnosticStatus(name=name, level=level, message=message)])


def test_a_node_of_the_session_that_is_not_well_is_told_of_until_it_is(view: View) -> None:
    assert view.tell(topics.EPOCH, msg.Epoch()).trouble == ""
    full = status("/latentvr/label_journal", DiagnosticStatus.ERROR, "the disk is full")
    assert view.tell(topics.DIAGNOSTICS, full).trouble == "label_journal: the disk is full"
    # Others in the same graph are not of the session.
    view.out(topics.DIAGNOSTICS).publish(status("/robot/arm", DiagnosticStatus.ERROR, "too hot"))
    view.out(topics.DIAGNOSTICS).publish(status("/robot/latentvr/arm", DiagnosticStatus.ERROR, "too hot"))
    well = status("/latentvr/label_journal", DiagnosticStatus.OK, "3 entries")
    assert view.tell(topics.DIAGNOSTICS, well).trouble == ""


def test_a_node_that_falls_silent_is_told_of_as_long_as_it_is_in_the_graph(view: View) -> None:
    name = view.peer.node.get_name()
    namespace = view.peer.node.get_namespace()
    assert namespace == "/latentvr"
    view.out(topics.DIAGNOSTICS).publish(status("/latentvr/gone", DiagnosticStatus.OK, ""))
    view.out(topics.DIAGNOSTICS).publish(status(f"/latentvr/{name}", DiagnosticStatus.OK, ""))
    told = []

    def silent() -> bool:
        view.out(topics.DIAGNOSTICS).publish(status("/latentvr/other", DiagnosticStatus.OK, ""))
        scene = view.inbox.scene(time.monotonic())
        assert scene is not None
        told.append(scene.trouble)
        return bool(scene.trouble)

    view.peer.wait_until(silent, "silence is told of")
    assert set(told) == {"", f"{name} is not heard"}
