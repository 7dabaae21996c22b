"""Entries of the journal, with their regions, and categories."""

from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import Quaternion, Vector3
from latentvr import msg, srv

from latentvr_common.checks.answers import check_proposal
from latentvr_common.checks.categories import check_categories
from latentvr_common.checks.entries import check_entry, check_times
from latentvr_common.checks.regions import region_of
from latentvr_common.conversions.basics import (
    header,
    ids_to_array,
    point_to_msg,
    time_from_msg,
    time_to_msg,
)
from latentvr_common.labels import Category, Kind, LabelEvent, Region
from latentvr_common.proposal import Proposal
from latentvr_common.voices import NEWEST


def region_to_msg(region: Region) -> msg.Region:
    """A region to its message."""
    x, y, z = region.half_size.tolist()
    qx, qy, qz, qw = region.quat_xyzw.tolist()
    return msg.Region(
        shape=int(region.shape),
        centers=[point_to_msg(c) for c in region.centers],
        radii=region.radii.astype(np.float32),
        takes_away=region.takes_away.tolist(),
        half_size=Vector3(x=x, y=y, z=z),
        orientation=Quaternion(x=qx, y=qy, z=qz, w=qw),
        density=region.density,
    )


def region_from_msg(message: msg.Region) -> Region:
    """A message to a region."""
    return region_of(message)


def label_event_to_msg(event: LabelEvent) -> msg.LabelEvent:
    """A label entry to its message."""
    return msg.LabelEvent(
        seq=event.seq,
        event_id=event.event_id,
        kind=int(event.kind),
        category=event.category,
        sample_ids=ids_to_array(event.sample_ids),
        target_seq=event.target_seq,
        author=event.author,
        cloud_stamp=time_to_msg(event.cloud_stamp_ns),
        epoch=event.epoch,
        region=region_to_msg(event.region),
        gesture=event.gesture,
        committed=time_to_msg(event.committed_ns),
    )


def label_event_from_msg(message: msg.LabelEvent) -> LabelEvent:
    """A message to a label entry."""
    check_entry(message)
    check_times(message)
    return LabelEvent(
        event_id=message.event_id,
        kind=Kind(message.kind),
        category=message.category,
        sample_ids=np.asarray(message.sample_ids, dtype=np.uint32),
        target_seq=message.target_seq,
        author=message.author,
        cloud_stamp_ns=time_from_msg(message.cloud_stamp),
        epoch=message.epoch,
        region=region_from_msg(message.region),
        gesture=message.gesture,
        seq=message.seq,
        committed_ns=time_from_msg(message.committed),
    )


def categories_to_msg(
    categories: Sequence[Category], revision: int, stamp_ns: int, wins: str = NEWEST
) -> msg.Categories:
    """The list of categories, and whose marks hold, to its message."""
    return msg.Categories(
        header=header("", stamp_ns), revision=revision, wins=wins, categories=[category_to_msg(c) for c in categories]
    )


def categories_from_msg(message: msg.Categories) -> list[Category]:
    """A message to the list of categories."""
    check_categories(message)
    return [category_from_msg(c) for c in message.categories]


def wins_from_msg(message: msg.Categories) -> str:
    """A message to whose marks hold."""
    return str(message.wins) or NEWEST


def category_to_msg(category: Category) -> msg.Category:
    """A category to its message."""
    return msg.Category(id=category.id, name=category.name, color=category.color, retired=category.retired)


def category_from_msg(message: msg.Category) -> Category:
    """A message to a category."""
    return Category(message.id, message.name, message.color, message.retired)


def proposal_from_msg(response: srv.ProposeLabels.Response) -> Proposal:
    """An answer of propose_labels to what is proposed."""
    check_proposal(response)
    return Proposal(
        np.asarray(response.sample_ids, dtype=np.uint32),
        np.asarray(response.categories, dtype=np.int16),
        np.asarray(response.audit_ids, dtype=np.uint32),
        float(response.expected),
        time_from_msg(response.cloud_stamp),
        int(response.epoch),
    )
