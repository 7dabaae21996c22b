"""Several courses of one training, of which one is trained: what was, and what would be without some marks.

Lives on the thread of its Training.
"""

import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from latent_trainer.changes import Change
from latent_trainer.checkpoints import Branch, Checkpoint, Checkpoints, read_checkpoint
from latent_trainer.course import Course
from latent_trainer.recall import Recall
from latent_trainer.rerun import without
from latent_trainer.training import Training
from latentvr_common.errors import InputError
from latentvr_common.labels import LabelEvent
from latentvr_common.trace import TraceEntry, What

FIRST = ""
"""Name of the branch that was there first."""


_MOST = 16
"""Branches; for all of them there is a checkpoint on the disk, the newest of each."""


class Branches:
    """All branches of one trainer."""

    def __init__(
        self,
        course: Course,
        tell: Callable[[TraceEntry], None],
        checkpoints: Checkpoints | None = None,
        keep: Callable[[Checkpoint], object] = lambda checkpoint: None,
        resumed: Sequence[Checkpoint] = (),
    ) -> None:
        """`course`: trained until told otherwise; `checkpoints`: from where a branch may begin, beside the beginning.

        `keep` is given where a branch is left and where another is gone on with. `resumed`: from where `course` goes
        on, then where the other branches were left; nothing: there is no other branch.
        """
        self._tell = tell
        self._checkpoints = checkpoints
        self._keep = keep
        self._pending: deque[Change] = deque()
        self._recall: Recall | None = None
        self._target = 0
        self.name = resumed[0].branch.name if resumed else FIRST
        """Of the branch that is trained."""
        self._courses = {self.name: course}
        self._left = {checkpoint.branch.name: checkpoint for checkpoint in resumed[1:]}
        """Where those were left before training was resumed that have no course yet."""
        in_order = sorted((checkpoint.branch.begun, checkpoint.branch.name) for checkpoint in resumed)
        self._begun = [FIRST, *(name for _, name in in_order if name != FIRST)]

    @property
    def names(self) -> list[str]:
        """All names, FIRST at the beginning."""
        return list(self._begun)

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

    def checkpoint(self) -> Checkpoint | None:
        """Return all from which to go on later with what is trained; None: it is catching up, or one cannot."""
        found = None if self.catching_up else self.course.checkpoint()
        return found and replace(found, branch=Branch(self.name, self._begun.index(self.name), self.course.gone))

    def begin(self, name: str, gone: Sequence[int], events: Mapping[int, LabelEvent], *, step: int = 0) -> None:
        """Begin a branch of the current one, in which the entries `gone` were never made.

        `events`: the journal, by seq. `step`: of an earlier moment, from which the branch goes on; 0: from where
        training is. Raises InputError, saying what was expected.
        """
        before = self.course
        self._check(name, gone, events, step)
        # Tried steps are what counts here; where some were skipped, it is a little before that moment.
        target = step or before.training.attempts
        found = self._checkpoint_before(min(gone, default=None), target)
        self._keep_this()
        course = self._new_course(found, (*before.gone, *gone))
        if found is None:
            course.begin()
        else:
            course.begin(What.BRANCH, found.place)
        rest = before.changes[len(course.changes) :]
        self._pending = deque(c for c in without(rest, course.gone) if c.attempts <= target)
        self._recall = Recall(len(course.training), events)
        self._target = target
        self._courses[name], self.name = course, name
        self._begun.append(name)

    def _new_course(self, checkpoint: Checkpoint | None, gone: Sequence[int]) -> Course:
        """Return a course from `checkpoint` on, or from nothing, like the current one, in which `gone` never were."""
        like = self.course
        training = _like(like.training)
        if checkpoint is not None:
            training.restore(checkpoint.tensors, checkpoint.counts)
        changes = checkpoint.changes if checkpoint is not None else ()
        return Course(training, like.recipe, uuid.uuid4().hex, self._tell, changes, gone)

    def _check(self, name: str, gone: Sequence[int], events: Mapping[int, LabelEvent], step: int) -> None:
        if self.catching_up:
            raise InputError(f"branch {self.name!r} is still catching up, expected to wait for it")
        if not (1 <= len(name) <= 100 and name.isprintable()) or name in self._begun:
            raise InputError(f"branch {name!r}, expected 1 to 100 printable characters and a name of its own")
        missing = [seq for seq in gone if seq not in events]
        if missing or not (gone or step):
            raise InputError(f"branch {name!r} is without entries {missing or 'none'}, expected some of the journal")
        if step > self.course.training.attempts:
            made = self.course.training.attempts
            raise InputError(f"branch {name!r} goes on from step {step}, expected at most {made}, where training is")
        if len(self._begun) >= _MOST:
            raise InputError(f"there are {_MOST} branches, expected fewer before another is begun")

    def _checkpoint_before(self, seq: int | None, attempts: int) -> Checkpoint | None:
        """Return the newest checkpoint of the current branch, up to a step, that had not heard of entry `seq`.

        None: there is none.
        """
        for place in self._checkpoints.newest_first() if self._checkpoints else ():
            try:
                found = read_checkpoint(place)
            except InputError:
                continue  # An earlier one will do; whoever resumes is told.
            knows = seq is not None and found.said.seq >= seq
            if not knows and found.attempts <= attempts and self._is_on_the_way(found):
                return found
        return None

    def _is_on_the_way(self, checkpoint: Checkpoint) -> bool:
        """Tell whether the current branch came by it: all that was done by then was done there too."""
        course, count = self.course, len(checkpoint.changes)
        missed = [change for change in course.changes[count:] if change.attempts < checkpoint.attempts]
        return checkpoint.changes == course.changes[:count] and checkpoint.recipe == course.recipe and not missed

    def switch(self, name: str) -> None:
        """Go on with the branch `name`. Raises InputError if there is none."""
        if name not in self._begun:
            raise InputError(f"branch {name!r} is not known, expected one of {self.names}")
        if self.catching_up:
            raise InputError(f"branch {self.name!r} is still catching up, expected to wait for it")
        if name == self.name:
            return
        self._keep_this()
        if name not in self._courses:
            self._courses[name] = self._resumed(self._left.get(name))
        self.name, self._target = name, 0
        self._keep_this()

    def _resumed(self, left: Checkpoint | None) -> Course:
        """Go on with a branch where it was left before training was resumed; None: nobody knows where."""
        if left is None:
            course = self._new_course(None, ())
            course.begin()
        else:
            course = self._new_course(left, left.branch.gone)
            course.begin(What.RESUME, left.place)
        return course

    def _keep_this(self) -> None:
        """Have it written where what is trained has come to."""
        checkpoint = self.checkpoint()
        if checkpoint is not None:
            self._keep(checkpoint)

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
