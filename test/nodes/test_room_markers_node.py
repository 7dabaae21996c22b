"""Markers on real DDS: sent while somebody listens, and only then is anything listened to."""

from pathlib import Path
from typing import Any

import numpy as np
from node_process import NodeProcess, Peer
from visualization_msgs.msg import Marker, MarkerArray

from latentvr_common import conversions, node_tools, topics
from latentvr_common.hands import Hand, Hands
from latentvr_common.placement import Placement
from scripted_hands.anatomy import POINTING, hand_at

LEVEL = np.array([0.0, 0.0, 0.0, 1.0])
RIGHT = hand_at(np.array([0.1, 1.2, -0.5]), LEVEL, POINTING, left=False)
PLACEMENT = Placement(np.array([0.2, 1.1, -0.6]), LEVEL, 0.5)


def shown(message: MarkerArray) -> dict[tuple[str, int], Any]:
    return {(m.ns, m.id): m for m in message.markers if m.action == Marker.ADD}


def listens(peer: Peer, topic: topics.Topic) -> bool:
    return "room_markers" in node_tools.listeners(peer.node, topic)


def test_markers_are_sent_while_somebody_listens_and_nothing_is_heard_while_nobody_does(tmp_path: Path) -> None:
    with NodeProcess("room_markers", {}, tmp_path / "log"), Peer() as peer:
        hands_out = node_tools.advertise(peer.node, topics.HANDS)
        placement_out = node_tools.advertise(peer.node, topics.CLOUD_PLACEMENT)
        placement_out.publish(conversions.placement_to_msg(PLACEMENT, 1))
        peer.wait_until(lambda: peer.node.count_publishers("markers") == 1, "the node is there")
        assert not listens(peer, topics.HANDS)

        heard: list[MarkerArray] = []
        looking = node_tools.listen(peer.node, topics.MARKERS, heard.append)
        peer.wait_until(lambda: listens(peer, topics.HANDS), "it listens to hands")
        assert not listens(peer, topics.CUES)

        def is_shown() -> bool:
            hands_out.publish(conversions.hands_to_msg(Hands(1, Hand(), RIGHT)))
            return bool(heard) and ("right_hand", 0) in shown(heard[-1])

        peer.wait_until(is_shown, "the hand is shown")
        joints = shown(heard[-1])["right_hand", 0].points
        places = PLACEMENT.stage_from_latent(np.array([[p.x, p.y, p.z] for p in joints]))
        np.testing.assert_allclose(places, RIGHT.positions, atol=1e-6)
        peer.wait_until(lambda: ("right_hand", 0) not in shown(heard[-1]), "a hand that is not heard of goes")

        peer.node.destroy_subscription(looking)
        peer.wait_until(lambda: not listens(peer, topics.HANDS), "it listens no more")


def test_beacons_are_asked_for_only_where_they_are_wanted_and_a_bad_message_ends_nothing(tmp_path: Path) -> None:
    with NodeProcess("room_markers", {"cues": True}, tmp_path / "log"), Peer(topics.MARKERS) as peer:
        peer.wait_until(lambda: listens(peer, topics.CUES), "it listens to cues")
        bad_out = node_tools.advertise(peer.node, topics.CLOUD_PLACEMENT)
        bad_out.publish(conversions.placement_to_msg(Placement(scale=-1.0), 1))
        peer.wait_until(lambda: "scale is -1," in (tmp_path / "log").read_text(), "the reason is logged")
        before = len(peer.heard["markers"])
        peer.wait_until(lambda: len(peer.heard["markers"]) > before, "markers are sent all the same")
