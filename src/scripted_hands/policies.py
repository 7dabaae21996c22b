"""What a person goes by when they choose what to mark: what marking an item is worth to them. Pure.

A policy returns wishes in order of preference: for each category that may be marked, what marking an item (N,) as that
is worth. Mistakes cost the same whatever a person goes by, and nobody marks what has the label already.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE
from scripted_hands.planning import Scene, Wishes

FloatArray = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]
Policy = Callable[[Scene, Sequence[int], np.random.Generator], list[Wishes]]

_KNOWN_WORTH = 0.03
_MISTAKE_COST = 0.5
_LEAST_SURE = 0.1
"""Of the items without a label, this share is what `by_uncertainty` looks at."""


def teach(scene: Scene, categories: Sequence[int], _random: np.random.Generator) -> list[Wishes]:
    """Teach the network what it does not know: each category once, then right items, those most that it has wrong."""
    predicted = scene.cloud.predicted
    wishes = {c: worth(scene, c, np.where(predicted == c, _KNOWN_WORTH, 1.0)) for c in categories}
    labelled = set(np.unique(scene.cloud.label).tolist())
    return [{c: found for c, found in wishes.items() if c not in labelled}, wishes]


def by_chance(scene: Scene, categories: Sequence[int], random: np.random.Generator) -> list[Wishes]:
    """Go to an item without a label by chance, and mark what is like it around it."""
    left = np.flatnonzero((scene.cloud.label == NONE) & np.isin(scene.truth, categories))
    if not len(left):
        return []
    item = random.choice(left)
    category, reach = int(scene.truth[item]), max(scene.radii)
    away = np.linalg.norm(scene.cloud.positions - scene.cloud.positions[item], axis=1)
    near = np.exp(-0.5 * np.square(away / reach)) * (away <= 2.0 * reach)
    return [{category: worth(scene, category, near)}]


def by_coverage(scene: Scene, categories: Sequence[int], _random: np.random.Generator) -> list[Wishes]:
    """Go where most items without a label lie together, whatever the network says of them."""
    unlabelled = (scene.cloud.label == NONE).astype(np.float64)
    return [{c: worth(scene, c, unlabelled) for c in categories}]


def by_uncertainty(scene: Scene, categories: Sequence[int], random: np.random.Generator) -> list[Wishes]:
    """Mark each category once, then the items without a label of which the network is least sure."""
    cloud = scene.cloud
    unlabelled = cloud.label == NONE
    doubt = np.where(cloud.predicted == NONE, 1.0, 1.0 - cloud.confidence) * unlabelled
    least = np.quantile(doubt[unlabelled], 1.0 - _LEAST_SURE) if unlabelled.any() else 0.0
    doubtful = np.where(doubt >= least, doubt, 0.0)
    return [*_first(scene, categories, random), {c: worth(scene, c, doubtful) for c in categories}]


def by_corrections(scene: Scene, categories: Sequence[int], random: np.random.Generator) -> list[Wishes]:
    """Mark each category once, then only what is predicted as another."""
    wrong = ((scene.cloud.predicted != scene.truth) & (scene.cloud.predicted != NONE)).astype(np.float64)
    return [*_first(scene, categories, random), {c: worth(scene, c, wrong) for c in categories}]


def _first(scene: Scene, categories: Sequence[int], random: np.random.Generator) -> list[Wishes]:
    """Wish for the categories that have no mark yet."""
    return teach(scene, categories, random)[:-1]


POLICIES: Mapping[str, Policy] = {
    "teach": teach,
    "random": by_chance,
    "coverage": by_coverage,
    "uncertainty": by_uncertainty,
    "corrections": by_corrections,
}


def worth(scene: Scene, category: int, gained: FloatArray) -> FloatArray:
    """Return what marking each item (N,) as `category` is worth: `gained` (N,) where that is right, else a cost."""
    lost = np.where(scene.cloud.predicted == scene.truth, 1.0, _MISTAKE_COST)
    return np.asarray(np.where(scene.truth == category, gained, -lost) * (scene.cloud.label != category))
