"""Forces on some items as plain arrays: what pulls them, how they moved, and how much of that others did to them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Forces:
    """The forces on F items, all of an average training step."""

    stamp_ns: int
    """When they were measured (ROS time, nanoseconds)."""
    sample_ids: npt.NDArray[np.uint32]
    """(F,), row numbers of the dataset, all different."""
    positions: FloatArray
    """(F, 3), latent units: where the network that is shown puts the items."""
    terms: tuple[str, ...]
    """Names of the T loss terms."""
    pulls: FloatArray
    """(F, T, 3), loss per latent unit: minus the gradient of each weighted term with respect to the position."""
    motion: FloatArray
    """(F, 3), latent units a step: how the items moved since they were measured before."""
    drag: FloatArray
    """(F, 3), latent units a step: `motion` less what the item's own pull makes."""

    def __len__(self) -> int:
        """Return F."""
        return len(self.sample_ids)

    @property
    def pull(self) -> FloatArray:
        """All terms together, (F, 3)."""
        return np.asarray(self.pulls.sum(axis=1))

    @property
    def own(self) -> FloatArray:
        """(F, 3), latent units a step: the motion that an item's own pull makes if nothing else moves it."""
        return self.motion - self.drag
