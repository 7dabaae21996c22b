"""Shapes as plain arrays: triangles, lines and points with a colour each. Stage frame, metres; colours 0 to 1."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cloud_view.camera import Camera

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int32]


def _no_rows() -> FloatArray:
    return np.zeros((0, 3))


@dataclass(frozen=True)
class Mesh:
    """V vertices with colours, T triangles that are seen from both sides."""

    vertices: FloatArray = field(default_factory=_no_rows)
    """(V, 3)."""
    colors: FloatArray = field(default_factory=_no_rows)
    """(V, 3)."""
    triangles: IntArray = field(default_factory=lambda: np.zeros((0, 3), np.int32))
    """(T, 3), rows of `vertices`."""


@dataclass(frozen=True)
class Lines:
    """S straight lines, one pixel wide."""

    points: FloatArray = field(default_factory=_no_rows)
    """(P, 3)."""
    segments: IntArray = field(default_factory=lambda: np.zeros((0, 2), np.int32))
    """(S, 2), rows of `points`."""
    colors: FloatArray = field(default_factory=_no_rows)
    """(S, 3)."""


def join_meshes(meshes: Sequence[Mesh]) -> Mesh:
    """Return all meshes as one."""
    starts = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    return Mesh(
        np.concatenate([_no_rows(), *(m.vertices for m in meshes)]),
        np.concatenate([_no_rows(), *(m.colors for m in meshes)]),
        np.concatenate(
            [np.zeros((0, 3), np.int32), *(m.triangles + int(s) for m, s in zip(meshes, starts, strict=False))]
        ).astype(np.int32),
    )


def join_lines(lines: Sequence[Lines]) -> Lines:
    """Return all lines as one."""
    starts = np.cumsum([0, *(len(part.points) for part in lines)])
    return Lines(
        np.concatenate([_no_rows(), *(part.points for part in lines)]),
        np.concatenate(
            [np.zeros((0, 2), np.int32), *(p.segments + int(s) for p, s in zip(lines, starts, strict=False))]
        ).astype(np.int32),
        np.concatenate([_no_rows(), *(part.colors for part in lines)]),
    )


def _ring(corners: int) -> FloatArray:
    """Return the corners (K, 2) of a regular polygon in the unit circle."""
    angles = np.linspace(0.0, 2 * np.pi, corners, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


_LIGHT_SPOT = np.array([-0.25, 0.35])
_SPOT_GAIN, _RIM_GAIN = 1.18, 0.62


def balls(centers: FloatArray, radii: FloatArray, colors: FloatArray, camera: Camera, corners: int = 10) -> Mesh:
    """Return discs (N, 3) that face the camera, lit so that they look like balls: a tenth of the triangles of one."""
    ring = np.concatenate([_LIGHT_SPOT[None], _ring(corners)])
    offsets = ring[:, :1] * camera.right + ring[:, 1:] * camera.up
    vertices = centers[:, None, :] + radii[:, None, None] * offsets
    # A ball is darker below than above.
    gains = np.concatenate([[_SPOT_GAIN], _RIM_GAIN + 0.2 * ring[1:, 1]])
    shaded = np.clip(colors[:, None, :] * gains[:, None], 0.0, 1.0)
    return Mesh(vertices.reshape(-1, 3), shaded.reshape(-1, 3), _fans(len(centers), corners))


def discs(centers: FloatArray, radii: FloatArray, color: FloatArray, camera: Camera, corners: int = 10) -> Mesh:
    """Return flat discs (N, 3) of one colour (3,) that face the camera."""
    ring = np.concatenate([np.zeros((1, 2)), _ring(corners)])
    offsets = ring[:, :1] * camera.right + ring[:, 1:] * camera.up
    vertices = (centers[:, None, :] + radii[:, None, None] * offsets).reshape(-1, 3)
    return Mesh(vertices, np.tile(color, (len(vertices), 1)), _fans(len(centers), corners))


def _fans(count: int, corners: int) -> IntArray:
    """Return the triangles of `count` discs, each a middle and `corners` around it."""
    around = np.arange(corners)
    fan = np.stack([np.zeros_like(around), around + 1, (around + 1) % corners + 1], axis=1)
    return (fan + (corners + 1) * np.arange(count)[:, None, None]).reshape(-1, 3).astype(np.int32)


def rings(
    centers: FloatArray, radii: FloatArray, widths: FloatArray, colors: FloatArray, camera: Camera, corners: int
) -> Mesh:
    """Return flat rings that face the camera: outer `radii` (N,), `widths` (N,) inwards."""
    unit = _ring(corners)
    offsets = unit[:, :1] * camera.right + unit[:, 1:] * camera.up
    both = np.stack([radii, radii - widths], axis=1)
    vertices = centers[:, None, None, :] + both[:, :, None, None] * offsets
    around = np.arange(corners)
    after = (around + 1) % corners
    quads = np.concatenate(
        [np.stack([around, after, corners + around], 1), np.stack([after, corners + after, corners + around], 1)]
    )
    triangles = quads + 2 * corners * np.arange(len(centers))[:, None, None]
    repeated = np.repeat(colors, 2 * corners, axis=0)
    return Mesh(vertices.reshape(-1, 3), repeated, triangles.reshape(-1, 3).astype(np.int32))


def polygon(corners: FloatArray, color: FloatArray) -> Mesh:
    """Return a flat convex polygon with `corners` (K, 3) in order and one colour (3,)."""
    middle = np.arange(1, len(corners) - 1)
    triangles = np.stack([np.zeros_like(middle), middle, middle + 1], axis=1).astype(np.int32)
    return Mesh(corners, np.tile(color, (len(corners), 1)), triangles)


def rounded_rectangle(half: FloatArray, corner: float, steps: int = 5) -> FloatArray:
    """Return the outline (K, 2) of a rectangle with half sides `half` (2,) and corners of radius `corner`."""
    quarter = np.linspace(0.0, np.pi / 2, steps)
    inner = np.asarray(half) - corner
    parts = []
    for turn, (sx, sy) in enumerate([(1, 1), (-1, 1), (-1, -1), (1, -1)]):
        angle = quarter + turn * np.pi / 2
        parts.append(np.stack([sx * inner[0] + corner * np.cos(angle), sy * inner[1] + corner * np.sin(angle)], axis=1))
    return np.concatenate(parts)


def circle(center: FloatArray, radius: float, a: FloatArray, b: FloatArray, color: FloatArray, corners: int) -> Lines:
    """Return a circle of lines in the plane of the unit vectors `a` and `b` (3,)."""
    unit = _ring(corners)
    points = center + radius * (unit[:, :1] * a + unit[:, 1:] * b)
    around = np.arange(corners)
    segments = np.stack([around, (around + 1) % corners], axis=1).astype(np.int32)
    return Lines(points, segments, np.tile(color, (corners, 1)))


def _lit(normals: FloatArray, color: FloatArray, camera: Camera) -> FloatArray:
    """Return the colours (V, 3) of a matt surface with unit `normals` (V, 3), lit from above the camera's shoulder."""
    light = -camera.forward + 0.8 * camera.up - 0.4 * camera.right
    light = light / np.linalg.norm(light)
    gain = 0.34 + 0.66 * np.clip(normals @ light, 0.0, 1.0)
    edge = 1.0 - np.clip(normals @ -camera.forward, 0.0, 1.0)
    return np.asarray(np.clip(color * gain[:, None] + 0.10 * (edge**3)[:, None], 0.0, 1.0))


