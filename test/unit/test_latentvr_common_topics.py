"""The list of topics and services is complete and says what nodes do; publishers and servers are made from it."""

import ast
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from latentvr import msg, srv
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rclpy.task import Future

from latentvr_common import node_tools, topics
from latentvr_common.health import Health, HealthReporter

TOP = Path(__file__).parents[2]
TIMEOUT_S = 20.0

RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
LATCHED, VOLATILE = DurabilityPolicy.TRANSIENT_LOCAL, DurabilityPolicy.VOLATILE

DESIGN = {
    "cloud": ("sensor_msgs/PointCloud2", RELIABLE, LATCHED, 1),
    "epoch": ("latentvr/Epoch", RELIABLE, LATCHED, 1),
    "trace": ("latentvr/TraceEntry", RELIABLE, LATCHED, 5000),
    "forces": ("sensor_msgs/PointCloud2", BEST_EFFORT, VOLATILE, 1),
    "ghost": ("sensor_msgs/PointCloud2", RELIABLE, LATCHED, 1),
    "cues": ("sensor_msgs/PointCloud2", BEST_EFFORT, VOLATILE, 1),
    "categories": ("latentvr/Categories", RELIABLE, LATCHED, 1),
    "labels": ("latentvr/LabelEvent", RELIABLE, LATCHED, 1000),
    "hands": ("latentvr/Hands", BEST_EFFORT, VOLATILE, 1),
    "head": ("geometry_msgs/PoseStamped", BEST_EFFORT, VOLATILE, 1),
    "gestures": ("latentvr/Gesture", RELIABLE, VOLATILE, 100),
    "selection": ("latentvr/Selection", BEST_EFFORT, VOLATILE, 1),
    "tool": ("latentvr/Tool", RELIABLE, LATCHED, 1),
    "cloud_placement": ("latentvr/CloudPlacement", RELIABLE, LATCHED, 1),
    "xr_state": ("latentvr/XrState", RELIABLE, LATCHED, 1),
    "xr/mirror": ("sensor_msgs/CompressedImage", BEST_EFFORT, VOLATILE, 1),
    "markers": ("visualization_msgs/MarkerArray", RELIABLE, VOLATILE, 1),
    "/diagnostics": ("diagnostic_msgs/DiagnosticArray", RELIABLE, VOLATILE, 10),
}
"""The table of the design: type, reliability, durability and depth of every topic."""


def type_of(topic: topics.Topic) -> str:
    return f"{topic.type.__module__.split('.')[0]}/{topic.type.__name__}"


def test_every_topic_is_as_the_design_says() -> None:
    found = {t.name: (type_of(t), t.qos.reliability, t.qos.durability, t.qos.depth) for t in topics.TOPICS}
    assert found == DESIGN
    assert all(topic.qos.history == HistoryPolicy.KEEP_LAST for topic in topics.TOPICS)


def test_every_topic_and_service_of_the_module_is_in_its_list_once() -> None:
    # The time of a recording is no topic of a session: nobody records it.
    assert [t for t in vars(topics).values() if isinstance(t, topics.Topic)] == [*topics.TOPICS, topics.CLOCK]
    assert [s for s in vars(topics).values() if isinstance(s, topics.Service)] == list(topics.SERVICES)
    names = [thing.name for thing in (*topics.TOPICS, *topics.SERVICES)]
    assert len(set(names)) == len(names)


def test_every_entry_is_explained_and_every_quality_of_service_has_its_reason() -> None:
    for topic in topics.TOPICS:
        assert topic.reason, topic.name
        assert topic.says, topic.name
        assert topic.sender, topic.name
    for service in topics.SERVICES:
        assert service.does, service.name
        assert service.server, service.name


def test_names_are_relative_but_for_the_one_that_all_of_ros_shares() -> None:
    for thing in (*topics.TOPICS, *topics.SERVICES):
        assert re.fullmatch("[a-z]+(_[a-z]+)*(/[a-z]+(_[a-z]+)*)?", thing.name) or thing is topics.DIAGNOSTICS, (
            thing.name
        )
    assert re.fullmatch("[a-z]+", topics.NAMESPACE)


