"""Training done again, as its trace tells, and compared with it step by step. No thread, no clock, no ROS."""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from latent_trainer.changes import Change
from latent_trainer.counts import Counts
from latent_trainer.course import Course, labels_digest
from latent_trainer.networks import Tensors
from latent_trainer.recall import Recall, RecallLabels
from latent_trainer.recipe import Recipe
from latent_trainer.story import Story
from latent_trainer.training import NotFiniteError, Training
from latentvr_common.trace import Place, TraceEntry, What

_State = tuple[Tensors, Counts]


@dataclass(frozen=True)
class Difference:
    """Where a rerun first was another than what was recorded."""

    run: str
    step: int
    """The step, from 1, counted in tried ones."""
    text: str

    def describe(self) -> str:
        """Return it in one line."""
        return f"step {self.step} of run {self.run[:8]} differs: {self.text}"


@dataclass
class Tally:
    """What has been compared."""

    steps: int = 0
    checks: int = 0
    """Digests of weights and latents."""
    runs: int = 0
    first: Difference | None = None
    deviation: float = 0.0
    """The largest of |loss - recorded| / (1 + |recorded|)."""


class Rerun:
    """Follows a story from its beginnings to the ends of all runs."""

    def __init__(
        self,
        story: Story,
        make_training: Callable[[Recipe], Training],
        on_progress: Callable[[int], None] = lambda steps: None,
        *,
        go_on: bool = False,
    ) -> None:
        """`make_training`: as before the first step; `go_on`: also after a difference, to see how far it gets."""
        self._story = story
        self._make_training = make_training
        self._on_progress = on_progress
        self._go_on = go_on
        self._leaving = {story.parent(run) for run in story.runs}
        self._states: dict[Place, _State] = {}
        self.tally = Tally()

    def run(self) -> Tally:
        """Do all again; return what was found."""
        for root in self._story.roots:
            self._follow(root, None)
        return self.tally

    @property
    def _stopped(self) -> bool:
        return self.tally.first is not None and not self._go_on

    def _follow(self, run: str, state: _State | None) -> None:
        """Do `run` again, then those that go on from it. `state`: of the entry after which it leaves another."""
        entries = self._story.runs[run]
        training = self._make_training(self._story.recipes[run])
        recall = Recall(len(training), self._story.events)
        self.tally.runs += 1
        if state is not None:
            training.restore(*state)
            self._make_steps(training, entries[0].attempts)
        else:
            self._do_before(training, self._story.earlier[run], entries[0].attempts, recall.labels)
        for entry in entries:
            if self._stopped:
                return
            self._do(entry, training, recall.labels)
            if entry.place in self._leaving:
                self._states[entry.place] = training.state()
        for child in self._story.leaving(run):
            parent = self._story.parent(child)
            if parent is not None and not self._stopped:
                self._follow(child, self._states[parent])

    def _make_steps(self, training: Training, attempts: int) -> None:
        """Make steps with which there is nothing to compare."""
        while training.attempts < attempts:
            training.step()
            self._on_progress(training.attempts)

    def _do_before(self, training: Training, changes: Sequence[Change], attempts: int, recall: RecallLabels) -> None:
        """Do what was done before a run whose parent was not recorded."""
        for change in changes:
            self._make_steps(training, change.attempts)
            if change.back:
                training.go_back(change.back)
            else:
                training.set_labels(recall(change.said))
        self._make_steps(training, attempts)

    def _do(self, entry: TraceEntry, training: Training, recall: RecallLabels) -> None:
        for loss, norm in zip(entry.losses, entry.norms, strict=True):
            self._step(entry, training, loss, norm)
        if entry.what is What.LABELS:
            labels = recall(entry.said)
            if labels_digest(labels) != entry.labels_digest:
                self._differs(entry, training.attempts + 1, f"the labels of entries up to {entry.said.seq} are others")
            training.set_labels(labels)
        elif entry.what is What.RETURN:
            training.go_back(entry.text)
        if entry.weights_digest:
            self._check(entry, training)

    def _step(self, entry: TraceEntry, training: Training, loss: np.float32, norm: np.float32) -> None:
        before = training.attempts
        try:
            training.step()
        except NotFiniteError as error:
            if not (entry.what is What.END and entry.text == str(error)):
                self._differs(entry, before + 1, f"training cannot go on: {error}")
        self.tally.steps += 1
        made, recorded = np.array(training.newest_step, np.float32), np.array([loss, norm], np.float32)
        if not np.array_equal(made, recorded, equal_nan=True):
            self._differs(
                entry,
                before + 1,
                f"loss {made[0]:.9g} and gradient {made[1]:.9g}, recorded {recorded[0]:.9g} and {recorded[1]:.9g}",
            )
            self._note_deviation(float(made[0]), float(recorded[0]))
        self._on_progress(self.tally.steps)

    def _note_deviation(self, made: float, recorded: float) -> None:
        deviation = abs(made - recorded) / (1.0 + abs(recorded))
        self.tally.deviation = max(self.tally.deviation, deviation if math.isfinite(deviation) else math.inf)

    def _check(self, entry: TraceEntry, training: Training) -> None:
        self.tally.checks += 1
        if training.weights_digest() != entry.weights_digest:
            self._differs(entry, training.attempts, "its weights are others")
        elif training.latents_digest() != entry.latents_digest:
            self._differs(entry, training.attempts, "its latents are others")

    def _differs(self, entry: TraceEntry, step: int, text: str) -> None:
        if self.tally.first is None:
            self.tally.first = Difference(entry.place.run, step, text)


def catch_up(course: Course, changes: Sequence[Change], recall: RecallLabels, attempts: int) -> None:
    """Have `course` take in `changes` of labels at the steps at which they came, up to step `attempts`.

    That another network had to be gone back to is no matter here.
    """
    for change in changes:
        if change.attempts > attempts:
            break
        while course.training.attempts < change.attempts:
            course.step()
        if not change.back:
            course.use_labels(recall(change.said), change.said)
    while course.training.attempts < attempts:
        course.step()


def without(changes: Sequence[Change], seqs: Collection[int]) -> list[Change]:
    """Return the same changes, had the journal's entries `seqs` never been made."""
    return [change.without(frozenset(seqs)) for change in changes]
