"""One hypothesis strategy for each message and request of the project: those that hold what their files promise."""

import math
import uuid
from collections.abc import Callable
from typing import Any

import hypothesis
import numpy as np
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from hypothesis import strategies as st
from latentvr import msg, srv
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from visualization_msgs.msg import Marker, MarkerArray

from latentvr_common import conversions, topics
from latentvr_common.cloud import Cloud
from latentvr_common.cues import Cues
from latentvr_common.forces import Forces
from latentvr_common.hands import JOINT_COUNT, Hand, Hands
from latentvr_common.labels import Region, box, flood, spheres

Strategy = st.SearchStrategy[Any]

NS = 10**9
seeds = st.integers(0, 2**32 - 1)
stamps_ns = st.integers(0, 2**31 * NS - 1)
stamps = st.builds(conversions.time_to_msg, stamps_ns)
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
names = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=20)
headers = st.builds(Header, stamp=stamps, frame_id=words)
categories_or_none = st.integers(-1, 255)
numbers = st.integers(0, 2**63 - 1)
metres = st.floats(-100, 100)
points = st.builds(Point, x=metres, y=metres, z=metres)
uuids = st.builds(lambda number: str(uuid.UUID(int=number)), st.integers(0, 2**128 - 1))
shares = st.floats(0, 1, width=32)
shares_or_nan = shares | st.just(math.nan)


def arrays(make: Callable[[np.random.Generator, int], Any], most: int = 20) -> Strategy:
    """Return what `make` makes of random numbers, for 0 to `most` items."""
    return st.builds(lambda seed, count: make(np.random.default_rng(seed), count), seeds, st.integers(0, most))


def quaternion(seed: int) -> Quaternion:
    """Return a random unit quaternion."""
    x, y, z, w = unit(np.random.default_rng(seed).normal(size=4)).tolist()
    return Quaternion(x=x, y=y, z=z, w=w)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors (..., n) of length one."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


quaternions = st.builds(quaternion, seeds)
poses = st.builds(Pose, position=points, orientation=quaternions)


def a_cloud(random: np.random.Generator, count: int) -> Any:
    """Return a cloud of `count` items."""
    return conversions.cloud_to_msg(
        Cloud(
            int(random.integers(0, 2**31 * NS)),
            random.normal(size=(count, 3)).astype(np.float32),
            random.integers(0, 2**24, count).astype(np.uint32),
            random.integers(-1, 256, count).astype(np.int16),
            random.integers(-1, 256, count).astype(np.int16),
            random.random(count).astype(np.float32),
        )
    )


def some_forces(random: np.random.Generator, count: int) -> Any:
    """Return forces on `count` items."""
    v = random.normal(size=(3, count, 3)).astype(np.float32)
    pulls = random.normal(size=(count, 2, 3)).astype(np.float32)
    ids = np.sort(random.choice(10_000, count, replace=False)).astype(np.uint32)
    return conversions.forces_to_msg(
        Forces(int(random.integers(0, 2**31 * NS)), ids, v[0], ("structure", "spread"), pulls, v[1], v[2])
    )


def some_cues(random: np.random.Generator, count: int) -> Any:
    """Return cues on `count` items."""
    s = random.random((4, count)).astype(np.float32)
    positions, places = random.normal(size=(count, 3)).astype(np.float32), np.arange(count, dtype=np.int16)
    return conversions.cues_to_msg(Cues(int(random.integers(0, 2**31 * NS)), positions, s[0], s[1], s[2], s[3], places))


def a_hand(random: np.random.Generator) -> Hand:
    """Return a hand as a device may tell it, or none."""
    if random.random() < 0.2:
        return Hand()
    return Hand(
        True,
        random.normal(size=(JOINT_COUNT, 3)),
        unit(random.normal(size=(JOINT_COUNT, 4))),
        random.uniform(0.001, 0.05, JOINT_COUNT).astype(np.float32).astype(np.float64),
        random.integers(0, 16, JOINT_COUNT).astype(np.uint8),
    )