def parts_of_interfaces() -> set[str]:
    """Names of our messages that are fields of other messages or services."""
    words: set[str] = set()
    for file in (*TOP.glob("msg/*.msg"), *TOP.glob("srv/*.srv")):
        words |= {line.split()[0].removesuffix("[]") for line in file.read_text().splitlines() if line.strip()}
    return words


def test_every_message_and_service_of_ours_is_sent_by_somebody() -> None:
    messages = {file.stem for file in TOP.glob("msg/*.msg")}
    services = {file.stem for file in TOP.glob("srv/*.srv")}
    sent = {topic.type.__name__ for topic in topics.TOPICS if type_of(topic).startswith("latentvr/")}
    assert messages == sent | (messages & parts_of_interfaces())
    served = {service.type for service in topics.SERVICES}
    assert services == {type_.__name__ for type_ in served if type_.__module__.startswith("latentvr.")}
    assert all(hasattr(msg, name) for name in messages)
    assert all(hasattr(srv, name) for name in services)


def uses(package: Path, function: str) -> set[str]:
    """Names of the entries of `topics` that a package hands to `function` of `node_tools`."""
    found: set[str] = set()
    for file in package.glob("*.py"):
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if called == function and len(call.args) > 1 and isinstance(call.args[1], ast.Attribute):
                found.add(call.args[1].attr)
    return found


PACKAGES = sorted(folder for folder in (TOP / "src").iterdir() if (folder / "node.py").exists())


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
def test_a_package_sends_and_serves_exactly_what_the_list_says(package: Path) -> None:
    entries = {name: thing for name, thing in vars(topics).items() if isinstance(thing, topics.Topic | topics.Service)}
    sent = {n for n, t in entries.items() if isinstance(t, topics.Topic) and package.name in t.sender.split(" or ")}
    served = {n for n, s in entries.items() if isinstance(s, topics.Service) and s.server == package.name}
    assert uses(package, "advertise") == sent
    assert uses(package, "serve") == served
    assert uses(package, "listen") <= entries.keys()


def test_every_sender_and_server_is_a_process_of_ours() -> None:
    known = {file.name for file in (TOP / "scripts").iterdir()} | {"every node", "xr_bridge"}
    for topic in topics.TOPICS:
        assert set(topic.sender.split(" or ")) <= known
    assert {service.server for service in topics.SERVICES} <= known


# Made from the list


def make_executor(kind: str, context: Context) -> Any:
    if kind == "single":
        return SingleThreadedExecutor(context=context)
    return pytest.importorskip("rclpy.experimental").EventsExecutor(context=context)


class Graph:
    """Two nodes of one process, and their executor."""

    def __init__(self, executor: str = "single") -> None:
        self._context = Context()
        rclpy.init(context=self._context)
        self.here, self.there = (Node(n, namespace="latentvr", context=self._context) for n in ("here", "there"))
        self._executor = make_executor(executor, self._context)
        self._executor.add_node(self.here)
        self._executor.add_node(self.there)

    def spin_until(self, condition: Callable[[], Any], what: str) -> None:
        until = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < until, f"{what}: not within {TIMEOUT_S} s"
            self._executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        self._executor.remove_node(self.here)
        self._executor.remove_node(self.there)
        self._executor.shutdown()
        self.here.destroy_node()
        self.there.destroy_node()
        rclpy.shutdown(context=self._context)


@pytest.fixture
def graph() -> Iterator[Graph]:
    graph = Graph()
    try:
        yield graph
    finally:
        graph.close()


def quality(qos: QoSProfile) -> tuple[object, ...]:
    return qos.reliability, qos.durability


def test_publishers_and_subscriptions_have_the_name_and_quality_of_their_topic(graph: Graph) -> None:
    for topic in topics.TOPICS:
        publisher = node_tools.advertise(graph.here, topic)
        subscription = node_tools.listen(graph.there, topic, lambda _: None)
        full = topic.name if topic.name.startswith("/") else f"/latentvr/{topic.name}"
        assert publisher.topic_name == subscription.topic_name == full
        graph.spin_until(lambda p=publisher: p.get_subscription_count() == 1, f"{topic.name} is connected")  # type: ignore[misc]
        (info,) = graph.there.get_publishers_info_by_topic(full)
        assert quality(info.qos_profile) == quality(topic.qos)
        assert info.topic_type == type_of(topic).replace("/", "/msg/")


