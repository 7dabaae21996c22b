"""Colours of the cloud: a label in full, a prediction as far as it is believed, everything else grey."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE
from latentvr_common.colors import UNLABELLED_COLOR, join_rgb, split_rgb
from latentvr_common.labels import Category

_PREDICTION_TINT = 0.65
"""A prediction of confidence 1 shows so much of its category's colour."""


def cloud_colors(
    labels: npt.NDArray[np.int16],
    predicted: npt.NDArray[np.int16],
    confidence: npt.NDArray[np.float32],
    categories: Sequence[Category],
) -> npt.NDArray[np.uint32]:
    """Return 0xRRGGBB (N,) for labels, predictions (-1 none) and confidences, each (N,)."""
    table = _color_table(categories, int(max(labels.max(initial=0), predicted.max(initial=0))))
    grey = split_rgb(UNLABELLED_COLOR).astype(np.float32)
    tint = np.where(predicted == NONE, 0.0, _PREDICTION_TINT * np.clip(confidence, 0.0, 1.0)).astype(np.float32)
    mixed = grey + tint[:, None] * (table[predicted].astype(np.float32) - grey)
    rgb = np.where((labels == NONE)[:, None], mixed, table[labels])
    return join_rgb(rgb.astype(np.uint8))


class CloudColors:
    """The colours of a cloud, mixed anew only where what they come from has changed."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._colors = np.zeros(0, np.uint32)

    def of(
        self,
        labels: npt.NDArray[np.int16],
        predicted: npt.NDArray[np.int16],
        confidence: npt.NDArray[np.float32],
        categories: Sequence[Category],
    ) -> npt.NDArray[np.uint32]:
        """Return what `cloud_colors` does. Arrays that are the same objects as before are taken to be unchanged."""
        given = (labels, predicted, confidence, categories)
        if len(self._of) != len(given) or any(a is not b for a, b in zip(given, self._of, strict=True)):
            self._of, self._colors = given, cloud_colors(*given)
        return self._colors


def _color_table(categories: Sequence[Category], largest_id: int) -> npt.NDArray[np.uint8]:
    """Return (K, 3) uint8 by category id; the last row, which the id -1 reaches, is grey, as are unknown ids."""
    size = max([largest_id, *(c.id for c in categories)]) + 2
    packed = np.full(size, UNLABELLED_COLOR, dtype=np.uint32)
    for category in categories:
        packed[category.id] = category.color
    return split_rgb(packed)
