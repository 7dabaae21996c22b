"""What is checked of a message when it comes: valid ones pass, and each kind of corruption is refused, by its name.

`make check-mutations` takes the checks away one by one: each time a test here has to fail.
"""

import contextlib
import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import valid_messages
from geometry_msgs.msg import Point, Quaternion
from hostile_bytes import hostile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from latentvr import msg, srv
from rclpy.serialization import deserialize_message, serialize_message

from latentvr_common import conversions, node_tools, topics
from latentvr_common.checks import RefusedError, need
from latentvr_common.checks.entries import check_entry
from latentvr_common.checks.regions import MOST_SPHERES, check_region
from latentvr_common.labels import Kind, LabelEvent, Region, Shape

NAN, INF = math.nan, math.inf
NS = 10**9
LONG = "x" * 101
VERY_LONG = "x" * 10_001
ONE_WITHOUT_LENGTH = Quaternion(x=0.0, y=0.0, z=0.0, w=0.0)
HEARD = {topic.name: topic for topic in (*topics.TOPICS, topics.CLOCK)}
SERVICES = {service.name: service for service in topics.SERVICES}
FEW = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def test_there_is_a_strategy_for_each_topic_and_service() -> None:
    assert valid_messages.all_named()


@pytest.mark.parametrize("name", HEARD)
@FEW
@given(st.data())
def test_a_message_that_holds_what_it_promises_is_taken(name: str, data: st.DataObject) -> None:
    topic = HEARD[name]
    packed = serialize_message(data.draw(valid_messages.MESSAGES[name]))
    assert len(packed) <= topic.most_bytes
    topic.check(deserialize_message(packed, topic.type))


@pytest.mark.parametrize("name", SERVICES)
@FEW
@given(st.data())
def test_requests_and_answers_that_hold_what_they_promise_are_taken(name: str, data: st.DataObject) -> None:
    SERVICES[name].check(data.draw(valid_messages.REQUESTS[name]))
    SERVICES[name].check_answer(data.draw(valid_messages.ANSWERS[name]))


@dataclass(frozen=True)
class Corruption:
    """What is done to a valid message, and the field that must be named."""

    of: str
    """Topic or service."""
    about: str
    do: Callable[[Any], object]

    def __str__(self) -> str:
        return f"{self.of}-{self.about}"


def put(path: str, value: object) -> Callable[[Any], None]:
    """Return what gives the field at `path` another value."""
    *way, last = path.split(".")

    def do(message: Any) -> None:
        for name in way:
            message = message[int(name)] if name.isdigit() else getattr(message, name)
        setattr(message, last, value)

    return do


def all_of(*changes: Callable[[Any], object]) -> Callable[[Any], None]:
    def do(message: Any) -> None:
        for change in changes:
            change(message)

    return do


def rows(column: str, value: object) -> Callable[[Any], None]:
    """Return what gives a row of a cloud another value."""

    def do(message: Any) -> None:
        dtype = np.dtype([(f.name, {2: "i1", 3: "<i2", 6: "<u4", 7: "<f4"}[f.datatype]) for f in message.fields])
        if not message.width:
            message.width, message.row_step = 1, message.point_step
            message.data = bytes(message.point_step)
        table = np.frombuffer(bytearray(message.data), dtype).copy()
        table[column][-1] = value
        message.data = table.tobytes()

    return do


def headers(what: str, name: str, at: str = "header") -> list[Corruption]:
    """Return what may be wrong with a header."""
    return [
        Corruption(name, f"{what}: stamp", put(f"{at}.stamp.sec", -1)),
        Corruption(name, f"{what}: stamp", put(f"{at}.stamp.nanosec", NS)),
        Corruption(name, f"{what}: frame_id", put(f"{at}.frame_id", LONG)),
    ]


def out_of(name: str, about: str, path: str, *values: object) -> list[Corruption]:
    """Return a corruption for each value that `path` must not have."""
    return [Corruption(name, about, put(path, value)) for value in values]