def test_state_reaches_those_who_come_later_and_what_is_worthless_when_late_does_not(graph: Graph) -> None:
    state, pose = (node_tools.advertise(graph.here, topic) for topic in (topics.LABELS, topics.HANDS))
    for seq in (1, 2, 3):
        state.publish(msg.LabelEvent(seq=seq))
        pose.publish(msg.Hands(left=msg.Hand(tracked=True)))
    heard: list[int] = []
    poses: list[bool] = []
    node_tools.listen(graph.there, topics.LABELS, lambda m: heard.append(m.seq))
    node_tools.listen(graph.there, topics.HANDS, lambda m: poses.append(m.left.tracked))
    graph.spin_until(lambda: len(heard) == 3 and pose.get_subscription_count() == 1, "the state arrives")
    assert (heard, poses) == ([1, 2, 3], [])

    def pose_arrives() -> bool:
        pose.publish(msg.Hands())
        return bool(poses)

    graph.spin_until(pose_arrives, "a new pose arrives")
    assert not any(poses)


def test_a_subscription_may_be_raw_or_of_another_quality(graph: Graph) -> None:
    raw: list[bytes] = []
    node_tools.listen(graph.there, topics.EPOCH, raw.append, raw=True, qos=topics.latched(100))
    node_tools.advertise(graph.here, topics.EPOCH).publish(msg.Epoch(epoch=3))
    graph.spin_until(lambda: raw, "the message arrives")
    assert deserialize_message(raw[0], msg.Epoch).epoch == 3


def test_a_client_reaches_the_server_of_its_service(graph: Graph) -> None:
    def answer(request: srv.StepHistory.Request, response: srv.StepHistory.Response) -> srv.StepHistory.Response:
        response.message = f"hello {request.author}"
        return response

    node_tools.serve(graph.there, topics.UNDO, answer)
    client = node_tools.client(graph.here, topics.UNDO)
    graph.spin_until(client.service_is_ready, "the server is found")
    assert ("/latentvr/undo", ["latentvr/srv/StepHistory"]) in graph.here.get_service_names_and_types()
    future = client.call_async(srv.StepHistory.Request(author="ann"))
    graph.spin_until(future.done, "the answer arrives")
    assert future.result().message == "hello ann"


def test_who_listens_is_known_by_name_but_for_the_recorder(graph: Graph) -> None:
    assert node_tools.listeners(graph.here, topics.FORCES) == []
    recorder = Node("session_recorder", namespace="latentvr", context=graph.here.context)
    try:
        node_tools.listen(recorder, topics.FORCES, lambda m: None)
        graph.spin_until(lambda: graph.here.count_subscribers("forces") == 1, "the recorder is found")
        assert node_tools.listeners(graph.here, topics.FORCES) == []
        one = node_tools.listen(graph.there, topics.FORCES, lambda m: None)
        graph.spin_until(lambda: node_tools.listeners(graph.here, topics.FORCES) == ["there"], "the other is found")
        assert node_tools.listeners(graph.here, topics.EPOCH) == []
        graph.there.destroy_subscription(one)
        graph.spin_until(lambda: node_tools.listeners(graph.here, topics.FORCES) == [], "the other has gone")
    finally:
        recorder.destroy_node()


