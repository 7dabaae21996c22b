"""How each branch of training fares, step by step: so that branches can be compared."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from latentvr_common.errors import InputError

_MOST = 800
"""Points of a branch; for more, they are twice as far apart."""


@dataclass(frozen=True)
class Point:
    """How a branch does at one step. NaN: not known."""

    step: int
    loss: float = math.nan
    """Sum of the weighted terms."""
    accuracy: float = math.nan
    """Share of items that are predicted right, 0 to 1."""
    confidence: float = math.nan
    """Mean, 0 to 1."""
    agreement: float = math.nan
    """Share of items that are predicted as in the cloud that was left last, 0 to 1."""


class Curves:
    """Points of all branches, by name, in the order in which these were first heard of. Bounded."""

    def __init__(self) -> None:
        self._points: dict[str, list[Point]] = {}
        self._apart: dict[str, int] = {}
        """So many steps are between two points of a branch, but for the newest."""

    def note(self, branch: str, point: Point) -> None:
        """Take down how `branch` does now. What it did from that step on is forgotten: it went on from before."""
        points = self._points.setdefault(branch, [])
        while points and points[-1].step >= point.step:
            points.pop()
        apart = self._apart.setdefault(branch, 1)
        _add(points, point, apart)
        while len(points) > _MOST:
            apart = self._apart[branch] = 2 * apart
            kept: list[Point] = []
            for each in points:
                _add(kept, each, apart)
            points[:] = kept

    def all(self) -> dict[str, tuple[Point, ...]]:
        """Return the points of each branch, by rising steps."""
        return {name: tuple(points) for name, points in self._points.items()}

    def fill(self, curves: Mapping[str, Sequence[Point]]) -> None:
        """Put what was noted of earlier steps before what is here."""
        new, self._points = self._points, {}
        for found in (curves, new):
            for name, points in found.items():
                for point in points:
                    self.note(name, point)


def _add(points: list[Point], point: Point, apart: int) -> None:
    """Add a point, in place of the newest one if that is too near to the one before it."""
    if len(points) > 1 and points[-1].step - points[-2].step < apart:
        points.pop()
    points.append(point)


def store(curves: Mapping[str, Sequence[Point]], file: Path) -> None:
    """Write them whole or not at all. Raises OSError."""
    partial = file.with_name(f".{file.name}.partial")
    # Whole numbers and null: NaN is no JSON.
    plain = {
        name: [[None if math.isnan(value) else value for value in astuple(point)] for point in points]
        for name, points in curves.items()
    }
    partial.write_text(json.dumps(plain))
    os.replace(partial, file)


def stored_in(file: Path) -> dict[str, list[Point]]:
    """Return what `store` has written; nothing where there is no such file. Raises InputError, naming it."""
    try:
        found = json.loads(file.read_text())
        return {
            str(name): [
                Point(int(step), *(math.nan if v is None else float(v) for v in rest)) for step, *rest in points
            ]
            for name, points in found.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{file}: not the curves of a session: {error}") from error
