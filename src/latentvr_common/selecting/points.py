"""Tests of all points of a cloud against a shape. Latent units.

The cloud moves with every frame, so an index would be built more often than asked: a test of all points over three
contiguous columns takes less time than building a tree does (`make bench-hands` shows by how much).
"""

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations

FloatArray = npt.NDArray[np.floating]
Hits = npt.NDArray[np.bool_]


class Points:
    """The positions of one frame. Not safe for use by several threads at once: the room to reckon in is shared."""

    def __init__(self, positions: npt.NDArray[np.float32]) -> None:
        """Take (N, 3) positions, which are copied."""
        self._columns = np.ascontiguousarray(positions.T, dtype=np.float32)
        count = len(positions)
        self._room = np.empty((2, count), np.float32)
        self._hit, self._inside = np.empty((2, count), bool)

    def __len__(self) -> int:
        """Return the number of points."""
        return int(self._columns.shape[1])

    def within_ball(self, center: FloatArray, radius: float) -> Hits:
        """Tell which points (N,) lie at most `radius` from `center` (3,). Valid until the next question."""
        return np.less_equal(self._squares(center), np.float32(radius) ** 2, out=self._hit)

    def within_box(self, center: FloatArray, half_size: FloatArray, quat_xyzw: FloatArray) -> Hits:
        """Tell which points (N,) a box holds: around `center` (3,) with `half_size` (3,) along its axes.

        Valid until the next question.
        """
        along, room = self._room
        axes = rotations.rotate(quat_xyzw, np.eye(3)).astype(np.float32)
        middles = axes @ np.asarray(center, dtype=np.float32)
        for i, (axis, middle, half) in enumerate(zip(axes, middles, half_size, strict=True)):
            self._project(axis, along, room)
            np.subtract(along, middle, out=along)
            np.abs(along, out=along)
            np.less_equal(along, np.float32(half), out=self._inside if i else self._hit)
            if i:
                np.logical_and(self._hit, self._inside, out=self._hit)
        return self._hit

    def nearest(self, place: FloatArray) -> tuple[int, float]:
        """Return the point nearest to `place` (3,), and how far it is. There must be one."""
        squares = self._squares(place)
        row = int(np.argmin(squares))
        return row, float(np.sqrt(squares[row]))

    def _squares(self, place: FloatArray) -> npt.NDArray[np.float32]:
        total, one = self._room
        for i, (column, value) in enumerate(zip(self._columns, np.asarray(place, dtype=np.float32), strict=True)):
            into = one if i else total
            np.subtract(column, value, out=into)
            np.multiply(into, into, out=into)
            if i:
                np.add(total, one, out=total)
        return total

    def _project(
        self, axis: npt.NDArray[np.float32], along: npt.NDArray[np.float32], room: npt.NDArray[np.float32]
    ) -> None:
        """Put into `along` how far the points are along `axis` (3,)."""
        (lone,) = np.flatnonzero(axis) if np.count_nonzero(axis) == 1 else (-1,)
        if lone >= 0:
            np.multiply(self._columns[lone], axis[lone], out=along)
            return
        np.multiply(self._columns[0], axis[0], out=along)
        for column, share in zip(self._columns[1:], axis[1:], strict=True):
            np.multiply(column, share, out=room)
            np.add(along, room, out=along)
