"""What a session costs while nothing happens: training paused, hands tracked but still.

Starts a whole session without the simulated person, publishes still hands at 72 Hz as a headset would, waits until the
session has settled, and adds up the processor time of every process over half a minute.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
import rclpy
import report
from rclpy.node import Node

from latentvr_common import conversions, node_tools, topics
from scripted_hands.postures import REST

ROOT = Path(__file__).parents[1]
RATE_HZ = 72.0
SETTLE_S = 15.0
PROMISE_PERCENT = 25.0


class StillHands(Node):
    """Publishes hands at rest."""

    def __init__(self) -> None:
        super().__init__("still_hands", namespace=topics.NAMESPACE)
        self._out = node_tools.advertise(self, topics.HANDS)
        self.create_timer(1.0 / RATE_HZ, self._publish)

    def _publish(self) -> None:
        hands = REST.hands(node_tools.now_ns(self))
        self._out.publish(conversions.hands_to_cdr(hands))


def spin_for(node: Node, seconds: float) -> None:
    """Publish for so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.1)


def times(runner: psutil.Process) -> dict[str, float]:
    """Return the processor time so far, seconds, of the runner and each process below it."""
    found = {"runner": 0.0}
    for process in [runner, *runner.children(recursive=True)]:
        with suppress(psutil.Error):
            words = process.cmdline()
            name = next((Path(w).name for w in words if "/lib/latentvr/" in w and "run_session" not in w), "runner")
            spent = process.cpu_times()
            found[name] = found.get(name, 0.0) + spent.user + spent.system
    return found


def main() -> int:
    """Measure, report, and return 1 if it is more than the promise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to measure; default: 30")
    parser.add_argument("--dataset", default="digits")
    options = parser.parse_args()
    os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 130))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init()
    node = StillHands()
    with tempfile.TemporaryDirectory() as scratch:
        words = [f"dataset:={options.dataset}", "hands:=none", "paused:=true", f"directory:={scratch}/session"]
        runner = ROOT / "install" / "latentvr" / "lib" / "latentvr" / "run_session"
        with (Path(scratch) / "log").open("w") as log:
            session = subprocess.Popen([sys.executable, str(runner), *words], stdout=log, stderr=log)
            spin_for(node, SETTLE_S)
            before = times(psutil.Process(session.pid))
            began_s = time.monotonic()
            spin_for(node, options.seconds)
            after = times(psutil.Process(session.pid))
            passed_s = time.monotonic() - began_s
            session.terminate()
            session.wait(20)
    node.destroy_node()
    rclpy.shutdown()
    share = {name: 100 * (after[name] - before.get(name, 0.0)) / passed_s for name in sorted(after)}
    rows = [(name, f"{percent:.1f} %") for name, percent in share.items()]
    print(report.table(("process at rest", "of one core"), [*rows, ("all", f"{sum(share.values()):.1f} %")]))
    figures = {"dataset": options.dataset, "percent_of_core": round(sum(share.values()), 1)}
    report.finish("idle", figures | {name: round(percent, 1) for name, percent in share.items()})
    return int(sum(share.values()) > PROMISE_PERCENT)


if __name__ == "__main__":
    sys.exit(main())