def test_a_listener_counts_once_the_name_of_its_node_is_known(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [SimpleNamespace(node_name="_NODE_NAME_UNKNOWN_"), SimpleNamespace(node_name="there")]
    monkeypatch.setattr(graph.here, "get_subscriptions_info_by_topic", lambda name: found)
    assert node_tools.listeners(graph.here, topics.FORCES) == ["there"]


def test_ros_time_is_in_nanoseconds(graph: Graph) -> None:
    assert abs(node_tools.now_ns(graph.here) - time.time_ns()) < 5_000_000_000


def test_a_node_says_its_health_once_a_second_with_what_it_dropped(graph: Graph) -> None:
    heard: list[tuple[float, DiagnosticStatus]] = []
    node_tools.listen(graph.there, topics.DIAGNOSTICS, lambda m: heard.append((time.monotonic(), m.status[0])))
    reporter = HealthReporter(graph.here, lambda: Health("thinking", DiagnosticStatus.WARN, {"step": 12}))
    reporter.drop("too long")
    reporter.drop("not finite")
    graph.spin_until(lambda: len(heard) >= 2, "two reports")
    (first_s, first), (second_s, _) = heard[:2]
    assert 0.7 < second_s - first_s < 1.6
    assert (first.name, first.message, first.level) == ("/latentvr/here", "thinking", DiagnosticStatus.WARN)
    assert {pair.key: pair.value for pair in first.values} == {
        "step": "12",
        "dropped messages": "2",
        "failed callbacks": "0",
    }


# Callbacks that fail


@pytest.fixture(params=["single", "events"])
def any_graph(request: pytest.FixtureRequest) -> Iterator[Graph]:
    """As `graph`, with each executor under which nodes run."""
    graph = Graph(request.param)
    try:
        yield graph
    finally:
        graph.close()


def values_of(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


def test_a_message_that_breaks_its_callback_is_dropped_and_the_next_ones_are_taken(any_graph: Graph) -> None:
    heard: list[int] = []

    def take(message: msg.Epoch) -> None:
        heard.append(message.epoch)
        if message.epoch == 1:
            raise ZeroDivisionError("cannot divide by it")

    node_tools.listen(any_graph.there, topics.EPOCH, take, qos=topics.latched(10))
    out = any_graph.here.create_publisher(msg.Epoch, topics.EPOCH.name, topics.latched(10))
    for epoch in (1, 2, 3):
        out.publish(msg.Epoch(epoch=epoch))
    any_graph.spin_until(lambda: heard == [1, 2, 3], "all messages")
    failures = node_tools.failures_of(any_graph.there)
    assert failures.count == 1
    assert "take failed: ZeroDivisionError: cannot divide by it (test_latentvr_common_topics.py:" in failures.last
    assert node_tools.failures_of(any_graph.here).count == 0


def test_a_message_comes_with_its_number_and_the_time_when_it_was_sent(any_graph: Graph) -> None:
    heard: list[tuple[int, node_tools.Origin]] = []

    def take(data: bytes, origin: node_tools.Origin) -> None:
        heard.append((deserialize_message(data, msg.Epoch).epoch, origin))
        if len(heard) == 1:
            raise ZeroDivisionError("cannot divide by it")

    node_tools.listen_with_origin(any_graph.there, topics.EPOCH, take, qos=topics.latched(10))
    out = any_graph.here.create_publisher(msg.Epoch, topics.EPOCH.name, topics.latched(10))
    began_ns = time.time_ns()
    for epoch in (5, 6, 7):
        out.publish(msg.Epoch(epoch=epoch))
    any_graph.spin_until(lambda: len(heard) == 3, "all messages")
    assert [(epoch, origin.number) for epoch, origin in heard] == [(5, 1), (6, 2), (7, 3)]
    sent_ns = [origin.sent_ns for _, origin in heard]
    assert began_ns - 1_000_000 <= sent_ns[0] < sent_ns[1] < sent_ns[2] <= time.time_ns()
    assert "cannot divide by it" in node_tools.failures_of(any_graph.there).last


def test_a_callback_that_fails_every_time_is_logged_once_in_a_while(
    graph: Graph, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(message: msg.Epoch) -> None:
        raise ValueError(f"epoch {message.epoch} is too much")

    for _ in range(2):
        node_tools.listen(graph.there, topics.EPOCH, fail, qos=topics.latched(10))
    out = graph.here.create_publisher(msg.Epoch, topics.EPOCH.name, topics.latched(10))
    for epoch in range(5):
        out.publish(msg.Epoch(epoch=epoch))
    graph.spin_until(lambda: node_tools.failures_of(graph.there).count == 10, "ten failures")
    # One for each of the two subscriptions: they do not hide each other.
    assert capfd.readouterr().err.count("failed: ValueError: epoch 0 is too much") == 2


def test_a_timer_goes_on_after_a_turn_that_failed(any_graph: Graph) -> None:
    turns: list[int] = []

    def turn() -> None:
        turns.append(1)
        raise RuntimeError("not this time")

    node_tools.every(any_graph.there, 0.01, turn)
    any_graph.spin_until(lambda: len(turns) >= 3, "three turns")
    assert node_tools.failures_of(any_graph.there).count >= 3


@pytest.mark.parametrize("wrong", ["an exception", "no response"])
def test_a_request_that_breaks_its_callback_is_answered_with_the_reason(any_graph: Graph, wrong: str) -> None:
    def answer(request: srv.StepHistory.Request, response: srv.StepHistory.Response) -> Any:
        response.accepted = True
        if request.author == "ann" and wrong == "an exception":
            raise KeyError("ann")
        return None if request.author == "ann" else response

    node_tools.serve(any_graph.there, topics.UNDO, answer)
    client = node_tools.client(any_graph.here, topics.UNDO)
    any_graph.spin_until(client.service_is_ready, "the server is found")
    asked = [client.call_async(srv.StepHistory.Request(author=author)) for author in ("ann", "bob")]
    any_graph.spin_until(lambda: all(future.done() for future in asked), "both answers")
    bad, good = (future.result() for future in asked)
    assert not bad.accepted
    assert ("failed: KeyError: 'ann'" if wrong == "an exception" else "is a NoneType, expected") in bad.message
    assert good.accepted
    assert node_tools.failures_of(any_graph.there).count == 1


def test_an_answer_may_come_later_and_the_server_goes_on_meanwhile(any_graph: Graph) -> None:
    waiting: list[tuple[Future, srv.StepHistory.Response]] = []
    turns: list[int] = []

    def answer(request: srv.StepHistory.Request, response: srv.StepHistory.Response) -> Future:
        response.message = f"at last, {request.author}"
        waiting.append((Future(), response))
        return waiting[-1][0]

    node_tools.serve(any_graph.there, topics.UNDO, answer)
    node_tools.every(any_graph.there, 0.01, lambda: turns.append(1))
    client = node_tools.client(any_graph.here, topics.UNDO)
    any_graph.spin_until(client.service_is_ready, "the server is found")
    asked = [client.call_async(srv.StepHistory.Request(author=author)) for author in ("ann", "bob", "eve")]
    any_graph.spin_until(lambda: len(waiting) == 3, "three requests at once")
    before = len(turns)
    any_graph.spin_until(lambda: len(turns) > before + 3, "other things happen")
    assert not any(future.done() for future in asked)
    for future, response in reversed(waiting[:2]):
        future.set_result(response)
    waiting[2][0].set_exception(OSError("no disk"))
    any_graph.spin_until(lambda: all(future.done() for future in asked), "the answers")
    ann, bob, eve = (future.result().message for future in asked)
    assert (ann, bob) == ("at last, ann", "at last, bob")
    assert "answer failed: OSError: no disk" in eve


def test_a_failed_callback_shows_in_the_health_of_its_node(graph: Graph) -> None:
    heard: list[DiagnosticStatus] = []
    node_tools.listen(graph.there, topics.DIAGNOSTICS, lambda m: heard.append(m.status[0]))

    def fail(_message: msg.Epoch) -> None:
        raise ValueError("not an epoch")

    node_tools.listen(graph.here, topics.EPOCH, fail)  # before there is a reporter
    HealthReporter(graph.here, lambda: Health("thinking"))
    node_tools.advertise(graph.there, topics.EPOCH).publish(msg.Epoch())
    graph.spin_until(lambda: any("not an epoch" in status.message for status in heard), "it is said")
    status = next(status for status in heard if "not an epoch" in status.message)
    assert status.message.startswith("thinking; ")
    assert status.level == DiagnosticStatus.WARN
    assert values_of(status)["failed callbacks"] == "1"
    heard.clear()
    graph.spin_until(lambda: heard, "the next report")
    assert (heard[-1].message, heard[-1].level) == ("thinking", DiagnosticStatus.OK)
    assert values_of(heard[-1])["failed callbacks"] == "1"


def test_a_node_that_cannot_tell_its_health_says_that(graph: Graph) -> None:
    heard: list[DiagnosticStatus] = []
    node_tools.listen(graph.there, topics.DIAGNOSTICS, lambda m: heard.append(m.status[0]))

    def probe() -> Health:
        raise AttributeError("no pulse")

    HealthReporter(graph.here, probe)
    graph.spin_until(lambda: len(heard) >= 2, "two reports")
    assert heard[0].message == "health is not known: AttributeError: no pulse"
    assert heard[0].level == DiagnosticStatus.ERROR