def not_near(name: str, about: str, path: str, far: float) -> list[Corruption]:
    axes = "xyz"
    return [c for axis in axes for c in out_of(name, about, f"{path}.{axis}", NAN, INF, -INF, far * 1.01, -far * 1.01)]


def tables(what: str, name: str) -> list[Corruption]:
    """Return what may be wrong with a PointCloud2."""
    return [
        *headers(what, name),
        Corruption(name, f"{what}: steps", put("height", 2)),
        Corruption(name, f"{what}: steps", lambda m: setattr(m, "point_step", m.point_step + 4)),
        Corruption(name, f"{what}: steps", put("is_bigendian", True)),
        Corruption(name, f"{what}: fields", put("fields.0.offset", 3)),
        Corruption(name, f"{what}: fields", put("fields.1.datatype", 8)),
        Corruption(name, f"{what}: data", lambda m: setattr(m, "width", m.width + 1)),
        Corruption(name, f"{what}: data", lambda m: setattr(m, "width", 2**32 - 1)),
        Corruption(name, f"{what}: row_step", lambda m: setattr(m, "row_step", m.row_step + 1)),
    ]


def sphere(**changes: object) -> Callable[[Any], None]:
    """Return what gives a message a region of one sphere, with `changes`."""
    fields = {"shape": 1, "centers": [Point()], "radii": [1.0], **changes}
    return put("region", msg.Region(**fields))


def box(**changes: object) -> Callable[[Any], None]:
    region = msg.Region(shape=2, centers=[Point()])
    region.half_size.x = region.half_size.y = region.half_size.z = 1.0
    for path, value in changes.items():
        put(path.replace("__", "."), value)(region)
    return put("region", region)


def regions(name: str, way: str = "") -> list[Corruption]:
    """Return what may be wrong with a region in a message."""

    def inside(change: Callable[[Any], None]) -> Callable[[Any], None]:
        return lambda message: change(getattr(message, way) if way else message)

    wrong: list[tuple[str, Callable[[Any], None]]] = [
        ("region: shape", put("region", msg.Region(shape=4))),
        ("region: spheres", sphere(centers=[Point()] * (MOST_SPHERES + 1), radii=[1.0] * (MOST_SPHERES + 1))),
        ("region: spheres", sphere(radii=[1.0] * (MOST_SPHERES + 1))),
        ("region: spheres", sphere(takes_away=[True] * (MOST_SPHERES + 1))),
        ("region: centers", sphere(centers=[Point(x=NAN)])),
        ("region: centers", sphere(centers=[Point(y=-INF)])),
        ("region: centers", sphere(centers=[Point(z=1.1e6)])),
        ("region: radii", sphere(radii=[NAN])),
        ("region: radii", sphere(radii=[0.0])),
        ("region: radii", sphere(radii=[-1.0])),
        ("region: radii", sphere(radii=[INF])),
        ("region: counts", sphere(radii=[1.0, 1.0])),
        ("region: counts", sphere(radii=[], centers=[])),
        ("region: counts", sphere(shape=0)),
        ("region: counts", box(radii=[1.0])),
        ("region: takes_away", sphere(takes_away=[True, False])),
        ("region: takes_away", box(takes_away=[True])),
        ("region: half_size", box(half_size__x=0.0)),
        ("region: half_size", box(half_size__y=NAN)),
        ("region: half_size", box(half_size__z=INF)),
        ("region: orientation", box(orientation__w=2.0)),
        ("region: orientation", box(orientation=ONE_WITHOUT_LENGTH)),
        ("region: density", sphere(shape=3, density=0.0)),
        ("region: density", sphere(shape=3, density=NAN)),
        ("region: density", sphere(shape=3, density=INF)),
    ]
    return [Corruption(name, about, inside(do)) for about, do in wrong]


