"""The one list of topics and services: name, type, quality of service and its reason, who sends, who listens.

Names are relative; nodes run in the namespace `latentvr`, so the cloud is /latentvr/cloud.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from latentvr.msg import (
    Categories,
    CloudPlacement,
    Epoch,
    Gesture,
    Hands,
    LabelEvent,
    Selection,
    Tool,
    TraceEntry,
    XrState,
)
from latentvr.srv import (
    Branch,
    DecodePlace,
    ExportSession,
    GetItem,
    GetLabels,
    GetSound,
    ProposeLabels,
    SetCategories,
    SetTraining,
    StepHistory,
    SubmitLabels,
)
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, PointCloud2
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from latentvr_common import conversions
from latentvr_common.checks import answers, categories, entries, gestures, others, poses, requests, training

NAMESPACE = "latentvr"
_KIB, _MIB = 1 << 10, 1 << 20
_LARGEST = 256 * _MIB
"""Of a message with a row for each item: ten million of them. Recordings hold none that are larger."""


def latched(depth: int = 1) -> QoSProfile:
    """Delivered for sure, and the newest `depth` also to those who come later: state."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    )


def every_one(depth: int) -> QoSProfile:
    """Delivered for sure, only to those who are there: events."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.VOLATILE,
    )


def newest_only() -> QoSProfile:
    """Late is worthless: never sent again, nothing queued."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=1,
        reliability=ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.VOLATILE,
    )


@dataclass(frozen=True)
class Topic:
    """One topic."""

    name: str
    type: Any
    qos: QoSProfile
    reason: str
    """Why this quality of service."""
    says: str
    sender: str
    check: Callable[[Any], object]
    """Raises RefusedError for a message that does not hold what it promises."""
    most_bytes: int
    """A larger message, serialized, is not even read."""
    recorded: bool = True
    """Whether the recorder takes it down: not what follows from other topics."""


@dataclass(frozen=True)
class Service:
    """One service."""

    name: str
    type: Any
    does: str
    server: str
    check: Callable[[Any], object]
    """Raises RefusedError for a request that does not hold what it promises."""
    check_answer: Callable[[Any], object]
    """The same for an answer."""


