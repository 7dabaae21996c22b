"""What services answer, to whoever asked."""

import math
from typing import Any

import numpy as np

from latentvr_common.checks import need
from latentvr_common.checks.categories import check_category_or_none
from latentvr_common.checks.refusal import RefusedError
from latentvr_common.checks.regions import FARTHEST

LARGEST_PICTURE = 64 << 20
LARGEST_SOUND = 1 << 20
MOST_NEIGHBOURS = 10_000
MOST_BRANCHES = 10_000
MOST_FILES = 10_000


def check_nothing(_: Any) -> None:
    """Entries of the journal are checked one by one by whoever takes them in: one that is wrong costs no other."""


def check_message(answer: Any) -> None:
    """Words for a person."""
    need.text("message", answer.message, need.LONGEST_TEXT)


def check_item(answer: Any) -> None:
    """What an item looks like and what is known of it."""
    check_message(answer)
    if not answer.found:
        return
    need.at_most("picture.data", answer.picture.data, LARGEST_PICTURE)
    need.text("text", answer.text, need.LONGEST_TEXT)
    need.text("id", answer.id, need.LONGEST_TEXT)
    check_category_or_none("label", answer.label)
    check_category_or_none("predicted", answer.predicted)
    need.share("confidence", answer.confidence)
    need.at_most("neighbours", answer.neighbours, MOST_NEIGHBOURS)
    need.at_most("space_neighbours", answer.space_neighbours, MOST_NEIGHBOURS)
    if not math.isnan(answer.position.x):
        need.within_reach("position", answer.position, FARTHEST)


def check_sound(answer: Any) -> None:
    """A WAV file of some seconds."""
    check_message(answer)
    need.at_most("wav", answer.wav, LARGEST_SOUND)


def check_place(answer: Any) -> None:
    """What would live at a place."""
    check_message(answer)
    if not answer.found:
        return
    if not (0 <= answer.share <= 1 and 0 <= answer.distance < math.inf):
        text = f"decode_place: share is {answer.share}, distance {answer.distance}"
        raise RefusedError(f"{text}; expected 0 to 1, and a finite number of 0 or more", "decode_place: share")
    need.number("decode_place: reach", answer.reach, 0, FARTHEST)
    need.at_most("decode_place: picture.data", answer.picture.data, LARGEST_PICTURE)
    need.text("decode_place: text", answer.text, need.LONGEST_TEXT)
    check_category_or_none("decode_place: predicted", answer.predicted)


def check_proposal_answer(answer: Any) -> None:
    """A proposal, or why there is none."""
    check_message(answer)
    if answer.accepted:
        check_proposal(answer)


def check_proposal(answer: Any) -> None:
    """Items that could be labelled, and what as."""
    items, categories = len(answer.sample_ids), len(answer.categories)
    if items != categories:
        text = f"propose_labels: {items} sample_ids and {categories} categories, expected as many"
        raise RefusedError(text, "propose_labels: categories")
    need.rising("propose_labels: sample_ids", answer.sample_ids)
    need.rising("propose_labels: audit_ids", answer.audit_ids)
    if not np.isin(answer.audit_ids, answer.sample_ids).all():
        raise RefusedError("propose_labels: audit_ids are not all among sample_ids", "propose_labels: audit_ids")
    for category in set(answer.categories):
        need.number("propose_labels: categories", category, 0, 255)
    need.share_if_known("propose_labels: expected", answer.expected)
    need.stamp("propose_labels: cloud_stamp", answer.cloud_stamp)


def check_branches(answer: Any) -> None:
    """Branches, and which of them is trained."""
    check_message(answer)
    if not answer.accepted:
        return
    need.at_most("names", answer.names, MOST_BRANCHES)
    need.number("current", answer.current, -1, len(answer.names) - 1)


def check_export(answer: Any) -> None:
    """Files that were written."""
    check_message(answer)
    need.at_most("files", answer.files, MOST_FILES)