def _sphere_grid(rows: int, columns: int) -> tuple[FloatArray, IntArray]:
    polar = np.linspace(0.0, np.pi, rows + 1)
    around = np.linspace(0.0, 2 * np.pi, columns, endpoint=False)
    sin, cos = np.sin(polar)[:, None], np.cos(polar)[:, None]
    normals = np.stack([sin * np.cos(around), np.tile(cos, (1, columns)), sin * np.sin(around)], axis=-1).reshape(-1, 3)
    return normals, _quads(rows, columns)


def _quads(rows: int, columns: int) -> IntArray:
    """Return the triangles of a band of rows x columns quads that closes around: (2 rows columns, 3)."""
    row, column = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    a = row * columns + column
    b = row * columns + (column + 1) % columns
    c, d = a + columns, b + columns
    both = np.stack([np.stack([a, b, c], -1), np.stack([b, d, c], -1)], axis=2)
    return both.reshape(-1, 3).astype(np.int32)


def spheres(centers: FloatArray, radii: FloatArray, color: FloatArray, camera: Camera) -> Mesh:
    """Return solid spheres (N, 3) of one colour, lit."""
    normals, triangles = _sphere_grid(6, 9)
    vertices = centers[:, None, :] + radii[:, None, None] * normals
    every = triangles + len(normals) * np.arange(len(centers))[:, None, None]
    colors = np.tile(_lit(normals, color, camera), (len(centers), 1))
    return Mesh(vertices.reshape(-1, 3), colors, every.reshape(-1, 3).astype(np.int32))


def _across(directions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two unit vectors, each (K, 3), that stand upright on unit `directions` (K, 3) and on each other."""
    helper = np.where(np.abs(directions[:, 1:2]) < 0.9, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    first = np.cross(directions, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return first, np.cross(directions, first)


def rods(starts: FloatArray, ends: FloatArray, radii: FloatArray, color: FloatArray, camera: Camera) -> Mesh:
    """Return solid rods from `starts` to `ends` (K, 3) with `radii` (K, 2) at the two, lit. None may have length 0.

    color: (3,), or (K, 3).
    """
    along = ends - starts
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    first, second = _across(along)
    unit = _ring(10)
    normals = unit[None, :, :1] * first[:, None] + unit[None, :, 1:] * second[:, None]
    both = np.stack([starts, ends], axis=1)[:, :, None, :] + radii[:, :, None, None] * normals[:, None]
    count = 2 * len(unit)
    triangles = _quads(1, len(unit)) + count * np.arange(len(starts))[:, None, None]
    every = np.repeat(np.broadcast_to(color, (len(starts), 3)), count, axis=0)
    colors = _lit(np.repeat(normals[:, None], 2, axis=1).reshape(-1, 3), every, camera)
    return Mesh(both.reshape(-1, 3), colors, triangles.reshape(-1, 3).astype(np.int32))