def entries(name: str, way: str = "") -> list[Corruption]:
    """Return what may be wrong with an entry of the journal."""
    at = f"{way}." if way else ""
    return [
        *out_of(name, "label entry: kind", f"{at}kind", 4, 255),
        *out_of(name, "label entry: event_id", f"{at}event_id", LONG),
        *out_of(name, "label entry: author", f"{at}author", LONG),
        *out_of(name, "label entry: gesture", f"{at}gesture", LONG),
        *out_of(name, "label entry: seq", f"{at}seq", 2**63),
        *out_of(name, "label entry: target_seq", f"{at}target_seq", 2**63),
        *out_of(name, "label entry: epoch", f"{at}epoch", 2**63),
        *out_of(name, "label entry: category", f"{at}category", -2, 256),
        *out_of(name, "label entry: sample_ids", f"{at}sample_ids", [3, 3], [5, 4], [2**32 - 1, 0]),
        *out_of(name, "label entry: cloud_stamp", f"{at}cloud_stamp.sec", -1),
        *out_of(name, "label entry: committed", f"{at}committed.nanosec", NS),
        *regions(name, way),
    ]


def a_category(**fields: object) -> Callable[[Any], None]:
    return put("categories", [msg.Category(**{"id": 3, "name": "a", "color": 1, **fields})])


EPOCH_SHARES = ("accuracy", "confidence", "space_used", "ece", "ece_truth", "agreement", "ghost_accuracy")

