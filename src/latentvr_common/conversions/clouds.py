"""What is told of many items at once: the cloud, the forces on some of it, and cues where to look next."""

from collections.abc import Sequence

import numpy as np
from sensor_msgs.msg import PointCloud2

from latentvr_common.checks import RefusedError, need
from latentvr_common.checks.clouds import check_cloud, check_cues, check_force_terms, check_positions
from latentvr_common.cloud import CLOUD_DTYPE, Cloud
from latentvr_common.conversions.basics import time_from_msg
from latentvr_common.conversions.point_clouds import PointCloudSeen, point_cloud_in
from latentvr_common.conversions.rows import rows_from_msg, rows_to_msg
from latentvr_common.cues import CUES_DTYPE, Cues
from latentvr_common.forces import Forces

_AXES = ("x", "y", "z")
_PULL = "pull_"
_SHARES = ("uncertainty", "density", "coverage", "disagreement")


def cloud_to_msg(cloud: Cloud) -> PointCloud2:
    """A cloud frame to the message of the topic `cloud`."""
    rows = np.empty(len(cloud), dtype=CLOUD_DTYPE)
    rows["x"], rows["y"], rows["z"] = cloud.positions.T
    for name in ("rgb", "label", "predicted", "confidence"):
        rows[name] = getattr(cloud, name)
    return rows_to_msg(rows, cloud.stamp_ns)


def cloud_from_msg(message: PointCloud2) -> Cloud:
    """The message of the topic `cloud` to a cloud frame; the arrays are views of the message's bytes where possible."""
    return _cloud_of(message)


def cloud_from_cdr(data: bytes) -> Cloud:
    """The serialized message of the topic `cloud` to a cloud frame; the arrays are views of `data` where possible.

    Raises ValueError if the bytes are something else.
    """
    try:
        seen = point_cloud_in(data)
    except ValueError as error:
        raise RefusedError(f"cloud: {error}", "cloud: bytes") from error
    return _cloud_of(seen)


def _cloud_of(message: PointCloud2 | PointCloudSeen) -> Cloud:
    need.header("cloud", message.header)
    rows = rows_from_msg("cloud", message, CLOUD_DTYPE)
    positions = np.empty((len(rows), len(_AXES)), np.float32)
    for column, axis in enumerate(_AXES):
        positions[:, column] = rows[axis]
    check_positions("cloud", positions)
    check_cloud(rows)
    return Cloud(
        stamp_ns=time_from_msg(message.header.stamp),
        positions=positions,
        rgb=rows["rgb"],
        label=rows["label"],
        predicted=rows["predicted"],
        confidence=rows["confidence"],
    )


def _force_columns(terms: Sequence[str]) -> list[str]:
    """Return the names of the vectors of a row of the topic `forces`, in order."""
    return ["pull", *(f"{_PULL}{term}" for term in terms), "motion", "drag"]


def _forces_dtype(terms: Sequence[str]) -> np.dtype[np.void]:
    numbers = [*_AXES, *(f"{column}_{axis}" for column in _force_columns(terms) for axis in _AXES)]
    return np.dtype([("sample_id", "<u4"), *((name, "<f4") for name in numbers)])


def forces_to_msg(forces: Forces) -> PointCloud2:
    """Forces to the message of the topic `forces`: an unorganised cloud of the items in question.

    A row has `sample_id`, then x, y, z of: the position (named so), `pull_` (all terms together), `pull_<term>_` of
    each term, `motion_` and `drag_`. Units as in `Forces`.
    """
    dtype = _forces_dtype(forces.terms)
    vectors = np.concatenate(
        [v[:, None] for v in (forces.positions, forces.pull)]
        + [forces.pulls, forces.motion[:, None], forces.drag[:, None]],
        axis=1,
    )
    rows = np.empty(len(forces), dtype=dtype)
    rows["sample_id"] = forces.sample_ids
    numbers = rows.view("<f4").reshape(len(forces), dtype.itemsize // 4)
    numbers[:, 1:] = vectors.reshape(len(forces), dtype.itemsize // 4 - 1)
    return rows_to_msg(rows, forces.stamp_ns)


def forces_from_msg(message: PointCloud2) -> Forces:
    """The message of the topic `forces` to forces."""
    need.header("forces", message.header)
    terms = _terms_of([field.name for field in message.fields])
    check_force_terms(terms)
    rows = rows_from_msg("forces", message, _forces_dtype(terms))
    numbers = rows.view("<f4").reshape(len(rows), rows.dtype.itemsize // 4)[:, 1:]
    vectors = numbers.reshape(len(rows), len(terms) + 4, len(_AXES))
    check_positions("forces", vectors)
    return Forces(
        stamp_ns=time_from_msg(message.header.stamp),
        sample_ids=rows["sample_id"],
        positions=vectors[:, 0],
        terms=terms,
        pulls=vectors[:, 2:-2],
        motion=vectors[:, -2],
        drag=vectors[:, -1],
    )


def _terms_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return the terms that fields with these names tell of."""
    suffix = f"_{_AXES[0]}"
    found = [n.removeprefix(_PULL).removesuffix(suffix) for n in names if n.startswith(_PULL) and n.endswith(suffix)]
    return tuple(term for term in found if term != _AXES[0])


def cues_to_msg(cues: Cues) -> PointCloud2:
    """Cues to the message of the topic `cues`: x, y, z (latent units), four cues (0 to 1) and `place` of every item.

    `place`: 1 for the item around which to look first, 2 for the next; 0 for all others.
    """
    rows = np.empty(len(cues), dtype=CUES_DTYPE)
    rows["x"], rows["y"], rows["z"] = cues.positions.T
    for name in _SHARES:
        rows[name] = getattr(cues, name)
    rows["place"] = cues.places
    return rows_to_msg(rows, cues.stamp_ns)


def cues_from_msg(message: PointCloud2) -> Cues:
    """The message of the topic `cues` to cues; the arrays are views of the message's bytes where possible."""
    need.header("cues", message.header)
    rows = rows_from_msg("cues", message, CUES_DTYPE)
    positions = np.stack([rows["x"], rows["y"], rows["z"]], axis=1)
    shares = {name: rows[name] for name in _SHARES}
    check_cues(positions, np.stack(list(shares.values()), axis=1), rows["place"])
    return Cues(time_from_msg(message.header.stamp), positions, **shares, places=rows["place"])
