"""Which items of a dataset are taken where there are more than wanted."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Choice:
    """At most `max_items` items, drawn by `seed`; 0: all. The same choice of as many items is the same rows."""

    max_items: int = 0
    seed: int = 0

    def takes_all(self, count: int) -> bool:
        """Tell whether nothing of `count` items is left out."""
        return self.max_items == 0 or self.max_items >= count

    def rows(self, count: int) -> Rows:
        """Return the rows taken of `count`, ascending."""
        return (
            np.arange(count) if self.takes_all(count) else np.sort(self._drawn(np.random.default_rng(self.seed), count))
        )

    def order(self, count: int) -> Rows:
        """Return all of `count` rows: first those taken, then those to take instead of what turns out to be broken."""
        if self.takes_all(count):
            return np.arange(count)
        random = np.random.default_rng(self.seed)
        taken = np.sort(self._drawn(random, count))
        others = np.setdiff1d(np.arange(count), taken, assume_unique=True)
        return np.concatenate([taken, random.permutation(others)])

    def _drawn(self, random: np.random.Generator, count: int) -> Rows:
        return random.choice(count, self.max_items, replace=False)
