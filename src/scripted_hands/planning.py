"""What a person who knows the truth would mark next: a way for the brush through one category. Pure.

A person of purity p is not careful beyond p: the stroke goes on as long as the share of right items stays above p, and
where it is better than p, it slips into what lies beside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from latentvr_common.cloud import Cloud

_CANDIDATES = 160
_LOOKED_AT = 2000
_CLOSEST = 24
_STEP = 1.2
_SLIP_TARGETS = 6
_SLIP_SHARES = np.linspace(0.2, 2.0, 10)
"""How far a slip goes, as a share of the way to a wrong item: also beyond it."""
_TOLERANCE = 0.02
_FEWEST = 3
_THOUGHT_THROUGH = 5

FloatArray = npt.NDArray[np.floating]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """A stroke through category `category`: `way` (K, 3) of a brush of `radius`, both in latent units."""

    category: int
    radius: float
    way: FloatArray
    gain: float
    """Worth of what it marks, by what the person goes by (see policies.py)."""
    purity: float
    """Share of right items among those that it would mark now."""


@dataclass(frozen=True)
class Scene:
    """The cloud as the person sees it, with what they know of it."""

    cloud: Cloud
    truth: npt.NDArray[np.int16]
    """(N,), category ids."""
    radii: tuple[float, ...]
    """Of the brushes to choose from, latent units."""
    purity: float
    reach: float
    """Longest stroke, latent units."""


Wishes = Mapping[int, FloatArray]
"""For each category that may be marked: what marking an item (N,) as that is worth, below 0 for a mistake."""


def choose(scene: Scene, wishes: Sequence[Wishes], random: np.random.Generator) -> Plan | None:
    """Return the best next stroke for the first of `wishes` that one can fulfil. None: nothing can be marked.

    What becomes of a stroke with its slip is thought through for the most promising ones only.
    """
    tree = cKDTree(scene.cloud.positions)
    best: _Draft | None = None
    for group in wishes:
        drafts = [draft for c, worth in group.items() for draft in _drafts(scene, tree, c, worth, random)]
        good = sorted((d for d in drafts if d.plan.purity >= scene.purity - _TOLERANCE), key=lambda d: -d.plan.gain)
        if good:
            return max((d.slipped() for d in good[:_THOUGHT_THROUGH]), key=lambda p: p.gain)
        best = max(drafts, key=lambda d: d.plan.purity, default=best)
    return best.slipped() if best is not None else None


def _drafts(
    scene: Scene, tree: cKDTree, category: int, worth: FloatArray, random: np.random.Generator
) -> Iterator["_Draft"]:
    """Yield a stroke through `category` with each brush, none if no item is worth a mark. `tree`: of the positions."""
    right = scene.truth == category
    places = _candidates(scene, tree, right, worth, random)
    for radius in scene.radii if len(places) else ():
        view = _View(scene, radius, tree, right, worth, places)
        way = view.grow(view.best_start())
        yield _Draft(view, way, view.plan(category, view.points(way)))


def _candidates(
    scene: Scene, tree: cKDTree, right: npt.NDArray[np.bool_], worth: FloatArray, random: np.random.Generator
) -> Ids:
    """Return items to consider as places for the brush: those that are worth it, rather where their like is around."""
    worthy = np.flatnonzero(worth > 0)
    looked_at = random.permutation(worthy)[:_LOOKED_AT]
    if len(looked_at) <= _CANDIDATES:
        return np.sort(looked_at)
    _, around = tree.query(scene.cloud.positions[looked_at], k=min(_CLOSEST, len(right)))
    chances = worth[looked_at] * np.power(right[around].mean(axis=1), 4)
    return random.choice(looked_at, _CANDIDATES, replace=False, p=chances / chances.sum())


@dataclass(frozen=True)
class _Draft:
    """A stroke as it is meant."""

    view: "_View"
    way: list[int]
    """Places to go through."""
    plan: Plan

    def slipped(self) -> Plan:
        """Return what becomes of it."""
        return self.view.plan(self.plan.category, self.view.slip(self.way))


class _View:
    """The neighbourhoods of some places in one scene."""

    def __init__(
        self, scene: Scene, radius: float, tree: cKDTree, right: npt.NDArray[np.bool_], worth: FloatArray, places: Ids
    ) -> None:
        self._radius = radius
        self._scene, self._tree, self._right, self._worth = scene, tree, right, worth
        self._centers = self._settled(scene.cloud.positions[places])
        self._covered = [np.array(ids, dtype=np.int64) for ids in self._around(self._centers)]

    def _around(self, centers: FloatArray) -> list[list[int]]:
        return list(self._tree.query_ball_point(centers, self._radius))

    def _settled(self, centers: FloatArray) -> FloatArray:
        """Move each centre (K, 3) to the middle of the worth around it: people aim at clumps, not at points."""
        middles = np.array(centers, dtype=np.float64)
        for i, ids in enumerate(self._around(centers)):
            weights = np.maximum(self._worth[ids], 0.0)
            if weights.sum() > 0:
                middles[i] = weights @ self._scene.cloud.positions[ids] / weights.sum()
        return middles

    def _purity(self, ids: Ids) -> float:
        return float(self._right[ids].mean()) if len(ids) else 0.0

    def best_start(self) -> int:
        """Return the place with the most worth among those pure enough, else the purest."""
        gains = np.array([self._worth[ids].sum() for ids in self._covered])
        purities = np.array([self._purity(ids) for ids in self._covered])
        enough = np.array([len(ids) >= _FEWEST for ids in self._covered])
        good = (purities >= self._scene.purity) & enough
        return int(np.argmax(np.where(good, gains, -1.0))) if good.any() else int(np.argmax(purities + enough))

    def grow(self, start: int) -> list[int]:
        """Return places to go through, beginning at `start`, each near the one before."""
        way, ids, length = [start], self._covered[start], 0.0
        while True:
            found = self._next(way[-1], ids, self._scene.reach - length)
            if found is None:
                return way
            length += float(np.linalg.norm(self._centers[found] - self._centers[way[-1]]))
            ids = np.union1d(ids, self._covered[found])
            way.append(found)

    def _next(self, last: int, ids: Ids, reach: float) -> int | None:
        away = np.linalg.norm(self._centers - self._centers[last], axis=1)
        best, best_gain = None, 0.0
        for i in np.flatnonzero((away <= min(reach, _STEP * self._radius)) & (away > 0)):
            more = np.setdiff1d(self._covered[i], ids, assume_unique=True)
            gain = float(self._worth[more].sum())
            if gain > best_gain and self._purity(np.concatenate([ids, more])) >= self._scene.purity:
                best, best_gain = int(i), gain
        return best

    def points(self, way: list[int]) -> FloatArray:
        """Return where the places of `way` are (K, 3)."""
        return np.asarray(self._centers[way])

    def slip(self, way: list[int]) -> FloatArray:
        """Return the way (K, 3), with a slip at its end where it would otherwise be better than the person is."""
        points = self.points(way)
        swept = self._swept(points)
        best, best_miss = points, self._purity(np.flatnonzero(swept)) - self._scene.purity
        if best_miss <= _TOLERANCE:
            return points
        for target in self._slip_targets(points[-1]):
            marked, before = swept.copy(), points[-1]
            for share in _SLIP_SHARES:
                end = points[-1] + share * (target - points[-1])
                self._sweep(marked, before, end)
                miss, before = self._purity(np.flatnonzero(marked)) - self._scene.purity, end
                if -_TOLERANCE <= miss < best_miss:
                    best, best_miss = np.vstack([points, end]), miss
        return best

    def _slip_targets(self, end: FloatArray) -> FloatArray:
        """Return places (T, 3): a few of the wrong items nearest to `end`."""
        wrong = self._scene.cloud.positions[~self._right]
        away = np.linalg.norm(wrong - end, axis=1)
        nearest = np.argsort(away)[: _SLIP_TARGETS * _SLIP_TARGETS : _SLIP_TARGETS]
        return np.asarray(wrong[nearest[away[nearest] <= self._scene.reach]])

    def _swept(self, points: FloatArray) -> npt.NDArray[np.bool_]:
        """Return which items (N,) a brush on its way through `points` (K, 3) marks."""
        marked = np.zeros(len(self._right), dtype=np.bool_)
        marked[self._tree.query_ball_point(points[0], self._radius)] = True
        for a, b in pairwise(points):
            self._sweep(marked, a, b)
        return marked

    def _sweep(self, marked: npt.NDArray[np.bool_], a: FloatArray, b: FloatArray) -> None:
        """Add to `marked` what a brush at `a` marks on its way to `b`."""
        steps = max(1, int(np.ceil(np.linalg.norm(b - a) / (self._radius / 2))))
        for share in np.arange(1, steps + 1) / steps:
            marked[self._tree.query_ball_point(a + share * (b - a), self._radius)] = True

    def plan(self, category: int, points: FloatArray) -> Plan:
        """Return the plan for a way (K, 3)."""
        ids = np.flatnonzero(self._swept(points))
        return Plan(category, self._radius, points, float(self._worth[ids].sum()), self._purity(ids))