CLOUD = Topic(
    "cloud",
    PointCloud2,
    latched(),
    "a node that starts late must see the cloud at once; an old frame is worth nothing",
    "the latent space now: position, colour, label, prediction and confidence of every item",
    "latent_trainer",
    check=conversions.cloud_from_msg,
    most_bytes=_LARGEST,
)
EPOCH = Topic(
    "epoch",
    Epoch,
    latched(),
    "state, like the cloud whose stamp it shares",
    "where training stands: epoch, losses by term, accuracy, rates",
    "latent_trainer",
    check=training.check_epoch,
    most_bytes=64 * _KIB,
)
TRACE = Topic(
    "trace",
    TraceEntry,
    latched(5000),
    "no entry may be missed, also by a recorder that was restarted",
    "what was done to the network, counted in steps, and digests of it: with the labels, what an exact replay needs",
    "latent_trainer",
    check=training.check_trace_entry,
    most_bytes=16 * _MIB,
)
FORCES = Topic(
    "forces",
    PointCloud2,
    newest_only(),
    "only for looking at; the next one comes soon",
    "of a sample of items: the pull of each loss term, how they moved, how far others dragged them; "
    "sent only while somebody beside the recorder listens",
    "latent_trainer",
    check=conversions.forces_from_msg,
    most_bytes=64 * _MIB,
)
GHOST = Topic(
    "ghost",
    PointCloud2,
    latched(),
    "state, like the cloud",
    "the cloud of the branch of training that was left last, as it was then; empty: none is to be shown",
    "latent_trainer",
    check=conversions.cloud_from_msg,
    most_bytes=_LARGEST,
)
CUES = Topic(
    "cues",
    PointCloud2,
    newest_only(),
    "only for looking at; the next one comes soon",
    "where a mark would teach the most: uncertainty, density, coverage and disagreement of every item, and a few "
    "places to look at; sent only while somebody beside the recorder listens",
    "latent_trainer",
    check=conversions.cues_from_msg,
    most_bytes=_LARGEST,
)
CATEGORIES = Topic(
    "categories",
    Categories,
    latched(),
    "state, small, needed by all",
    "all categories of the session",
    "label_journal",
    check=categories.check_categories,
    most_bytes=256 * _KIB,
)
LABELS = Topic(
    "labels",
    LabelEvent,
    latched(1000),
    "no entry may be missed; older ones than the newest 1000 come from get_labels",
    "entries of the journal, after they are durable",
    "label_journal",
    check=entries.check_label_event,
    most_bytes=16 * _MIB,
)
HANDS = Topic(
    "hands",
    Hands,
    newest_only(),
    "only the newest pose is true; waiting for an old one would delay it",
    "joints of both hands",
    "xr_bridge or scripted_hands",
    check=conversions.hands_from_msg,
    most_bytes=16 * _KIB,
)
HEAD = Topic(
    "head",
    PoseStamped,
    newest_only(),
    "as for hands",
    "pose of the head, frame stage",
    "xr_bridge or scripted_hands",
    check=poses.check_head,
    most_bytes=4 * _KIB,
)
GESTURES = Topic(
    "gestures",
    Gesture,
    every_one(100),
    "events: each counts, none is news to a latecomer",
    "gestures as they begin, go on and end",
    "gesture_labeler",
    check=gestures.check_gesture,
    most_bytes=64 * _KIB,
)
SELECTION = Topic(
    "selection",
    Selection,
    newest_only(),
    "a preview, replaced with every movement of the hand",
    "what would be marked if the gesture ended now",
    "gesture_labeler",
    check=gestures.check_selection,
    most_bytes=16 * _MIB,
)
TOOL = Topic(
    "tool",
    Tool,
    latched(),
    "state, small; who draws the palette must know it at once",
    "what a person holds, with hands or a mouse: brush, category, page of the palette",
    "gesture_labeler or desktop",
    check=gestures.check_tool,
    most_bytes=4 * _KIB,
)
CLOUD_PLACEMENT = Topic(
    "cloud_placement",
    CloudPlacement,
    latched(),
    "state, small",
    "pose and scale of the cloud in the room",
    "gesture_labeler",
    check=poses.check_placement,
    most_bytes=4 * _KIB,
)
XR_STATE = Topic(
    "xr_state",
    XrState,
    latched(),
    "state, small",
    "what the OpenXR session is doing",
    "xr_bridge",
    check=training.check_xr_state,
    most_bytes=64 * _KIB,
)
MIRROR = Topic(
    "xr/mirror",
    CompressedImage,
    newest_only(),
    "only for looking at; the next one comes soon",
    "what the person in the headset sees, a JPEG; sent a few times a second while somebody beside the recorder listens",
    "xr_bridge",
    check=others.check_picture,
    most_bytes=16 * _MIB,
)
MARKERS = Topic(
    "markers",
    MarkerArray,
    every_one(1),
    "RViz asks for reliable ones by default; each message says all, so only the newest counts",
    "hands, head, brush, selection and beacons in the frame of the cloud, for RViz and Foxglove; sent only while "
    "somebody listens",
    "room_markers",
    check=others.check_markers,
    most_bytes=64 * _MIB,
    recorded=False,
)
DIAGNOSTICS = Topic(
    "/diagnostics",
    DiagnosticArray,
    every_one(10),
    "the convention of ROS",
    "health of every node, once a second",
    "every node",
    check=others.check_diagnostics,
    most_bytes=4 * _MIB,
)

CLOCK = Topic(
    "/clock",
    Clock,
    newest_only(),
    "the convention of ROS",
    "recorded time while a recording is played, for nodes with use_sim_time; no topic of a session",
    "session_player",
    check=others.check_clock,
    most_bytes=4 * _KIB,
)

