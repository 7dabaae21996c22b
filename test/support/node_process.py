"""A node under test in a process of its own, and a node of the test that talks with it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from latentvr_common import node_tools, topics

SOURCE = Path(__file__).parents[2] / "src"
TIMEOUT_S = 60.0
ASK_AGAIN_S = 5.0


class NodeProcess:
    """Runs `main` of the module `package.node` with parameters; use as a context manager.

    `python`: the words that run Python; `variables`: environment variables of it alone; `module`: another one's name.
    """

    def __init__(
        self,
        package: str,
        parameters: dict[str, Any],
        log: Path,
        python: Sequence[str] = (sys.executable,),
        variables: Mapping[str, str] = MappingProxyType({}),
        module: str = "node",
    ) -> None:
        arguments = [part for name, value in parameters.items() for part in ("-p", f"{name}:={json.dumps(value)}")]
        path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
        program = f"import sys; from {package}.{module} import main; sys.exit(main())"
        self._log = log
        with log.open("a") as stream:
            self._popen = subprocess.Popen(
                [*python, "-c", program, "--ros-args", *arguments],
                stdout=stream,
                stderr=stream,
                env={**os.environ, "PYTHONPATH": path, **variables},
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    def __enter__(self) -> "NodeProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait(TIMEOUT_S)

    def said(self) -> str:
        """What it printed."""
        return self._log.read_text()

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        self._popen.send_signal(signal.SIGINT)
        return self._popen.wait(TIMEOUT_S)

    def wait(self) -> int:
        """Return its exit code when it has ended by itself."""
        return self._popen.wait(TIMEOUT_S)

    def poll(self) -> int | None:
        """Return its exit code; None: it still runs."""
        return self._popen.poll()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._popen.kill()
        self._popen.wait(TIMEOUT_S)


class Peer:
    """The rest of the session, as far as a test plays it; use as a context manager. Spins while it waits."""

    def __init__(self, *heard: topics.Topic) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self.node = Node("peer", namespace=topics.NAMESPACE, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.heard: dict[str, list[Any]] = {topic.name: [] for topic in heard}
        for topic in heard:
            node_tools.listen(self.node, topic, self.heard[topic.name].append)

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(timeout_sec=1)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def wait_until(self, condition: Callable[[], Any], what: str, at_most_s: float = TIMEOUT_S) -> None:
        """Spin until `condition` holds; fail, saying `what` was awaited, if it does not."""
        until = time.monotonic() + at_most_s
        while not condition():
            assert time.monotonic() < until, f"{what}: not within {at_most_s} s"
            self._executor.spin_once(timeout_sec=0.02)

    def spin(self, seconds: float) -> None:
        """Do what is to be done meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._executor.spin_once(timeout_sec=max(until - time.monotonic(), 0.0))

    def call(self, service: topics.Service, request: Any) -> Any:
        """Return the answer of `service`. Asks again: for a while, a server that was killed seems to be there."""
        client = node_tools.client(self.node, service)
        asked: list[Any] = []
        asked_s = 0.0

        def is_answered() -> bool:
            nonlocal asked_s
            if client.service_is_ready() and time.monotonic() - asked_s > ASK_AGAIN_S:
                asked_s = time.monotonic()
                asked.append(client.call_async(request))
            return any(future.done() for future in asked)

        self.wait_until(is_answered, f"answer of {service.name}", 3 * TIMEOUT_S)
        self.node.destroy_client(client)
        return next(future.result() for future in asked if future.done())