OF_TOPICS = [
    *tables("cloud", "cloud"),
    *(Corruption("cloud", "cloud: positions", rows(axis, v)) for axis in "xyz" for v in (NAN, INF, -INF, 1.1e6)),
    *(Corruption("cloud", f"cloud: {c}", rows(c, v)) for c in ("label", "predicted") for v in (-2, 256)),
    *(Corruption("cloud", "cloud: confidence", rows("confidence", v)) for v in (NAN, -0.1, 1.1, INF)),
    Corruption("cloud", "cloud: rgb", rows("rgb", 2**24)),
    *tables("forces", "forces"),
    *(Corruption("forces", "forces: positions", rows("drag_z", v)) for v in (NAN, INF, -INF)),
    Corruption("forces", "forces: terms", lambda m: twice_the_same_term(m)),
    *tables("cues", "cues"),
    *(Corruption("cues", "cues: values", rows("y", v)) for v in (NAN, INF)),
    *(Corruption("cues", "cues: values", rows("density", v)) for v in (NAN, -0.1, 1.1)),
    Corruption("cues", "cues: place", rows("place", -1)),
    *headers("hands", "hands"),
    Corruption("hands", "hands: validity", lambda m: tracked(m).validity.__setitem__(7, 16)),
    *(Corruption("hands", "hands: radii", lambda m, v=v: radius(tracked(m), v)) for v in (NAN, INF, -0.1, 1.1)),
    *headers("head", "head"),
    *not_near("head", "head: position", "pose.position", 100),
    *out_of("head", "head: orientation", "pose.orientation", ONE_WITHOUT_LENGTH),
    *out_of("head", "head: orientation", "pose.orientation.x", NAN, 2.0),
    *headers("epoch", "epoch"),
    *out_of("epoch", "epoch: state", "state", 4),
    *out_of("epoch", "epoch: text", "text", VERY_LONG),
    *out_of("epoch", "epoch: branch", "branch", LONG),
    Corruption("epoch", "epoch: labelled", all_of(put("items", 5), put("conflicts", 0), put("labelled", 6))),
    Corruption("epoch", "epoch: conflicts", all_of(put("items", 5), put("labelled", 0), put("conflicts", 6))),
    *(c for name in EPOCH_SHARES for c in out_of("epoch", f"epoch: {name}", name, -0.1, 1.1, INF)),
    *out_of("epoch", "epoch: separation", "separation", -0.1, -INF),
    *out_of("epoch", "epoch: steps_per_s", "steps_per_s", -1.0, NAN, INF),
    *out_of("epoch", "epoch: cloud_rate_hz", "cloud_rate_hz", -1.0, NAN, INF),
    *out_of("epoch", "epoch: losses", "losses", [], [1.0], [1.0, NAN], [INF, 1.0]),
    Corruption("epoch", "epoch: terms", all_of(put("terms", ["a"] * 101), put("losses", [0.0] * 101))),
    *out_of("epoch", "epoch: terms", "terms", ["a", LONG]),
    *headers("trace", "trace"),
    *out_of("trace", "trace: run", "run", LONG),
    *out_of("trace", "trace: parent_run", "parent_run", LONG),
    *out_of("trace", "trace: kind", "kind", 7),
    Corruption("trace", "trace: number", all_of(put("kind", 0), put("number", 1))),
    Corruption("trace", "trace: number", all_of(put("kind", 4), put("number", 0))),
    Corruption("trace", "trace: parent_run", all_of(put("kind", 1), put("number", 0), put("parent_run", ""))),
    Corruption("trace", "trace: parent_run", all_of(put("kind", 0), put("number", 0), put("parent_run", "b"))),
    Corruption("trace", "trace: parent_run", all_of(put("kind", 2), put("number", 0), put("parent_run", "a" * 32))),
    *out_of("trace", "trace: norms", "norms", []),
    *out_of("trace", "trace: without", "without", [3, 3], [2, 1]),
    *out_of("trace", "trace: retired", "retired", [3, 3], [2, 1]),
    *out_of("trace", "trace: wins", "wins", LONG),
    *out_of("trace", "trace: text", "text", "x" * 1_000_001),
    *(
        c
        for d in ("labels", "weights", "latents")
        for c in out_of("trace", f"trace: {d}_digest", f"{d}_digest", "x" * 65)
    ),
    *headers("categories", "categories"),
    *out_of("categories", "categories: wins", "wins", LONG),
    Corruption("categories", "categories: id", a_category(id=-1)),
    Corruption("categories", "categories: id", a_category(id=256)),
    Corruption("categories", "categories: name", a_category(name="")),
    Corruption("categories", "categories: name", a_category(name=LONG)),
    Corruption("categories", "categories: name", a_category(name="a\nb")),
    Corruption("categories", "category: color", a_category(color=2**24)),
    *out_of("categories", "categories: ids", "categories", [msg.Category(id=1, name=name) for name in "ab"]),
    *entries("labels"),
    *headers("gesture", "gestures"),
    *out_of("gestures", "gesture: gesture_id", "gesture_id", LONG),
    *out_of("gestures", "gesture: name", "name", LONG),
    *out_of("gestures", "gesture: detail", "detail", VERY_LONG),
    *out_of("gestures", "gesture: phase", "phase", 4),
    *out_of("gestures", "gesture: hand", "hand", 4),
    *out_of("gestures", "gesture: category", "category", -2, 256),
    *out_of("gestures", "gesture: item", "item", -2, 2**33),
    *not_near("gestures", "gesture: position", "position", 100),
    *out_of("gestures", "gesture: position", "radius", NAN, INF, 101.0),
    *headers("selection", "selection"),
    *out_of("selection", "selection: gesture_id", "gesture_id", LONG),
    *out_of("selection", "selection: cloud_stamp", "cloud_stamp.sec", -1),
    *out_of("selection", "selection: category", "category", -2, 256),
    *out_of("selection", "selection: sample_ids", "sample_ids", [3, 3, 4], [1, 3, 2]),
    *out_of("selection", "selection: audit_ids", "audit_ids", [5, 1]),
    *out_of("selection", "selection: label_counts", "label_counts", [1], [1, 2, 3], [2, 2], [2**32 - 1, 1]),
    *out_of("selection", "selection: label_categories", "label_categories", [-2, 3], [0, 256]),
    *regions("selection"),
    *headers("tool", "tool"),
    *out_of("tool", "tool: hand", "hand", 2, 4),
    Corruption("tool", "tool: kind", all_of(put("hand", 0), put("kind", 2))),
    Corruption("tool", "tool: kind", all_of(put("hand", 3), put("kind", 3))),
    *out_of("tool", "tool: radius", "radius", 0.0, -1.0, NAN, INF, 101.0),
    *out_of("tool", "tool: category", "category", -2, 256),
    *out_of("tool", "tool: author", "author", LONG),
    *out_of("tool", "tool: looks_at_ns", "looks_at_ns", -1, -(2**63)),
    *headers("cloud_placement", "cloud_placement"),
    *not_near("cloud_placement", "cloud_placement: position", "pose.position", 100),
    *out_of("cloud_placement", "cloud_placement: orientation", "pose.orientation", ONE_WITHOUT_LENGTH),
    *out_of("cloud_placement", "cloud_placement: scale", "scale", 0.0, -1.0, NAN, INF),
    *headers("xr_state", "xr_state"),
    *out_of("xr_state", "xr_state: state", "state", 9, 255),
    *out_of("xr_state", "xr_state: text", "text", VERY_LONG),
    *out_of("xr_state", "xr_state: runtime", "runtime", VERY_LONG),
    *headers("picture", "xr/mirror"),
    *out_of("xr/mirror", "picture: format", "format", LONG),
    Corruption("markers", "markers: frame_id", lambda m: setattr(added(m.markers, "markers").header, "frame_id", LONG)),
    *headers("diagnostics", "/diagnostics"),
    Corruption("/diagnostics", "diagnostics: status", lambda m: setattr(m, "status", [status()] * 1001)),
    Corruption("/diagnostics", "diagnostics: level", lambda m: setattr(m, "status", [status(level=b"\4")])),
    Corruption("/diagnostics", "diagnostics: name", lambda m: setattr(m, "status", [status(name=VERY_LONG)])),
    Corruption("/diagnostics", "diagnostics: message", lambda m: setattr(m, "status", [status(message=VERY_LONG)])),
    Corruption("/diagnostics", "diagnostics: values", lambda m: setattr(m, "status", [status(values=1001)])),
    *out_of("/clock", "clock", "clock.sec", -1),
]

