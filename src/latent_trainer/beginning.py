"""Where a trainer begins: with the newest checkpoint that fits, or from nothing; and where other branches were left."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from latent_trainer.branches import Branches
from latent_trainer.checkpoints import Checkpoint, Checkpoints, name_of_branch, read_checkpoint
from latent_trainer.course import Course
from latent_trainer.recipe import Recipe
from latent_trainer.training import Training
from latentvr_common.errors import InputError
from latentvr_common.trace import TraceEntry, What


class Beginning:
    """Restores training, and begins its course. Lives on the thread of its Training."""

    def __init__(
        self,
        checkpoints: Checkpoints | None,
        tell: Callable[[TraceEntry], None],
        warn: Callable[[str], None],
    ) -> None:
        """`checkpoints`: None where none are kept; `warn` is told of each that cannot be used."""
        self._checkpoints = checkpoints
        self._tell = tell
        self._warn = warn
        self.checkpoint: Checkpoint | None = None
        """From which training goes on; None: from nothing."""
        self.left: list[Checkpoint] = []
        """The newest of every other branch."""

    def restore(self, training: Training, wanted: Recipe) -> None:
        """Put `training`, new, where the newest checkpoint was that fits what is wanted."""
        new = training.state()
        for place in self._newest_of_each():
            try:
                checkpoint = self._fitting(place, wanted)
                if self.checkpoint is None:
                    training.restore(checkpoint.tensors, checkpoint.counts)
            except (InputError, KeyError) as error:
                if self.checkpoint is None:
                    training.restore(*new)
                self._warn(f"a checkpoint is not used: {error}")
                continue
            if self.checkpoint is None:
                self.checkpoint = checkpoint
            else:
                self.left.append(checkpoint)

    def _newest_of_each(self) -> Iterator[Path]:
        """Yield where checkpoints are, the newest first, of each branch until one of them could be used."""
        for place in self._checkpoints.newest_first() if self._checkpoints else ():
            used = {found.branch.name for found in (self.checkpoint, *self.left) if found is not None}
            if name_of_branch(place) not in used:
                yield place

    def _fitting(self, place: Path, wanted: Recipe) -> Checkpoint:
        checkpoint = read_checkpoint(place)
        reason = what_else(wanted, checkpoint.recipe)
        if reason:
            raise InputError(f"{place}: {reason}")
        return checkpoint

    def course(self, training: Training, recipe: Recipe, neighbours: npt.NDArray[np.int32]) -> Course:
        """Give `training` its neighbours (N, k), and return its course, begun."""
        training.set_neighbours(neighbours)
        before = self.checkpoint
        if before is None:
            course = Course(training, recipe, uuid.uuid4().hex, self._tell)
            course.begin()
            return course
        course = Course(training, recipe, uuid.uuid4().hex, self._tell, before.changes, before.branch.gone)
        if before.recipe != recipe:
            self._warn(f"training goes on otherwise than before: {_what_changed(before.recipe, recipe)}")
        course.begin(What.RESUME, before.place)
        return course

    def branches(
        self,
        training: Training,
        recipe: Recipe,
        neighbours: npt.NDArray[np.int32],
        keep: Callable[[Checkpoint], object] = lambda checkpoint: None,
    ) -> Branches:
        """Return what `course` does, with the branches that were left; `keep` is given what is to be written."""
        course = self.course(training, recipe, neighbours)
        resumed = [found for found in (self.checkpoint, *self.left) if found is not None]
        return Branches(course, self._tell, self._checkpoints, keep, resumed)


def what_else(wanted: Recipe, found: Recipe) -> str:
    """Return why a checkpoint of `found` does not fit `wanted`; empty: it does."""
    if (found.digest, found.items) != (wanted.digest, wanted.items):
        return "it is of another dataset"
    changed = [name for name, value in wanted.parameters.items() if found.parameters[name] != value]
    return f"it was made with another {', '.join(changed)}" if changed else ""


def _what_changed(before: Recipe, now: Recipe) -> str:
    names = [
        name for name in ("inputs", "neighbours", "threads", "device") if getattr(before, name) != getattr(now, name)
    ]
    names += [name for name in now.build if before.build.get(name) != now.build[name]]
    return ", ".join(names) or "parameters"
