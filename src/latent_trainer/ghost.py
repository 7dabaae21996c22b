"""What was left when another branch of training came to be shown, and how it compares. No thread, no clock, no ROS."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latent_trainer.training import Encoded
from latentvr_common.cloud import NONE, Cloud

_COLOR = 0x808890
NOTHING = Encoded(np.zeros((0, 3), np.float32), np.zeros(0, np.int16), np.zeros(0, np.float32))


@dataclass(frozen=True)
class Ghost:
    """The cloud that was left."""

    left: Encoded = NOTHING
    """Without items: there is none."""

    def agreement(self, encoded: Encoded) -> float:
        """Return the share of items that are predicted as here, 0 to 1; NaN: there is no ghost."""
        return float((encoded.predicted == self.left.predicted).mean()) if len(self.left.predicted) else math.nan

    def accuracy(self, truth: npt.NDArray[np.int16] | None) -> float:
        """Return the share of items that are predicted right here, 0 to 1; NaN: that or the truth is not known."""
        if truth is None or not (self.left.predicted != NONE).any():
            return math.nan
        return float((self.left.predicted == truth).mean())

    def cloud(self, stamp_ns: int) -> Cloud:
        """Return it as a frame, grey and without labels."""
        count = len(self.left.positions)
        colors, labels = np.full(count, _COLOR, np.uint32), np.full(count, NONE, np.int16)
        return Cloud(stamp_ns, self.left.positions, colors, labels, self.left.predicted, self.left.confidence)