OF_REQUESTS = [
    *entries("submit_labels", "event"),
    *out_of("get_labels", "after_seq", "after_seq", 2**63),
    *(c for name in ("undo", "redo") for c in out_of(name, "author", "author", LONG)),
    *(c for name in ("undo", "redo") for c in out_of(name, "event_id", "event_id", LONG)),
    *out_of("set_categories", "operation", "operation", 6),
    *out_of("set_categories", "event_id", "event_id", LONG),
    *not_near("decode_place", "position", "position", 10),
    Corruption("decode_place", "position", all_of(*(put(f"position.{axis}", 9.0) for axis in "xyz"))),
    *out_of("propose_labels", "threshold", "threshold", -0.1, 1.1, NAN),
    *out_of("propose_labels", "audit_size", "audit_size", 100_001),
    *out_of("set_training", "command", "command", 4),
    Corruption("set_training", "command", all_of(put("command", 2), put("steps", 0))),
    *(Corruption("set_training", "command", all_of(put("command", 3), put("speed", v))) for v in (0.0, 1.1, NAN)),
    *out_of("branch", "op", "op", 3),
    *out_of("branch", "name", "name", VERY_LONG),
    *out_of("branch", "without", "without", [1] * 100_001),
]

OF_ANSWERS = [
    *(
        Corruption(name, "message", put("message", VERY_LONG))
        for name in SERVICES
        if name != "get_labels"  # Which has none.
    ),
    *out_of("get_item", "picture.data", "picture.data", bytes((64 << 20) + 1)),
    *out_of("get_item", "text", "text", VERY_LONG),
    *out_of("get_item", "id", "id", VERY_LONG),
    *out_of("get_item", "label", "label", -2, 256),
    *out_of("get_item", "predicted", "predicted", -2, 256),
    *out_of("get_item", "confidence", "confidence", -0.1, 1.1, NAN),
    *out_of("get_item", "neighbours", "neighbours", [0] * 10_001),
    *out_of("get_item", "space_neighbours", "space_neighbours", [0] * 10_001),
    *out_of("get_item", "position", "position", Point(x=INF), Point(y=NAN), Point(z=2e6)),
    *out_of("get_sound", "wav", "wav", bytes((1 << 20) + 1)),
    *out_of("decode_place", "decode_place: share", "share", -0.1, 1.1, NAN),
    *out_of("decode_place", "decode_place: share", "distance", -0.1, INF, NAN),
    *out_of("decode_place", "decode_place: reach", "reach", -0.1, INF, NAN),
    *out_of("decode_place", "decode_place: picture.data", "picture.data", bytes((64 << 20) + 1)),
    *out_of("decode_place", "decode_place: text", "text", VERY_LONG),
    *out_of("decode_place", "decode_place: predicted", "predicted", -2, 256),
    *out_of("propose_labels", "propose_labels: categories", "categories", [], [1, 2], [1, 2, 3, 4]),
    *out_of("propose_labels", "propose_labels: categories", "categories", [-1, 2, 3], [1, 256, 3]),
    *out_of("propose_labels", "propose_labels: sample_ids", "sample_ids", [1, 1, 9], [9, 5, 1]),
    *out_of("propose_labels", "propose_labels: audit_ids", "audit_ids", [9, 1], [2]),
    *out_of("propose_labels", "propose_labels: expected", "expected", -0.1, 1.1),
    *out_of("propose_labels", "propose_labels: cloud_stamp", "cloud_stamp.sec", -1),
    *out_of("branch", "names", "names", ["a"] * 10_001),
    *out_of("branch", "current", "current", -2, 2),
    *out_of("export_session", "files", "files", ["a"] * 10_001),
]