def some_hands(random: np.random.Generator, _: int) -> Any:
    """Return both hands."""
    return conversions.hands_to_msg(Hands(int(random.integers(0, 2**31 * NS)), a_hand(random), a_hand(random)))


def a_region(random: np.random.Generator, count: int) -> Any:
    """Return a region of any shape."""
    centers, turn = random.normal(size=(count + 1, 3)), unit(random.normal(size=4))
    made = (
        Region(),
        spheres(centers, random.uniform(0.01, 1, count + 1).astype(np.float32), random.random(count + 1) < 0.5),
        box(centers[0], random.uniform(0.01, 1, 3), turn),
        flood(centers[0], float(random.uniform(0.01, 1)), float(random.uniform(1, 1000))),
    )
    return conversions.region_to_msg(made[random.integers(4)])


regions = arrays(a_region, 5)
rising = st.lists(st.integers(0, 2**32 - 1), unique=True, max_size=20).map(sorted)

label_events = st.builds(
    msg.LabelEvent,
    seq=numbers,
    event_id=uuids,
    kind=st.integers(0, 3),
    category=categories_or_none,
    sample_ids=rising,
    target_seq=numbers,
    author=words,
    cloud_stamp=stamps,
    epoch=numbers,
    region=regions,
    gesture=words,
    committed=stamps,
)
categories = st.builds(
    lambda header, wins, ids, name, color: msg.Categories(
        header=header,
        wins=wins,
        categories=[msg.Category(id=i, name=f"{name}{i}", color=color, retired=i % 2 == 1) for i in sorted(ids)],
    ),
    headers,
    words,
    st.sets(st.integers(0, 255), max_size=9),
    names,
    st.integers(0, 0xFFFFFF),
)
epochs = st.builds(
    msg.Epoch,
    header=headers,
    state=st.integers(0, 3),
    text=words,
    epoch=numbers,
    step=numbers,
    items=st.integers(1000, 2**32 - 1),
    labelled=st.integers(0, 1000),
    conflicts=st.integers(0, 1000),
    label_seq=numbers,
    terms=st.just(["structure", "spread"]),
    losses=st.lists(st.floats(0, 1e6, width=32), min_size=2, max_size=2),
    **dict.fromkeys(("accuracy", "confidence", "space_used", "ece", "ece_truth"), shares_or_nan),
    **dict.fromkeys(("agreement", "ghost_accuracy"), shares_or_nan),
    separation=st.floats(0, 100, width=32) | st.sampled_from([math.nan, math.inf]),
    branch=words,
    steps_per_s=st.floats(0, 1000, width=32),
    cloud_rate_hz=st.floats(0, 1000, width=32),
)


def a_trace_entry(random: np.random.Generator, count: int) -> Any:
    """Return an entry of the trace; steps whose loss is not sound are told, too."""
    kind, steps = int(random.integers(0, 7)), [math.nan, *random.random(count).tolist()]
    return msg.TraceEntry(
        run="a" * 32,
        number=0 if kind < 3 else int(random.integers(1, 100)),
        kind=kind,
        parent_run="b" * 32 if kind in (1, 2) else "",
        without=sorted(set(random.integers(1, 1000, count).tolist())),
        retired=sorted(set(random.integers(0, 200, count).tolist())),
        labels_digest="c" * 64,
        weights_digest="d" * 64,
        losses=steps,
        norms=steps,
    )


