"""A recorder that is killed again and again while a session goes on, and what its bag still has afterwards."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import rclpy
from latentvr import msg
from mcap.reader import make_reader
from mcap.records import Message
from node_process import NodeProcess
from rclpy.node import Node
from rosbags.highlevel import AnyReader

from latentvr_common import conversions, topics
from latentvr_common.bags.layout import files_of
from latentvr_common.bags.reading import Channels, RecordReader
from latentvr_common.node_tools import advertise
from session_recorder.examining import Found, examine
from session_recorder.sequences import label_number

HANDS_HZ, LABELS_EACH = 90, 20
"""Hands a second, and one label for so many of them."""
HANDS, LABELS = "/latentvr/hands", "/latentvr/labels"
MOST_WAIT_S = 60.0
EARLY = 5


class Traffic:
    """Publishes hands and labels from a thread of its own; use as a context manager. Both count from 1."""

    def __init__(self) -> None:
        self.hands = 0
        self.labels = 0
        """How many were published."""
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = Node("traffic", namespace=topics.NAMESPACE, context=self._context)
        self._hands_out = advertise(self._node, topics.HANDS)
        self._labels_out = advertise(self._node, topics.LABELS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Traffic":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def stop(self) -> None:
        """Publish nothing more; what was published stays to be had."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(1.0 / HANDS_HZ):
            self._hands_out.publish(msg.Hands(header=conversions.header("stage", self.hands + 1)))
            self.hands += 1
            if self.hands % LABELS_EACH == 0:
                label = msg.LabelEvent(
                    seq=self.labels + 1, event_id=f"{self.labels}", sample_ids=range(self.labels % 500)
                )
                self._labels_out.publish(label)
                self.labels += 1


@dataclass
class Outcome:
    """What came of all those kills."""

    lives: int = 0
    """Recorders that had recorded something when they were killed."""
    shares: list[float] = field(default_factory=list)
    """For each of them: of the hands that were published from its first one until it was killed, how many are kept."""
    found: Found = field(default_factory=Found)
    """What is in the bag at the end."""
    labels: int = 0
    """How many were published in all."""
    labels_kept: int = 0
    readers_agree: bool = False
    """The strict readers of mcap and rosbags have read as many messages as we, with their checksums."""


def kill_again_and_again(directory: Path, kills: int, seed: int, longest_s: float = 2.0) -> Outcome:
    """Kill a recorder `kills` times, then let one end well.

    One in five is killed within `longest_s` after its start, when it may just repair what the one before it left, the
    others within as much after their first message.
    """
    chance, outcome, bag = random.Random(seed), Outcome(), directory / "bag"
    with Traffic() as traffic:
        for number in range(kills):
            before = _files(bag)
            with recorder(bag, directory / f"{number}.log") as process:
                if number % EARLY != EARLY - 1:
                    _wait_until(lambda before=before: any(numbers_in(path, HANDS) for path in _files(bag) - before))  # type: ignore[misc]
                time.sleep(chance.uniform(0.0, longest_s))
                published = traffic.hands
                process.kill()
            kept = [n for path in _files(bag) - before for n in numbers_in(path, HANDS)]
            if kept:
                outcome.lives += 1
                outcome.shares.append(len(kept) / max(published - kept[0] + 1, len(kept)))
        with recorder(bag, directory / "last.log") as process:
            wanted = traffic.labels + 1
            _wait_until(lambda: any(wanted in labels_in(path) for path in _files(bag)))
            traffic.stop()
            _wait_until(lambda: any(traffic.labels in labels_in(path) for path in _files(bag)))
            if process.stop() != 0:
                raise RuntimeError(process.said())
        outcome.labels = traffic.labels
    outcome.found = examine(bag)
    outcome.labels_kept = len(outcome.found.topics[LABELS].labels & set(range(1, outcome.labels + 1)))
    outcome.readers_agree = _read_by_mcap(bag) == _read_by_rosbags(bag) == outcome.found.count
    return outcome


@contextmanager
def recorder(bag: Path, log: Path) -> Iterator[NodeProcess]:
    """Have a recorder write to `bag`."""
    with NodeProcess("session_recorder", {"bag": str(bag)}, log, module="recorder_node") as process:
        yield process


def numbers_in(path: Path, topic: str) -> list[int]:
    """Return the publishers' numbers of a topic's messages in a file, whole or not."""
    reader, channels = RecordReader(path), Channels(path)
    found = []
    for record in reader:
        channels.note(record)
        if isinstance(record, Message) and channels.records[record.channel_id].topic == topic:
            found.append(record.sequence)
    return found


def _files(bag: Path) -> set[Path]:
    return set(files_of(bag)) if bag.is_dir() else set()


def _wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + MOST_WAIT_S
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError("the recorder did not record")
        time.sleep(0.05)


def labels_in(path: Path) -> list[int]:
    """Return the journal's numbers of the labels in a file, whole or not."""
    reader, channels = RecordReader(path), Channels(path)
    found = []
    for record in reader:
        channels.note(record)
        if isinstance(record, Message) and channels.records[record.channel_id].topic == LABELS:
            found.append(label_number(record.data))
    return found


def _read_by_mcap(bag: Path) -> int:
    count = 0
    for path in files_of(bag):
        with path.open("rb") as stream:
            count += sum(1 for _ in make_reader(stream, validate_crcs=True).iter_messages())
    return count


def _read_by_rosbags(bag: Path) -> int:
    with AnyReader([bag]) as reader:
        return sum(1 for _ in reader.messages())
