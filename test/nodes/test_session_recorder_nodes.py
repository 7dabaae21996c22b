"""Recorder and player on real DDS: what is published is in the bag, and what is in the bag is published."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from killed_recorders import kill_again_and_again
from latentvr import msg
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import CompressedImage, PointCloud2
from visualization_msgs.msg import Marker, MarkerArray

import session_recorder
from latentvr_common import conversions, node_tools, topics
from latentvr_common.bags.bag import open_bag
from latentvr_common.bags.definitions import definition_of, type_name
from latentvr_common.bags.layout import State, files_of, state_of
from latentvr_common.bags.metadata import write_metadata
from latentvr_common.bags.reading import scan
from latentvr_common.cloud import Cloud
from latentvr_common.node_tools import advertise, listen
from session_recorder.bag_file import BagFile
from session_recorder.channels import Channel, qos_entry
from session_recorder.examining import examine

SOURCE = Path(session_recorder.__file__).parent.parent
TIMEOUT_S = 60.0
LABEL = type_name(topics.LABELS.type)
KEYFRAMED = (topics.CLOUD, topics.FORCES, topics.CUES)
RECORDED = [topic for topic in topics.TOPICS if topic.recorded]


def absolute(topic: topics.Topic) -> str:
    return topic.name if topic.name.startswith("/") else f"/{topics.NAMESPACE}/{topic.name}"


class Process:
    """A node under test in a process of its own, with what it says on stderr."""

    def __init__(self, module: str, parameters: dict[str, Any], log: Path) -> None:
        arguments = [part for name, value in parameters.items() for part in ("-p", f"{name}:={json.dumps(value)}")]
        program = f"import sys; from session_recorder.{module} import main; sys.exit(main())"
        path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
        self._log = log
        with log.open("w") as stream:
            self.popen = subprocess.Popen(
                [sys.executable, "-c", program, "--ros-args", *arguments],
                stderr=stream,
                env={**os.environ, "PYTHONPATH": path},
            )

    def said(self) -> str:
        return self._log.read_text()

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        self.popen.send_signal(signal.SIGINT)
        return self.popen.wait(TIMEOUT_S)


class Graph:
    """A node of the test's own, and the processes it has started."""

    def __init__(self, directory: Path) -> None:
        self.node = Node("test", namespace=topics.NAMESPACE)
        self._directory = directory
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._processes: list[Process] = []

    def start(self, module: str, **parameters: Any) -> Process:
        log = self._directory / f"{module}{len(self._processes)}.log"
        self._processes.append(Process(module, parameters, log))
        return self._processes[-1]

    def spin_until(self, condition: Callable[[], Any], what: str, timeout_s: float = TIMEOUT_S) -> None:
        until = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < until, f"{what}: not within {timeout_s} s\n{self.logs()}"
            self._executor.spin_once(timeout_sec=0.02)

    @contextmanager
    def other(self, name: str, **parameters: Any) -> Iterator[Node]:
        """Have another node with these parameters spin, too."""
        node = Node(name, parameter_overrides=[Parameter(key, value=value) for key, value in parameters.items()])
        self._executor.add_node(node)
        try:
            yield node
        finally:
            self._executor.remove_node(node)
            node.destroy_node()

    def logs(self) -> str:
        return "\n".join(process.said() for process in self._processes)

    def close(self) -> None:
        for process in self._processes:
            if process.popen.poll() is None:
                process.popen.kill()
                process.popen.wait()
        self._executor.shutdown()
        self.node.destroy_node()


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Graph]:
    rclpy.init()
    graph = Graph(tmp_path)
    try:
        yield graph
    finally:
        graph.close()
        rclpy.try_shutdown()


