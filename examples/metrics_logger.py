#!/usr/bin/env python3
"""A node of one's own, attached to a running session: writes epochs and labels as CSV.

In another terminal, while a session runs:

    source tools/env.sh
    python examples/metrics_logger.py --directory metrics

It writes epochs.csv (a row for each cloud frame: time, epoch, loss terms, accuracy, ...) and labels.csv (a row for each
entry of the label journal, the newest 1000 from before it started too). Ctrl-C ends it.
"""

import argparse
import csv
import sys
from pathlib import Path
from typing import TextIO

import rclpy
from latentvr.msg import Epoch, LabelEvent
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

# State of the past is sent to those who come later: ask for it with the same durability as the sender's.
HISTORY = QoSProfile(depth=1000, durability=DurabilityPolicy.TRANSIENT_LOCAL)
KINDS = {
    LabelEvent.ASSIGN: "assign",
    LabelEvent.ERASE: "erase",
    LabelEvent.RETRACT: "retract",
    LabelEvent.RESTORE: "restore",
}


class MetricsLogger(Node):
    """Writes what it hears on `epoch` and `labels`."""

    def __init__(self, directory: Path) -> None:
        super().__init__("metrics_logger", namespace="latentvr")
        directory.mkdir(parents=True, exist_ok=True)
        self._epochs_file = (directory / "epochs.csv").open("w", newline="")
        self._labels_file = (directory / "labels.csv").open("w", newline="")
        self._epochs: csv.DictWriter[str] | None = None
        self._labels = csv.writer(self._labels_file)
        self._labels.writerow(["seq", "kind", "category", "samples", "target_seq", "author", "gesture", "epoch"])
        self.create_subscription(Epoch, "epoch", self._on_epoch, HISTORY)
        self.create_subscription(LabelEvent, "labels", self._on_label, HISTORY)

    def _on_epoch(self, message: Epoch) -> None:
        row = {
            "time_s": f"{message.header.stamp.sec}.{message.header.stamp.nanosec:09d}",
            "epoch": message.epoch,
            "step": message.step,
            "labelled": message.labelled,
            "label_seq": message.label_seq,
            "accuracy": message.accuracy,
            "confidence": message.confidence,
            "steps_per_s": message.steps_per_s,
            **dict(zip(message.terms, message.losses, strict=True)),
        }
        if self._epochs is None:
            self._epochs = csv.DictWriter(self._epochs_file, list(row), extrasaction="ignore")
            self._epochs.writeheader()
        self._epochs.writerow(row)
        self._epochs_file.flush()

    def _on_label(self, message: LabelEvent) -> None:
        self._labels.writerow(
            [
                message.seq,
                KINDS.get(message.kind, message.kind),
                message.category,
                len(message.sample_ids),
                message.target_seq,
                message.author,
                message.gesture,
                message.epoch,
            ]
        )
        self._labels_file.flush()

    def close(self) -> None:
        """Close both files."""
        _close(self._epochs_file)
        _close(self._labels_file)


def _close(file: TextIO) -> None:
    print(f"wrote {file.name}")
    file.close()


def main() -> int:
    """Log until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Write epochs and labels of a running session as CSV.")
    parser.add_argument("--directory", type=Path, default=Path("metrics"), help="where to write; default: metrics")
    options, ros_arguments = parser.parse_known_args()
    rclpy.init(args=[sys.argv[0], *ros_arguments])
    node = MetricsLogger(options.directory)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.close()
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
