"""What hand tracking is known to get wrong, done to the hands of a performance. Pure.

Each was seen in the field: hands that are lost and come back closed, joints that jump, that are not there, or that are
valid and mean nothing, hands that swap, messages that stop.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from latentvr_common.hands import Hand, Hands, Joint

FloatArray = npt.NDArray[np.floating]
Random = np.random.Generator

TIPS = (Joint.THUMB_TIP, Joint.INDEX_TIP)


@dataclass(frozen=True)
class Lie:
    """A fault from `first_ns` for `lasts_ns`, by the stamps of the hands."""

    name: str
    first_ns: int
    lasts_ns: int

    def covers(self, stamp_ns: int) -> bool:
        """Tell whether hands of that stamp are concerned."""
        return self.first_ns <= stamp_ns < self.first_ns + self.lasts_ns


Change = Callable[[Hands, Random], Hands | None]


def _main(change: Callable[[Hand, Random], Hand]) -> Change:
    """Return the change of the right hand."""
    return lambda hands, random: replace(hands, right=change(hands.right, random))


def _lost(hand: Hand, random: Random) -> Hand:
    return Hand()


def _lost_with_rubbish(hand: Hand, random: Random) -> Hand:
    """Not tracked, with joints that pinch all the same."""
    closed = hand.positions.copy()
    closed[list(TIPS)] = closed[Joint.INDEX_TIP]
    return replace(hand, tracked=False, positions=closed)


def _without_tips(hand: Hand, random: Random) -> Hand:
    validity = hand.validity.copy()
    validity[list(TIPS)] = 0
    return replace(hand, validity=validity)


def _not_a_number(hand: Hand, random: Random) -> Hand:
    positions = hand.positions.copy()
    positions[random.integers(0, len(positions), 8)] = random.choice([np.nan, np.inf, -np.inf, 1e30])
    positions[Joint.THUMB_TIP] = np.nan
    return replace(hand, positions=positions)


def _no_rotations(hand: Hand, random: Random) -> Hand:
    """Valid, with quaternions of zero, and all joints at the origin: nothing was written."""
    nothing = replace(hand, quats_xyzw=np.zeros_like(hand.quats_xyzw))
    return replace(nothing, positions=np.zeros_like(hand.positions)) if random.random() < 0.5 else nothing


def _away(random: Random) -> FloatArray:
    """Return a jump (3,) of 2 cm to 3 m."""
    direction = random.normal(size=3)
    return np.asarray(direction / np.linalg.norm(direction) * 0.02 * 150.0 ** random.random())


def _jumps(hand: Hand, random: Random) -> Hand:
    return replace(hand, positions=hand.positions + _away(random))


def _tip_jumps(hand: Hand, random: Random) -> Hand:
    positions = hand.positions.copy()
    positions[random.choice(TIPS)] += _away(random)
    return replace(hand, positions=positions)


def _both_tips_jump(hand: Hand, random: Random) -> Hand:
    positions = hand.positions.copy()
    positions[list(TIPS)] += _away(random)
    return replace(hand, positions=positions)


def _swapped(hands: Hands, random: Random) -> Hands:
    return replace(hands, left=hands.right, right=hands.left)


def _both_lost(hands: Hands, random: Random) -> Hands:
    return replace(hands, left=Hand(), right=Hand())


def _silent(hands: Hands, random: Random) -> None:
    return None


LIES: Mapping[str, tuple[Change, tuple[float, float]]] = {
    "lost": (_main(_lost), (0.02, 0.8)),
    "lost with rubbish": (_main(_lost_with_rubbish), (0.02, 0.8)),
    "both lost": (_both_lost, (0.02, 0.8)),
    "tips missing": (_main(_without_tips), (0.02, 0.8)),
    "no number": (_main(_not_a_number), (0.02, 0.5)),
    "no rotation": (_main(_no_rotations), (0.02, 0.5)),
    "jumps": (_main(_jumps), (0.01, 0.1)),
    "a tip jumps": (_main(_tip_jumps), (0.01, 0.1)),
    "both tips jump": (_main(_both_tips_jump), (0.01, 0.1)),
    "swapped": (_swapped, (0.01, 0.3)),
    "silent": (_silent, (0.05, 1.0)),
}
"""By name: what it does to hands (None: they do not come), and how long it lasts at least and at most, seconds."""


def some_lie(within_ns: tuple[int, int], random: Random) -> Lie:
    """Return a fault that begins somewhere within these stamps."""
    name = str(random.choice(sorted(LIES)))
    shortest_s, longest_s = LIES[name][1]
    first_ns = int(random.integers(*within_ns))
    return Lie(name, first_ns, round(1e9 * shortest_s * (longest_s / shortest_s) ** random.random()))


def told(stream: Sequence[Hands], lie: Lie, random: Random) -> list[Hands]:
    """Return the hands of `stream` as a device shows them that lies."""
    change = LIES[lie.name][0]
    shown = [change(hands, random) if lie.covers(hands.stamp_ns) else hands for hands in stream]
    return [hands for hands in shown if hands is not None]
