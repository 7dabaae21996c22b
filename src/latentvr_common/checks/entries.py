"""Entries of the journal."""

from typing import Any

from latentvr_common.checks import need
from latentvr_common.checks.categories import check_category_or_none
from latentvr_common.checks.regions import check_shape, region_of
from latentvr_common.labels import Kind


def check_entry(entry: Any) -> None:
    """An entry, as a message or as plain data: all that can be told without the journal, but for times and places."""
    need.one_of("label entry: kind", entry.kind, list(Kind), "0 to 3")
    need.text("label entry: event_id", entry.event_id, need.LONGEST_NAME)
    need.text("label entry: author", entry.author, need.LONGEST_NAME)
    need.text("label entry: gesture", entry.gesture, need.LONGEST_NAME)
    need.number("label entry: seq", entry.seq, 0, need.LARGEST_NUMBER)
    need.number("label entry: target_seq", entry.target_seq, 0, need.LARGEST_NUMBER)
    need.number("label entry: epoch", entry.epoch, 0, need.LARGEST_NUMBER)
    check_category_or_none("label entry: category", entry.category)
    need.rising("label entry: sample_ids", entry.sample_ids)
    check_shape(entry.region)


def check_times(message: Any) -> None:
    """The times of an entry, as a message has them."""
    need.stamp("label entry: cloud_stamp", message.cloud_stamp)
    need.stamp("label entry: committed", message.committed)


def check_label_event(message: Any) -> None:
    """The message LabelEvent."""
    check_entry(message)
    check_times(message)
    region_of(message.region)


def check_submit_labels(request: Any) -> None:
    """The request of SubmitLabels."""
    check_label_event(request.event)
