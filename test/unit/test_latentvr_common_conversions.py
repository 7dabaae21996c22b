"""What goes into a message comes out of it."""

import re
import struct
from collections.abc import Callable
from dataclasses import fields as fields_of
from dataclasses import replace
from importlib import import_module
from inspect import isfunction
from pathlib import Path

import numpy as np
import pytest
from geometry_msgs.msg import Point, Quaternion, Vector3
from hypothesis import given
from hypothesis import strategies as st
from latentvr import msg, srv
from rclpy.serialization import deserialize_message, serialize_message

from latentvr_common import conversions
from latentvr_common.cloud import Cloud
from latentvr_common.cues import Cues
from latentvr_common.forces import Forces
from latentvr_common.gestures import Phase, Preview, Report, Side, Tool, ToolKind
from latentvr_common.hands import JOINT_COUNT, Hand, Hands
from latentvr_common.labels import Category, Kind, LabelEvent, Region, box, flood, spheres
from latentvr_common.place import Place
from latentvr_common.placement import Placement

RANDOM = np.random.default_rng(7)
ONES = Vector3(x=1.0, y=1.0, z=1.0)


def some_hand() -> Hand:
    return Hand(
        True,
        RANDOM.normal(size=(JOINT_COUNT, 3)),
        RANDOM.normal(size=(JOINT_COUNT, 4)),
        RANDOM.random(JOINT_COUNT).astype(np.float32).astype(np.float64),
        RANDOM.integers(0, 16, JOINT_COUNT).astype(np.uint8),
    )


def some_cloud(count: int = 5) -> Cloud:
    return Cloud(
        1_700_000_000_123_456_789,
        RANDOM.normal(size=(count, 3)).astype(np.float32),
        RANDOM.integers(0, 2**24, count).astype(np.uint32),
        RANDOM.integers(-1, 9, count).astype(np.int16),
        RANDOM.integers(-1, 9, count).astype(np.int16),
        RANDOM.random(count).astype(np.float32),
    )


def same_hand(a: Hand, b: Hand) -> bool:
    return a.tracked == b.tracked and all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("positions", "quats_xyzw", "radii", "validity")
    )


@pytest.mark.parametrize("left_tracked", [True, False])
def test_packed_hands_are_the_serialized_message(left_tracked: bool) -> None:
    hands = Hands(1_234_567_890_123_456_789, some_hand() if left_tracked else Hand(), some_hand())
    message = conversions.hands_to_msg(hands)
    packed = conversions.hands_to_cdr(hands)
    assert deserialize_message(packed, msg.Hands) == message
    # Byte by byte they may differ: ROS leaves padding as it finds it.
    assert len(packed) == len(serialize_message(message))


def test_hands_come_back_from_message_and_from_bytes() -> None:
    hands = Hands(1_234_567_890_123_456_789, some_hand(), Hand())
    message = conversions.hands_to_msg(hands)
    for back in (conversions.hands_from_msg(message), conversions.hands_from_cdr(serialize_message(message))):
        assert back.stamp_ns == hands.stamp_ns
        assert same_hand(back.left, hands.left)
        assert not back.right.tracked


@pytest.mark.parametrize("frame_id", ["", "stage", "another frame"])
def test_hands_are_read_whatever_the_length_of_the_frame_name(frame_id: str) -> None:
    message = conversions.hands_to_msg(Hands(5, some_hand(), some_hand()))
    message.header.frame_id = frame_id
    back = conversions.hands_from_cdr(serialize_message(message))
    assert same_hand(back.right, conversions.hands_from_msg(message).right)


@pytest.mark.parametrize("length", [0, 3, 15, 100, 3205])
def test_truncated_hands_are_refused(length: int) -> None:
    data = conversions.hands_to_cdr(Hands(5, some_hand(), some_hand()))
    with pytest.raises(ValueError, match="hands:"):
        conversions.hands_from_cdr(data[:length])


def test_cloud_survives_serialization() -> None:
    cloud = some_cloud()
    data = serialize_message(conversions.cloud_to_msg(cloud))
    back = conversions.cloud_from_msg(deserialize_message(data, type(conversions.cloud_to_msg(cloud))))
    assert back.stamp_ns == cloud.stamp_ns
    for name in ("positions", "rgb", "label", "predicted", "confidence"):
        assert np.array_equal(getattr(back, name), getattr(cloud, name))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda m: setattr(m, "width", 4), "data has"),
        (lambda m: setattr(m, "point_step", 20), "point_step 20"),
        (lambda m: setattr(m, "is_bigendian", True), "big-endian True"),
        (lambda m: m.fields.pop(), "fields are"),
    ],
)
def test_cloud_that_is_not_one_is_refused(change: object, complaint: str) -> None:
    message = conversions.cloud_to_msg(some_cloud())
    message.fields = list(message.fields)
    change(message)  # type: ignore[operator]
    with pytest.raises(ValueError, match=complaint):
        conversions.cloud_from_msg(message)


