"""What of a ghost is drawn: some of its items, and how the items that differ most have changed. Each view draws it.

An arrow has the colour of the category that its item is predicted as now, where that is another than in the ghost.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentvr_common.colors import split_rgb
from latentvr_common.scene import Ghost, Scene

FloatArray = npt.NDArray[np.floating]
Rows = npt.NDArray[np.intp]

MOST_POINTS = 4_000
MOST_ARROWS = 240
GHOST_COLOR = (98, 106, 122)
POINT_SIZE = 0.55
"""Of an unlabelled item of a cloud that has as many items as there are points."""
STILL = 0.02
"""What has moved by less than this share of the cloud's radius has no arrow."""
_MOVED_COLOR = (158, 167, 184)
_LIGHTER = 0.3
"""Arrows are so much nearer to white than items of their category, among which they end."""


@dataclass(frozen=True)
class Differences:
    """K items that are elsewhere than in the ghost, or are predicted otherwise."""

    rows: Rows
    """(K,), in order of importance: what is predicted otherwise first, then what moved most."""
    starts: FloatArray
    """(K, 3), where they were, metres, frame stage."""
    ends: FloatArray
    """(K, 3), where they are."""
    turned: npt.NDArray[np.bool_]
    """(K,), whether they are predicted otherwise."""


def differences(scene: Scene, ghost: Ghost, still_m: float) -> Differences:
    """Return the at most 240 items that differ most; what has moved by less than `still_m` is not among them."""
    moved_m = np.linalg.norm(scene.cloud.positions - ghost.positions, axis=1) * scene.placement.scale
    turned = scene.cloud.predicted != ghost.predicted
    there = np.flatnonzero(moved_m > still_m)
    importance = (moved_m + turned * (1.0 + moved_m.max(initial=0.0)))[there]
    # All of them need no order: there may be a hundred thousand.
    first = np.argpartition(-importance, MOST_ARROWS)[:MOST_ARROWS] if len(there) > MOST_ARROWS else slice(None)
    rows = there[first][np.argsort(-importance[first], kind="stable")]
    was, now = (scene.placement.stage_from_latent(where[rows]) for where in (ghost.positions, scene.cloud.positions))
    return Differences(rows, was, now, turned[rows])


def points_of(ghost: Ghost) -> npt.NDArray[np.float32]:
    """Return where at most 4,000 items of the ghost are (P, 3), evenly chosen, latent units."""
    count = len(ghost.positions)
    return np.asarray(ghost.positions[np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).astype(int))])


def arrow_colors(scene: Scene, found: Differences) -> FloatArray:
    """Return the colours (K, 3) of arrows, 0 to 1."""
    known = scene.colors()
    predicted = scene.cloud.predicted[found.rows]
    colors = np.full((len(predicted), 3), _MOVED_COLOR, float)
    for category in np.unique(predicted[found.turned]):
        if int(category) in known:
            color = split_rgb(known[int(category)]).astype(float)
            colors[found.turned & (predicted == category)] = color + _LIGHTER * (255.0 - color)
    return np.asarray(colors / 255.0)
