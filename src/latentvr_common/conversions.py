"""Between ROS messages and plain data, functions in pairs: thing_to_msg, thing_from_msg.

`..._from_msg` raises ValueError, naming the field, for a message that does not hold what its file promises.
"""

import array
import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, Quaternion
from latentvr import msg, srv
from sensor_msgs.msg import CompressedImage, PointCloud2, PointField
from std_msgs.msg import Header

from latentvr_common.cloud import CLOUD_DTYPE, Cloud
from latentvr_common.cues import CUES_DTYPE, Cues
from latentvr_common.forces import Forces
from latentvr_common.hands import JOINT_COUNT, Hand, Hands
from latentvr_common.labels import Category, Kind, LabelEvent, Region
from latentvr_common.place import Place
from latentvr_common.placement import Placement

LATENT_FRAME = "latent"
STAGE_FRAME = "stage"

_FIELD_TYPES = {
    "<f4": PointField.FLOAT32,
    "<u4": PointField.UINT32,
    "<i2": PointField.INT16,
}


def _point_fields(dtype: np.dtype[np.void]) -> list[PointField]:
    return [
        PointField(name=name, offset=int(offset), datatype=_FIELD_TYPES[kind.str], count=1)
        for name, (kind, offset, *_) in (dtype.fields or {}).items()
    ]


_CLOUD_FIELDS = _point_fields(CLOUD_DTYPE)
_NS = 1_000_000_000