@given(
    st.integers(0, 40),
    st.integers(0, 2**62),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9),
)
def test_a_serialized_cloud_is_read_in_place_as_its_message_is(count: int, stamp_ns: int, frame: str) -> None:
    message = conversions.cloud_to_msg(replace(some_cloud(count), stamp_ns=stamp_ns % (2**31 * 10**9)))
    message.header.frame_id = frame
    data = serialize_message(message)
    seen, read = conversions.cloud_from_cdr(data), conversions.cloud_from_msg(deserialize_message(data, type(message)))
    assert seen.stamp_ns == read.stamp_ns
    for name in ("positions", "rgb", "label", "predicted", "confidence"):
        assert np.array_equal(getattr(seen, name), getattr(read, name))


CLOUD_BYTES = serialize_message(conversions.cloud_to_msg(some_cloud()))


@pytest.mark.parametrize("length", range(len(CLOUD_BYTES) - 3))
def test_a_serialized_cloud_that_is_cut_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"^cloud: "):
        conversions.cloud_from_cdr(CLOUD_BYTES[:length])


@given(st.integers(0, len(CLOUD_BYTES) - 1), st.binary(min_size=1, max_size=8))
def test_a_serialized_cloud_with_other_bytes_is_a_cloud_or_refused(at: int, others: bytes) -> None:
    data = CLOUD_BYTES[:at] + others + CLOUD_BYTES[at + len(others) :]
    try:
        count = len(conversions.cloud_from_cdr(data))
    except ValueError as error:
        reason = str(error)
    else:
        reason = "cloud: " if count == 5 else f"{count} items"
    assert reason.startswith("cloud: ")


def test_a_serialized_cloud_that_claims_to_be_huge_is_refused_without_memory_for_it() -> None:
    claims = b"\0\1\0\0" + struct.pack("<iII", 0, 0, 2**32 - 1)
    with pytest.raises(ValueError, match="expected at least"):
        conversions.cloud_from_cdr(claims)
    fields = b"\0\1\0\0" + struct.pack("<iII4sIII", 0, 0, 1, b"\0", 1, 1, 2**31)
    with pytest.raises(ValueError, match="fields, expected at most 1000"):
        conversions.cloud_from_cdr(fields)


def test_cloud_with_nan_is_refused() -> None:
    cloud = some_cloud()
    cloud.positions[2, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        conversions.cloud_from_msg(conversions.cloud_to_msg(cloud))


def some_forces(count: int = 4, terms: tuple[str, ...] = ("structure", "spread", "pull_x")) -> Forces:
    vectors = RANDOM.normal(size=(len(terms) + 3, count, 3)).astype(np.float32)
    ids = np.arange(count, dtype=np.uint32) * 1_000_003
    pulls = np.stack(list(vectors[3:]), axis=1) if terms else np.zeros((count, 0, 3), np.float32)
    return Forces(1_700_000_000_123_456_789, ids, vectors[0], terms, pulls, vectors[1], vectors[2])


@pytest.mark.parametrize("forces", [some_forces(), some_forces(0), some_forces(3, ())], ids=["four", "none", "no term"])
def test_forces_survive_serialization(forces: Forces) -> None:
    message = conversions.forces_to_msg(forces)
    back = conversions.forces_from_msg(deserialize_message(serialize_message(message), type(message)))
    assert (back.stamp_ns, back.terms, len(back)) == (forces.stamp_ns, forces.terms, len(forces))
    for name in ("sample_ids", "positions", "pulls", "motion", "drag", "pull", "own"):
        np.testing.assert_array_equal(getattr(back, name), getattr(forces, name), name)
        assert getattr(back, name).dtype == getattr(forces, name).dtype


def test_the_fields_of_forces_say_what_they_hold() -> None:
    forces = some_forces()
    message = conversions.forces_to_msg(forces)
    assert (message.height, message.width, message.header.frame_id) == (1, 4, "latent")
    names = [field.name for field in message.fields]
    assert names[:4] == ["sample_id", "x", "y", "z"]
    rows = np.frombuffer(message.data, dtype=[(n, "<u4" if n == "sample_id" else "<f4") for n in names])
    for name, expected in (
        ("sample_id", forces.sample_ids),
        ("y", forces.positions[:, 1]),
        ("pull_z", forces.pulls.sum(axis=1)[:, 2]),
        ("pull_spread_x", forces.pulls[:, 1, 0]),
        ("pull_pull_x_y", forces.pulls[:, 2, 1]),
        ("motion_x", forces.motion[:, 0]),
        ("drag_z", forces.drag[:, 2]),
    ):
        np.testing.assert_array_equal(rows[name], expected, name)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda m: setattr(m, "width", 3), "data has"),
        (lambda m: setattr(m, "height", 2), "height 2"),
        (lambda m: setattr(m, "point_step", 20), "point_step 20"),
        (lambda m: setattr(m, "is_bigendian", True), "big-endian True"),
        (lambda m: m.fields.pop(), "fields are"),
        (lambda m: m.fields.reverse(), "fields are"),
        (lambda m: m.fields.clear(), "fields are"),
        (lambda m: setattr(m.fields[0], "datatype", 7), "fields are"),
    ],
)
def test_forces_that_are_none_are_refused(change: object, complaint: str) -> None:
    message = conversions.forces_to_msg(some_forces())
    change(message)  # type: ignore[operator]
    with pytest.raises(ValueError, match=complaint):
        conversions.forces_from_msg(message)
    with pytest.raises(ValueError, match="fields are"):
        conversions.forces_from_msg(conversions.cloud_to_msg(some_cloud()))


