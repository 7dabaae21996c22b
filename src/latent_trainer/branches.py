"""Several courses of one training, of which one is trained: what was, and what would be without some marks.

Lives on the thread of its Training.
"""

import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from latent_trainer.changes import Change
from latent_trainer.checkpoints import Checkpoint, Checkpoints, read_checkpoint
from latent_trainer.course import Course
from latent_trainer.recall import Recall
from latent_trainer.rerun import without
from latent_trainer.training import Training
from latentvr_common.errors import InputError
from latentvr_common.labels import LabelEvent
from latentvr_common.trace import TraceEntry, What

FIRST = ""
"""Name of the branch that was there first."""


class Branches:
    """All branches of one trainer."""

    def __init__(
        self, first: Course, tell: Callable[[TraceEntry], None], checkpoints: Checkpoints | None = None
    ) -> None:
        """`first`: trained until told otherwise; `checkpoints`: from where a branch may begin, beside the beginning."""
        self._courses = {FIRST: first}
        self._tell = tell
        self._checkpoints = checkpoints
        self._pending: deque[Change] = deque()
        self._recall: Recall | None = None
        self._target = 0
        self.name = FIRST
        """Of the branch that is trained."""

    @property
    def names(self) -> list[str]:
        """All names, FIRST at the beginning."""
        return list(self._courses)

    @property
    def course(self) -> Course:
        """What is trained."""
        return self._courses[self.name]

    @property
    def catching_up(self) -> bool:
        """Tell whether the branch is not yet where training was when it began: labels have to wait until it is."""
        return bool(self._pending) or self.course.training.attempts < self._target

    @property
    def progress(self) -> str:
        """How far it has come while it catches up, for people; else empty."""
        if not self.catching_up:
            return ""
        return f"{self.name}: step {self.course.training.attempts:,} of {self._target:,}"

    def begin(self, name: str, gone: Sequence[int], events: Mapping[int, LabelEvent]) -> None:
        """Begin a branch of the current one, in which the entries `gone` were never made.

        `events`: the journal, by seq. Raises InputError, saying what was expected.
        """
        before = self.course
        self._check(name, gone, events)
        checkpoint = self._checkpoint_before(min(gone), before.changes)
        training = _like(before.training)
        done: Sequence[Change] = ()
        if checkpoint is not None:
            training.restore(checkpoint.tensors, checkpoint.counts)
            done = checkpoint.changes
        course = Course(training, before.recipe, uuid.uuid4().hex, self._tell, done, gone=(*before.gone, *gone))
        if checkpoint is None:
            course.begin()
        else:
            course.begin(What.BRANCH, checkpoint.place)
        self._pending = deque(without(before.changes[len(done) :], course.gone))
        self._recall = Recall(len(training), events)
        self._target = before.training.attempts
        self._courses[name], self.name = course, name

    def _check(self, name: str, gone: Sequence[int], events: Mapping[int, LabelEvent]) -> None:
        if self.catching_up:
            raise InputError(f"branch {self.name!r} is still catching up, expected to wait for it")
        if not (1 <= len(name) <= 100 and name.isprintable()) or name in self._courses:
            raise InputError(f"branch {name!r}, expected 1 to 100 printable characters and a name of its own")
        missing = [seq for seq in gone if seq not in events]
        if missing or not gone:
            raise InputError(f"branch {name!r} is without entries {missing or 'none'}, expected some of the journal")

    def _checkpoint_before(self, seq: int, changes: Sequence[Change]) -> Checkpoint | None:
        """Return the newest checkpoint on the way to `changes` that had not heard of entry `seq`; None: none has."""
        for place in self._checkpoints.newest_first() if self._checkpoints else ():
            try:
                found = read_checkpoint(place)
            except InputError:
                continue  # An earlier one will do; whoever resumes is told.
            if found.said.seq < seq and found.changes == tuple(changes[: len(found.changes)]) and self._fits(found):
                return found
        return None

    def _fits(self, checkpoint: Checkpoint) -> bool:
        course = self.course
        same = checkpoint.recipe == course.recipe
        return same and checkpoint.attempts <= course.training.attempts

    def switch(self, name: str) -> None:
        """Go on with the branch `name`. Raises InputError if there is none."""
        if name not in self._courses:
            raise InputError(f"branch {name!r} is not known, expected one of {self.names}")
        if self.catching_up:
            raise InputError(f"branch {self.name!r} is still catching up, expected to wait for it")
        self.name, self._target = name, 0

    def do_due(self) -> npt.NDArray[np.int16] | None:
        """While it catches up: have other labels where they are due at this step; return those (N,) of them."""
        course, labels = self.course, None
        while self._pending and self._pending[0].attempts <= course.training.attempts:
            change = self._pending.popleft()
            if not change.back and self._recall is not None:
                labels = self._recall.labels(change.said)
                course.use_labels(labels, change.said)
        return labels


def _like(training: Training) -> Training:
    """Return new training with the same inputs, neighbours and parameters."""
    new = Training(training.inputs.cpu().numpy(), training.parameters, str(training.device))
    new.set_neighbours(training.neighbours.astype(np.int32))
    return new
