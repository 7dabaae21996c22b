"""The course that training takes: steps, and all else that is done to the network, with a trace of it.

Whatever further steps depend on is done through this, and never by the clock: so the trace is all that is needed to do
it again. Lives on the thread of its Training.
"""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from latent_trainer.changes import Change
from latent_trainer.checkpoints import Checkpoint
from latent_trainer.recipe import Recipe, text_of_beginning
from latent_trainer.training import NotFiniteError, StepFailedError, Training
from latentvr_common.trace import Place, Said, TraceEntry, What

_CHECK_STEPS = 256


def labels_digest(labels: npt.NDArray[np.int16]) -> str:
    """Return the SHA-256, in hex, of labels (N,)."""
    return hashlib.sha256(labels.astype("<i2").tobytes()).hexdigest()


class Course:
    """One run of training."""

    def __init__(
        self,
        training: Training,
        recipe: Recipe,
        run: str,
        tell: Callable[[TraceEntry], None],
        changes: Sequence[Change] = (),
        gone: Sequence[int] = (),
    ) -> None:
        """`run`: its name; `tell` is called with every entry; `changes`: so far, in earlier runs.

        `gone`: entries of the journal that are never to have been made.
        """
        self.training = training
        self.recipe = recipe
        self.gone = tuple(sorted(set(gone) | set(changes[-1].said.without if changes else ())))
        """Entries of the journal without which it is trained."""
        self._run = run
        self._tell = tell
        self._changes = list(changes)
        self._next = 0
        self._ended = False
        self._told_at = training.attempts
        self._epoch = training.epoch
        self._losses: list[float] = []
        self._norms: list[float] = []

    @property
    def place(self) -> Place:
        """The newest entry."""
        return Place(self._run, self._next - 1)

    @property
    def said(self) -> Said:
        """The labels in force."""
        return self._changes[-1].said if self._changes else Said()

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes since training began, those of the runs before this one too."""
        return tuple(self._changes)

    def begin(self, what: What = What.BEGIN, parent: Place | None = None) -> None:
        """Tell how the run begins; nothing may be done before."""
        self._note(what, text=text_of_beginning(self.recipe, self._changes), parent=parent)

    def checkpoint(self) -> Checkpoint | None:
        """Return all from which to go on later; None where there are numbers with which one cannot."""
        tensors, counts = self.training.state()
        if self._ended or not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
            return None
        return Checkpoint(tensors, counts, self.place, self.changes, self.recipe)

    def step(self) -> None:
        """Make a step; see Training.step. Raises NotFiniteError where training cannot go on, which ends the run.

        Where a step cannot be computed training goes back, as from numbers that are not finite.
        """
        try:
            self.training.step()
        except StepFailedError as error:
            self.go_back(str(error))
            return
        except NotFiniteError as error:
            self._keep_step()
            self.end(str(error))
            raise
        self._keep_step()
        if self.training.epoch > self._epoch or self.training.attempts - self._told_at >= _CHECK_STEPS:
            self._note(What.CHECK)

    def use_labels(self, labels: npt.NDArray[np.int16], said: Said) -> None:
        """Train with labels (N,), which follow from `said`, from the next step on."""
        self.training.set_labels(labels)
        self._changes.append(Change(self.training.attempts, said))
        self._note(What.LABELS, labels=labels)

    def go_back(self, reason: str) -> None:
        """See Training.go_back."""
        try:
            self.training.go_back(reason)
        except NotFiniteError as error:
            self.end(str(error))
            raise
        self._changes.append(Change(self.training.attempts, self.said, reason))
        self._note(What.RETURN, text=reason)

    def end(self, reason: str = "") -> None:
        """Tell that no more steps are made, and why, if they could not be. The first reason counts."""
        if not self._ended:
            self._note(What.END, text=reason)
            self._ended = bool(reason)

    def _keep_step(self) -> None:
        loss, norm = self.training.newest_step
        self._losses.append(loss)
        self._norms.append(norm)

    def _note(
        self,
        what: What,
        *,
        text: str = "",
        parent: Place | None = None,
        labels: npt.NDArray[np.int16] | None = None,
    ) -> None:
        training = self.training
        entry = TraceEntry(
            what,
            Place(self._run, self._next),
            training.attempts,
            training.step_count,
            training.epoch,
            parent,
            self.said,
            "" if labels is None else labels_digest(labels),
            training.weights_digest() if labels is None else "",
            training.latents_digest() if labels is None else "",
            np.array(self._losses, dtype=np.float32),
            np.array(self._norms, dtype=np.float32),
            text,
        )
        self._losses, self._norms = [], []
        self._next += 1
        self._told_at, self._epoch = training.attempts, training.epoch
        self._tell(entry)