def tracked(message: Any) -> Any:
    """Return the left hand, of which all is valid."""
    message.left.tracked = True
    message.left.radii = np.full(26, 0.01, np.float32)
    message.left.validity = np.full(26, 15, np.uint8)
    return message.left


def radius(hand: Any, value: float) -> None:
    hand.radii[11] = value


def twice_the_same_term(message: Any) -> None:
    for field in message.fields:
        field.name = field.name.replace("spread", "structure")


def added(messages: list[Any], strategy: str) -> Any:
    """Return another message in a list."""
    from visualization_msgs.msg import Marker

    messages.append(Marker())
    return messages[-1]


def status(level: bytes = b"\0", name: str = "", message: str = "", values: int = 0) -> Any:
    from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

    return DiagnosticStatus(level=level, name=name, message=message, values=[KeyValue()] * values)


CONVERSIONS: dict[str, Callable[[Any], object]] = {
    "cloud": conversions.cloud_from_msg,
    "epoch": conversions.progress_from_msg,
    "trace": conversions.trace_entry_from_msg,
    "forces": conversions.forces_from_msg,
    "cues": conversions.cues_from_msg,
    "categories": conversions.categories_from_msg,
    "labels": conversions.label_event_from_msg,
    "hands": conversions.hands_from_msg,
    "head": conversions.head_from_msg,
    "gestures": conversions.gesture_from_msg,
    "selection": conversions.selection_from_msg,
    "tool": conversions.tool_from_msg,
    "cloud_placement": conversions.placement_from_msg,
    "decode_place": conversions.place_from_msg,
    "propose_labels": conversions.proposal_from_msg,
}
"""What makes data of a message, or of an answer: it refuses the same."""


