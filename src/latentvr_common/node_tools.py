"""Publishers, subscriptions and services by their entry in `topics`."""

from collections.abc import Callable
from typing import Any

from rclpy.client import Client
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.service import Service as RosService
from rclpy.subscription import Subscription

from latentvr_common.topics import Service, Topic


def advertise(node: Node, topic: Topic) -> Publisher:
    """Return a publisher of `topic`."""
    return node.create_publisher(topic.type, topic.name, topic.qos)


def listen(
    node: Node, topic: Topic, callback: Callable[[Any], None], *, raw: bool = False, qos: QoSProfile | None = None
) -> Subscription:
    """Return a subscription to `topic`; `raw`: the callback gets serialized bytes; `qos`: another than the topic's."""
    return node.create_subscription(topic.type, topic.name, callback, qos or topic.qos, raw=raw)


def serve(node: Node, service: Service, callback: Callable[[Any, Any], Any]) -> RosService:
    """Return a server of `service`."""
    return node.create_service(service.type, service.name, callback)


def client(node: Node, service: Service) -> Client:
    """Return a client of `service`."""
    return node.create_client(service.type, service.name)


def now_ns(node: Node) -> int:
    """ROS time now, nanoseconds."""
    return int(node.get_clock().now().nanoseconds)
