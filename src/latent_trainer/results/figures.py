"""The numbers in a report, and which items it shows."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from latent_trainer.results.outcome import Outcome
from latentvr_common.cloud import NONE

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Headline:
    """How it went, in a few numbers; what is not known is NaN."""

    items: int
    marks: int
    labelled: int
    accuracy: float
    """Share of all items that are predicted right."""
    purity: float
    """Share of right ones among the labels."""
    confidence: float
    """Mean over all items."""


def headline(outcome: Outcome) -> Headline:
    """Return the numbers that stand at the top."""
    labels, predicted, truth = outcome.marks.labels, outcome.encoded.predicted, outcome.truth
    marked, guessed = labels != NONE, predicted != NONE
    return Headline(
        len(outcome.dataset),
        outcome.marks.made,
        int(marked.sum()),
        _mean(predicted == truth) if truth is not None and guessed.any() else math.nan,
        _mean(labels[marked] == truth[marked]) if truth is not None else math.nan,
        _mean(outcome.encoded.confidence) if guessed.any() else math.nan,
    )


def _mean(values: npt.NDArray[np.generic]) -> float:
    return float(values.mean()) if len(values) else math.nan


@dataclass(frozen=True)
class CategoryFigures:
    """One category."""

    id: int
    predicted: int
    """Items that are taken for it."""
    labelled: int
    """Items that have its label."""
    confidence: float
    """Mean over the items taken for it; NaN: none are."""
    right: float
    """Share of right ones among the items taken for it; NaN: not known."""


def category_figures(outcome: Outcome) -> list[CategoryFigures]:
    """Return every category that is predicted or labelled, by id."""
    labels, predicted, truth = outcome.marks.labels, outcome.encoded.predicted, outcome.truth
    found = np.union1d(labels[labels != NONE], predicted[predicted != NONE])
    figures = []
    for category in found.tolist():
        taken = predicted == category
        right = math.nan if truth is None else _mean(truth[taken] == category)
        figures.append(
            CategoryFigures(
                category,
                int(taken.sum()),
                int((labels == category).sum()),
                _mean(outcome.encoded.confidence[taken]),
                right,
            )
        )
    return figures


@dataclass(frozen=True)
class Confusion:
    """What is taken for what. Row i and column j are the categories `ids`; -1, no category, comes last if it occurs."""

    ids: list[int]
    counts: npt.NDArray[np.int64]
    """(K, K), rows: truth."""

    def most_frequent(self, limit: int) -> list[tuple[int, int, int]]:
        """Return truth, prediction and number of the mistakes that occur most."""
        mistakes = self.counts * ~np.eye(len(self.ids), dtype=bool)
        order = np.argsort(-mistakes, axis=None, kind="stable")[:limit]
        pairs = zip(*np.unravel_index(order, mistakes.shape), strict=True)
        return [(self.ids[t], self.ids[p], int(mistakes[t, p])) for t, p in pairs if mistakes[t, p]]


def confusion(outcome: Outcome) -> Confusion | None:
    """Return what is taken for what; None where truth is not known or nothing is predicted."""
    truth, predicted = outcome.truth, outcome.encoded.predicted
    if truth is None or not (predicted != NONE).any():
        return None
    found = np.union1d(truth, predicted)
    ids = [*found[found != NONE].tolist(), *found[found == NONE].tolist()]
    place = np.zeros(int(found.max()) + 2, np.int64)
    place[ids] = np.arange(len(ids))  # -1 is the last place
    counts = np.zeros((len(ids), len(ids)), np.int64)
    np.add.at(counts, (place[truth], place[predicted]), 1)
    return Confusion(ids, counts)


def uncertain_items(outcome: Outcome, limit: int) -> Rows:
    """Return the items (n,) without a label that are predicted with the least confidence, least first."""
    open_ones = np.flatnonzero((outcome.marks.labels == NONE) & (outcome.encoded.predicted != NONE))
    order = np.argsort(outcome.encoded.confidence[open_ones], kind="stable")
    return np.asarray(open_ones[order[:limit]])


@torch.no_grad()
def best_guesses(outcome: Outcome, items: Rows, limit: int) -> list[list[tuple[int, float]]]:
    """Return for each of `items` the likeliest categories with their probabilities, likeliest first.

    The first has the confidence of the prediction, the others less in proportion: what is left of 1 is none of them.
    """
    _, chances, confidence = outcome.model(torch.from_numpy(np.array(outcome.dataset.items[items])))
    known = outcome.model.known_ids
    likely = chances.topk(min(limit, len(known)), dim=1)
    if known:
        likely.values.mul_((confidence / likely.values[:, 0])[:, None])
    return [
        [(known[column], float(chance)) for column, chance in zip(columns, values, strict=True)]
        for columns, values in zip(likely.indices.tolist(), likely.values.tolist(), strict=True)
    ]


def examples(outcome: Outcome, category: int, limit: int) -> tuple[Rows, Rows]:
    """Return at most `limit` items each that are taken for `category`: the surest, surest first; others by chance."""
    taken = np.flatnonzero(outcome.encoded.predicted == category)
    order = np.argsort(-outcome.encoded.confidence[taken], kind="stable")
    surest, others = taken[order[:limit]], taken[order[limit:]]
    random = np.random.default_rng([outcome.seed, category])
    return surest, np.sort(random.permutation(others)[:limit])
