"""What may be asked of one field. Each raises RefusedError, which names `field`, and copies nothing that is large.

Comparisons are written such that NaN fails them.
"""

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from latentvr_common.checks.refusal import RefusedError

LONGEST_NAME = 100
"""Characters of what a person calls something, and of ids."""
LONGEST_TEXT = 10_000
"""Characters of what is said to people."""
LARGEST_NUMBER = 2**63 - 1
"""The largest that SQLite holds."""
_NS = 1_000_000_000
_LONGEST_SHOWN = 60
"""Characters of a wrong text that are said."""


def number(field: str, value: float, least: float, most: float) -> None:
    """A finite number from `least` to `most`."""
    if not least <= value <= most:
        raise RefusedError(f"{field} is {_shown(value)}, expected {_shown(least)} to {_shown(most)}", field)


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def above(field: str, value: float, bound: float, most: float) -> None:
    """A finite number above `bound`, up to `most`."""
    if not bound < value <= most:
        raise RefusedError(f"{field} is {value:.3g}, expected more than {bound:g} and at most {most:g}", field)


def share(field: str, value: float) -> None:
    """0 to 1."""
    number(field, value, 0.0, 1.0)


def share_if_known(field: str, value: float) -> None:
    """0 to 1, or NaN: not known."""
    if not math.isnan(value):
        share(field, value)


def one_of(field: str, value: int, known: Collection[int], expected: str) -> None:
    """A constant that there is; `expected`: which, in words."""
    if value not in known:
        raise RefusedError(f"{field} is {value}, expected {expected}", field)


def text(field: str, value: str, most: int, least: int = 0) -> None:
    """So many characters."""
    if not least <= len(value) <= most:
        bounds = f"{least} to {most}" if least else f"at most {most}"
        raise RefusedError(f"{field} has {len(value)} characters, expected {bounds}", field)


def name(field: str, value: str) -> None:
    """A name that people can read: 1 to 100 characters, all of them printable."""
    if not 1 <= len(value) <= LONGEST_NAME or not value.isprintable():
        raise RefusedError(
            f"{field} is {value[:_LONGEST_SHOWN]!r}, expected 1 to {LONGEST_NAME} printable characters", field
        )


def at_most(field: str, values: Sequence[Any], most: int) -> None:
    """No more values than `most`."""
    if len(values) > most:
        raise RefusedError(f"{field} has {len(values)} values, expected at most {most}", field)


def rising(field: str, numbers: Sequence[int]) -> None:
    """Numbers in rising order, none twice."""
    values = np.asarray(numbers)
    if not (values[1:] > values[:-1]).all():
        raise RefusedError(f"{field} are not in rising order, each once", field)


def stamp(field: str, value: Any) -> None:
    """A time of ROS: not before 1970, with fewer nanoseconds than a second has."""
    if value.sec < 0 or value.nanosec >= _NS:
        raise RefusedError(f"{field} is {value.sec} s and {value.nanosec} ns, expected 0 s or more, under {_NS}", field)


def header(what: str, value: Any) -> None:
    """The header of a message of the kind `what`."""
    stamp(f"{what}: stamp", value.stamp)
    text(f"{what}: frame_id", value.frame_id, LONGEST_NAME)


def within_reach(field: str, point: Any, farthest: float) -> None:
    """A point whose coordinates are finite, and at most `farthest` along each axis."""
    if not (abs(point.x) <= farthest and abs(point.y) <= farthest and abs(point.z) <= farthest):
        where = f"({point.x:.3g}, {point.y:.3g}, {point.z:.3g})"
        raise RefusedError(f"{field} is {where}, expected finite numbers within {farthest:g}", field)


def unit_quaternion(field: str, turn: Any) -> None:
    """A quaternion of length one."""
    if not abs(math.hypot(turn.x, turn.y, turn.z, turn.w) - 1.0) < 1e-2:
        where = f"({turn.x:.3g}, {turn.y:.3g}, {turn.z:.3g}, {turn.w:.3g})"
        raise RefusedError(f"{field} is {where}, expected a unit quaternion", field)