def of(corruptions: list[Corruption]) -> list[str]:
    return list(dict.fromkeys(corruption.of for corruption in corruptions))


def not_refused(check: Callable[[Any], object], valid: Any, corruptions: list[Corruption]) -> list[str]:
    """Return the corruptions of a valid message that are taken, or refused for something else."""
    wrong = []
    for corruption in corruptions:
        message = copy.deepcopy(valid)
        corruption.do(message)
        try:
            check(message)
            wrong.append(f"{corruption.about} is taken")
        except RefusedError as error:
            if error.about != corruption.about or len(str(error)) > 2000:
                wrong.append(f"{corruption.about} is refused for {error.about}: {error}")
    return wrong


def all_are_refused(check: Callable[[Any], object], name: str, valid: Any, corruptions: list[Corruption]) -> None:
    mine = [corruption for corruption in corruptions if corruption.of == name]
    assert not_refused(check, valid, mine) == []
    if name in CONVERSIONS:
        mine = [corruption for corruption in mine if corruption.about != "message"]  # For people only.
        assert not_refused(CONVERSIONS[name], valid, mine) == []


@pytest.mark.parametrize("name", of(OF_TOPICS))
@settings(FEW, max_examples=8)
@given(data=st.data())
def test_each_corruption_of_a_message_is_refused_by_the_name_of_the_field(name: str, data: st.DataObject) -> None:
    all_are_refused(HEARD[name].check, name, data.draw(valid_messages.MESSAGES[name]), OF_TOPICS)


@pytest.mark.parametrize("name", of(OF_REQUESTS))
@settings(FEW, max_examples=8)
@given(data=st.data())
def test_each_corruption_of_a_request_is_refused_by_the_name_of_the_field(name: str, data: st.DataObject) -> None:
    corruptions = [c for c in OF_REQUESTS if c.of == name]
    assert not_refused(SERVICES[name].check, data.draw(valid_messages.REQUESTS[name]), corruptions) == []


@pytest.mark.parametrize("name", of(OF_ANSWERS))
@settings(FEW, max_examples=3)
@given(data=st.data())
def test_each_corruption_of_an_answer_is_refused_by_the_name_of_the_field(name: str, data: st.DataObject) -> None:
    all_are_refused(SERVICES[name].check_answer, name, data.draw(valid_messages.ANSWERS[name]), OF_ANSWERS)


def test_there_are_corruptions_for_each_topic_and_for_each_service_with_fields() -> None:
    assert set(HEARD) - set(of(OF_TOPICS)) == {"ghost"}  # Which is checked as `cloud` is.
    without_fields = {"export_session", "session_player/pause", "session_player/resume", "session_player/toggle_paused"}
    assert set(SERVICES) - set(of(OF_REQUESTS)) == without_fields | {"get_item", "get_sound"}


@pytest.mark.parametrize("name", ["get_item", "decode_place", "propose_labels", "branch"])
def test_an_answer_that_says_no_need_not_hold_more_than_the_reason(name: str) -> None:
    answer = SERVICES[name].type.Response(message="no")
    for field, value in (("confidence", NAN), ("share", NAN), ("categories", [1]), ("current", 7)):
        if hasattr(answer, field):
            setattr(answer, field, value)
    SERVICES[name].check_answer(answer)


def test_joints_that_are_not_valid_may_have_any_radius() -> None:
    message = msg.Hands()
    tracked(message).radii[5] = INF
    message.left.validity[5] = 0
    HEARD["hands"].check(message)


@FEW
@given(valid_messages.MESSAGES["hands"])
def test_hands_are_checked_alike_as_bytes_and_as_a_message(message: Any) -> None:
    packed = serialize_message(message)
    assert conversions.hands_from_cdr(packed).stamp_ns == conversions.hands_from_msg(message).stamp_ns
    for do in (
        lambda m: setattr(tracked(m), "validity", np.full(26, 99, np.uint8)),
        lambda m: radius(tracked(m), INF),
        put("header.stamp.nanosec", NS),
    ):
        changed = deserialize_message(packed, msg.Hands)
        do(changed)
        with pytest.raises(RefusedError):
            conversions.hands_from_cdr(serialize_message(changed))


