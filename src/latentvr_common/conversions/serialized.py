"""Messages as a bag holds them (CDR) to plain data."""

from typing import Any

from latentvr import msg
from rclpy.serialization import deserialize_message

from latentvr_common.checks import RefusedError
from latentvr_common.conversions.basics import time_from_msg
from latentvr_common.conversions.epochs import progress_from_msg
from latentvr_common.conversions.gestures import selection_from_msg
from latentvr_common.conversions.labels import categories_from_msg, label_event_from_msg
from latentvr_common.conversions.traces import trace_entry_from_msg
from latentvr_common.gestures import Preview
from latentvr_common.labels import Category, LabelEvent
from latentvr_common.scene import Progress
from latentvr_common.trace import TraceEntry


def label_event_from_cdr(data: bytes) -> LabelEvent:
    """Return a serialized label entry as data. Raises ValueError for what is none."""
    return label_event_from_msg(message_from_cdr(msg.LabelEvent, data))


def trace_entry_from_cdr(data: bytes) -> TraceEntry:
    """Return a serialized entry of the trace as data. Raises ValueError for what is none."""
    return trace_entry_from_msg(message_from_cdr(msg.TraceEntry, data))


def progress_from_cdr(data: bytes) -> tuple[int, Progress]:
    """Return a serialized epoch as data, and the stamp of its cloud, ns. Raises ValueError for what is none."""
    message = message_from_cdr(msg.Epoch, data)
    return time_from_msg(message.header.stamp), progress_from_msg(message)


def categories_from_cdr(data: bytes) -> tuple[int, list[Category]]:
    """Return a serialized list of categories, and when it was made, ns. Raises ValueError for what is none."""
    message = message_from_cdr(msg.Categories, data)
    return time_from_msg(message.header.stamp), categories_from_msg(message)


def selection_from_cdr(data: bytes) -> Preview:
    """Return a serialized selection as data. Raises ValueError for what is none."""
    return selection_from_msg(message_from_cdr(msg.Selection, data))


def message_from_cdr(kind: Any, data: bytes) -> Any:
    """Return the message of the type `kind` that bytes hold. Raises RefusedError for what is none."""
    try:
        return deserialize_message(data, kind)
    except Exception as error:  # Of a type of rclpy's own.
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RefusedError(f"not a serialized {kind.__name__}: {text}", f"{kind.__name__}: bytes") from error
