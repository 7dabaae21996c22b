"""Hands, as messages and as their serialized form."""

import struct

import numpy as np
from latentvr import msg

from latentvr_common.checks import RefusedError, need
from latentvr_common.checks.hands import check_hand
from latentvr_common.conversions.basics import NS, STAGE_FRAME, header, pose_from_msg, pose_to_msg, time_from_msg
from latentvr_common.conversions.point_clouds import TimeSeen
from latentvr_common.hands import JOINT_COUNT, Hand, Hands


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
    hand = Hand(
        tracked=True,
        positions=np.array([p for p, _ in poses]),
        quats_xyzw=np.array([q for _, q in poses]),
        radii=np.asarray(message.radii, dtype=np.float64),
        validity=np.asarray(message.validity, dtype=np.uint8),
    )
    check_hand(hand.radii, hand.validity)
    return hand


def hands_to_msg(hands: Hands) -> msg.Hands:
    """Both hands to the message of the topic `hands`."""
    return msg.Hands(
        header=header(STAGE_FRAME, hands.stamp_ns), left=hand_to_msg(hands.left), right=hand_to_msg(hands.right)
    )


def hands_from_msg(message: msg.Hands) -> Hands:
    """The message of the topic `hands` to both hands."""
    need.header("hands", message.header)
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
    body = bytearray(struct.pack("<iII", hands.stamp_ns // NS, hands.stamp_ns % NS, len(frame)) + frame)
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
        raise RefusedError(f"hands: {len(data)} bytes that do not begin as little-endian CDR", "hands: bytes")
    body = memoryview(data)[4:]
    sec, nanosec, length = struct.unpack_from("<iII", body, 0)
    need.stamp("hands: stamp", TimeSeen(sec, nanosec))
    offset, both = 12 + length, []
    for _ in range(2):
        start = _align8(offset + 1)
        if start + _HAND_CDR.itemsize > len(body):
            text = f"hands: {len(data)} bytes, too few for two hands of {JOINT_COUNT} joints"
            raise RefusedError(text, "hands: bytes")
        row = np.frombuffer(body, dtype=_HAND_CDR, count=1, offset=start)[0]
        both.append(_hand_from_row(row) if body[offset] else Hand())
        offset = start + _HAND_CDR.itemsize
    return Hands(sec * NS + nanosec, both[0], both[1])


def _hand_from_row(row: np.void) -> Hand:
    check_hand(row["radii"], row["validity"])
    return Hand(True, row["poses"][:, :3], row["poses"][:, 3:], row["radii"].astype(np.float64), row["validity"])
