"""What goes wrong by chance: hands that are lost for a while, reaches that stop on their way, mistaken marks. Pure.

Each draws from a sequence of its own, by the seed: how often one of them happens changes nothing else.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from scripted_hands.motion import Pause

_SHORTEST_S, _LONGEST_S = 0.05, 0.6
"""A hand is lost for so long."""
_STOPS = (0.3, 0.8)
"""Where a reach stops, as a share of its way."""
_REST_S = (0.2, 0.6)


class _Sequence(IntEnum):
    LEFT_HAND = 1
    RIGHT_HAND = 2
    HESITATION = 3
    MISTAKES = 4


def _random_of(seed: int, sequence: _Sequence) -> np.random.Generator:
    return np.random.default_rng([seed, int(sequence)])


class Dropouts:
    """Tracking that loses one hand, by default the right one, now and then."""

    def __init__(self, per_min: float, seed: int, *, left: bool = False) -> None:
        """`per_min`: how often on average, of the time that the hand is tracked."""
        self._per_min = per_min
        self._random = _random_of(seed, _Sequence.LEFT_HAND if left else _Sequence.RIGHT_HAND)
        self._from_s = self._until_s = -np.inf

    def lost(self, now_s: float) -> bool:
        """Tell whether the hand is lost at `now_s`, monotonic seconds, rising."""
        if self._per_min == 0.0:
            return False
        while now_s >= self._until_s:
            tracked_from_s = self._until_s if np.isfinite(self._until_s) else now_s
            self._from_s = tracked_from_s + self._random.exponential(60.0 / self._per_min)
            self._until_s = self._from_s + self._random.uniform(_SHORTEST_S, _LONGEST_S)
        return now_s >= self._from_s


class Hesitation:
    """Reaches of which a share stops and goes on."""

    def __init__(self, share: float, seed: int) -> None:
        self._share = share
        self._random = _random_of(seed, _Sequence.HESITATION)

    def pause(self, pace: float) -> Pause | None:
        """Return where and how long the next reach stops; None: it does not."""
        if self._random.random() >= self._share:
            return None
        return Pause(float(self._random.uniform(*_STOPS)), float(self._random.uniform(*_REST_S)) / pace)


class Mistakes:
    """Marks of which a share gets a wrong category."""

    def __init__(self, share: float, seed: int) -> None:
        self._share = share
        self._random = _random_of(seed, _Sequence.MISTAKES)

    def instead_of(self, category: int, offered: Sequence[int]) -> int:
        """Return the category that the next mark gets: `category`, or by mistake another of those `offered`."""
        others = [c for c in offered if c != category]
        mistaken = self._random.random() < self._share and bool(others)
        return int(self._random.choice(others)) if mistaken else category
