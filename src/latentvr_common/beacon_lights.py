"""Where beacons stand: a ring around each place, and a column of light from there up to a head."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentvr_common.beacons import Beacon
from latentvr_common.scene import Scene

FloatArray = npt.NDArray[np.floating]

_RING, _HEAD, _APART = 0.12, 0.3, 0.12
"""Of the cloud's scale: radius of a ring, height of a head above its place, distance between heads at least."""
_CORNERS = 32


@dataclass(frozen=True)
class Light:
    """One beacon in the stage, metres."""

    beacon: Beacon
    foot: FloatArray
    """(3,), the place: where the item is."""
    head: FloatArray
    """(3,), upright above it."""
    ring: FloatArray
    """(32, 3), the corners of a level ring around the place, in order."""


def lights(scene: Scene) -> tuple[Light, ...]:
    """Return the beacons of `scene` where its cloud is now; none for items that the cloud does not have."""
    placed = scene.placement
    known = [beacon for beacon in scene.beacons or () if 0 <= beacon.item < len(scene.cloud)]
    feet = placed.stage_from_latent(scene.cloud.positions[[beacon.item for beacon in known]].reshape(-1, 3))
    found: list[Light] = []
    for beacon, foot in zip(known, feet, strict=True):
        wanted = foot + np.array([0.0, _HEAD * placed.scale, 0.0])
        head = _clear(wanted, [light.head for light in found], _APART * placed.scale)
        found.append(Light(beacon, foot, head, foot + _RING * placed.scale * _CIRCLE))
    return tuple(found)


def _clear(head: FloatArray, others: list[FloatArray], apart_m: float) -> FloatArray:
    """Return `head`, raised until it is clear of the others: words are not to stand in words.

    Each of the others is in the way of two levels at most. Where numbers are too large to tell levels apart, it stays.
    """
    levels = head + np.outer(np.arange(2 * len(others) + 1), [0.0, apart_m, 0.0])
    for level in levels:
        if all(np.linalg.norm(level - other) >= apart_m for other in others):
            return np.asarray(level)
    return head


def _circle() -> FloatArray:
    angles = np.linspace(0.0, 2 * np.pi, _CORNERS, endpoint=False)
    return np.stack([np.cos(angles), np.zeros(_CORNERS), np.sin(angles)], axis=1)


_CIRCLE = _circle()
