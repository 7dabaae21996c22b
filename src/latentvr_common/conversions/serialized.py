"""Messages as a bag holds them (CDR) to plain data."""

from typing import Any

from latentvr import msg
from rclpy.serialization import deserialize_message

from latentvr_common.conversions.labels import label_event_from_msg
from latentvr_common.conversions.traces import trace_entry_from_msg
from latentvr_common.labels import LabelEvent
from latentvr_common.trace import TraceEntry


def label_event_from_cdr(data: bytes) -> LabelEvent:
    """Return a serialized label entry as data. Raises ValueError for what is none."""
    return label_event_from_msg(_message(msg.LabelEvent, data))


def trace_entry_from_cdr(data: bytes) -> TraceEntry:
    """Return a serialized entry of the trace as data. Raises ValueError for what is none."""
    return trace_entry_from_msg(_message(msg.TraceEntry, data))


def _message(kind: Any, data: bytes) -> Any:
    try:
        return deserialize_message(data, kind)
    except Exception as error:  # Of a type of rclpy's own.
        raise ValueError(f"not a serialized {kind.__name__}: {error}") from error
