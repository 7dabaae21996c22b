"""Parts of latent space."""

from typing import Any

import numpy as np

from latentvr_common import rotations
from latentvr_common.checks.refusal import RefusedError
from latentvr_common.labels import Region, Shape

MOST_SPHERES = 10_000
FARTHEST = 1e6
"""Latent units, along each axis: farther away nothing is shown, and squares of single precision overflow."""


def region_of(message: Any) -> Region:
    """Return the region that a message tells of."""
    check_shape(message)
    half, turn = message.half_size, message.orientation
    region = Region(
        np.array([(c.x, c.y, c.z) for c in message.centers]).reshape(-1, 3),
        np.asarray(message.radii, dtype=np.float32),
        Shape(message.shape),
        np.asarray(message.takes_away, dtype=bool),
        np.array([half.x, half.y, half.z]),
        np.array([turn.x, turn.y, turn.z, turn.w]),
        float(message.density),
    )
    check_region(region)
    return region


def check_shape(region: Any) -> None:
    """The shape is one that there is, and it is not huge: of a message, before its places are read, or of a region."""
    if region.shape not in list(Shape):
        text = f"region.shape is {region.shape}, expected 0 (none), 1 (spheres), 2 (box) or 3 (flood)"
        raise RefusedError(text, "region: shape")
    count = max(len(region.centers), len(region.radii), len(region.takes_away))
    if count > MOST_SPHERES:
        raise RefusedError(f"region has {count} spheres, expected at most {MOST_SPHERES}", "region: spheres")


def check_region(region: Region) -> None:
    """Numbers are what they should be, and fields belong together."""
    _check_numbers(region)
    _check_counts(region)
    if region.shape is Shape.BOX:
        _check_box(region)
    if region.shape is Shape.FLOOD and not 0 < region.density < np.inf:
        raise RefusedError(f"region.density is {region.density}, expected a finite number above 0", "region: density")


def _check_numbers(region: Region) -> None:
    if not (np.abs(region.centers) <= FARTHEST).all():
        raise RefusedError(f"region: centers must be finite and within {FARTHEST:.0f}", "region: centers")
    if not ((region.radii > 0) & (region.radii <= FARTHEST)).all():
        raise RefusedError("region: radii must be finite and greater than 0", "region: radii")


def _check_counts(region: Region) -> None:
    centers, radii = len(region.centers), len(region.radii)
    expected = {Shape.NONE: (0, 0), Shape.BOX: (1, 0), Shape.FLOOD: (1, 1)}.get(region.shape, (centers, centers))
    if (centers, radii) != expected:
        wanted = (
            f"expected {expected[0]} and {expected[1]}" if region.shape is not Shape.SPHERES else "expected as many"
        )
        raise RefusedError(f"region has {centers} centers and {radii} radii, {wanted}", "region: counts")
    if region.shape is Shape.SPHERES and not centers:
        raise RefusedError("region has 0 centers and 0 radii, expected at least one sphere", "region: counts")
    if len(region.takes_away) not in (0, centers if region.shape is Shape.SPHERES else 0):
        text = f"region.takes_away has {len(region.takes_away)} values, expected none or {centers}"
        raise RefusedError(text, "region: takes_away")


def _check_box(region: Region) -> None:
    if not ((region.half_size > 0) & (region.half_size <= FARTHEST)).all():
        text = f"region.half_size is {region.half_size.tolist()}, expected finite numbers above 0"
        raise RefusedError(text, "region: half_size")
    if not bool(rotations.is_unit(region.quat_xyzw)):
        text = f"region.orientation is {region.quat_xyzw.tolist()}, expected a unit quaternion"
        raise RefusedError(text, "region: orientation")
