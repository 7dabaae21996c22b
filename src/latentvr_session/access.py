"""What each node of a session sends, hears, offers and asks for: as data, for the policies of SROS 2.

Written once; a test starts all nodes and compares it with what they really do.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from latentvr_common import topics
from latentvr_common.heard import Heard
from latentvr_common.topics import Service, Topic


@dataclass(frozen=True)
class Access:
    """What one node does in the graph. Every node tells of its health, too."""

    sends: tuple[Topic, ...] = ()
    hears: tuple[Topic, ...] = ()
    offers: tuple[Service, ...] = ()
    asks: tuple[Service, ...] = ()


_OF_A_VIEW = (*Heard.TOPICS, topics.EPOCH, topics.GHOST, topics.FORCES, topics.DIAGNOSTICS)
"""Who draws the cloud hears these."""
_OF_A_PERSON = (
    topics.SUBMIT_LABELS,
    topics.UNDO,
    topics.REDO,
    topics.SET_CATEGORIES,
    topics.SET_TRAINING,
    topics.PROPOSE_LABELS,
)
"""Who marks for a person asks for these."""

ACCESS: Mapping[str, Access] = {
    "label_journal": Access(
        sends=(topics.LABELS, topics.CATEGORIES),
        offers=(topics.SUBMIT_LABELS, topics.GET_LABELS, topics.UNDO, topics.REDO, topics.SET_CATEGORIES),
    ),
    "latent_trainer": Access(
        sends=(topics.CLOUD, topics.EPOCH, topics.TRACE, topics.FORCES, topics.GHOST, topics.CUES),
        hears=(topics.CATEGORIES, topics.LABELS),
        offers=(
            topics.GET_ITEM,
            topics.GET_SOUND,
            topics.DECODE_PLACE,
            topics.PROPOSE_LABELS,
            topics.SET_TRAINING,
            topics.BRANCH,
            topics.EXPORT_SESSION,
        ),
        asks=(topics.GET_LABELS,),
    ),
    "gesture_labeler": Access(
        sends=(topics.GESTURES, topics.SELECTION, topics.TOOL, topics.CLOUD_PLACEMENT),
        hears=(topics.CLOUD, topics.EPOCH, topics.CATEGORIES, topics.HANDS, topics.HEAD, topics.XR_STATE),
        asks=_OF_A_PERSON,
    ),
    "desktop": Access(
        sends=(topics.GESTURES, topics.SELECTION, topics.TOOL),
        hears=(*_OF_A_VIEW, topics.LABELS),
        asks=(*_OF_A_PERSON, topics.GET_LABELS, topics.GET_ITEM, topics.GET_SOUND, topics.BRANCH),
    ),
    "xr_bridge": Access(
        sends=(topics.HANDS, topics.HEAD, topics.XR_STATE, topics.MIRROR),
        hears=(*_OF_A_VIEW, topics.LABELS),
        asks=(topics.GET_LABELS, topics.GET_ITEM),
    ),
    "scripted_hands": Access(
        sends=(topics.HANDS, topics.HEAD),
        hears=(topics.CLOUD, topics.CATEGORIES, topics.GESTURES, topics.CLOUD_PLACEMENT, topics.TOOL),
    ),
    "cloud_view": Access(hears=_OF_A_VIEW, asks=(topics.DECODE_PLACE,)),
    "room_markers": Access(sends=(topics.MARKERS,), hears=(*Heard.TOPICS, topics.HEAD)),
    "session_host": Access(
        hears=(topics.EPOCH, topics.CATEGORIES, topics.LABELS),
        asks=(topics.GET_LABELS, topics.SET_TRAINING, topics.EXPORT_SESSION),
    ),
    "session_recorder": Access(
        hears=tuple(topic for topic in topics.TOPICS if topic.recorded), asks=(topics.GET_LABELS,)
    ),
    # A session that is played is one that nobody else sends.
    "session_player": Access(
        sends=(*topics.TOPICS, topics.CLOCK),
        offers=(topics.PAUSE, topics.RESUME, topics.TOGGLE_PAUSED),
    ),
}
"""By the node's name."""
