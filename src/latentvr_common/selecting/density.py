"""The dense region around a place: density on a grid, and the cells that hang together. Latent units."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.floating]

_CELLS = 48
"""Along each edge of the grid."""
_SMOOTHING_CELLS = 1.0
_SAMPLE = 5_000
"""So many items tell how far the cloud goes."""
_STRAY_PERCENT = 0.1
"""So many of the items at each side of each axis do not stretch the grid: a few strays would make its cells coarse."""


@dataclass(frozen=True)
class Seed:
    """The densest cell near a place."""

    cell: tuple[int, int, int]
    density: float
    """Items for each cubic unit there."""


class DensityField:
    """How dense the items of one frame lie."""

    def __init__(self, positions: npt.NDArray[np.float32]) -> None:
        """Take (N, 3) positions of at least one item."""
        sample = positions[:: max(1, len(positions) // _SAMPLE)]
        low, high = np.percentile(sample, [_STRAY_PERCENT, 100.0 - _STRAY_PERCENT], axis=0)
        self._edge = max(float((high - low).max()) / (_CELLS - 4), 1e-6)
        self._origin = (low + high) / 2 - self._edge * _CELLS / 2
        self._cells = self._cells_of(positions)
        counts = np.bincount(self._flat(self._cells), minlength=_CELLS**3).reshape((_CELLS,) * 3)
        smooth = ndimage.gaussian_filter(counts.astype(np.float32), _SMOOTHING_CELLS, mode="constant")
        self._density = smooth / np.float32(self._edge**3)

    @property
    def edge(self) -> float:
        """Of a cell: what lies nearer to each other than this is one."""
        return self._edge

    def seed(self, place: FloatArray, reach: float) -> Seed | None:
        """Return the densest cell within `reach` of `place` (3,), or None where nothing is near."""
        steps = max(1, int(np.ceil(reach / self._edge)))
        middle = self._cells_of(np.asarray(place, dtype=np.float32)[None], clip=False)[0]
        low, high = np.maximum(middle - steps, 0), np.minimum(middle + steps + 1, _CELLS)
        if (low >= high).any():
            return None
        block = self._density[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        grids = np.ogrid[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        away = sum(((axis - at) * self._edge) ** 2 for axis, at in zip(grids, middle, strict=True))
        near = np.where(away <= max(reach, self._edge) ** 2, block, 0.0)
        best = np.unravel_index(int(np.argmax(near)), near.shape)
        if near[best] <= 0.0:
            return None
        cell = tuple(int(a + b) for a, b in zip(low, best, strict=True))
        return Seed((cell[0], cell[1], cell[2]), float(near[best]))

    def flood(self, seed: Seed, density: float) -> npt.NDArray[np.bool_]:
        """Tell which items (N,) hang together with `seed` by cells of at least `density`."""
        wanted = self._density >= min(density, seed.density)
        regions, _ = ndimage.label(wanted)
        inside = regions == regions[seed.cell]
        return np.asarray(inside.ravel()[self._flat(self._cells)])

    def _cells_of(self, positions: npt.NDArray[np.float32], *, clip: bool = True) -> npt.NDArray[np.int64]:
        cells: npt.NDArray[np.int64] = np.floor((positions - self._origin) / self._edge).astype(np.int64)
        return cells.clip(0, _CELLS - 1) if clip else cells

    @staticmethod
    def _flat(cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.asarray((cells[:, 0] * _CELLS + cells[:, 1]) * _CELLS + cells[:, 2])
