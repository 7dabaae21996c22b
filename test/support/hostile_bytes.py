"""Serialized messages as somebody would send them who means harm, or whose program is broken. Pure; by a seed."""

import struct
from collections.abc import Callable, Mapping

import numpy as np

Random = np.random.Generator
HEADER = b"\0\1\0\0"
"""Of CDR, little-endian."""


def _random_bytes(data: bytes, random: Random) -> bytes:
    return random.bytes(int(random.integers(0, 300)))


def _random_body(data: bytes, random: Random) -> bytes:
    return HEADER + random.bytes(int(random.integers(0, 300)))


def _truncated(data: bytes, random: Random) -> bytes:
    return data[: int(random.integers(0, len(data)))]


def _huge_lengths(data: bytes, random: Random) -> bytes:
    """Claim somewhere that there are far more values, or characters, than there are."""
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 4))):
        at = 4 + 4 * int(random.integers(0, max((len(data) - 4) // 4, 1)))
        claim = int(random.choice([2**32 - 1, 2**31, 2**31 - 1, 2**28, 2**24, 2**16, len(data)]))
        changed[at : at + 4] = struct.pack("<I", claim)
    return bytes(changed[: max(len(data), 4)])


def _flipped(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for at in random.integers(0, len(data), int(random.integers(1, 9))):
        changed[at] ^= 1 << int(random.integers(8))
    return bytes(changed)


def _other_numbers(data: bytes, random: Random) -> bytes:
    """Put numbers that are none, or too large, where numbers are."""
    changed = bytearray(data)
    values = [struct.pack("<d", v) for v in (np.nan, np.inf, -np.inf, 1e300)]
    values += [struct.pack("<f", v) for v in (np.nan, np.inf, -np.inf, 3e38)]
    values += [b"\xff" * 8, b"\xff" * 2, b"\xff"]
    for at in random.integers(4, max(len(data), 5), int(random.integers(1, 9))):
        value = values[int(random.integers(len(values)))]
        start = at - at % len(value) if random.random() < 0.8 else at
        changed[start : start + len(value)] = value
    return bytes(changed)


def _longer(data: bytes, random: Random) -> bytes:
    return data + random.bytes(int(random.choice([1, 3, 100, 10_000])))


def _another_header(data: bytes, random: Random) -> bytes:
    """Another representation than plain little-endian CDR, such as big-endian, parameter lists, or XCDR2."""
    return bytes([int(random.integers(0, 3)), int(random.integers(0, 32))]) + random.bytes(2) + data[4:]


def _shuffled(data: bytes, random: Random) -> bytes:
    cut = int(random.integers(4, max(len(data), 5)))
    return data[:4] + data[cut:] + data[4:cut]


KINDS: Mapping[str, Callable[[bytes, Random], bytes]] = {
    "random bytes": _random_bytes,
    "random body": _random_body,
    "truncated": _truncated,
    "huge lengths": _huge_lengths,
    "flipped bits": _flipped,
    "other numbers": _other_numbers,
    "longer": _longer,
    "another header": _another_header,
    "shuffled": _shuffled,
    "as it is": lambda data, random: data,
}


def hostile(valid: bytes, random: Random) -> bytes:
    """Return what became of the serialized message `valid`."""
    return KINDS[list(KINDS)[int(random.integers(len(KINDS)))]](valid, random)
