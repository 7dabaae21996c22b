"""The messages Gesture, Selection and Tool."""

from typing import Any

from latentvr_common.checks import need
from latentvr_common.checks.categories import check_category_or_none
from latentvr_common.checks.refusal import RefusedError
from latentvr_common.checks.regions import region_of
from latentvr_common.gestures import HAND_KINDS, Phase, Side, ToolKind
from latentvr_common.hands import FARTHEST_M

LARGEST_DATASET = 2**32
"""Items: row numbers are uint32."""


def check_gesture(message: Any) -> None:
    """A gesture near the person."""
    need.header("gesture", message.header)
    need.text("gesture: gesture_id", message.gesture_id, need.LONGEST_NAME)
    need.text("gesture: name", message.name, need.LONGEST_NAME)
    need.text("gesture: detail", message.detail, need.LONGEST_TEXT)
    need.one_of("gesture: phase", message.phase, list(Phase), "0 to 3")
    need.one_of("gesture: hand", message.hand, list(Side), "0 to 3")
    check_category_or_none("gesture: category", message.category)
    need.number("gesture: item", message.item, -1, LARGEST_DATASET)
    at = message.position
    inside = abs(at.x) <= FARTHEST_M and abs(at.y) <= FARTHEST_M and abs(at.z) <= FARTHEST_M
    if not (inside and abs(message.radius) <= FARTHEST_M):
        where = f"({at.x:.3g}, {at.y:.3g}, {at.z:.3g}) with radius {message.radius:.3g}"
        text = f"gesture at {where}: expected finite numbers within {FARTHEST_M:.0f} m"
        raise RefusedError(text, "gesture: position")


def check_selection(message: Any) -> None:
    """What a gesture would mark."""
    check_selected(message)
    region_of(message.region)


def check_selected(message: Any) -> None:
    """A selection, but for its region."""
    need.header("selection", message.header)
    need.text("selection: gesture_id", message.gesture_id, need.LONGEST_NAME)
    need.stamp("selection: cloud_stamp", message.cloud_stamp)
    check_category_or_none("selection: category", message.category)
    need.rising("selection: sample_ids", message.sample_ids)
    need.rising("selection: audit_ids", message.audit_ids)
    categories, counts = len(message.label_categories), len(message.label_counts)
    if categories != counts:
        text = f"selection has {categories} label_categories and {counts} label_counts, expected as many"
        raise RefusedError(text, "selection: label_counts")
    for category in message.label_categories:
        check_category_or_none("selection: label_categories", category)
    if sum(message.label_counts) > len(message.sample_ids):
        text = (
            f"selection: label_counts sum up to {sum(message.label_counts)}, expected at most {len(message.sample_ids)}"
        )
        raise RefusedError(text, "selection: label_counts")


def check_tool(message: Any) -> None:
    """What a person holds."""
    need.header("tool", message.header)
    hands = (Side.LEFT, Side.RIGHT, Side.MOUSE)
    need.one_of("tool: hand", message.hand, hands, "0 (left), 1 (right) or 3 (mouse)")
    or_box = ", or of a mouse 2 (box)" if message.kind == ToolKind.BOX else ""
    kinds = tuple(ToolKind) if message.hand == Side.MOUSE else HAND_KINDS
    need.one_of("tool: kind", message.kind, kinds, f"0 (sphere) or 1 (density){or_box}")
    need.above("tool: radius", message.radius, 0, FARTHEST_M)
    check_category_or_none("tool: category", message.category)
    need.text("tool: author", message.author, need.LONGEST_NAME)
    if message.looks_at_ns < 0:
        raise RefusedError(
            f"tool: looks_at_ns is {message.looks_at_ns}, expected 0 (now) or the stamp of a cloud", "tool: looks_at_ns"
        )
