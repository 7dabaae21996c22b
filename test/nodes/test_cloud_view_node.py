"""The view on real DDS: what is published is in the pictures that it leaves."""

import io
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from latentvr import msg, srv
from PIL import Image
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.serialization import serialize_message
from sensor_msgs.msg import PointCloud2
from virtual_display import virtual_display

import cloud_view
from cloud_view.pictures import LAST_PICTURE_FRAMES
from latentvr_common import conversions, session_files, topics
from latentvr_common.beacons import COLORS, Beacon, Why
from latentvr_common.cloud import Cloud
from latentvr_common.colors import category_color, split_rgb
from latentvr_common.cues import Cues
from latentvr_common.forces import Forces
from latentvr_common.gestures import Side, Tool, ToolKind
from latentvr_common.hands import FULLY_TRACKED, JOINT_COUNT, Hand, Hands
from latentvr_common.inbox_node import Inbox
from latentvr_common.labels import Category
from latentvr_common.node_tools import advertise, listen, serve
from latentvr_common.placement import Placement
from latentvr_common.scene import Brush

SOURCE = Path(cloud_view.__file__).parent.parent
TIMEOUT_S = 60.0
NO_RENDERER = "no way to draw"
CATEGORIES = [Category(i, f"kind {i}", category_color(i)) for i in range(3)]


class Graph:
    """A node of the test's own that stands for all others, and the view in a process of its own."""

    def __init__(self, log: Path) -> None:
        self.node = Node("test", namespace=topics.NAMESPACE)
        self.health: DiagnosticStatus | None = None
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._out = {
            topic.name: advertise(self.node, topic)
            for topic in (
                topics.CLOUD,
                topics.EPOCH,
                topics.CATEGORIES,
                topics.HANDS,
                topics.GESTURES,
                topics.SELECTION,
                topics.CLOUD_PLACEMENT,
            )
        }
        listen(self.node, topics.DIAGNOSTICS, self._on_health)

    def _on_health(self, message: DiagnosticArray) -> None:
        self.health = message.status[0]

    def start(self, environment: dict[str, str] | None = None, **parameters: object) -> subprocess.Popen[bytes]:
        arguments = [part for name, value in parameters.items() for part in ("-p", f"{name}:={value}")]
        program = "import sys; from cloud_view.node import main; sys.exit(main())"
        path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
        with self._log.open("w") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-c", program, "--ros-args", *arguments],
                stdout=stream,
                stderr=stream,
                env={**os.environ, "PYTHONPATH": path, **(environment or {})},
            )
        return self._process

    def publish(self, topic: topics.Topic, message: Any) -> None:
        self._out[topic.name].publish(message)

    def spin_until(self, condition: Callable[[], Any], what: str) -> None:
        until = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < until, f"{what}: not within {TIMEOUT_S} s\n{self.said()}"
            self._executor.spin_once(timeout_sec=0.02)
            if NO_RENDERER in self.said():
                pytest.skip(f"nothing can be drawn here: {self.said()}")

    def value(self, key: str) -> int:
        """Return a number that the view reported last with its health; -1: none."""
        values = {v.key: v.value for v in self.health.values} if self.health is not None else {}
        return int(values.get(key, -1))

    def said(self) -> str:
        return self._log.read_text()

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(TIMEOUT_S)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._executor.shutdown()
        self.node.destroy_node()


@pytest.fixture
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    rclpy.init()
    made = Graph(tmp_path_factory.mktemp("log") / "view.log")
    try:
        yield made
    finally:
        made.close()
        rclpy.try_shutdown()


def cloud_at(turn: float, count: int = 900) -> Cloud:
    random = np.random.default_rng(0)
    kinds = (np.arange(count) % 3).astype(np.int16)
    angles = kinds * 2 * np.pi / 3 + turn
    middles = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1) * 0.6
    positions = (middles + random.normal(size=(count, 3)) * 0.13).astype(np.float32)
    rgb = np.array([c.color for c in CATEGORIES], np.uint32)[kinds]
    return Cloud(1 + int(turn * 1000), positions, rgb, kinds, kinds, np.ones(count, np.float32))