gestures = st.builds(
    msg.Gesture,
    header=headers,
    gesture_id=words,
    name=words,
    phase=st.integers(0, 3),
    hand=st.integers(0, 3),
    position=points,
    radius=st.floats(0, 1, width=32),
    category=categories_or_none,
    samples=st.integers(0, 2**32 - 1),
    seq=numbers,
    item=st.integers(-1, 2**32 - 1),
    detail=words,
)
selections = st.builds(
    msg.Selection,
    header=headers,
    gesture_id=words,
    cloud_stamp=stamps,
    category=categories_or_none,
    region=regions,
    sample_ids=st.just([1, 5, 9]),
    label_categories=st.just([-1, 3]),
    label_counts=st.just([1, 2]),
    audit_ids=st.just([1, 9]),
)
tools = st.builds(
    msg.Tool,
    header=headers,
    kind=st.integers(0, 1),
    hand=st.sampled_from([0, 1, 3]),
    category=categories_or_none,
    erases=st.booleans(),
    radius=st.floats(0.015625, 100, width=32),
    page=st.integers(0, 255),
    author=words,
    looks_at_ns=st.integers(0, 2**62),
)
statuses = st.builds(
    DiagnosticStatus,
    level=st.sampled_from([b"\0", b"\1", b"\2", b"\3"]),
    name=words,
    message=words,
    values=st.lists(st.builds(KeyValue, key=words, value=words), max_size=3),
)

MESSAGES: dict[str, Strategy] = {
    "cloud": arrays(a_cloud),
    "epoch": epochs,
    "trace": arrays(a_trace_entry),
    "forces": arrays(some_forces),
    "ghost": arrays(a_cloud),
    "cues": arrays(some_cues),
    "categories": categories,
    "labels": label_events,
    "hands": arrays(some_hands),
    "head": st.builds(PoseStamped, header=headers, pose=poses),
    "gestures": gestures,
    "selection": selections,
    "tool": tools,
    "cloud_placement": st.builds(
        msg.CloudPlacement, header=headers, pose=poses, scale=st.floats(0.015625, 100, width=32)
    ),
    "xr_state": st.builds(msg.XrState, header=headers, state=st.integers(0, 8), text=words, runtime=words),
    "xr/mirror": st.builds(CompressedImage, header=headers, format=words, data=st.binary(max_size=50)),
    "markers": st.builds(
        MarkerArray, markers=st.lists(st.builds(Marker, header=headers, ns=words, points=st.just([])), max_size=3)
    ),
    "/diagnostics": st.builds(DiagnosticArray, header=headers, status=st.lists(statuses, max_size=3)),
    "/clock": st.builds(Clock, clock=st.builds(Time, sec=st.integers(0, 2**31 - 1), nanosec=st.integers(0, NS - 1))),
}
"""By topic."""

items = st.builds(srv.GetItem.Request, sample_id=st.integers(0, 2**32 - 1))
step_histories = st.builds(srv.StepHistory.Request, author=names, event_id=uuids)
triggers = st.builds(Trigger.Request)

REQUESTS: dict[str, Strategy] = {
    "submit_labels": st.builds(srv.SubmitLabels.Request, event=label_events),
    "get_labels": st.builds(srv.GetLabels.Request, after_seq=numbers, limit=st.integers(0, 2**32 - 1)),
    "undo": step_histories,
    "redo": step_histories,
    "set_categories": st.builds(
        srv.SetCategories.Request,
        operation=st.integers(0, 5),
        category=st.builds(msg.Category, id=st.integers(0, 255), name=names, color=st.integers(0, 0xFFFFFF)),
        event_id=uuids,
    ),
    "get_item": items,
    "get_sound": st.builds(srv.GetSound.Request, sample_id=st.integers(0, 2**32 - 1)),
    "decode_place": st.builds(
        lambda seed, far: srv.DecodePlace.Request(
            position=conversions.point_to_msg(far * unit(np.random.default_rng(seed).normal(size=3)))
        ),
        seeds,
        st.floats(0, 9.99),
    ),
    "propose_labels": st.builds(
        srv.ProposeLabels.Request, threshold=shares, category=st.integers(-1, 255), audit_size=st.integers(0, 1000)
    ),
    "set_training": st.builds(
        srv.SetTraining.Request,
        command=st.integers(0, 3),
        steps=st.integers(1, 1000),
        speed=st.floats(0.015625, 1, width=32),
    ),
    "branch": st.builds(
        srv.Branch.Request,
        op=st.integers(0, 2),
        name=names,
        without=st.lists(st.integers(1, 2**62), max_size=5),
        step=st.integers(0, 2**62),
    ),
    "export_session": st.builds(srv.ExportSession.Request),
    "session_player/pause": triggers,
    "session_player/resume": triggers,
    "session_player/toggle_paused": triggers,
}
"""By service."""

