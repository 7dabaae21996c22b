"""What a node of the test hears of a running session."""

import threading
from collections import defaultdict
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy

from latentvr_common import node_tools, topics

_DEPTH = 1000


class Listener:
    """Collects every message of some topics in a thread of its own; use as a context manager."""

    def __init__(self, *heard: topics.Topic) -> None:
        self.messages: dict[str, list[Any]] = defaultdict(list)
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = Node("listener", namespace=topics.NAMESPACE, context=self._context)
        for topic in heard:
            keep = self.messages[topic.name].append
            # Deeper than the topic's own queue: a test counts what was sent, however slow it is itself.
            is_state = topic.qos.durability is DurabilityPolicy.TRANSIENT_LOCAL
            qos = topics.latched(_DEPTH) if is_state else topics.every_one(_DEPTH)
            node_tools.listen(self._node, topic, keep, qos=qos)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        while not self._stopping.is_set():
            self._executor.spin_once(timeout_sec=0.1)

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(5)
        self._executor.shutdown(timeout_sec=1)
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)
