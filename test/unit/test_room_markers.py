"""Markers stand where hands, brush, selection and beacons are, beside the cloud; and a bag can be copied with them."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from latentvr import msg
from rclpy.serialization import serialize_message
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import PointCloud2
from visualization_msgs.msg import Marker as MarkerMsg

from latentvr_common import conversions, topics
from latentvr_common.bags.definitions import definition_of, type_name
from latentvr_common.beacons import COLORS, Beacon, Why
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.errors import InputError
from latentvr_common.gestures import PINCH_BRUSH, Phase, Preview, Report, Tool
from latentvr_common.hands import Hand, Hands, Joint
from latentvr_common.labels import Category, Region, box
from latentvr_common.placement import Placement
from latentvr_common.scene import Brush, Scene, Selection
from room_markers import bag as room_bag
from room_markers.bag import add_markers, main
from room_markers.drawing import MOST_SELECTED, NAMES, markers_of
from room_markers.head import Head
from room_markers.hearing import HEARD, Hearing
from room_markers.marker import Kind, Marker
from room_markers.messages import markers_to_msg
from scripted_hands.anatomy import PINCHED, POINTING, hand_at

LEVEL = np.array([0.0, 0.0, 0.0, 1.0])
TURNED = Rotation.from_euler("xyz", [0.3, -1.1, 0.7]).as_quat()
PLACEMENTS = [Placement(), Placement(np.array([0.4, 1.0, -0.9]), TURNED, 0.6)]
HANDS = Hands(
    7,
    hand_at(np.array([-0.2, 1.2, -0.4]), LEVEL, POINTING, left=True),
    hand_at(np.array([0.1, 1.25, -0.5]), LEVEL, PINCHED, left=False),
)
HEAD = Head(np.array([0.0, 1.6, 0.0]), Rotation.from_euler("y", 90, degrees=True).as_quat())
ITEMS = 3000
ANT = Category(0, "ant", 0xE04020)


def some_cloud() -> Cloud:
    positions = np.random.default_rng(3).normal(size=(ITEMS, 3)).astype(np.float32) * 0.4
    nothing = np.full(ITEMS, NONE, np.int16)
    return Cloud(1, positions, np.zeros(ITEMS, np.uint32), nothing, nothing, np.zeros(ITEMS, np.float32))


def scene_of(**fields: Any) -> Scene:
    return Scene(some_cloud(), (ANT,), **fields)


def drawn(scene: Scene, head: Head | None = None) -> dict[tuple[str, int], Marker]:
    found = markers_of(scene, head)
    assert len({marker.name for marker in found}) == len(found)
    return {marker.name: marker for marker in found}


# Where they stand


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_hands_are_in_the_cloud_where_they_are_in_the_room(placement: Placement) -> None:
    found = drawn(scene_of(hands=HANDS, placement=placement))
    for side, hand in (("left_hand", HANDS.left), ("right_hand", HANDS.right)):
        joints, bones = found[side, 0], found[side, 1]
        assert (joints.kind, bones.kind) == (Kind.SPHERE_LIST, Kind.LINE_LIST)
        in_room = Rotation.from_quat(placement.quat_xyzw).apply(placement.scale * joints.points) + placement.position
        np.testing.assert_allclose(in_room, hand.positions, atol=1e-9)
        ends = {tuple(np.round(point, 9)) for point in bones.points}
        assert ends <= {tuple(np.round(point, 9)) for point in joints.points}
        # Four bones of the thumb, five of each finger, three across the knuckles.
        assert len(bones.points) == 2 * (4 + 4 * 5 + 3)
        assert joints.size * placement.scale == pytest.approx(2 * 0.82 * np.median(hand.radii), rel=1e-6)


def test_a_joint_that_must_not_be_used_is_left_out_with_its_bones() -> None:
    tip = int(Joint.INDEX_TIP)
    validity = HANDS.right.validity.copy()
    validity[tip] = 0
    whole = drawn(scene_of(hands=HANDS))
    found = drawn(scene_of(hands=Hands(7, Hand(), replace(HANDS.right, validity=validity))))
    assert ("left_hand", 0) not in found
    assert len(found["right_hand", 0].points) == len(whole["right_hand", 0].points) - 1
    assert len(found["right_hand", 1].points) == len(whole["right_hand", 1].points) - 2


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_the_arrow_of_the_head_points_where_the_head_looks(placement: Placement) -> None:
    arrow = drawn(scene_of(placement=placement), HEAD)["head", 0]
    begin, end = placement.stage_from_latent(arrow.points)
    np.testing.assert_allclose(begin, HEAD.position, atol=1e-9)
    np.testing.assert_allclose((end - begin) / np.linalg.norm(end - begin), [-1.0, 0.0, 0.0], atol=1e-9)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_brush_is_a_ball_of_its_radius_in_the_colour_of_its_category(placement: Placement) -> None:
    place = np.array([0.1, 1.3, -0.6])
    found = drawn(scene_of(brushes=(Brush(place, 0.05, 0),), hands=HANDS, placement=placement))
    ball = found["brush", 0]
    np.testing.assert_allclose(placement.stage_from_latent(ball.points[0]), place, atol=1e-9)
    assert ball.size * placement.scale == pytest.approx(0.1)
    np.testing.assert_allclose(ball.rgba[:3], np.array([0xE0, 0x40, 0x20]) / 255)
    assert ("held", 0) not in found


def test_what_the_hand_holds_is_seen_while_it_does_nothing() -> None:
    found = drawn(scene_of(hands=HANDS, tool=Tool(category=0, radius_m=0.04)))
    assert found["held", 0].size == pytest.approx(0.08 / Placement().scale)
    assert not [name for name in found if name[0] == "brush"]


def test_a_box_has_twelve_edges_of_its_size() -> None:
    region = box(np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.2, 0.3]), TURNED)
    ids = np.arange(4, dtype=np.uint32)
    for placement in PLACEMENTS:
        found = drawn(scene_of(selection=Selection(0, ids, region), placement=placement))
        ends = found["box", 0].points.reshape(12, 2, 3)
        lengths = np.sort(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1))
        np.testing.assert_allclose(lengths, [0.2] * 4 + [0.4] * 4 + [0.6] * 4, atol=1e-6)
        np.testing.assert_allclose(ends.reshape(-1, 3).mean(axis=0), [0.1, 0.2, 0.3], atol=1e-6)


@pytest.mark.parametrize("count", [1, MOST_SELECTED, MOST_SELECTED + 1, ITEMS])
def test_items_of_a_selection_are_shown_and_counted_but_not_too_many(count: int) -> None:
    ids = np.arange(count, dtype=np.uint32)
    found = drawn(scene_of(selection=Selection(0, ids)))
    shown = found["selection", 0].points
    assert min(count, MOST_SELECTED) / 2 < len(shown) <= min(count, MOST_SELECTED)
    assert {tuple(point) for point in shown} <= {tuple(point) for point in some_cloud().positions.astype(float)}
    assert found["selection", 1].text == f"{count:,} items"
    assert found["selection", 1].points[0, 1] > shown[:, 1].max()


def test_items_that_the_cloud_does_not_have_are_not_shown() -> None:
    found = drawn(scene_of(selection=Selection(0, np.array([5, ITEMS, 2**32 - 1], np.uint32))))
    assert found["selection", 1].text == "1 items"
    assert not [n for n in drawn(scene_of(selection=Selection(0, np.array([ITEMS], np.uint32)))) if n[0] == "selection"]


def test_beacons_stand_at_their_items_with_number_and_reason() -> None:
    found = drawn(scene_of(beacons=(Beacon(1, 10, Why.MIXED), Beacon(2, 20, Why.UNSURE), Beacon(3, ITEMS, Why.UNSURE))))
    balls = found["beacons", 0]
    np.testing.assert_allclose(balls.points, some_cloud().positions[[10, 20]])
    np.testing.assert_allclose(balls.colors, np.array([COLORS[Why.MIXED], COLORS[Why.UNSURE]]) / 255)
    assert [found["beacons", number].text for number in (1, 2)] == ["1 mixed", "2 unsure"]
    assert ("beacons", 3) not in found


def test_nothing_is_seen_of_an_empty_room() -> None:
    assert markers_of(scene_of(), None) == []


# As messages

ALL = scene_of(
    hands=HANDS,
    brushes=tuple(Brush(np.array([0.0, 1.2, -0.5]), 0.05, 0) for _ in range(9)),
    selection=Selection(0, np.arange(4, dtype=np.uint32), box(np.zeros(3), np.ones(3), LEVEL)),
    beacons=tuple(Beacon(n, n, Why.UNSURE) for n in range(1, 12)),
)


@pytest.mark.parametrize(("scene", "head"), [(scene_of(), None), (ALL, HEAD), (scene_of(hands=HANDS), None)])
def test_a_message_says_of_every_marker_whether_it_is_there(scene: Scene, head: Head | None) -> None:
    shown = {marker.name for marker in markers_of(scene, head)}
    message = markers_to_msg(markers_of(scene, head), 1_500_000_000)
    assert sorted((m.ns, m.id) for m in message.markers) == sorted(NAMES)
    assert {(m.ns, m.id) for m in message.markers if m.action == MarkerMsg.ADD} == shown
    assert {m.action for m in message.markers} <= {MarkerMsg.ADD, MarkerMsg.DELETE}
    assert {(m.header.frame_id, m.header.stamp.sec) for m in message.markers} == {("latent", 1)}


def test_together_the_scenes_of_these_tests_have_all_markers() -> None:
    at_rest = drawn(scene_of(hands=HANDS))
    assert {*drawn(ALL, HEAD), *at_rest} == set(NAMES)


def test_a_message_holds_what_viewers_ask_of_its_kind() -> None:
    message = markers_to_msg(markers_of(ALL, HEAD), 0)
    for marker in (m for m in message.markers if m.action == MarkerMsg.ADD):
        assert marker.color.a > 0
        assert min(marker.scale.x, marker.scale.y, marker.scale.z) > 0
        assert marker.pose.orientation.w == 1.0
        expected = {
            MarkerMsg.ARROW: len(marker.points) == 2,
            MarkerMsg.SPHERE: not marker.points,
            MarkerMsg.LINE_LIST: len(marker.points) > 0 and len(marker.points) % 2 == 0,
            MarkerMsg.SPHERE_LIST: len(marker.points) > 0 and len(marker.colors) in (0, len(marker.points)),
            MarkerMsg.TEXT_VIEW_FACING: bool(marker.text),
        }
        assert expected[marker.type], (marker.ns, marker.id)
    kinds = {Kind.TEXT: "TEXT_VIEW_FACING"}
    assert all(int(kind) == getattr(MarkerMsg, kinds.get(kind, kind.name)) for kind in Kind)


# What was heard


def report(phase: Phase, gesture_id: str = "g") -> bytes:
    place = np.array([0.0, 1.2, -0.5])
    return serialize_message(conversions.gesture_to_msg(Report(gesture_id, PINCH_BRUSH, phase, 1, place, 0.05, 0)))


def preview(gesture_id: str = "g") -> bytes:
    ids = np.arange(12, dtype=np.uint32)
    return serialize_message(conversions.selection_to_msg(Preview(gesture_id, 1, 1, 0, Region(), ids)))


def cloud_bytes() -> bytes:
    return serialize_message(conversions.cloud_to_msg(some_cloud()))


def test_a_selection_is_seen_from_the_beginning_of_its_gesture_to_its_end() -> None:
    hearing = Hearing()
    hearing.take(topics.CLOUD, cloud_bytes(), 0.0)
    hearing.take(topics.SELECTION, preview(), 0.1)
    assert hearing.scene(0.1).selection is None
    hearing.take(topics.GESTURES, report(Phase.BEGIN), 0.2)
    seen = drawn(hearing.scene(0.2))
    assert seen["selection", 1].text == "12 items"
    assert ("brush", 0) in seen
    hearing.take(topics.GESTURES, report(Phase.END), 0.3)
    assert drawn(hearing.scene(0.3)) == {}


def test_hands_and_head_that_nobody_tells_of_any_more_are_gone() -> None:
    hearing = Hearing()
    hearing.take(topics.HANDS, conversions.hands_to_cdr(HANDS), 5.0)
    pose = PoseStamped(pose=conversions.pose_to_msg(HEAD.position, HEAD.quat_xyzw))
    hearing.take(topics.HEAD, serialize_message(pose), 5.0)
    assert hearing.scene(5.9).hands is not None
    np.testing.assert_allclose(hearing.head(5.9).position, HEAD.position)  # type: ignore[union-attr]
    assert (hearing.scene(6.1).hands, hearing.head(6.1)) == (None, None)


BAD = [
    (topics.HANDS, b"\0\1\0\0short", "hands"),
    (topics.HEAD, serialize_message(PoseStamped(pose=conversions.pose_to_msg(np.full(3, np.nan), LEVEL))), "position"),
    (
        topics.HEAD,
        serialize_message(PoseStamped(pose=conversions.pose_to_msg(np.zeros(3), np.zeros(4)))),
        "orientation",
    ),
    (topics.TOOL, serialize_message(msg.Tool(kind=9)), "kind"),
    (topics.GESTURES, serialize_message(msg.Gesture(phase=7)), "phase"),
    (topics.CLOUD_PLACEMENT, serialize_message(msg.CloudPlacement()), "scale"),
]


@pytest.mark.parametrize(("topic", "data", "field"), BAD, ids=[topic.name + " " + field for topic, _, field in BAD])
def test_a_message_that_cannot_be_used_is_refused_by_its_field_and_changes_nothing(
    topic: topics.Topic, data: bytes, field: str
) -> None:
    hearing = Hearing()
    hearing.take(topics.HANDS, conversions.hands_to_cdr(HANDS), 0.0)
    with pytest.raises(ValueError, match=field):
        hearing.take(topic, data, 0.0)
    assert hearing.changes == 1
    assert drawn(hearing.scene(0.0), hearing.head(0.0)).keys() == drawn(scene_of(hands=HANDS)).keys()


def test_a_cloud_that_cannot_be_used_is_said_once_and_the_next_one_is_used() -> None:
    hearing = Hearing()
    hearing.take(topics.GESTURES, report(Phase.BEGIN), 0.0)
    hearing.take(topics.SELECTION, preview(), 0.0)
    hearing.take(topics.CLOUD, serialize_message(PointCloud2()), 0.0)
    with pytest.raises(ValueError, match="cloud"):
        hearing.scene(0.0)
    assert ("selection", 0) not in drawn(hearing.scene(0.0))
    hearing.take(topics.CLOUD, cloud_bytes(), 0.0)
    assert ("selection", 0) in drawn(hearing.scene(0.0))


# In a bag


def full(topic: topics.Topic) -> str:
    return f"/latentvr/{topic.name}"


def a_bag(directory: Path, seconds: float = 1.0) -> Path:
    """Hands at 72 Hz, and a stroke."""
    with Writer(directory, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        known = {}
        for topic in (*HEARD, topics.EPOCH):
            definition = definition_of(type_name(topic.type))
            known[topic.name] = writer.add_connection(
                full(topic), definition.type, msgdef=definition.text, rihs01=definition.type_hash
            )
        writer.write(known[topics.CLOUD.name], 10**9, cloud_bytes())
        writer.write(known[topics.EPOCH.name], 10**9, serialize_message(msg.Epoch(epoch=3)))
        writer.write(known[topics.TOOL.name], 10**9, serialize_message(msg.Tool(kind=9)))
        writer.write(known[topics.GESTURES.name], 10**9, report(Phase.BEGIN))
        for n in range(round(72 * seconds)):
            at_ns = 10**9 + n * 10**9 // 72
            writer.write(known[topics.HANDS.name], at_ns, conversions.hands_to_cdr(replace(HANDS, stamp_ns=at_ns)))
        writer.write(known[topics.GESTURES.name], at_ns + 1, report(Phase.END))
    return directory


def raw(bag: Path) -> list[tuple[str, int, bytes]]:
    with Reader(bag) as reader:
        return [(connection.topic, at_ns, bytes(data)) for connection, at_ns, data in reader.messages()]


def test_the_copy_of_a_bag_has_all_of_it_and_markers(tmp_path: Path) -> None:
    bag, copy = a_bag(tmp_path / "bag"), tmp_path / "copy"
    count = add_markers(bag, copy)
    assert count == pytest.approx(20, abs=3)
    added = {full(topics.MARKERS), room_bag.TRANSFORMS}
    assert sorted(row for row in raw(copy) if row[0] not in added) == sorted(raw(bag))
    with AnyReader([copy]) as reader:
        markers = [m for m in reader.messages() if m[0].topic == full(topics.MARKERS)]
        assert len(markers) == count
        told = [reader.deserialize(data, connection.msgtype) for connection, _, data in markers]
        shown = [{(m.ns, m.id) for m in message.markers if m.action == 0} for message in told]
        assert ("brush", 0) in shown[1]
        assert ("right_hand", 0) in shown[-2]
        assert ("brush", 0) not in shown[-1]


def test_what_the_copy_adds_has_the_types_and_hashes_of_ros(tmp_path: Path) -> None:
    add_markers(a_bag(tmp_path / "bag", 0.1), tmp_path / "copy")
    with Reader(tmp_path / "copy") as reader:
        hashes = {c.topic: (c.msgtype, c.digest) for c in reader.connections}
    expected = definition_of("visualization_msgs/msg/MarkerArray")
    assert hashes[full(topics.MARKERS)] == (expected.type, expected.type_hash)
    # As an installed ROS 2 Jazzy reports it for /tf_static.
    tf = "RIHS01_e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087"
    assert hashes["/tf_static"] == ("tf2_msgs/msg/TFMessage", tf)


def test_in_the_room_of_the_copy_up_is_up(tmp_path: Path) -> None:
    add_markers(a_bag(tmp_path / "bag", 0.1), tmp_path / "copy")
    with AnyReader([tmp_path / "copy"]) as reader:
        ((connection, _, data),) = reader.messages([c for c in reader.connections if c.topic == "/tf_static"])
        (transform,) = reader.deserialize(data, connection.msgtype).transforms
    assert (transform.header.frame_id, transform.child_frame_id) == ("room", "latent")
    q = transform.transform.rotation
    turn = Rotation.from_quat([q.x, q.y, q.z, q.w])
    np.testing.assert_allclose(turn.apply([0.0, 1.0, 0.0]), [0.0, 0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(turn.apply([0.0, 0.0, -1.0]), [0.0, 1.0, 0.0], atol=1e-12)


def test_a_bag_that_cannot_be_copied_is_refused_with_its_reason(tmp_path: Path) -> None:
    bag = a_bag(tmp_path / "bag", 0.1)
    add_markers(bag, tmp_path / "copy")
    for source, target, reason in (
        (bag, tmp_path / "copy", "there already"),
        (tmp_path / "copy", tmp_path / "second", "has markers already"),
        (tmp_path / "none", tmp_path / "third", "none does not exist"),
    ):
        with pytest.raises(InputError, match=reason):
            add_markers(source, target)
    assert not (tmp_path / "second").exists()
    assert not (tmp_path / "third").exists()


def cut_in_half(bag: Path) -> Path:
    path = bag / "bag.mcap"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return bag


def with_a_huge_record(bag: Path) -> Path:
    path = bag / "bag.mcap"
    content = path.read_bytes()
    path.write_bytes(content[:8] + b"\x01" + (1 << 40).to_bytes(8, "little") + content[8:])
    return bag


def without_metadata(bag: Path) -> Path:
    """As a killed recorder leaves it, whose files have numbers."""
    (bag / "bag.mcap").rename(bag / "bag_0.mcap")
    (bag / "metadata.yaml").unlink()
    return bag


def with_metadata_that_is_no_yaml(bag: Path) -> Path:
    path = bag / "metadata.yaml"
    path.write_text(path.read_text() + "- [\nx: : y\n")
    return bag


def of_another_project(bag: Path) -> Path:
    shutil.rmtree(bag)
    definition = definition_of("geometry_msgs/msg/PoseStamped")
    with Writer(bag, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        for name in ("/chatter", full(topics.HANDS)):
            known = writer.add_connection(name, definition.type, msgdef=definition.text, rihs01=definition.type_hash)
            writer.write(known, 10**9, serialize_message(PoseStamped()))
    return bag


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (cut_in_half, "is not a whole MCAP file"),
        (with_a_huge_record, "is not a whole MCAP file"),
        (without_metadata, "its recorder was killed"),
        (with_metadata_that_is_no_yaml, "is not the metadata of a bag"),
        (of_another_project, "no topic to make markers of"),
        (lambda bag: bag / "bag.mcap", "holds something that is no bag"),
    ],
)
def test_of_a_hostile_bag_there_is_no_copy_but_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Path], Path], reason: str
) -> None:
    bag = change(a_bag(tmp_path / "bag", 0.1))
    before = sorted(tmp_path.rglob("*"))
    assert main([str(bag)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("error: ")
    assert reason in line
    assert sorted(tmp_path.rglob("*")) == before


def test_a_copy_that_fails_half_way_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(room_bag, "markers_to_msg", fail)
    with pytest.raises(OSError, match="No space left"):
        add_markers(a_bag(tmp_path / "bag", 0.1), tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["bag"]


def test_the_command_says_what_it_wrote_or_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = a_bag(tmp_path / "bag", 0.1)
    assert main([str(bag)]) == 0
    said = capsys.readouterr()
    assert f"wrote {tmp_path / 'bag_with_markers'} with" in said.out
    assert "tool: kind is 9" in said.err
    assert main([]) == main([str(bag)]) == 2
    assert "error: expected the directory of a bag" in capsys.readouterr().err