@pytest.mark.parametrize("column", ["positions", "pulls", "motion", "drag"])
def test_forces_that_are_not_finite_are_refused(column: str) -> None:
    forces = some_forces()
    getattr(forces, column)[2, ..., 1] = np.inf
    with pytest.raises(ValueError, match="not finite"):
        conversions.forces_from_msg(conversions.forces_to_msg(forces))


def some_cues(count: int = 4) -> Cues:
    shares = RANDOM.random((4, count)).astype(np.float32)
    positions, places = RANDOM.normal(size=(count, 3)).astype(np.float32), np.arange(count, dtype=np.int16)
    return Cues(1_700_000_000_123_456_789, positions, shares[0], shares[1], shares[2], shares[3], places)


CUES = ("positions", "uncertainty", "density", "coverage", "disagreement", "places")


@pytest.mark.parametrize("cues", [some_cues(), some_cues(0)], ids=["four", "none"])
def test_cues_survive_serialization(cues: Cues) -> None:
    message = conversions.cues_to_msg(cues)
    assert (message.height, message.width, message.header.frame_id) == (1, len(cues), "latent")
    names = ["x", "y", "z", "uncertainty", "density", "coverage", "disagreement", "place"]
    assert [field.name for field in message.fields] == names
    back = conversions.cues_from_msg(deserialize_message(serialize_message(message), type(message)))
    assert back.stamp_ns == cues.stamp_ns
    for name in CUES:
        np.testing.assert_array_equal(getattr(back, name), getattr(cues, name), name)
        assert getattr(back, name).dtype == getattr(cues, name).dtype


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda m: setattr(m, "width", 3), "data has"),
        (lambda m: setattr(m, "height", 2), "height 2"),
        (lambda m: setattr(m, "point_step", 20), "point_step 20"),
        (lambda m: setattr(m, "is_bigendian", True), "big-endian True"),
        (lambda m: m.fields.pop(), "fields are"),
    ],
)
def test_cues_that_are_none_are_refused(change: object, complaint: str) -> None:
    message = conversions.cues_to_msg(some_cues())
    change(message)  # type: ignore[operator]
    with pytest.raises(ValueError, match=complaint):
        conversions.cues_from_msg(message)


@pytest.mark.parametrize("column", CUES[:-1])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_cues_that_are_not_finite_or_shares_are_refused(column: str, value: float) -> None:
    cues = some_cues()
    getattr(cues, column)[2, ...] = value
    with pytest.raises(ValueError, match="expected finite positions, and cues from 0 to 1"):
        conversions.cues_from_msg(conversions.cues_to_msg(cues))


def test_label_entry_survives_serialization() -> None:
    event = LabelEvent(
        "4f9c7a5e-5f3b-4f0e-9df8-5d8a6a6c0001",
        Kind.ASSIGN,
        3,
        np.array([1, 5, 70_000], dtype=np.uint32),
        author="person",
        cloud_stamp_ns=12_345_678_901,
        epoch=9,
        region=spheres(np.array([[0.1, 0.2, 0.3]]), np.array([0.25], dtype=np.float32)),
        gesture="pinch_brush",
        seq=4,
        committed_ns=99,
    )
    data = serialize_message(conversions.label_event_to_msg(event))
    back = conversions.label_event_from_msg(deserialize_message(data, msg.LabelEvent))
    assert back.sample_ids.tolist() == event.sample_ids.tolist()
    assert np.array_equal(back.region.centers, event.region.centers)
    assert np.array_equal(back.region.radii, event.region.radii)
    for name in ("event_id", "kind", "category", "author", "cloud_stamp_ns", "epoch", "gesture", "seq", "committed_ns"):
        assert getattr(back, name) == getattr(event, name)