def hand_at(x: float) -> Hand:
    joints = np.array([[x + 0.01 * (i // 5), 1.1, -0.3 - 0.02 * (i % 5)] for i in range(JOINT_COUNT)])
    quats = np.tile([0.0, 0.0, 0.0, 1.0], (JOINT_COUNT, 1))
    return Hand(True, joints, quats, np.full(JOINT_COUNT, 0.01), np.full(JOINT_COUNT, FULLY_TRACKED, np.uint8))


def publish_moment(graph: Graph, turn: float) -> None:
    """Publish a cloud and all that goes with it, as in the middle of a gesture."""
    cloud = cloud_at(turn)
    header = conversions.header(conversions.LATENT_FRAME, cloud.stamp_ns)
    graph.publish(topics.CLOUD, conversions.cloud_to_msg(cloud))
    graph.publish(
        topics.EPOCH,
        msg.Epoch(header=header, state=1, epoch=int(turn * 10), items=900, labelled=900, accuracy=0.931),
    )
    graph.publish(topics.HANDS, conversions.hands_to_cdr(Hands(1, hand_at(-0.1 - turn / 20), Hand())))
    position = conversions.point_to_msg([0.0, 1.3, -0.5])
    gesture = msg.Gesture(gesture_id="g", name="pinch_brush", phase=1, position=position, radius=0.05, category=1)
    graph.publish(topics.GESTURES, gesture)
    graph.publish(topics.SELECTION, msg.Selection(gesture_id="g", category=1, sample_ids=range(40)))


def publish_until(graph: Graph, condition: Callable[[], bool], what: str) -> None:
    """Let the cloud turn until `condition` holds."""
    graph.publish(topics.CATEGORIES, conversions.categories_to_msg(CATEGORIES, 1, 0))
    graph.publish(topics.CLOUD_PLACEMENT, conversions.placement_to_msg(Placement(), 0))
    turns = iter(np.arange(0.0, 1000.0, 0.02))

    def moved_on() -> bool:
        publish_moment(graph, float(next(turns)))
        return condition()

    graph.spin_until(moved_on, what)


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def shows(picture: np.ndarray, color: int) -> bool:
    """Tell whether a category's hue is in the picture right of the caption."""
    rest = picture[:, picture.shape[1] // 4 :].astype(float)
    wanted = split_rgb(color).astype(float)
    length = np.linalg.norm(rest, axis=-1) + 1e-9
    like = (rest @ wanted / (length * np.linalg.norm(wanted)) > 0.99) & (length > 100)
    return bool(like.sum() > 200)


@pytest.mark.alone
def test_a_session_leaves_a_time_lapse_and_a_still(graph: Graph, tmp_path: Path) -> None:
    graph.start(directory=tmp_path, mode="headless", timelapse_period_s=0.05, drawing_share=1.0)
    publish_until(graph, lambda: graph.value("pictures") >= 4, "four pictures")
    assert graph.stop() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [session_files.STILL, session_files.VIDEO]
    said = re.search(rf"wrote {session_files.VIDEO}, (\d+) pictures", graph.said())
    assert said, graph.said()
    frames = frames_of(tmp_path / session_files.VIDEO)
    assert len(frames) == int(said.group(1)) + LAST_PICTURE_FRAMES
    still = Image.open(tmp_path / session_files.STILL)
    assert still.size == (1600, 900)
    for picture in (frames[len(frames) // 2], np.asarray(still)):
        assert all(shows(picture, category.color) for category in CATEGORIES)
        assert (picture[: picture.shape[0] // 6, : picture.shape[1] // 4].min(axis=-1) > 200).sum() > 500


class Decoder:
    """The trainer's side of the service `decode_place`: every place is a magenta picture of category 2."""

    def __init__(self, graph: Graph, picture: bytes | None = None) -> None:
        stream = io.BytesIO()
        Image.new("RGB", (128, 128), MAGENTA).save(stream, "PNG")
        self._picture = stream.getvalue() if picture is None else picture
        self.asked: list[np.ndarray] = []
        serve(graph.node, topics.DECODE_PLACE, self._answer)

    def _answer(self, request: srv.DecodePlace.Request, response: srv.DecodePlace.Response) -> srv.DecodePlace.Response:
        self.asked.append(conversions.point_from_msg(request.position))
        response.found, response.predicted, response.share, response.support = True, 2, 0.5, 9
        response.picture.data = self._picture
        return response


MAGENTA = (250, 0, 250)


def shows_magenta_at_the_right_top(picture: np.ndarray) -> bool:
    corner = picture[: picture.shape[0] // 2, -picture.shape[1] // 4 :, :3].astype(int)
    return bool((np.abs(corner - MAGENTA).max(axis=-1) < 20).mean() > 0.2)


def test_what_would_live_at_the_brush_is_in_the_pictures(graph: Graph, tmp_path: Path) -> None:
    decoder = Decoder(graph)
    graph.start(directory=tmp_path, mode="headless", timelapse_period_s=0.05, drawing_share=1.0)
    brush = Placement().latent_from_stage(np.array([0.0, 1.3, -0.5]))

    def at_the_brush() -> list[bool]:
        return [bool(np.allclose(place, brush, atol=1e-6)) for place in decoder.asked]

    publish_until(graph, lambda: sum(at_the_brush()) >= 3, "three questions")
    before = graph.value("pictures")
    publish_until(graph, lambda: graph.value("pictures") >= before + 2, "more pictures")
    assert graph.stop() == 0
    # A hand may be seen before the brush is; from then on it is the brush.
    assert at_the_brush() == sorted(at_the_brush())
    assert at_the_brush().count(False) <= 1
    frames = frames_of(tmp_path / session_files.VIDEO)
    assert not shows_magenta_at_the_right_top(frames[0])
    assert shows_magenta_at_the_right_top(frames[-1])
    assert shows_magenta_at_the_right_top(np.asarray(Image.open(tmp_path / session_files.STILL)))


def test_nobody_is_asked_who_is_not_to_be(graph: Graph, tmp_path: Path) -> None:
    decoder = Decoder(graph)
    graph.start(directory=tmp_path, mode="headless", timelapse_period_s=0.05, drawing_share=1.0, decode=False)
    publish_until(graph, lambda: graph.value("pictures") >= 4, "four pictures")
    assert decoder.asked == []


def test_a_decoded_picture_that_is_none_is_dropped_and_the_view_goes_on(graph: Graph, tmp_path: Path) -> None:
    decoder = Decoder(graph, b"no picture at all")
    graph.start(directory=tmp_path, mode="headless", timelapse_period_s=0.05, drawing_share=1.0)
    publish_until(graph, lambda: graph.value("dropped messages") >= 2, "two dropped answers")
    before = graph.value("pictures")
    publish_until(graph, lambda: graph.value("pictures") >= before + 2, "more pictures")
    assert len(decoder.asked) >= 2
    assert graph.value("failed callbacks") == 0
    assert "decode_place: the picture cannot be read" in graph.said()


def forces_on(cloud: Cloud) -> Forces:
    """All items are pulled to the right."""
    ids = np.arange(0, len(cloud), 5, dtype=np.uint32)
    right = np.tile(np.array([1.0, 0.0, 0.0], np.float32), (len(ids), 1))
    return Forces(1, ids, cloud.positions[ids], ("structure",), right[:, None], 0 * right, 0 * right)


def white(picture: np.ndarray) -> int:
    """Pixels that are nearly white, beside the caption."""
    beside = picture[:, picture.shape[1] // 3 :, :3].astype(int)
    return int((beside.min(axis=-1) > 120).sum())


def test_forces_are_arrows_in_the_pictures_of_who_wants_them(graph: Graph, tmp_path: Path) -> None:
    out = advertise(graph.node, topics.FORCES)
    graph.start(directory=tmp_path, mode="headless", timelapse_period_s=0.05, drawing_share=1.0, forces=True)
    cloud = cloud_at(0.0)

    def take(pictures: int, what: str) -> None:
        before = graph.value("pictures")
        publish_until(graph, lambda: graph.value("pictures") >= before + pictures, what)

    graph.spin_until(lambda: out.get_subscription_count() == 1, "the view listens")
    take(2, "pictures without forces")
    out.publish(conversions.forces_to_msg(forces_on(cloud)))
    broken = conversions.forces_to_msg(forces_on(cloud))
    broken.point_step += 1
    take(2, "pictures with forces")
    out.publish(broken)
    publish_until(graph, lambda: graph.value("dropped messages") == 1, "a dropped message")
    assert graph.stop() == 0
    frames = frames_of(tmp_path / session_files.VIDEO)
    # The camera comes nearer at first: of the two pictures without forces the later one has the larger points.
    assert white(frames[-1]) > 1.4 * max(white(frames[0]), white(frames[1]))


def test_who_does_not_want_forces_or_cues_does_not_listen_to_them(graph: Graph, tmp_path: Path) -> None:
    outs = [advertise(graph.node, topic) for topic in (topics.FORCES, topics.CUES)]
    graph.start(directory=tmp_path, mode="headless", timelapse_period_s=0.05, drawing_share=1.0)
    publish_until(graph, lambda: graph.value("pictures") >= 3, "three pictures")
    assert [out.get_subscription_count() for out in outs] == [0, 0]


def test_forces_are_listened_to_only_while_they_are_wanted(graph: Graph) -> None:
    inbox = Inbox(graph.node)
    inbox._taker(topics.CLOUD)(serialize_message(conversions.cloud_to_msg(cloud_at(0.0))))

    def shown() -> Forces | None:
        scene = inbox.scene(time.monotonic())
        assert scene is not None
        return scene.forces

    out = advertise(graph.node, topics.FORCES)
    assert (shown(), out.get_subscription_count()) == (None, 0)
    graph.said = lambda: ""  # type: ignore[method-assign]
    for times in (1, 2):
        inbox.toggle_forces()
        graph.spin_until(lambda: out.get_subscription_count() == 1, "it listens")
        out.publish(conversions.forces_to_msg(forces_on(cloud_at(0.0))))
        graph.spin_until(shown, "forces")
        inbox.toggle_forces()
        assert (shown(), inbox.changes) == (None, 1 + 3 * times)
        graph.spin_until(lambda: out.get_subscription_count() == 0, "it listens no longer")


def test_what_hands_hold_and_what_mice_hold_are_kept_apart_whoever_told_of_it_last(graph: Graph) -> None:
    inbox = Inbox(graph.node)
    inbox._taker(topics.CLOUD)(serialize_message(conversions.cloud_to_msg(cloud_at(0.0))))
    hands = Tool(ToolKind.DENSITY, 1, radius_m=0.0625, page=2, side=Side.LEFT, author="ann")
    mice = [
        Tool(ToolKind.BOX, i, radius_m=0.0625, side=Side.MOUSE, author=author)
        for i, author in enumerate(("ann", "bob"))
    ]
    newer = Tool(ToolKind.SPHERE, 2, radius_m=0.0625, side=Side.MOUSE, author="bob")
    for tool in (hands, *mice, newer):
        inbox._taker(topics.TOOL)(serialize_message(conversions.tool_to_msg(tool, 1)))
    scene = inbox.scene(time.monotonic())
    assert scene is not None
    assert (scene.tool, scene.desks) == (hands, {"ann": mice[0], "bob": newer})


def cues_on(cloud: Cloud, item: int) -> Cues:
    """One place, of which the network knows nothing."""
    even = np.full(len(cloud), 0.5, np.float32)
    here = np.arange(len(cloud)) == item
    return Cues(
        1, cloud.positions, np.where(here, 1.0, 0.5).astype(np.float32), even, even, even, here.astype(np.int16)
    )


def test_cues_are_listened_to_only_while_they_are_wanted_and_give_beacons(graph: Graph) -> None:
    inbox = Inbox(graph.node)
    inbox._taker(topics.CLOUD)(serialize_message(conversions.cloud_to_msg(cloud_at(0.0))))

    def shown() -> Any:
        scene = inbox.scene(time.monotonic())
        assert scene is not None
        return scene.beacons

    out = advertise(graph.node, topics.CUES)
    assert (shown(), out.get_subscription_count()) == (None, 0)
    graph.said = lambda: ""  # type: ignore[method-assign]
    for times in (1, 2):
        inbox.toggle_cues()
        graph.spin_until(lambda: out.get_subscription_count() == 1, "it listens")
        out.publish(conversions.cues_to_msg(cues_on(cloud_at(0.0), 5)))
        graph.spin_until(shown, "beacons")
        assert shown() == (Beacon(1, 5, Why.UNSURE),)
        inbox.toggle_cues()
        assert (shown(), inbox.changes) == (None, 1 + 3 * times)
        graph.spin_until(lambda: out.get_subscription_count() == 0, "it listens no longer")


def test_cues_are_beacons_in_the_pictures_of_who_wants_them(graph: Graph, tmp_path: Path) -> None:
    out = advertise(graph.node, topics.CUES)
    graph.start(directory=tmp_path, mode="headless", timelapse_period_s=0.05, drawing_share=1.0, cues=True)

    def take(pictures: int, what: str) -> None:
        before = graph.value("pictures")
        publish_until(graph, lambda: graph.value("pictures") >= before + pictures, what)

    graph.spin_until(lambda: out.get_subscription_count() == 1, "the view listens")
    take(2, "pictures without cues")
    message = conversions.cues_to_msg(cues_on(cloud_at(0.0), 5))
    out.publish(message)
    take(2, "pictures with cues")
    message.point_step += 1
    out.publish(message)
    publish_until(graph, lambda: graph.value("dropped messages") == 1, "a dropped message")
    assert graph.stop() == 0
    frames = frames_of(tmp_path / session_files.VIDEO)
    assert yellow(frames[-1]) > yellow(frames[0]) + 50


def yellow(picture: np.ndarray) -> int:
    """Pixels with the colour of a beacon at what the network is unsure of, beside the caption."""
    beside = picture[:, picture.shape[1] // 3 :, :3].astype(int)
    return int((np.abs(beside - COLORS[Why.UNSURE]).max(axis=-1) < 40).sum())


def test_a_view_that_is_killed_leaves_its_film_up_to_then(graph: Graph, tmp_path: Path) -> None:
    process = graph.start(directory=tmp_path, mode="headless", timelapse_period_s=0.05, drawing_share=1.0)
    publish_until(graph, lambda: graph.value("pictures") >= 3, "three pictures")
    process.kill()
    process.wait()
    assert len(frames_of(tmp_path / session_files.VIDEO)) >= 2


def test_nothing_is_drawn_while_nothing_moves(graph: Graph, tmp_path: Path) -> None:
    graph.start(directory=tmp_path, mode="headless", timelapse_period_s=0.05, drawing_share=1.0)
    still_hands = conversions.hands_to_cdr(Hands(1, hand_at(0.0), Hand()))
    graph.publish(topics.CLOUD, conversions.cloud_to_msg(cloud_at(0.0)))

    def hands_came() -> bool:
        graph.publish(topics.HANDS, still_hands)
        return graph.value("pictures") >= 1

    graph.spin_until(hands_came, "the first picture")
    reports: list[int] = []

    def three_more_reports() -> bool:
        graph.publish(topics.HANDS, still_hands)
        if graph.health is not None:
            reports.append(graph.value("pictures"))
            graph.health = None
        return len(reports) >= 3

    graph.spin_until(three_more_reports, "three reports")
    assert reports[-1] <= 2, "one without hands, one with them"


def test_a_machine_that_cannot_draw_is_reported_and_the_view_lives(graph: Graph, tmp_path: Path) -> None:
    process = graph.start({"__EGL_VENDOR_LIBRARY_FILENAMES": "/dev/null"}, directory=tmp_path, mode="headless")
    graph.publish(topics.CLOUD, conversions.cloud_to_msg(cloud_at(0.0)))
    until = time.monotonic() + TIMEOUT_S
    while graph.health is None or graph.health.level != DiagnosticStatus.ERROR:
        assert time.monotonic() < until, graph.said()
        graph._executor.spin_once(timeout_sec=0.02)
    assert "Open3D finds no way to draw" in graph.health.message
    assert process.poll() is None
    assert graph.stop() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_cloud_that_is_none_is_dropped_and_counted(graph: Graph, tmp_path: Path) -> None:
    graph.start(directory=tmp_path, mode="headless")
    graph.publish(topics.CLOUD, PointCloud2(height=1, width=3, point_step=4))
    graph.spin_until(lambda: graph.value("dropped messages") == 1, "a dropped message")
    assert "message dropped: cloud: fields are []" in graph.said()
    assert graph.stop() == 0
    assert "no cloud came: no pictures" in graph.said()


def gesture(radius: float = 0.05, name: str = "g", **position: float) -> msg.Gesture:
    point = {"x": 0.0, "y": 1.3, "z": -0.5} | position
    place = conversions.point_to_msg([point[axis] for axis in "xyz"])
    return msg.Gesture(gesture_id=name, name="pinch_brush", phase=1, position=place, radius=radius, category=1)


BAD_GESTURES = [
    gesture(x=math.nan),
    gesture(z=math.inf),
    gesture(y=1.5e308),
    gesture(radius=math.nan),
    gesture(radius=math.inf),
    gesture(radius=1e30),
]


def test_gestures_that_are_nowhere_are_dropped_and_the_view_goes_on(graph: Graph, tmp_path: Path) -> None:
    process = graph.start(directory=tmp_path, mode="headless", timelapse_period_s=0.05, drawing_share=1.0)
    publish_until(graph, lambda: graph.value("pictures") >= 1, "a picture")
    for bad in BAD_GESTURES:
        graph.publish(topics.GESTURES, bad)
    graph.spin_until(lambda: graph.value("dropped messages") == len(BAD_GESTURES), "all of them are counted")
    before = graph.value("pictures")
    publish_until(graph, lambda: graph.value("pictures") >= before + 2, "more pictures")
    assert process.poll() is None
    assert graph.value("failed callbacks") == 0
    assert "expected finite numbers within 100 m" in graph.said()
    assert graph.stop() == 0


def test_a_brush_whose_end_was_lost_is_forgotten(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr("latentvr_common.inbox_node.time.monotonic", lambda: now_s[0])
    inbox = Inbox(graph.node)
    inbox._taker(topics.CLOUD)(serialize_message(conversions.cloud_to_msg(cloud_at(0.0))))

    def brushes() -> list[Brush]:
        inbox._taker(topics.HANDS)(conversions.hands_to_cdr(Hands(1, hand_at(0.0), Hand())))
        scene = inbox.scene(now_s[0])
        assert scene is not None
        return list(scene.brushes)

    inbox._taker(topics.GESTURES)(serialize_message(gesture(name="lost")))
    assert len(brushes()) == 1
    now_s[0] += 0.9
    inbox._taker(topics.GESTURES)(serialize_message(gesture(name="lost")))  # it goes on
    inbox._taker(topics.SELECTION)(serialize_message(msg.Selection(gesture_id="lost", category=1, sample_ids=[1])))
    now_s[0] += 0.9
    assert len(brushes()) == 1
    now_s[0] += 0.2
    assert brushes() == []
    for number in range(1000):
        inbox._taker(topics.GESTURES)(serialize_message(gesture(name=str(number))))
        now_s[0] += 0.1
    assert len(inbox._heard.gestures._seen) < 20


@pytest.mark.parametrize(
    ("parameters", "environment", "words"),
    [
        ({"directory": "/proc/nowhere"}, {}, "parameter directory '/proc/nowhere': No such file or directory"),
        ({"directory": "~nobody-of-that-name/x"}, {}, "parameter directory '~nobody-of-that-name/x': "),
        ({"mode": "window"}, {"DISPLAY": ""}, "parameter mode is window, but DISPLAY is not set"),
        ({"mode": "window"}, {"DISPLAY": ":4711"}, "parameter mode is window, but display :4711 does not answer"),
        ({"mode": "loud"}, {}, "parameter mode is 'loud', expected one of: auto, window, headless"),
    ],
)
def test_what_a_person_can_mend_is_said_in_one_line(
    graph: Graph, parameters: dict[str, str], environment: dict[str, str], words: str
) -> None:
    process = graph.start({"WAYLAND_DISPLAY": "", **environment}, **parameters)
    assert process.wait(TIMEOUT_S) == 2
    assert graph.said().count("\n") == 1
    assert words in graph.said()


@pytest.fixture
def display() -> Iterator[str]:
    with virtual_display() as name:
        yield name


def test_a_display_gets_a_window_and_the_session_its_pictures(graph: Graph, tmp_path: Path, display: str) -> None:
    graph.start({"DISPLAY": display}, directory=tmp_path, mode="auto", drawing_share=1.0)
    publish_until(graph, lambda: graph.value("pictures") >= 2, "two pictures")
    assert graph.health is not None
    assert graph.health.message == "a window and pictures"
    assert graph.stop() == 0
    assert shows(np.asarray(Image.open(tmp_path / session_files.STILL)), CATEGORIES[0].color)
    assert len(frames_of(tmp_path / session_files.VIDEO)) >= 2 + LAST_PICTURE_FRAMES