def samples(number: int) -> dict[str, Any]:
    """One message of each topic by name."""
    stamp = conversions.header("latent", 1_000_000_000 + number)
    rows = np.arange(5)
    cloud = Cloud(number, np.full((5, 3), number, np.float32), rows.astype("u4"), *[rows.astype("i2")] * 2, rows / 5)
    return {
        "cloud": conversions.cloud_to_msg(cloud),
        "epoch": msg.Epoch(header=stamp, epoch=number, terms=["a", "b"], losses=[1.0, 2.0]),
        "trace": msg.TraceEntry(header=stamp, run="r", number=number, losses=[0.5] * number, norms=[1.5] * number),
        "ghost": PointCloud2(header=stamp, data=bytes(120)),
        "forces": PointCloud2(header=stamp, data=bytes(100)),
        "cues": PointCloud2(header=stamp, data=bytes(150)),
        "xr/mirror": CompressedImage(header=stamp, format="jpeg", data=bytes(150)),
        "categories": msg.Categories(header=stamp, categories=[msg.Category(id=number, name="c" * number)]),
        "labels": msg.LabelEvent(seq=number, event_id="e", sample_ids=list(range(number))),
        "hands": msg.Hands(header=stamp, left=msg.Hand(tracked=True)),
        "head": PoseStamped(header=stamp),
        "gestures": msg.Gesture(header=stamp, name="pinch_brush", samples=number),
        "selection": msg.Selection(header=stamp, sample_ids=[1, 2, number]),
        "tool": msg.Tool(header=stamp, category=number, radius=0.5),
        "cloud_placement": msg.CloudPlacement(header=stamp, scale=1.0 + number),
        "xr_state": msg.XrState(header=stamp, text="ü" * number),
        "markers": MarkerArray(markers=[Marker(header=stamp, id=number)]),
        "/diagnostics": DiagnosticArray(header=stamp, status=[DiagnosticStatus(name="test", message=str(number))]),
    }


def never_lost(topic: topics.Topic) -> bool:
    return bool(topic.qos.reliability == ReliabilityPolicy.RELIABLE)


def hear(node: Node, topic: topics.Topic, callback: Callable[[Any], None], *, qos: Any = None) -> None:
    """Listen to whatever comes, also what no node of a session would use."""
    node.create_subscription(topic.type, topic.name, callback, qos or topic.qos)


def recorded_counts(bag: Path) -> dict[str, int]:
    """How many messages of each topic are in the bag by now."""
    counts: dict[str, int] = {}
    for path in files_of(bag) if bag.is_dir() else []:
        for topic in scan(path).topics:
            counts[topic.name] = counts.get(topic.name, 0) + topic.count
    return counts


def messages_of(bag: Path) -> dict[str, list[Any]]:
    types = {absolute(topic): topic.type for topic in topics.TOPICS}
    found: dict[str, list[Any]] = {name: [] for name in types}
    with AnyReader([bag]) as reader:
        for connection, _, data in reader.messages():
            found[connection.topic].append(deserialize_message(bytes(data), types[connection.topic]))
    return found