REGIONS = {
    "none": Region(),
    "spheres": spheres(np.arange(6.0).reshape(2, 3), np.array([0.5, 0.25], np.float32), np.array([False, True])),
    "box": box(np.array([0.1, 0.2, 0.3]), np.array([0.5, 0.6, 0.7]), np.array([0.0, 0.6, 0.0, 0.8])),
    "flood": flood(np.array([0.1, 0.2, 0.3]), 0.125, 1024.0),
}


@pytest.mark.parametrize("name", REGIONS)
def test_every_kind_of_region_comes_back(name: str) -> None:
    region = REGIONS[name]
    data = serialize_message(conversions.region_to_msg(region))
    back = conversions.region_from_msg(deserialize_message(data, msg.Region))
    for field in fields_of(Region):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(region, field.name))


def test_gestures_selections_and_tools_come_back() -> None:
    place = np.array([0.1, 1.2, -0.3])
    report = Report("g", "dwell", Phase.CANCEL, 5, place, 0.25, 3, 7, 9, "hand lost", Side.BOTH, 11)
    back = conversions.gesture_from_msg(conversions.gesture_to_msg(report))
    assert replace(back, position=place) == report
    np.testing.assert_array_equal(back.position, place)
    preview = Preview("g", 5, 4, 3, REGIONS["box"], np.array([1, 5], np.uint32), {-1: 1, 2: 1})
    seen = conversions.selection_from_msg(conversions.selection_to_msg(preview))
    assert (seen.gesture_id, seen.stamp_ns, seen.cloud_stamp_ns, seen.category) == ("g", 5, 4, 3)
    assert (seen.sample_ids.tolist(), seen.label_counts) == ([1, 5], {-1: 1, 2: 1})
    tool = Tool(ToolKind.DENSITY, 4, False, 0.25, 2, True)
    assert conversions.tool_from_msg(conversions.tool_to_msg(tool, 5)) == tool


@pytest.mark.parametrize(
    ("convert", "message", "complaint"),
    [
        (conversions.gesture_from_msg, msg.Gesture(phase=7), "phase is 7"),
        (conversions.gesture_from_msg, msg.Gesture(hand=4), "hand is 4"),
        (conversions.gesture_from_msg, msg.Gesture(position=Point(x=float("nan"))), "expected finite numbers"),
        (conversions.gesture_from_msg, msg.Gesture(radius=float("inf")), "radius inf"),
        (conversions.selection_from_msg, msg.Selection(label_counts=[1]), "0 label_categories and 1 label_counts"),
        (conversions.tool_from_msg, msg.Tool(kind=2, radius=1.0), "kind is 2"),
        (conversions.tool_from_msg, msg.Tool(radius=0.0), "radius is 0"),
        (conversions.tool_from_msg, msg.Tool(radius=float("nan")), "radius is nan"),
    ],
)
def test_what_is_no_gesture_selection_or_tool_is_refused(
    convert: Callable[[object], object], message: object, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        convert(message)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"kind": 9}, "kind is 9, expected 0 to 3"),
        ({"region": msg.Region(shape=7)}, "shape is 7"),
        ({"region": msg.Region(shape=1, radii=[1.0])}, "0 centers and 1 radii, expected as many"),
        ({"region": msg.Region(shape=1)}, "expected at least one sphere"),
        ({"region": msg.Region(shape=1, centers=[Point()], radii=[-1.0])}, "greater than 0"),
        ({"region": msg.Region(shape=1, centers=[Point()], radii=[1.0], takes_away=2 * [True])}, "2 values, expected"),
        ({"region": msg.Region(shape=2, centers=[Point()])}, "half_size is"),
        ({"region": msg.Region(shape=2)}, "0 centers and 0 radii, expected 1 and 0"),
        (
            {"region": msg.Region(shape=2, centers=[Point()], half_size=ONES, orientation=Quaternion(w=2.0))},
            "orientation is .* expected a unit quaternion",
        ),
        ({"region": msg.Region(shape=3, centers=[Point()], radii=[1.0])}, "density is 0.0"),
        ({"region": msg.Region(shape=0, radii=[1.0])}, "0 centers and 1 radii, expected 0 and 0"),
    ],
)
def test_label_entry_that_is_not_one_is_refused(fields: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        conversions.label_event_from_msg(msg.LabelEvent(**fields))


def test_categories_and_placement_come_back() -> None:
    categories = [Category(0, "cat", 0xFF0000), Category(3, "dog", 0x00FF01, retired=True)]
    message = conversions.categories_to_msg(categories, 2, 5, "ann")
    assert conversions.categories_from_msg(message) == categories
    assert conversions.wins_from_msg(message) == "ann"
    assert conversions.wins_from_msg(conversions.categories_to_msg(categories, 2, 5)) == "newest"
    assert conversions.wins_from_msg(msg.Categories()) == "newest"
    placement = Placement(np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.6, 0.0, 0.8]), 0.5)
    back = conversions.placement_from_msg(conversions.placement_to_msg(placement, 5))
    assert back.scale == placement.scale
    assert np.array_equal(back.quat_xyzw, placement.quat_xyzw)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_placement_without_a_size_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="cloud_placement"):
        conversions.placement_from_msg(msg.CloudPlacement(scale=scale))