def time_to_msg(stamp_ns: int) -> Time:
    """Nanoseconds to a ROS time."""
    return Time(sec=stamp_ns // _NS, nanosec=stamp_ns % _NS)


def time_from_msg(stamp: Time) -> int:
    """A ROS time to nanoseconds."""
    return int(stamp.sec * _NS + stamp.nanosec)


def header(frame_id: str, stamp_ns: int) -> Header:
    """Return a header."""
    return Header(stamp=time_to_msg(stamp_ns), frame_id=frame_id)


def point_to_msg(point: Sequence[float] | npt.NDArray[np.floating]) -> Point:
    """(3,) to a Point."""
    return Point(x=float(point[0]), y=float(point[1]), z=float(point[2]))


def point_from_msg(point: Point) -> npt.NDArray[np.float64]:
    """A Point to (3,)."""
    return np.array([point.x, point.y, point.z])


def pose_to_msg(position: npt.NDArray[np.floating], quat_xyzw: npt.NDArray[np.floating]) -> Pose:
    """Position (3,) and unit quaternion (4,) to a Pose."""
    x, y, z, w = (float(v) for v in quat_xyzw)
    return Pose(position=point_to_msg(position), orientation=Quaternion(x=x, y=y, z=z, w=w))


def pose_from_msg(pose: Pose) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """A Pose to position (3,) and quaternion (4,)."""
    q = pose.orientation
    return point_from_msg(pose.position), np.array([q.x, q.y, q.z, q.w])


def cloud_to_msg(cloud: Cloud) -> PointCloud2:
    """A cloud frame to the message of the topic `cloud`."""
    rows = np.empty(len(cloud), dtype=CLOUD_DTYPE)
    rows["x"], rows["y"], rows["z"] = cloud.positions.T
    for name in ("rgb", "label", "predicted", "confidence"):
        rows[name] = getattr(cloud, name)
    # array.array is the one type that rclpy takes over without copying element by element.
    data = array.array("B")
    data.frombytes(rows.view(np.uint8))  # type: ignore[arg-type]
    return PointCloud2(
        header=header(LATENT_FRAME, cloud.stamp_ns),
        height=1,
        width=len(cloud),
        fields=_CLOUD_FIELDS,
        is_bigendian=False,
        point_step=CLOUD_DTYPE.itemsize,
        row_step=CLOUD_DTYPE.itemsize * len(cloud),
        data=data,
        is_dense=True,
    )


def cloud_from_msg(message: PointCloud2) -> Cloud:
    """The message of the topic `cloud` to a cloud frame; the arrays are views of the message's bytes where possible."""
    if message.height != 1 or message.point_step != CLOUD_DTYPE.itemsize or message.is_bigendian:
        raise ValueError(
            f"cloud: height {message.height}, point_step {message.point_step}, big-endian {message.is_bigendian}; "
            f"expected 1, {CLOUD_DTYPE.itemsize}, False"
        )
    names = [(f.name, f.offset, f.datatype) for f in message.fields]
    if names != [(f.name, f.offset, f.datatype) for f in _CLOUD_FIELDS]:
        raise ValueError(
            f"cloud: fields are {names}, expected {[f.name for f in _CLOUD_FIELDS]} as in the message file"
        )
    if len(message.data) != message.width * CLOUD_DTYPE.itemsize:
        raise ValueError(
            f"cloud: data has {len(message.data)} bytes, expected {message.width} x {CLOUD_DTYPE.itemsize}"
        )
    rows = np.frombuffer(message.data, dtype=CLOUD_DTYPE)
    positions = np.stack([rows["x"], rows["y"], rows["z"]], axis=1)
    if not np.isfinite(positions).all():
        raise ValueError("cloud: x, y, z hold values that are not finite")
    return Cloud(
        stamp_ns=time_from_msg(message.header.stamp),
        positions=positions,
        rgb=rows["rgb"],
        label=rows["label"],
        predicted=rows["predicted"],
        confidence=rows["confidence"],
    )


_AXES = ("x", "y", "z")
_PULL = "pull_"


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
    data = array.array("B")
    data.frombytes(rows.tobytes())
    return PointCloud2(
        header=header(LATENT_FRAME, forces.stamp_ns),
        height=1,
        width=len(forces),
        fields=_point_fields(dtype),
        is_bigendian=False,
        point_step=dtype.itemsize,
        row_step=dtype.itemsize * len(forces),
        data=data,
        is_dense=True,
    )


def forces_from_msg(message: PointCloud2) -> Forces:
    """The message of the topic `forces` to forces."""
    terms = _terms_of([field.name for field in message.fields])
    dtype = _forces_dtype(terms)
    if [(f.name, f.offset, f.datatype) for f in message.fields] != [
        (f.name, f.offset, f.datatype) for f in _point_fields(dtype)
    ]:
        raise ValueError(f"forces: fields are {[f.name for f in message.fields]}, expected {list(dtype.names or ())}")
    if message.height != 1 or message.point_step != dtype.itemsize or message.is_bigendian:
        raise ValueError(
            f"forces: height {message.height}, point_step {message.point_step}, big-endian {message.is_bigendian}; "
            f"expected 1, {dtype.itemsize}, False"
        )
    if len(message.data) != message.width * dtype.itemsize:
        raise ValueError(f"forces: data has {len(message.data)} bytes, expected {message.width} x {dtype.itemsize}")
    rows = np.frombuffer(message.data, dtype=dtype)
    numbers = rows.view("<f4").reshape(len(rows), dtype.itemsize // 4)[:, 1:]
    vectors = numbers.reshape(len(rows), len(terms) + 4, len(_AXES))
    if not np.isfinite(vectors).all():
        raise ValueError("forces: there are values that are not finite")
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


_CUES_FIELDS = _point_fields(CUES_DTYPE)
_SHARES = ("uncertainty", "density", "coverage", "disagreement")


def cues_to_msg(cues: Cues) -> PointCloud2:
    """Cues to the message of the topic `cues`: x, y, z (latent units), four cues (0 to 1) and `place` of every item.

    `place`: 1 for the item around which to look first, 2 for the next; 0 for all others.
    """
    rows = np.empty(len(cues), dtype=CUES_DTYPE)
    rows["x"], rows["y"], rows["z"] = cues.positions.T
    for name in _SHARES:
        rows[name] = getattr(cues, name)
    rows["place"] = cues.places
    data = array.array("B")
    data.frombytes(rows.view(np.uint8))  # type: ignore[arg-type]
    return PointCloud2(
        header=header(LATENT_FRAME, cues.stamp_ns),
        height=1,
        width=len(cues),
        fields=list(_CUES_FIELDS),
        is_bigendian=False,
        point_step=CUES_DTYPE.itemsize,
        row_step=CUES_DTYPE.itemsize * len(cues),
        data=data,
        is_dense=True,
    )


def cues_from_msg(message: PointCloud2) -> Cues:
    """The message of the topic `cues` to cues; the arrays are views of the message's bytes where possible."""
    if [(f.name, f.offset, f.datatype) for f in message.fields] != [
        (f.name, f.offset, f.datatype) for f in _CUES_FIELDS
    ]:
        raise ValueError(
            f"cues: fields are {[f.name for f in message.fields]}, expected {list(CUES_DTYPE.names or ())}"
        )
    if message.height != 1 or message.point_step != CUES_DTYPE.itemsize or message.is_bigendian:
        raise ValueError(
            f"cues: height {message.height}, point_step {message.point_step}, big-endian {message.is_bigendian}; "
            f"expected 1, {CUES_DTYPE.itemsize}, False"
        )
    if len(message.data) != message.width * CUES_DTYPE.itemsize:
        raise ValueError(f"cues: data has {len(message.data)} bytes, expected {message.width} x {CUES_DTYPE.itemsize}")
    rows = np.frombuffer(message.data, dtype=CUES_DTYPE)
    positions = np.stack([rows["x"], rows["y"], rows["z"]], axis=1)
    shares = {name: rows[name] for name in _SHARES}
    if not np.isfinite(positions).all() or not all(((s >= 0) & (s <= 1)).all() for s in shares.values()):
        raise ValueError("cues: expected finite positions, and cues from 0 to 1")
    return Cues(time_from_msg(message.header.stamp), positions, **shares, places=rows["place"])


def hand_to_msg(hand: Hand) -> msg.Hand:
    """A hand to its message."""
    return msg.Hand(
        tracked=hand.tracked,
        joints=[pose_to_msg(p, q) for p, q in zip(hand.positions, hand.quats_xyzw, strict=True)],
        radii=hand.radii.astype(np.float32),
        validity=hand.validity.astype(np.uint8),
    )


def hand_from_msg(message: msg.Hand) -> Hand:
    """A message to a hand; an untracked hand has no joints."""
    if not message.tracked:
        return Hand()
    poses = [pose_from_msg(joint) for joint in message.joints]
    return Hand(
        tracked=True,
        positions=np.array([p for p, _ in poses]),
        quats_xyzw=np.array([q for _, q in poses]),
        radii=np.asarray(message.radii, dtype=np.float64),
        validity=np.asarray(message.validity, dtype=np.uint8),
    )


def hands_to_msg(hands: Hands) -> msg.Hands:
    """Both hands to the message of the topic `hands`."""
    return msg.Hands(
        header=header(STAGE_FRAME, hands.stamp_ns), left=hand_to_msg(hands.left), right=hand_to_msg(hands.right)
    )


def hands_from_msg(message: msg.Hands) -> Hands:
    """The message of the topic `hands` to both hands."""
    return Hands(time_from_msg(message.header.stamp), hand_from_msg(message.left), hand_from_msg(message.right))


# 26 poses of 7 doubles, radii, validity: what follows `tracked` in the serialized form of a hand, 8-byte aligned.
_HAND_CDR = np.dtype(
    [("poses", "<f8", (JOINT_COUNT, 7)), ("radii", "<f4", JOINT_COUNT), ("validity", "u1", JOINT_COUNT)]
)
_CDR_LITTLE_ENDIAN = b"\x00\x01\x00\x00"


def _align8(offset: int) -> int:
    return offset + -offset % 8


def hands_to_cdr(hands: Hands) -> bytes:
    """Both hands as the serialized message of the topic `hands` (CDR, little-endian).

    Equal to serializing hands_to_msg(hands), at a fraction of the cost: 52 poses make 156 Python objects.
    """
    frame = STAGE_FRAME.encode() + b"\0"
    body = bytearray(struct.pack("<iII", hands.stamp_ns // _NS, hands.stamp_ns % _NS, len(frame)) + frame)
    for hand in (hands.left, hands.right):
        body.append(hand.tracked)
        body.extend(bytes(_align8(len(body)) - len(body)))
        row = np.zeros((), dtype=_HAND_CDR)
        row["poses"][:, :3], row["poses"][:, 3:] = hand.positions, hand.quats_xyzw
        row["radii"], row["validity"] = hand.radii, hand.validity
        body.extend(row.tobytes())
    return _CDR_LITTLE_ENDIAN + bytes(body)


def hands_from_cdr(data: bytes) -> Hands:
    """The serialized message of the topic `hands` to both hands. Raises ValueError if the bytes are something else."""
    if data[:4] != _CDR_LITTLE_ENDIAN or len(data) < 16:
        raise ValueError(f"hands: {len(data)} bytes that do not begin as little-endian CDR")
    body = memoryview(data)[4:]
    sec, nanosec, length = struct.unpack_from("<iII", body, 0)
    offset, both = 12 + length, []
    for _ in range(2):
        start = _align8(offset + 1)
        if start + _HAND_CDR.itemsize > len(body):
            raise ValueError(f"hands: {len(data)} bytes, too few for two hands of {JOINT_COUNT} joints")
        row = np.frombuffer(body, dtype=_HAND_CDR, count=1, offset=start)[0]
        both.append(_hand_from_row(row) if body[offset] else Hand())
        offset = start + _HAND_CDR.itemsize
    return Hands(sec * _NS + nanosec, both[0], both[1])


def _hand_from_row(row: np.void) -> Hand:
    return Hand(True, row["poses"][:, :3], row["poses"][:, 3:], row["radii"].astype(np.float64), row["validity"])


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


def ids_to_array(ids: npt.NDArray[np.uint32]) -> "array.array[int]":
    """Sample ids (K,) to what rclpy takes over at once."""
    out = array.array("I")
    out.frombytes(np.ascontiguousarray(ids, dtype=np.uint32).tobytes())
    return out


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


def categories_to_msg(categories: Sequence[Category], revision: int, stamp_ns: int) -> msg.Categories:
    """The list of categories to its message."""
    return msg.Categories(
        header=header("", stamp_ns), revision=revision, categories=[category_to_msg(c) for c in categories]
    )


def categories_from_msg(message: msg.Categories) -> list[Category]:
    """A message to the list of categories."""
    return [category_from_msg(c) for c in message.categories]


def category_to_msg(category: Category) -> msg.Category:
    """A category to its message."""
    return msg.Category(id=category.id, name=category.name, color=category.color, retired=category.retired)


def category_from_msg(message: msg.Category) -> Category:
    """A message to a category."""
    return Category(message.id, message.name, message.color, message.retired)


def placement_to_msg(placement: Placement, stamp_ns: int) -> msg.CloudPlacement:
    """Where the cloud hangs, to its message."""
    return msg.CloudPlacement(
        header=header(STAGE_FRAME, stamp_ns),
        pose=pose_to_msg(placement.position, placement.quat_xyzw),
        scale=placement.scale,
    )


def placement_from_msg(message: msg.CloudPlacement) -> Placement:
    """A message to where the cloud hangs."""
    position, quat = pose_from_msg(message.pose)
    if not (message.scale > 0 and np.isfinite([*position, *quat, message.scale]).all()):
        raise ValueError(f"cloud_placement: scale is {message.scale}, expected a finite pose and a scale above 0")
    return Placement(position, quat, float(message.scale))


def place_to_msg(place: Place) -> srv.DecodePlace.Response:
    """What would live at a place, to the answer of the service `decode_place`."""
    return srv.DecodePlace.Response(
        found=True,
        picture=CompressedImage(format="png", data=place.png),
        text=place.text,
        support=place.support,
        reach=place.reach,
        nearest=place.nearest,
        distance=place.distance,
        predicted=place.predicted,
        share=place.share,
    )


def place_from_msg(response: srv.DecodePlace.Response) -> Place:
    """The answer of the service `decode_place` that has found something, to what would live there."""
    if not response.found:
        raise ValueError(f"decode_place: {response.message}")
    if not (0 <= response.share <= 1 and 0 <= response.distance < np.inf):
        raise ValueError(
            f"decode_place: share is {response.share}, distance {response.distance}; "
            "expected 0 to 1, and a finite number of 0 or more"
        )
    return Place(
        png=bytes(response.picture.data),
        text=response.text,
        support=response.support,
        reach=response.reach,
        nearest=response.nearest,
        distance=response.distance,
        predicted=response.predicted,
        share=response.share,
    )
