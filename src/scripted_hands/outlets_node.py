"""The ways in which a person's hands get out: by topics, or through an OpenXR runtime that makes them its own."""

from typing import Protocol

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node

from latentvr_common import conversions, node_tools, rotations, topics
from scripted_hands import monado_remote
from scripted_hands.body import OWN, Body
from scripted_hands.motion import Posture
from scripted_hands.parameters import Parameters
from scripted_hands.postures import HEAD

_GAZE = rotations.about_axis(np.array([1.0, 0.0, 0.0]), -0.45)


class Outlet(Protocol):
    """One way."""

    body: Body
    """Whose hands they are."""
    trouble: str
    """Why they do not get out; empty: they do."""

    def show(self, posture: Posture) -> None:
        """Hold the hands so."""

    def leave(self) -> None:
        """Take the hands away."""


class ByTopic:
    """Publishes `hands` and `head`."""

    body = OWN
    trouble = ""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._hands_out = node_tools.advertise(node, topics.HANDS)
        self._head_out = node_tools.advertise(node, topics.HEAD)

    def show(self, posture: Posture) -> None:
        """Hold the hands so."""
        stamp_ns = node_tools.now_ns(self._node)
        self._hands_out.publish(conversions.hands_to_cdr(posture.hands(stamp_ns)))
        head = PoseStamped(header=conversions.header(conversions.STAGE_FRAME, stamp_ns))
        head.pose = conversions.pose_to_msg(HEAD, _GAZE)
        self._head_out.publish(head)

    def leave(self) -> None:
        """Take the hands away: nobody publishes them any more."""
        self._node.destroy_publisher(self._hands_out)
        self._node.destroy_publisher(self._head_out)


class ByMonado:
    """Moves the hands and the head of Monado's simulated headset; who asks OpenXR sees them."""

    body = monado_remote.BODY

    def __init__(self, port: int) -> None:
        self._port = port
        self._remote = monado_remote.Remote(port)
        self.trouble = ""

    def show(self, posture: Posture) -> None:
        """Hold the hands so."""
        taken = self._remote.send(monado_remote.packed(posture, HEAD, _GAZE))
        self.trouble = "" if taken else f"Monado does not take hands at port {self._port}"

    def leave(self) -> None:
        """Take the hands away: they are not tracked any more."""
        self._remote.send(monado_remote.packed(None, HEAD, _GAZE))
        self._remote.close()


def outlet(node: Node, settings: Parameters) -> Outlet:
    """Return the way that `settings` name."""
    return ByTopic(node) if settings.hands_by == "topic" else ByMonado(settings.port)
