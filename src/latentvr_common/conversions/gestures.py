"""Gestures, what they would mark, and what the hands hold."""

import numpy as np
from latentvr import msg

from latentvr_common.checks.gestures import check_gesture, check_selected, check_tool
from latentvr_common.conversions.basics import (
    LATENT_FRAME,
    STAGE_FRAME,
    header,
    ids_to_array,
    point_from_msg,
    point_to_msg,
    time_from_msg,
    time_to_msg,
)
from latentvr_common.conversions.labels import region_from_msg, region_to_msg
from latentvr_common.gestures import Phase, Preview, Report, Side, Tool, ToolKind


def gesture_to_msg(report: Report) -> msg.Gesture:
    """A report to its message."""
    return msg.Gesture(
        header=header(STAGE_FRAME, report.stamp_ns),
        gesture_id=report.gesture_id,
        name=report.name,
        phase=int(report.phase),
        hand=int(report.side),
        position=point_to_msg(report.position),
        radius=report.radius_m,
        category=report.category,
        samples=report.samples,
        seq=report.seq,
        item=report.item,
        detail=report.detail,
    )


def gesture_from_msg(message: msg.Gesture) -> Report:
    """A message to a report."""
    check_gesture(message)
    return Report(
        message.gesture_id,
        message.name,
        Phase(message.phase),
        time_from_msg(message.header.stamp),
        point_from_msg(message.position),
        float(message.radius),
        message.category,
        message.samples,
        message.seq,
        message.detail,
        Side(message.hand),
        message.item,
    )


def selection_to_msg(preview: Preview) -> msg.Selection:
    """A preview to its message."""
    return msg.Selection(
        header=header(LATENT_FRAME, preview.stamp_ns),
        gesture_id=preview.gesture_id,
        cloud_stamp=time_to_msg(preview.cloud_stamp_ns),
        category=preview.category,
        region=region_to_msg(preview.region),
        sample_ids=ids_to_array(preview.sample_ids),
        label_categories=list(preview.label_counts),
        label_counts=list(preview.label_counts.values()),
        audit_ids=ids_to_array(preview.audit_ids),
    )


def selection_from_msg(message: msg.Selection) -> Preview:
    """A message to a preview."""
    check_selected(message)
    return Preview(
        message.gesture_id,
        time_from_msg(message.header.stamp),
        time_from_msg(message.cloud_stamp),
        message.category,
        region_from_msg(message.region),
        np.asarray(message.sample_ids, dtype=np.uint32),
        dict(zip(message.label_categories, message.label_counts, strict=True)),
        np.asarray(message.audit_ids, dtype=np.uint32),
    )


def tool_to_msg(tool: Tool, stamp_ns: int) -> msg.Tool:
    """A tool to its message."""
    return msg.Tool(
        header=header("", stamp_ns),
        kind=int(tool.kind),
        hand=int(tool.side),
        category=tool.category,
        erases=tool.erases,
        radius=tool.radius_m,
        page=tool.page,
        paused=tool.paused,
        author=tool.author,
        looks_at_ns=tool.looks_at_ns,
    )


def tool_from_msg(message: msg.Tool) -> Tool:
    """A message to a tool."""
    check_tool(message)
    return Tool(
        ToolKind(message.kind),
        message.category,
        message.erases,
        float(message.radius),
        message.page,
        message.paused,
        Side(message.hand),
        message.author,
        message.looks_at_ns,
    )
