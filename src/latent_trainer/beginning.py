"""Where a trainer's course begins: with the newest checkpoint that fits, or from nothing."""

import uuid
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from latent_trainer.checkpoints import Checkpoint, Checkpoints, read_checkpoint
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

    def restore(self, training: Training, wanted: Recipe) -> None:
        """Put `training`, new, where the newest checkpoint was that fits what is wanted."""
        new = training.state()
        for place in self._checkpoints.newest_first() if self._checkpoints else ():
            try:
                checkpoint = read_checkpoint(place)
                reason = what_else(wanted, checkpoint.recipe)
                if reason:
                    raise InputError(f"{place}: {reason}")
                training.restore(checkpoint.tensors, checkpoint.counts)
            except (InputError, KeyError) as error:
                training.restore(*new)
                self._warn(f"a checkpoint is not used: {error}")
                continue
            self.checkpoint = checkpoint
            return

    def course(self, training: Training, recipe: Recipe, neighbours: npt.NDArray[np.int32]) -> Course:
        """Give `training` its neighbours (N, k), and return its course, begun."""
        training.set_neighbours(neighbours)
        before = self.checkpoint
        course = Course(training, recipe, uuid.uuid4().hex, self._tell, before.changes if before else ())
        if before is None:
            course.begin()
            return course
        if before.recipe != recipe:
            self._warn(f"training goes on otherwise than before: {_what_changed(before.recipe, recipe)}")
        course.begin(What.RESUME, before.place)
        return course


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
