"""Small sessions that came to something, for tests of results."""

from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt

from latent_trainer.batches import label_trust
from latent_trainer.belief import Labelled, fit_belief
from latent_trainer.graph import nearest_neighbours
from latent_trainer.history import History
from latent_trainer.inputs import InputMap, fit_inputs
from latent_trainer.marks import Marks, marks_of
from latent_trainer.parameters import Parameters
from latent_trainer.results.exported import exported_model
from latent_trainer.results.outcome import Outcome
from latent_trainer.training import Training
from latentvr_common.datasets import Dataset
from latentvr_common.labels import Category, Kind, LabelBook, LabelEvent

ITEMS = 60
CATEGORIES = (Category(0, 'cat, "the" best', 0xFF0000), Category(2, "Möwe", 0x00FF00), Category(4, "old", 1, True))
COMPONENTS = 8
SEED = 3


def pictures(*shape: int, names: tuple[str, ...] = ()) -> Dataset:
    """Noise, with truth in terms of CATEGORIES."""
    items = np.random.default_rng(0).integers(0, 256, size=(ITEMS, *(shape or (4, 4))), dtype=np.uint8)
    truth = np.arange(ITEMS).astype(np.int16) % 2
    return Dataset("pictures", items, truth, tuple(c.name for c in CATEGORIES[:2]), item_names=names)


def columns() -> Dataset:
    """Rows of features of very different sizes, one of them constant; no truth."""
    rows = np.random.default_rng(3).normal(5.0, 2.0, (ITEMS, 6)) * [1.0, 100.0, 0.01, 1.0, 1.0, 0.0]
    return Dataset("columns", rows.astype(np.float32))


def mark(seq: int, category: int, *items: int, author: str = "ada") -> LabelEvent:
    """A mark by hand."""
    ids = np.array(items, np.uint32)
    return LabelEvent(f"mark-{seq}", Kind.ASSIGN, category, ids, author=author, gesture="stroke", seq=seq)


MARKS = (mark(1, 0, *range(6)), mark(2, 2, *range(6, 12), author="bo"), mark(3, 9, 12, 13, 14), mark(4, 4, 15, 16))
"""Of a category that is there, of another, of one that nobody knows, and of one that is retired."""


def marks(*events: LabelEvent, categories: tuple[Category, ...] = CATEGORIES) -> Marks:
    """What these entries say."""
    book = LabelBook(ITEMS)
    book.add_all(events)
    book.judge_by(categories)
    return marks_of(book, categories)


class Run:
    """A session: what is trained, and what it came to."""

    def __init__(self, dataset: Dataset, said: Marks, steps: int = 5) -> None:
        self.dataset = dataset
        self.said = said
        self.input_map, inputs = fit(dataset)
        self.training = Training(inputs, Parameters(width=16, components=COMPONENTS, batch=16, seed=SEED), "cpu")
        self.training.set_neighbours(nearest_neighbours(inputs, 5, 1))
        self.training.set_labels(said.labels)
        for _ in range(steps):
            self.training.step()
        self.fit_belief()

    def fit_belief(self) -> None:
        """Find out how far to believe what the network says now."""
        said, training = self.said, self.training
        labelled = Labelled(said.labels, said.origins, label_trust(said.labels, training.neighbours))
        training.belief = fit_belief(training.inputs, training.average.features, labelled, SEED)

    def outcome(self) -> Outcome:
        """What it has come to now."""
        history = History()
        history.note_labels(marks())
        history.note_labels(self.said)
        return Outcome(
            dataset=self.dataset,
            encoded=self.training.encode(),
            model=exported_model(self.training, self.input_map),
            marks=self.said,
            history=history.moments(),
            seed=SEED,
            epoch=self.training.epoch,
            step=self.training.step_count,
        )


def fit(dataset: Dataset) -> tuple[InputMap, npt.NDArray[np.float32]]:
    """The network's inputs."""
    return fit_inputs(dataset, COMPONENTS, SEED)


def outcome(dataset: Dataset | None = None, said: Marks | None = None) -> Outcome:
    """What a session of a few steps came to: by default with `pictures` and MARKS."""
    if dataset is None and said is None:
        return _by_default()
    return Run(dataset or pictures(), marks(*MARKS) if said is None else said).outcome()


@cache
def _by_default() -> Outcome:
    return Run(pictures(), marks(*MARKS)).outcome()


def with_predictions(before: Outcome, predicted: npt.ArrayLike, confidence: npt.ArrayLike) -> Outcome:
    """The same, but for what the network says of the items."""
    said = replace(
        before.encoded,
        predicted=np.asarray(predicted, np.int16),
        confidence=np.broadcast_to(np.asarray(confidence, np.float32), ITEMS),
    )
    return replace(before, encoded=said)
