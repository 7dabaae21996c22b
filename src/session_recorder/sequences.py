"""Finds out from the numbers that publishers give their messages how many have not arrived."""

import struct

_MOST_STREAMS = 64
_HEADER = 4
"""Bytes of CDR in front of a message: its encapsulation."""


class Sequence:
    """The numbers of one topic, in the order of arrival.

    The middleware counts by publisher but does not say which one it was. So a number continues the publisher that comes
    closest below it, and one that has nothing below it is another publisher's, or that of one that began anew. With one
    publisher what is missing is exact, with several that all began with 1 it is never more than the truth.
    """

    def __init__(self) -> None:
        self.missing = 0
        """How many numbers were left out so far."""
        self._newest: list[int] = []

    def note(self, number: int) -> int:
        """Take in the number of a message, 0 if it has none; return how many are missing right before it."""
        below = max((newest for newest in self._newest if newest < number), default=0)
        if not number:
            return 0
        if not below:
            self._newest = [*self._newest[-_MOST_STREAMS:], number]
            return 0
        self._newest[self._newest.index(below)] = number
        self.missing += number - below - 1
        return number - below - 1


class Sequences:
    """The numbers of one topic whose publishers may be told apart by a name."""

    def __init__(self) -> None:
        self.missing = 0
        """How many messages were missed so far."""
        self._by_speaker: dict[str, Sequence] = {}

    def note(self, number: int, speaker: str = "") -> int:
        """Take in the number of a message; return how many of `speaker` are missing right before it."""
        if speaker not in self._by_speaker and len(self._by_speaker) >= _MOST_STREAMS:
            return 0
        missing = self._by_speaker.setdefault(speaker, Sequence()).note(number)
        self.missing += missing
        return missing


def speaker_of(type_name: str, data: bytes) -> str:
    """Return who published a serialized message, as far as its type tells it: for health the name of the first status.

    All nodes publish their health on one topic, each with numbers of its own. Others: empty.
    """
    if type_name != "diagnostic_msgs/msg/DiagnosticArray":
        return ""
    order = "<" if data[1:2] == b"\1" else ">"
    try:
        (frame_length,) = struct.unpack_from(order + "I", data, _HEADER + 8)
        at = _aligned(_HEADER + 12 + frame_length)
        count, _level, length = struct.unpack_from(order + "IB3xI", data, at)
    except struct.error:
        return ""
    name = data[at + 12 : at + 12 + length]
    return name.rstrip(b"\0").decode(errors="replace") if count else ""


def _aligned(at: int) -> int:
    """Return the next place, from `at` on, where four bytes may stand."""
    return at + (_HEADER - at) % 4


def label_number(data: bytes) -> int:
    """Return `seq` of a serialized LabelEvent, its first field: the journal's own count. 0 if it is not there."""
    order = "<" if data[1:2] == b"\1" else ">"
    return int(struct.unpack_from(order + "Q", data, _HEADER)[0]) if len(data) >= _HEADER + 8 else 0
