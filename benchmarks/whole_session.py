"""A session through the whole graph, watched from beside as any other node could: how often clouds come, how they move.

The watcher is a process of its own, as a headset or a view would be. It counts frames as it gets them.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rclpy
from latentvr.msg import LabelEvent
from movement import MovementWatch
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from sensor_msgs.msg import PointCloud2

from latentvr_common import conversions, node_tools, topics

ROOT = Path(__file__).parents[1]
RUNNER = ROOT / "install" / "latentvr" / "lib" / "latentvr" / "run_session"


class SessionError(Exception):
    """The session did not come to its end."""


class _Watcher:
    """Listens to clouds and labels until it is stopped."""

    def __init__(self, seed: int) -> None:
        self.movement = MovementWatch(seed)
        self.first_cloud_s: float | None = None
        """Since the watcher began."""
        self._began_s = time.monotonic()
        self._context = Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("benchmark", namespace=topics.NAMESPACE, context=self._context)
        node_tools.listen(self._node, topics.CLOUD, self._on_cloud)
        node_tools.listen(self._node, topics.LABELS, self._on_label)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        executor = SingleThreadedExecutor(context=self._context)
        executor.add_node(self._node)
        with contextlib.suppress(ExternalShutdownException):
            executor.spin()

    def _on_cloud(self, message: PointCloud2) -> None:
        now_s = time.monotonic() - self._began_s
        if self.first_cloud_s is None:
            self.first_cloud_s = now_s
        self.movement.show(now_s, conversions.cloud_from_msg(message).positions)

    def _on_label(self, message: LabelEvent) -> None:
        event = conversions.label_event_from_msg(message)
        if event.category >= 0:
            self.movement.mark(time.monotonic() - self._began_s, np.asarray(event.sample_ids, np.int64))

    def stop(self) -> None:
        rclpy.shutdown(context=self._context)
        self._thread.join(5.0)


def whole_session(words: Sequence[str], directory: Path, seed: int = 0) -> dict[str, object]:
    """Run a session with the runner's arguments `words`; return its summary and what the watcher saw.

    Raises SessionError if it fails.
    """
    os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 130))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    watcher = _Watcher(seed)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(RUNNER), *words, f"directory:={directory}"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    took_s = time.monotonic() - began
    watcher.stop()
    if done.returncode:
        raise SessionError(f"the session ended with exit code {done.returncode}")
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    seen = {"first_cloud_s": round(watcher.first_cloud_s or np.nan, 2), "wall_s": round(took_s, 1)}
    return found | seen | watcher.movement.figures()