TOPICS: tuple[Topic, ...] = (
    CLOUD,
    EPOCH,
    TRACE,
    FORCES,
    GHOST,
    CUES,
    CATEGORIES,
    LABELS,
    HANDS,
    HEAD,
    GESTURES,
    SELECTION,
    TOOL,
    CLOUD_PLACEMENT,
    XR_STATE,
    MIRROR,
    MARKERS,
    DIAGNOSTICS,
)

SUBMIT_LABELS = Service(
    "submit_labels",
    SubmitLabels,
    "commit one entry; the reply is the acknowledgement; safe to repeat",
    "label_journal",
    check=entries.check_submit_labels,
    check_answer=answers.check_message,
)
GET_LABELS = Service(
    "get_labels",
    GetLabels,
    "entries after a sequence number",
    "label_journal",
    check=requests.check_get_labels,
    check_answer=answers.check_nothing,
)
UNDO = Service(
    "undo",
    StepHistory,
    "retract the newest entry of an author",
    "label_journal",
    check=requests.check_step_history,
    check_answer=answers.check_message,
)
REDO = Service(
    "redo",
    StepHistory,
    "restore what the newest undo retracted",
    "label_journal",
    check=requests.check_step_history,
    check_answer=answers.check_message,
)
SET_CATEGORIES = Service(
    "set_categories",
    SetCategories,
    "add, rename, recolour, merge, retire or restore a category",
    "label_journal",
    check=requests.check_set_categories,
    check_answer=answers.check_message,
)
GET_ITEM = Service(
    "get_item",
    GetItem,
    "picture, label, prediction, position, and neighbours in the data and in the cloud of one item",
    "latent_trainer",
    check=requests.check_nothing,
    check_answer=answers.check_item,
)
GET_SOUND = Service(
    "get_sound",
    GetSound,
    "what one item sounds like, as a WAV file",
    "latent_trainer",
    check=requests.check_nothing,
    check_answer=answers.check_sound,
)
DECODE_PLACE = Service(
    "decode_place",
    DecodePlace,
    "what would live at a place in the latent space, and who lives there",
    "latent_trainer",
    check=requests.check_decode_place,
    check_answer=answers.check_place,
)
PROPOSE_LABELS = Service(
    "propose_labels",
    ProposeLabels,
    "items without a label whose prediction is believed, and some of them to look at first",
    "latent_trainer",
    check=requests.check_propose_labels,
    check_answer=answers.check_proposal_answer,
)
SET_TRAINING = Service(
    "set_training",
    SetTraining,
    "pause, resume, make steps, set the pace",
    "latent_trainer",
    check=requests.check_set_training,
    check_answer=answers.check_message,
)
BRANCH = Service(
    "branch",
    Branch,
    "train on as if marks had never been made, or from an earlier moment on, and go to and fro between these branches",
    "latent_trainer",
    check=requests.check_branch,
    check_answer=answers.check_branches,
)
EXPORT_SESSION = Service(
    "export_session",
    ExportSession,
    "write the results now",
    "latent_trainer",
    check=requests.check_nothing,
    check_answer=answers.check_export,
)
PAUSE = Service(
    "session_player/pause",
    Trigger,
    "hold the recording that is played",
    "session_player",
    check=requests.check_nothing,
    check_answer=answers.check_message,
)
RESUME = Service(
    "session_player/resume",
    Trigger,
    "go on playing",
    "session_player",
    check=requests.check_nothing,
    check_answer=answers.check_message,
)
TOGGLE_PAUSED = Service(
    "session_player/toggle_paused",
    Trigger,
    "hold, or go on playing",
    "session_player",
    check=requests.check_nothing,
    check_answer=answers.check_message,
)

SERVICES: tuple[Service, ...] = (
    SUBMIT_LABELS,
    GET_LABELS,
    UNDO,
    REDO,
    SET_CATEGORIES,
    GET_ITEM,
    GET_SOUND,
    DECODE_PLACE,
    PROPOSE_LABELS,
    SET_TRAINING,
    BRANCH,
    EXPORT_SESSION,
    PAUSE,
    RESUME,
    TOGGLE_PAUSED,
)
