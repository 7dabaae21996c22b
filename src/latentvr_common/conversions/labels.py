"""Entries of the journal, with their regions, and categories."""

from collections.abc import Sequence

import numpy as np
from latentvr import msg

from latentvr_common.conversions.basics import (
    header,
    ids_to_array,
    point_from_msg,
    point_to_msg,
    time_from_msg,
    time_to_msg,
)
from latentvr_common.labels import Category, Kind, LabelEvent, Region
from latentvr_common.voices import NEWEST


def region_to_msg(region: Region) -> msg.Region:
    """A region to its message."""
    return msg.Region(
        shape=msg.Region.SPHERES if len(region.radii) else msg.Region.NONE,
        centers=[point_to_msg(c) for c in region.centers],
        radii=region.radii.astype(np.float32),
    )


def region_from_msg(message: msg.Region) -> Region:
    """A message to a region."""
    if message.shape not in (msg.Region.NONE, msg.Region.SPHERES):
        raise ValueError(f"region.shape is {message.shape}, expected 0 (none) or 1 (spheres)")
    if len(message.centers) != len(message.radii):
        raise ValueError(f"region has {len(message.centers)} centers and {len(message.radii)} radii, expected as many")
    centers = np.array([point_from_msg(c) for c in message.centers]).reshape(-1, 3)
    radii = np.asarray(message.radii, dtype=np.float32)
    if not (np.isfinite(centers).all() and np.isfinite(radii).all() and (radii > 0).all()):
        raise ValueError("region: centers must be finite and radii finite and greater than 0")
    return Region(centers, radii)


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
    if message.kind not in list(Kind):
        raise ValueError(f"label entry {message.event_id!r}: kind is {message.kind}, expected 0 to 3")
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