@pytest.mark.parametrize("png", [b"", bytes(range(256))])
def test_what_would_live_at_a_place_comes_back(png: bytes) -> None:
    place = Place(png, "1 2.5 ...", 7, 0.125, 4_000_000_000, 0.5, 3, 0.75)
    message = conversions.place_to_msg(place)
    assert message.picture.format == "png"
    back = deserialize_message(serialize_message(message), srv.DecodePlace.Response)
    assert conversions.place_from_msg(back) == place


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"found": False, "message": "no cloud yet"}, "decode_place: no cloud yet"),
        ({"share": 1.5}, "share is 1.5"),
        ({"share": float("nan")}, "share is nan"),
        ({"distance": float("inf")}, "distance inf"),
        ({"distance": -1.0}, "distance -1.0"),
    ],
)
def test_an_answer_about_a_place_that_is_none_is_refused(change: dict[str, object], complaint: str) -> None:
    message = conversions.place_to_msg(Place(b"", "", 7, 0.125, 1, 0.5, 3, 0.75))
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(ValueError, match=complaint):
        conversions.place_from_msg(message)


@pytest.mark.parametrize("stamp_ns", [0, 1, 999_999_999, 1_700_000_000_000_000_001])
def test_times_come_back_to_the_nanosecond(stamp_ns: int) -> None:
    assert conversions.time_from_msg(conversions.time_to_msg(stamp_ns)) == stamp_ns


def test_every_public_function_is_found_under_the_one_name() -> None:
    folder = Path(conversions.__file__).parent
    parts = [import_module(f"{conversions.__name__}.{file.stem}") for file in folder.glob("[!_]*.py")]
    public = {
        name
        for part in parts
        for name, value in vars(part).items()
        if isfunction(value) and value.__module__ == part.__name__ and not name.startswith("_")
    }
    assert len(public) > 30
    assert public - set(conversions.__all__) == {
        "rows_to_msg",
        "rows_from_msg",
        "point_cloud_in",
    }  # What they hold says no name.
    assert all(hasattr(conversions, name) for name in conversions.__all__)


@pytest.mark.parametrize("side", [Side.LEFT, Side.RIGHT, Side.MOUSE])
def test_what_a_person_holds_goes_there_and_back(side: Side) -> None:
    kind = ToolKind.BOX if side is Side.MOUSE else ToolKind.DENSITY
    tool = Tool(kind, 3, False, 0.0625, 2, True, side, "ann", 1_700_000_000_123_456_789)
    message = conversions.tool_to_msg(tool, 5)
    assert conversions.tool_from_msg(message) == tool
    assert message.hand == {Side.LEFT: msg.Tool.LEFT, Side.RIGHT: msg.Tool.RIGHT, Side.MOUSE: msg.Tool.MOUSE}[side]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("kind", 3, "kind is 3, expected 0 (sphere) or 1 (density)"),
        ("kind", 2, "kind is 2, expected 0 (sphere) or 1 (density), or of a mouse 2 (box)"),
        ("hand", 2, "hand is 2, expected 0 (left), 1 (right) or 3 (mouse)"),
        ("radius", 0.0, "radius is 0, expected more than 0"),
        ("looks_at_ns", -1, "looks_at_ns is -1, expected 0 (now) or the stamp of a cloud"),
    ],
)
def test_a_tool_that_cannot_be_names_the_field(field: str, value: float, told: str) -> None:
    message = conversions.tool_to_msg(Tool(), 5)
    setattr(message, field, value)
    with pytest.raises(ValueError, match=re.escape(told)):
        conversions.tool_from_msg(message)