says = st.builds(lambda text: {"message": text}, words)
pictures = st.builds(CompressedImage, format=st.just("png"), data=st.binary(max_size=50))
journal_answers = {"seq": numbers, "message": words, "accepted": st.booleans()}

ANSWERS: dict[str, Strategy] = {
    "submit_labels": st.builds(srv.SubmitLabels.Response, **journal_answers),
    "get_labels": st.builds(srv.GetLabels.Response, events=st.lists(label_events, max_size=2), last_seq=numbers),
    "undo": st.builds(srv.StepHistory.Response, **journal_answers),
    "redo": st.builds(srv.StepHistory.Response, **journal_answers),
    "set_categories": st.builds(srv.SetCategories.Response, **journal_answers),
    "get_item": st.builds(
        srv.GetItem.Response,
        found=st.just(True),
        message=words,
        picture=pictures,
        text=words,
        id=words,
        label=categories_or_none,
        predicted=categories_or_none,
        confidence=shares,
        neighbours=rising,
        position=points | st.just(Point(x=math.nan, y=math.nan, z=math.nan)),
        space_neighbours=rising,
    ),
    "get_sound": st.builds(srv.GetSound.Response, found=st.just(True), message=words, wav=st.binary(max_size=50)),
    "decode_place": st.builds(
        srv.DecodePlace.Response,
        found=st.just(True),
        message=words,
        picture=pictures,
        text=words,
        support=st.integers(0, 1000),
        reach=shares,
        distance=st.floats(0, 10, width=32),
        predicted=categories_or_none,
        share=shares,
    ),
    "propose_labels": st.builds(
        srv.ProposeLabels.Response,
        accepted=st.just(True),
        message=words,
        sample_ids=st.just([1, 5, 9]),
        categories=st.lists(st.integers(0, 255), min_size=3, max_size=3),
        expected=shares_or_nan,
        audit_ids=st.just([1, 9]),
        cloud_stamp=stamps,
        epoch=numbers,
    ),
    "set_training": st.builds(srv.SetTraining.Response, accepted=st.booleans(), message=words),
    "branch": st.builds(
        srv.Branch.Response,
        accepted=st.just(True),
        message=words,
        names=st.just(["a", "b"]),
        current=st.integers(-1, 1),
    ),
    "export_session": st.builds(
        srv.ExportSession.Response, accepted=st.just(True), message=words, directory=words, files=st.lists(words)
    ),
    "session_player/pause": st.builds(Trigger.Response, success=st.booleans(), message=words),
    "session_player/resume": st.builds(Trigger.Response, success=st.booleans(), message=words),
    "session_player/toggle_paused": st.builds(Trigger.Response, success=st.booleans(), message=words),
}
"""By service."""


def all_named() -> bool:
    """Tell whether there is a strategy for each topic and service."""
    services = {service.name for service in topics.SERVICES}
    heard = {topic.name for topic in (*topics.TOPICS, topics.CLOCK)}
    return heard == set(MESSAGES) and services == set(REQUESTS) == set(ANSWERS)


def examples(strategy: Strategy, count: int = 8) -> list[Any]:
    """Return values of a strategy, always the same."""
    found: list[Any] = []

    @hypothesis.settings(max_examples=count, database=None, derandomize=True, deadline=None)
    @hypothesis.given(strategy)
    def note(value: Any) -> None:
        found.append(value)

    note()
    return found