@pytest.mark.parametrize("about", ["cloud: stamp", "cloud: row_step", "cloud: label", "cloud: positions"])
@settings(FEW, max_examples=3)
@given(message=valid_messages.MESSAGES["cloud"])
def test_a_cloud_is_checked_alike_as_bytes(about: str, message: Any) -> None:
    next(c for c in OF_TOPICS if c.of == "cloud" and c.about == about).do(message)
    with pytest.raises(RefusedError) as refused:
        conversions.cloud_from_cdr(serialize_message(message))
    assert refused.value.about == about


def test_a_region_of_plain_data_is_checked_as_one_of_a_message() -> None:
    with pytest.raises(RefusedError, match="expected 1 and 0"):
        check_region(Region(shape=Shape.BOX))


def test_a_reason_does_not_repeat_a_huge_text() -> None:
    with pytest.raises(RefusedError) as refused:
        need.name("name", "\n" * 10_000_000)
    assert len(str(refused.value)) < 300


RAW = {"cloud": conversions.cloud_from_cdr, "hands": conversions.hands_from_cdr}


@pytest.mark.parametrize("name", HEARD)
@settings(FEW, max_examples=40)
@given(st.data())
def test_hostile_bytes_are_a_message_or_refused_and_nothing_else(name: str, data: st.DataObject) -> None:
    valid = serialize_message(data.draw(valid_messages.MESSAGES[name]))
    received = hostile(valid, np.random.default_rng(data.draw(st.integers(0, 2**32))))
    for take in (lambda: node_tools.read(HEARD[name], received), lambda: RAW.get(name, len)(received)):
        with contextlib.suppress(RefusedError):
            take()


def test_an_entry_that_is_no_message_is_refused_too_when_its_region_is_huge() -> None:
    huge = Region(np.zeros((MOST_SPHERES + 1, 3)), np.ones(MOST_SPHERES + 1, np.float32), Shape.SPHERES)
    entry = LabelEvent("one", Kind.ASSIGN, 0, np.array([0], np.uint32))
    check_entry(entry)
    with pytest.raises(RefusedError, match=f"region has {MOST_SPHERES + 1} spheres"):
        check_entry(replace(entry, region=huge))


def asked_place(x: float, y: float, z: float) -> srv.DecodePlace.Request:
    return srv.DecodePlace.Request(position=Point(x=x, y=y, z=z))


@pytest.mark.parametrize("place", [(0.0, 0.0, 0.0), (1.0, -1.0, 1.0), (10.0, 0.0, 0.0), (0.0, -10.0, 0.0)], ids=str)
def test_a_place_within_ten_units_is_taken(place: tuple[float, float, float]) -> None:
    topics.DECODE_PLACE.check(asked_place(*place))


@pytest.mark.parametrize(
    ("place", "where"),
    [
        ((NAN, 0.0, 0.0), "nan, 0, 0"),
        ((0.0, INF, 0.0), "0, inf, 0"),
        ((0.0, 0.0, -INF), "0, 0, -inf"),
        ((10.01, 0.0, 0.0), "10, 0, 0"),
        ((6.0, 6.0, 6.0), "6, 6, 6"),
        ((1e308, 1e308, 0.0), "1e+308, 1e+308, 0"),
    ],
)
def test_a_place_that_is_nowhere_is_refused_in_one_line(place: tuple[float, float, float], where: str) -> None:
    with pytest.raises(RefusedError) as refused:
        topics.DECODE_PLACE.check(asked_place(*place))
    expected = f"position is ({where}), expected finite numbers within 10 latent units of the origin"
    assert str(refused.value) == expected
