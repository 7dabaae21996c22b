"""How a cloud moves before the eyes of a person: how far in one frame, and how soon after a mark.

What is shown is what the trainer shows: between two views of the network the items glide, 12 frames a second.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from latent_trainer.glide import Glide, cloud_radius
from latent_trainer.reaction import Part

Positions = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

FRAMES_PER_S = 12
BEFORE_S = 2.0
"""For so long before a mark it is looked how fast its items moved."""
NOTICED = 1.5
"""Items have reacted when they move so many times as far in a frame as they ever did in that time."""
PATIENCE_S = 5.0
"""Items that have not reacted for so long do not."""
AROUND_MARK_S = 1.0


def median_movement(before: Positions, after: Positions) -> float:
    """Return how far the median item moved from one frame (N, 3) to the next, as a share of the cloud's radius."""
    return float(np.median(np.linalg.norm(after - before, axis=1))) / cloud_radius(before)


@dataclass(frozen=True)
class Reactions:
    """When the items of some marks reacted."""

    seconds: tuple[float, ...]
    """For each mark, from the mark to the first frame in which its items had reacted; infinite: they did not."""

    @property
    def median_s(self) -> float | None:
        """When half of the marks had a reaction; None: fewer had one."""
        middle = float(np.median(self.seconds)) if self.seconds else np.inf
        return round(middle, 3) if np.isfinite(middle) else None

    @property
    def share(self) -> float | None:
        """The share of the marks that had one; None: there was no mark."""
        return round(float(np.isfinite(self.seconds).mean()), 3) if self.seconds else None


@dataclass
class _Group:
    """Items whose reaction is waited for."""

    items: Rows
    at_s: float
    step: float
    """How far the median one must move in a frame, latent units."""
    reacted_s: float = np.inf

    def look(self, now_s: float, steps: npt.NDArray[np.float32]) -> None:
        if self.reacted_s == np.inf and now_s <= self.at_s + PATIENCE_S and np.median(steps[self.items]) > self.step:
            self.reacted_s = now_s - self.at_s


@dataclass
class MovementWatch:
    """Sees each view of the network and hears of each mark, in the order of the session's time.

    For each mark there is a counter-check: as many items without a label, side by side anywhere in the cloud, watched
    in the same way. Were their reactions as quick as those of the marked ones, these would mean nothing.
    """

    seed: int = 0
    frames: list[tuple[float, float]] = field(default_factory=list)
    """(seconds, movement of the median item as a share of the cloud's radius) for each frame but the first."""

    def __post_init__(self) -> None:
        """Start before the first view."""
        self._random = np.random.default_rng(self.seed)
        self._glide: Glide | None = None
        self._shown: Positions | None = None
        self._count = 0
        self._steps: deque[npt.NDArray[np.float32]] = deque(maxlen=round(BEFORE_S * FRAMES_PER_S))
        self._new: list[tuple[float, Rows]] = []
        self._marks_s: list[float] = []
        self._marked: list[_Group] = []
        self._checks: list[_Group] = []
        self._labelled: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)

    def see(self, now_s: float, positions: Positions) -> None:
        """Take in where the network puts the items (N, 3) at `now_s`: show the frames up to then, glide there after."""
        if self._glide is None:
            self._glide = Glide(positions, now_s)
            self._count = int(np.ceil(now_s * FRAMES_PER_S))
        self._show_frames(now_s)
        self._glide.aim(positions, now_s)

    def see_part(self, now_s: float, part: Part) -> None:
        """Take in where the network puts some items at `now_s`, between two views."""
        if self._glide is not None:
            self._show_frames(now_s)
            self._glide.aim_part(part.rows, part.positions, (self._count - 1) / FRAMES_PER_S)

    def _show_frames(self, until_s: float) -> None:
        assert self._glide is not None
        while self._count / FRAMES_PER_S <= until_s:
            self.show(self._count / FRAMES_PER_S, self._glide.at(self._count / FRAMES_PER_S))
            self._count += 1

    def mark(self, at_s: float, items: Rows) -> None:
        """Take in that `items` were labelled at `at_s`."""
        self._new.append((at_s, items))

    def show(self, now_s: float, positions: Positions) -> None:
        """Take in a frame: all positions (N, 3) as they are shown at `now_s`."""
        if not len(self._labelled):
            self._labelled = np.zeros(len(positions), np.bool_)
        while self._new and self._new[0][0] < now_s:
            self._open(*self._new.pop(0))
        if self._shown is not None:
            steps = np.linalg.norm(positions - self._shown, axis=1)
            self.frames.append((now_s, float(np.median(steps)) / cloud_radius(self._shown)))
            for group in [*self._marked, *self._checks]:
                group.look(now_s, steps)
            self._steps.append(steps)
        self._shown = positions

    def _open(self, at_s: float, items: Rows) -> None:
        self._marks_s.append(at_s)
        self._labelled[items] = True
        others = np.flatnonzero(~self._labelled)
        if len(self._steps) < FRAMES_PER_S or not len(items) or self._shown is None:
            return
        self._marked.append(self._group(at_s, items))
        if len(others) > len(items):
            places = self._shown[others]
            away = np.linalg.norm(places - places[self._random.integers(len(others))], axis=1)
            self._checks.append(self._group(at_s, others[np.argpartition(away, len(items))[: len(items)]]))

    def _group(self, at_s: float, items: Rows) -> _Group:
        return _Group(items, at_s, NOTICED * max(float(np.median(steps[items])) for steps in self._steps))

    @property
    def first_mark_s(self) -> float:
        """When the first mark was made; infinite: none was."""
        return min(self._marks_s, default=np.inf)

    @property
    def reactions(self) -> Reactions:
        """Those of the marked items."""
        return Reactions(tuple(group.reacted_s for group in self._marked))

    @property
    def counter_check(self) -> Reactions:
        """Those of as many items without a label."""
        return Reactions(tuple(group.reacted_s for group in self._checks))

    def figures(self) -> dict[str, float | None]:
        """Return what a benchmark tells: movements as shares of the cloud's radius, times in seconds."""
        times, moved = np.array(self.frames).reshape(-1, 2).T
        around = [moved[(times > at) & (times <= at + AROUND_MARK_S)].max(initial=0.0) for at in self._marks_s]
        return {
            "movement_median": round(float(np.median(moved)), 5),
            "movement_largest": round(float(moved.max()), 5),
            "movement_largest_at_s": round(float(times[moved.argmax()]), 2),
            "movement_after_marks_median": round(float(np.median(around)), 5) if around else None,
            "movement_after_marks_largest": round(float(max(around)), 5) if around else None,
            "reaction_s": self.reactions.median_s,
            "reacted": self.reactions.share,
            "unmarked_reaction_s": self.counter_check.median_s,
            "unmarked_reacted": self.counter_check.share,
        }
