"""A small training whose journal and plan are known: replays, checkpoints and branches are held against it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from latent_trainer.beginning import Beginning
from latent_trainer.branches import Branches
from latent_trainer.checkpoints import Checkpoint, Checkpoints
from latent_trainer.course import Course
from latent_trainer.graph import nearest_neighbours
from latent_trainer.parameters import Parameters
from latent_trainer.recall import Recall
from latent_trainer.recipe import Recipe, digest_of, make_recipe
from latent_trainer.rerun import Rerun, Tally
from latent_trainer.story import Story, make_story
from latent_trainer.training import Training
from latentvr_common.labels import Kind, LabelEvent
from latentvr_common.trace import Said, TraceEntry

ITEMS = 90
INPUTS = (np.random.default_rng(0).normal(size=(ITEMS, 6)) + np.repeat(np.eye(3, 6) * 3, 30, axis=0)).astype(np.float32)
NEIGHBOURS = nearest_neighbours(INPUTS, 5, 1)
SETTINGS = Parameters(width=16, batch=16, label_batch=12, average_steps=10, seed=3)


def mark(seq: int, category: int, ids: Sequence[int], author: str = "a") -> LabelEvent:
    return LabelEvent(f"mark-{seq}", Kind.ASSIGN, category, np.array(ids, np.uint32), author=author, seq=seq)


EVENTS = {
    1: mark(1, 0, range(0, 12)),
    2: mark(2, 1, range(30, 40)),
    3: mark(3, 2, range(58, 70), "b"),
    4: LabelEvent("undo", Kind.RETRACT, target_seq=2, seq=4),
    5: mark(5, 1, range(28, 36)),
    6: LabelEvent("redo", Kind.RESTORE, target_seq=2, seq=6),
}
PLAN = {20: 1, 33: 2, 34: 3, 60: 4, 60.5: 5, 75: 6}


def new_training(recipe: Recipe | None = None) -> Training:
    return Training(INPUTS, SETTINGS, "cpu")


def new_recipe() -> Recipe:
    return replace(make_recipe(SETTINGS, "digest", INPUTS, 1, "cpu"), neighbours=digest_of(NEIGHBOURS))


def ready(recipe: Recipe | None = None) -> Training:
    training = new_training()
    training.set_neighbours(NEIGHBOURS)
    return training


@dataclass
class Session:
    """One trainer's life after the other, and what was recorded of them."""

    checkpoints: Checkpoints | None = None
    entries: list[TraceEntry] = field(default_factory=list)
    events: dict[int, LabelEvent] = field(default_factory=lambda: dict(EVENTS))
    said: list[str] = field(default_factory=list)

    def begin(self) -> Course:
        return self.begin_branches().course

    def begin_branches(self, keep: Callable[[Checkpoint], object] = lambda checkpoint: None) -> Branches:
        beginning = Beginning(self.checkpoints, self.entries.append, self.said.append)
        training = new_training()
        beginning.restore(training, new_recipe())
        return beginning.branches(training, new_recipe(), NEIGHBOURS, keep)

    @property
    def story(self) -> Story:
        return make_story(self.events.values(), self.entries, "the bag")


def run(course: Course, until: int, plan: dict[float, int] = PLAN, events: dict[int, LabelEvent] = EVENTS) -> Course:
    """Make steps up to `until`, and take in the entries of the journal that the plan has on the way."""
    recall = Recall(ITEMS, events)
    for at, seq in sorted(plan.items()):
        if int(at) >= until or seq <= course.said.seq:
            continue
        while course.training.attempts < int(at):
            course.step()
        said = Said(seq, course.gone)
        course.use_labels(recall.labels(said), said)
    while course.training.attempts < until:
        course.step()
    return course


def again(story: Story, *, go_on: bool = False) -> Tally:
    return Rerun(story, ready, go_on=go_on).run()


def labels_without(gone: int) -> dict[int, LabelEvent]:
    """The journal in which entry `gone` was never made, with the other entries' numbers as they are."""
    nothing = np.zeros(0, np.uint32)
    return {**EVENTS, gone: LabelEvent("never", Kind.ERASE, sample_ids=nothing, seq=gone)}
