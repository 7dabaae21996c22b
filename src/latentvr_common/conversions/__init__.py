"""Between ROS messages and plain data, functions in pairs: thing_to_msg, thing_from_msg.

`..._from_msg` raises ValueError, naming the field, for a message that does not hold what its file promises.
"""

from latentvr_common.conversions.basics import (
    LATENT_FRAME,
    STAGE_FRAME,
    header,
    ids_to_array,
    point_from_msg,
    point_to_msg,
    pose_from_msg,
    pose_to_msg,
    time_from_msg,
    time_to_msg,
)
from latentvr_common.conversions.clouds import (
    cloud_from_cdr,
    cloud_from_msg,
    cloud_to_msg,
    cues_from_msg,
    cues_to_msg,
    forces_from_msg,
    forces_to_msg,
)
from latentvr_common.conversions.epochs import progress_from_msg
from latentvr_common.conversions.gestures import (
    gesture_from_msg,
    gesture_to_msg,
    selection_from_msg,
    selection_to_msg,
    tool_from_msg,
    tool_to_msg,
)
from latentvr_common.conversions.hands import (
    hand_from_msg,
    hand_to_msg,
    hands_from_cdr,
    hands_from_msg,
    hands_to_cdr,
    hands_to_msg,
)
from latentvr_common.conversions.labels import (
    categories_from_msg,
    categories_to_msg,
    category_from_msg,
    category_to_msg,
    label_event_from_msg,
    label_event_to_msg,
    proposal_from_msg,
    region_from_msg,
    region_to_msg,
    wins_from_msg,
)
from latentvr_common.conversions.places import (
    place_from_msg,
    place_to_msg,
    placement_from_msg,
    placement_to_msg,
)
from latentvr_common.conversions.serialized import (
    categories_from_cdr,
    label_event_from_cdr,
    message_from_cdr,
    progress_from_cdr,
    trace_entry_from_cdr,
)
from latentvr_common.conversions.traces import trace_entry_from_msg, trace_entry_to_msg

__all__ = [
    "LATENT_FRAME",
    "STAGE_FRAME",
    "categories_from_cdr",
    "categories_from_msg",
    "categories_to_msg",
    "category_from_msg",
    "category_to_msg",
    "cloud_from_cdr",
    "cloud_from_msg",
    "cloud_to_msg",
    "cues_from_msg",
    "cues_to_msg",
    "forces_from_msg",
    "forces_to_msg",
    "gesture_from_msg",
    "gesture_to_msg",
    "hand_from_msg",
    "hand_to_msg",
    "hands_from_cdr",
    "hands_from_msg",
    "hands_to_cdr",
    "hands_to_msg",
    "header",
    "ids_to_array",
    "label_event_from_cdr",
    "label_event_from_msg",
    "label_event_to_msg",
    "message_from_cdr",
    "place_from_msg",
    "place_to_msg",
    "placement_from_msg",
    "placement_to_msg",
    "point_from_msg",
    "point_to_msg",
    "pose_from_msg",
    "pose_to_msg",
    "progress_from_cdr",
    "progress_from_msg",
    "proposal_from_msg",
    "region_from_msg",
    "region_to_msg",
    "selection_from_msg",
    "selection_to_msg",
    "time_from_msg",
    "time_to_msg",
    "tool_from_msg",
    "tool_to_msg",
    "trace_entry_from_cdr",
    "trace_entry_from_msg",
    "trace_entry_to_msg",
    "wins_from_msg",
]
