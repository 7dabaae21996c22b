"""Principal components: the network's input is the data seen along its widest directions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

FloatArray = npt.NDArray[np.float32]
FloatArrays = npt.NDArray[np.floating]
_MOST_FITTED = 20_000
_MOST_NUMBERS = 20_000_000
_FEWEST_FITTED = 4000
_MANY_COLUMNS = 512
_COLUMNS_AT_ONCE = 400
"""Of the covariance."""
ForEach = Callable[[Callable[[slice], FloatArrays], Sequence[slice]], Iterable[FloatArrays]]
"""As `map`: a function, and what to call it with."""


def fit_size(columns: int) -> int:
    """Return how many rows of so many columns `fit_projection` looks at, at most."""
    return max(_FEWEST_FITTED, min(_MOST_FITTED, _MOST_NUMBERS // max(1, columns)))


@dataclass(frozen=True)
class Projection:
    """inputs = (features - mean) @ axes / scale."""

    mean: FloatArray
    """(D,)"""
    axes: FloatArray
    """(D, P), orthonormal columns, widest first."""
    scale: float
    """One number for all columns, so that the first input has unit spread and directions keep their weight."""

    def inputs_of(self, features: FloatArray) -> FloatArray:
        """Project features (N, D) to network inputs (N, P)."""
        return np.asarray((features - self.mean) @ self.axes / np.float32(self.scale))

    def features_of(self, inputs: FloatArray) -> FloatArray:
        """Return the features (N, D) that inputs (N, P) stand for."""
        return np.asarray(inputs @ self.axes.T * np.float32(self.scale) + self.mean)


def fit_projection(features: FloatArray, components: int, seed: int, for_each: ForEach = map) -> Projection:
    """Fit to at most 20,000 of the features (N, D); the number of axes is at most `components`, D and N - 1.

    `for_each`: may call from several threads.
    """
    most = fit_size(features.shape[1])
    if len(features) > most:
        features = features[np.random.default_rng(seed).choice(len(features), most, replace=False)]
    mean = features.mean(axis=0, dtype=np.float64)
    count = min(components, features.shape[1], len(features) - 1)
    if features.shape[1] <= len(features):
        axes, spread = _widest(features, mean, count, for_each)
    else:
        _, singular, rows = np.linalg.svd(features.astype(np.float64) - mean, full_matrices=False)
        axes, spread = rows[:count].T, float(singular[0] / np.sqrt(len(features)))
    # The methods leave the sign open; fix it, so that a session looks the same on every machine.
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(count)] < 0, -1.0, 1.0)
    return Projection(mean.astype(np.float32), axes.astype(np.float32), spread if spread > 0 else 1.0)


def _widest(
    features: FloatArray, mean: npt.NDArray[np.float64], count: int, for_each: ForEach
) -> tuple[npt.NDArray[np.float64], float]:
    """Return the widest `count` directions (D, count), widest first, and the spread along the first.

    The covariance of many columns is computed in single precision: twice as fast, and right to a few millionths.
    """
    columns = features.shape[1]
    centered = features - (mean.astype(np.float32) if columns > _MANY_COLUMNS else mean)
    parts = [slice(start, start + _COLUMNS_AT_ONCE) for start in range(0, columns, _COLUMNS_AT_ONCE)]
    products = list(for_each(lambda part: np.asarray(centered[:, part].T @ centered), parts))
    covariance = (np.concatenate(products) / len(features)).astype(np.float64)
    values, vectors = eigh(covariance, subset_by_index=[columns - count, columns - 1])
    return vectors[:, ::-1], float(np.sqrt(max(values[-1], 0.0)))