def test_every_topic_is_recorded_as_it_was_published(graph: Graph, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    recorder = graph.start("recorder_node", bag=str(bag), cloud_rate_hz=0.0, cloud_mb_per_s=0.0)
    publishers = {topic.name: advertise(graph.node, topic) for topic in topics.TOPICS}
    names = {absolute(topic) for topic in RECORDED}
    sent: list[dict[str, Any]] = []

    def publish() -> None:
        sent.append(samples(len(sent)))
        for name, message in sent[-1].items():
            publishers[name].publish(message)

    def recorder_hears_all() -> bool:
        publish()
        return names <= recorded_counts(bag).keys()

    # What is published before a publisher and the recorder have found each other is not for the recorder.
    graph.spin_until(recorder_hears_all, "the recorder hears every topic")
    hashes = {name: str(graph.node.get_publishers_info_by_topic(name)[0].topic_type_hash) for name in names}
    wanted = {name: count + 40 for name, count in recorded_counts(bag).items()}
    for _ in range(40):
        publish()
    reliable = [absolute(topic) for topic in RECORDED if never_lost(topic)]
    graph.spin_until(lambda: all(recorded_counts(bag)[n] >= wanted[n] for n in reliable), "the rest is recorded")
    assert recorder.stop() == 0, recorder.said()
    found = messages_of(bag)
    # Health of the recorder itself is on the same topic.
    found["/diagnostics"] = [m for m in found["/diagnostics"] if m.status[0].name == "test"]
    for topic in RECORDED:
        published, recorded = [row[topic.name] for row in sent], found[absolute(topic)]
        if never_lost(topic):
            assert len(recorded) > 40
            assert recorded == published[-len(recorded) :], topic.name
        else:
            assert recorded
            assert [m for m in published if m in recorded] == recorded, topic.name
    assert {topic.name: topic.type_hash for topic in open_bag(bag).info.topics} == hashes


def test_state_from_before_the_recorder_is_recorded_and_only_keyframes_of_the_cloud(
    graph: Graph, tmp_path: Path
) -> None:
    bag = tmp_path / "bag"
    latched = [t for t in topics.TOPICS if t.qos.durability == DurabilityPolicy.TRANSIENT_LOCAL]
    publishers = {topic.name: advertise(graph.node, topic) for topic in latched}
    for topic in latched:
        publishers[topic.name].publish(samples(1)[topic.name])
    recorder = graph.start("recorder_node", bag=str(bag), cloud_rate_hz=0.1)
    names = {absolute(topic) for topic in latched}
    graph.spin_until(lambda: names <= recorded_counts(bag).keys(), "the bag has the state from before")
    for number in range(2, 30):
        publishers["cloud"].publish(samples(number)["cloud"])
    publishers["labels"].publish(samples(2)["labels"])
    graph.spin_until(lambda: recorded_counts(bag)["/latentvr/labels"] == 2, "the bag has the last label")
    assert recorder.stop() == 0, recorder.said()
    found = messages_of(bag)
    assert found["/latentvr/cloud"] == [samples(1)["cloud"], samples(29)["cloud"]]
    assert found["/latentvr/categories"] == [samples(1)["categories"]]


def test_a_killed_recorder_loses_nothing_and_its_bag_is_gone_on_with(graph: Graph, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    labels = advertise(graph.node, topics.LABELS)
    health: list[str] = []
    listen(graph.node, topics.DIAGNOSTICS, lambda m: health.append(m.status[0].message))

    def recorded() -> int:
        return recorded_counts(bag).get("/latentvr/labels", 0)

    killed = graph.start("recorder_node", bag=str(bag))
    for number in range(20):
        labels.publish(samples(number)["labels"])
    graph.spin_until(lambda: recorded() == 20, "the labels are recorded")
    killed.popen.kill()
    killed.popen.wait()
    assert state_of(bag) is State.UNFINISHED
    recorder = graph.start("recorder_node", bag=str(bag))
    # A latecomer, it gets the 20 labels from before once more: the bag does not hide that.
    graph.spin_until(lambda: recorded() == 40, "the labels from before are recorded again")
    for number in range(20, 40):
        labels.publish(samples(number)["labels"])
    graph.spin_until(lambda: recorded() == 60, "the labels from after are recorded")
    graph.spin_until(lambda: any("messages, 0.0 MB" in text for text in health), "the recorder says how it is")
    assert "messages kept" in recorder.said()
    assert recorder.stop() == 0, recorder.said()
    assert open_bag(bag).info.files == ("bag_0.mcap", "bag_1.mcap")
    seqs = [message.seq for message in messages_of(bag)["/latentvr/labels"]]
    assert seqs == [*range(20), *range(40)]


def test_a_recorder_that_is_killed_at_any_moment_loses_no_label(tmp_path: Path) -> None:
    outcome = kill_again_and_again(tmp_path, kills=5, seed=os.getpid())
    assert outcome.labels_kept == outcome.labels > 10
    assert outcome.lives > 0
    assert all(state == "whole, checksums hold" for _, _, state in outcome.found.files)
    assert outcome.readers_agree
    # What was on its way when it was killed is not in the bag; that is a moment's worth.
    assert min(outcome.shares, default=1.0) > 0.5
    assert not [line for line in outcome.found.problems if "/latentvr/hands" not in line]


def test_a_recorder_whose_disk_failed_goes_on_living_and_says_so_by_its_exit_code(graph: Graph, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    labels = advertise(graph.node, topics.LABELS)
    recorder = graph.start("recorder_node", bag=str(bag))
    labels.publish(samples(1)["labels"])
    graph.spin_until(lambda: recorded_counts(bag).get("/latentvr/labels"), "a label is recorded")
    # Less than the bag has already, and more than it says on stderr.
    resource.prlimit(recorder.popen.pid, resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))

    def failed() -> bool:
        labels.publish(samples(2)["labels"])
        return "the disk failed, nothing more is recorded" in recorder.said()

    graph.spin_until(failed, "the recorder says that the disk failed")
    resource.prlimit(recorder.popen.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert recorder.popen.poll() is None
    assert recorder.stop() == 1
    assert "Traceback" not in recorder.said()
    assert "/latentvr/labels" in recorded_counts(bag)


class Waving:
    """Hands that somebody publishes, numbered by their stamps from 1 on."""

    def __init__(self, node: Node) -> None:
        self._out = advertise(node, topics.HANDS)
        self.sent = 0

    def send(self, count: int) -> None:
        for _ in range(count):
            self.sent += 1
            self._out.publish(msg.Hands(header=conversions.header("stage", self.sent)))

    def until(self, condition: Callable[[], Any]) -> Callable[[], Any]:
        """Return the condition, for which hands go on meanwhile."""

        def meanwhile() -> Any:
            self.send(1)
            return condition()

        return meanwhile


def values_of(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


def missing_hands(bag: Path) -> int:
    """How many numbers are left out between the first and the last hands in the bag."""
    recorded = [conversions.time_from_msg(m.header.stamp) for m in messages_of(bag)["/latentvr/hands"]]
    return recorded[-1] - recorded[0] + 1 - len(recorded)


def test_what_a_recorder_cannot_take_in_is_counted_by_topic_and_said(graph: Graph, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    hands, labels = Waving(graph.node), advertise(graph.node, topics.LABELS)
    health: list[DiagnosticStatus] = []
    listen(graph.node, topics.DIAGNOSTICS, lambda m: health.append(m.status[0]))
    recorder = graph.start("recorder_node", bag=str(bag))
    graph.spin_until(hands.until(lambda: "/latentvr/hands" in recorded_counts(bag)), "the recorder hears hands")
    labels.publish(samples(1)["labels"])
    graph.spin_until(lambda: "/latentvr/labels" in recorded_counts(bag), "the recorder hears labels")
    recorder.popen.send_signal(signal.SIGSTOP)
    hands.send(4000)
    recorder.popen.send_signal(signal.SIGCONT)
    before = hands.sent

    def says_all() -> bool:
        found = examine(bag).topics["/latentvr/hands"]
        said = values_of(health[-1]).get("missed") if health else None
        # The bag holds what came after the gap, and the recorder has spoken since.
        return found.count + (found.missing or 0) > before and said == str(found.missing)

    graph.spin_until(hands.until(says_all), "the recorder says what it missed")
    assert recorder.stop() == 0, recorder.said()
    missed = missing_hands(bag)
    assert missed > 100
    assert f"missed: {missed:,} of /latentvr/hands" in recorder.said().splitlines()[-1]
    values = values_of(health[-1])
    assert int(values["missed"]) == int(values["missed /latentvr/hands"]) == missed
    assert DiagnosticStatus.WARN in [status.level for status in health if "missed" in status.message]
    found = examine(bag)
    assert found.topics["/latentvr/hands"].missing == missed
    assert found.problems == [f"/latentvr/hands: {missed:,} messages were published and are not in the bag"]


def test_a_recording_without_loss_passes_the_check_by_the_numbers_in_it(graph: Graph, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    publishers = {topic.name: advertise(graph.node, topic) for topic in topics.TOPICS}
    recorder = graph.start("recorder_node", bag=str(bag))
    number = 0

    def recorded_ten_of_each() -> bool:
        nonlocal number
        number += 1
        for name, message in samples(number).items():
            publishers[name].publish(message)
        counts = recorded_counts(bag)
        return all(counts.get(absolute(topic), 0) >= 10 for topic in RECORDED if topic not in KEYFRAMED)

    graph.spin_until(recorded_ten_of_each, "ten of each topic are recorded")
    assert recorder.stop() == 0, recorder.said()
    assert "; none missed" in recorder.said().splitlines()[-1]
    found = examine(bag)
    assert found.problems == []
    assert {found.topics[absolute(topic)].missing for topic in RECORDED if topic not in KEYFRAMED} == {0}
    assert all(found.topics[absolute(topic)].keyframes == (topic in KEYFRAMED) for topic in RECORDED)


def make_bag(bag: Path, count: int, pause_ns: int) -> dict[str, list[Any]]:
    """A bag with `count` messages of each topic but diagnostics; return them by topic."""
    chosen = [topic for topic in topics.TOPICS if topic is not topics.DIAGNOSTICS]
    bag.mkdir()
    file = BagFile(bag / f"{bag.name}_0.mcap")
    channels = {t.name: Channel(absolute(t), definition_of(type_name(t.type)), qos_entry(t.qos)) for t in chosen}
    for number in range(count):
        for topic in chosen:
            log_ns = 10**18 + number * pause_ns
            file.write(channels[topic.name], log_ns, log_ns, serialize_message(samples(number)[topic.name]))
    strange = Channel("/cmd_vel", definition_of("geometry_msgs/msg/PoseStamped"), qos_entry(topics.HEAD.qos))
    file.write(strange, 2 * 10**18, 0, b"")
    file.finish()
    write_metadata(bag, [file.info()], {})
    return {topic.name: [samples(number)[topic.name] for number in range(count)] for topic in chosen}


@pytest.mark.alone
def test_a_bag_is_played_with_its_content_in_its_time_and_the_player_ends(graph: Graph, tmp_path: Path) -> None:
    sent = make_bag(tmp_path / "bag", count=20, pause_ns=100_000_000)
    heard: dict[str, list[Any]] = {name: [] for name in sent}
    times_s: list[float] = []
    for topic in topics.TOPICS:
        if topic is not topics.DIAGNOSTICS:
            hear(
                graph.node, topic, heard[topic.name].append, qos=topics.newest_only() if not never_lost(topic) else None
            )
    hear(graph.node, topics.EPOCH, lambda _: times_s.append(time.monotonic()), qos=topics.latched(100))
    player = graph.start("player_node", bag=str(tmp_path / "bag"), rate=10.0, wait_s=TIMEOUT_S)
    graph.spin_until(lambda: player.popen.poll() is not None, "the player ends")
    never_lost_names = [topic.name for topic in topics.TOPICS if topic.name in sent and never_lost(topic)]
    graph.spin_until(
        lambda: all(heard[name][-1:] == sent[name][-1:] for name in never_lost_names), "the last messages arrive"
    )
    assert player.popen.returncode == 0, player.said()
    assert "/cmd_vel is not played" in player.said()
    for topic in topics.TOPICS:
        if topic.name in sent and never_lost(topic) and topic.qos.depth >= len(sent[topic.name]):
            assert heard[topic.name] == sent[topic.name], topic.name
        elif topic.name in sent:
            # A newer message may take the place of one still under way: what arrives is in its order.
            assert heard[topic.name]
            assert [m for m in sent[topic.name] if m in heard[topic.name]] == heard[topic.name], topic.name
    # 1.9 s of recording at ten times its speed.
    assert 0.15 < times_s[-1] - times_s[0] < 1.0


@pytest.mark.alone
def test_a_player_plays_only_the_topics_that_it_is_told_and_stops_when_asked(graph: Graph, tmp_path: Path) -> None:
    make_bag(tmp_path / "bag", count=50, pause_ns=1_000_000_000)
    heard: list[Any] = []
    listen(graph.node, topics.LABELS, heard.append)
    player = graph.start(
        "player_node", bag=str(tmp_path / "bag"), topics=["labels"], wait_s=TIMEOUT_S, rate=5.0, start_offset_s=10.0
    )
    graph.spin_until(lambda: len(heard) >= 3, "labels are played")
    assert [message.seq for message in heard[:3]] == [10, 11, 12]
    assert graph.node.count_publishers(topics.HANDS.name) == 0
    began = time.monotonic()
    assert player.stop() == 0, player.said()
    assert time.monotonic() - began < 1.0


def ask(graph: Graph, service: topics.Service) -> str:
    """Ask a service of the player; return what it answers."""
    client = node_tools.client(graph.node, service)
    graph.spin_until(client.service_is_ready, f"{service.name} is there")
    future = client.call_async(service.type.Request())
    graph.spin_until(future.done, f"{service.name} answers")
    assert future.result().success
    return str(future.result().message)


def test_a_player_can_be_held_and_let_go_and_tells_the_recorded_time(graph: Graph, tmp_path: Path) -> None:
    make_bag(tmp_path / "bag", count=100, pause_ns=100_000_000)
    heard: list[int] = []
    times_ns: list[int] = []
    listen(graph.node, topics.LABELS, lambda m: heard.append(m.seq))
    listen(graph.node, topics.CLOCK, lambda m: times_ns.append(conversions.time_from_msg(m.clock)))
    player = graph.start(
        "player_node", bag=str(tmp_path / "bag"), topics=["labels"], wait_s=TIMEOUT_S, paused=True, clock_hz=50.0
    )
    graph.spin_until(lambda: len(times_ns) > 20, "the time is told")
    assert set(times_ns) == {10**18}
    assert heard == []
    assert ask(graph, topics.RESUME) == "playing at 0.000 s"
    graph.spin_until(lambda: len(heard) > 5, "labels are played")
    assert ask(graph, topics.PAUSE).startswith("paused at ")
    times_ns.clear()
    graph.spin_until(lambda: len(times_ns) > 20, "the time is told")
    assert len(set(times_ns[10:])) == 1
    stood_at_ns, last = times_ns[-1], heard[-1]
    assert 10**18 + last * 100_000_000 <= stood_at_ns < 10**18 + (last + 1) * 100_000_000
    with graph.other("simulated", use_sim_time=True) as other:
        graph.spin_until(lambda: other.get_clock().now().nanoseconds == stood_at_ns, "a node has the recorded time")
    said = re.fullmatch(r"playing at (\d+\.\d{3}) s", ask(graph, topics.TOGGLE_PAUSED))
    assert said is not None
    assert float(said[1]) == pytest.approx((stood_at_ns - 10**18) / 1e9, abs=0.00051)
    graph.spin_until(lambda: len(heard) > last + 3, "it goes on")
    assert ask(graph, topics.TOGGLE_PAUSED).startswith("paused at ")
    assert heard == list(range(len(heard)))
    assert player.stop() == 0, player.said()


def test_a_bag_that_the_session_cannot_use_is_refused_in_one_line_and_nothing_is_played(
    graph: Graph, tmp_path: Path
) -> None:
    make_bag(tmp_path / "broken", count=3, pause_ns=0)
    labels = tmp_path / "labels"
    labels.mkdir()
    file = BagFile(labels / "labels_0.mcap")
    file.write(
        Channel("/latentvr/labels", definition_of(LABEL), qos_entry(topics.LABELS.qos)), 10**18, 0, b"\0\1\0\0no"
    )
    file.finish()
    write_metadata(labels, [file.info()], {})
    heard: list[Any] = []
    listen(graph.node, topics.LABELS, heard.append)
    player = graph.start("player_node", bag=str(labels), wait_s=TIMEOUT_S)
    graph.spin_until(lambda: player.popen.poll() is not None, "the player ends")
    assert player.popen.returncode == 2
    errors = [line for line in player.said().splitlines() if "ERROR" in line]
    assert len(errors) == 1
    assert "the bag has 6 bytes on /latentvr/labels that are no latentvr/msg/LabelEvent" in errors[0]
    assert "Traceback" not in player.said()
    assert heard == []


def test_what_a_killed_recorder_left_is_played_up_to_the_cut(graph: Graph, tmp_path: Path) -> None:
    make_bag(tmp_path / "bag", count=5, pause_ns=0)
    (tmp_path / "bag" / "metadata.yaml").unlink()
    path = tmp_path / "bag" / "bag_0.mcap"
    path.write_bytes(path.read_bytes()[: scan_end(path) - 5])
    heard: list[Any] = []
    listen(graph.node, topics.LABELS, heard.append)
    player = graph.start("player_node", bag=str(tmp_path / "bag"), topics=["labels"], wait_s=TIMEOUT_S)
    graph.spin_until(lambda: len(heard) == 5, "labels are played")
    assert player.popen.wait(TIMEOUT_S) == 0
    assert "is unfinished" in player.said()


def scan_end(path: Path) -> int:
    """Where the last message of a finished file ends."""
    return path.read_bytes().index(bytes([0x0F, 4, 0, 0, 0, 0, 0, 0, 0]))


def refused(module: str, log: Path, **parameters: Any) -> str:
    """Run a node that refuses its parameters; return the one line that it says."""
    process = Process(module, parameters, log)
    assert process.popen.wait(TIMEOUT_S) == 2, process.said()
    lines = [line for line in process.said().splitlines() if line]
    assert len(lines) == 1, lines
    return lines[0]


def test_parameters_that_cannot_be_used_are_refused_in_one_line(tmp_path: Path) -> None:
    make_bag(tmp_path / "bag", count=1, pause_ns=0)
    (tmp_path / "other").mkdir()
    log = tmp_path / "log"
    assert f"{tmp_path / 'bag'} holds a finished bag" in refused("recorder_node", log, bag=str(tmp_path / "bag"))
    assert "parameter bag is empty" in refused("recorder_node", log)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    file = BagFile(foreign / "foreign_0.mcap", library="libmcap 1.4")
    for name in ("scan", "odom", "tf", "map", "joy", "points", "image\n"):
        channel = Channel(f"/{name}", definition_of("geometry_msgs/msg/PoseStamped"), qos_entry(topics.HEAD.qos))
        file.write(channel, 10**18, 0, b"")
    file.finish()
    write_metadata(foreign, [file.info()], {})
    said = refused("player_node", log, bag=str(foreign))
    assert f"{foreign} has nothing to play: /scan is not played: it is no topic of a session; " in said
    assert said.endswith("; and 2 more")
    assert f"{foreign} holds a finished bag" in refused("recorder_node", log, bag=str(foreign))
    (foreign / "metadata.yaml").unlink()
    file = BagFile(foreign / "foreign_1.mcap", library="libmcap 1.4")
    file.abandon()
    assert "foreign_1.mcap was recorded by 'libmcap 1.4'" in refused("recorder_node", log, bag=str(foreign))
    bomb = tmp_path / "bomb"
    bomb.mkdir()
    (bomb / "metadata.yaml").write_text("a: &a [x]\nb: &b [*a, *a]\n")
    assert "is not the metadata of a bag: one part of it refers" in refused("player_node", log, bag=str(bomb))
    assert f"{tmp_path / 'nowhere'} does not exist" in refused("player_node", log, bag=str(tmp_path / "nowhere"))
    assert "expected some of: /latentvr/cloud" in refused(
        "player_node", log, bag=str(tmp_path / "bag"), topics=["clouds"]
    )
