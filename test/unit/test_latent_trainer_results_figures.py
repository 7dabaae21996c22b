"""The numbers in a report, and which items it shows."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from outcomes import ITEMS, MARKS, columns, mark, marks, outcome, pictures, with_predictions
from sklearn.metrics import confusion_matrix

from latent_trainer.results.figures import (
    best_guesses,
    category_figures,
    confusion,
    examples,
    headline,
    uncertain_items,
)
from latentvr_common.cloud import NONE

torch.set_num_threads(1)

TRUTH = np.arange(ITEMS) % 2 * 2
"""Of `pictures`, in ids of categories."""
EVERY_THIRD_WRONG = np.where(np.arange(ITEMS) % 3 == 0, 2 - TRUTH, TRUTH)


def test_the_numbers_at_the_top() -> None:
    found = headline(with_predictions(outcome(), EVERY_THIRD_WRONG, 0.75))
    assert (found.items, found.marks, found.labelled) == (ITEMS, 4, 15)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.purity == pytest.approx(6 / 15)  # the even ones of 0 to 5, the odd ones of 6 to 11, no other
    assert found.confidence == pytest.approx(0.75)


def test_what_is_not_known_is_nan() -> None:
    without_truth = headline(outcome(columns()))
    assert math.isnan(without_truth.accuracy)
    assert math.isnan(without_truth.purity)
    assert 0 < without_truth.confidence <= 1
    without_labels = headline(outcome(said=marks()))
    assert without_labels.labelled == 0
    assert math.isnan(without_labels.accuracy)
    assert math.isnan(without_labels.purity)
    assert math.isnan(without_labels.confidence)


def test_each_category_that_occurs_has_its_numbers() -> None:
    zero, two, unknown = category_figures(with_predictions(outcome(), EVERY_THIRD_WRONG, np.linspace(0, 1, ITEMS)))
    assert (zero.id, zero.predicted, zero.labelled) == (0, 30, 6)
    assert zero.confidence == pytest.approx(np.linspace(0, 1, ITEMS)[EVERY_THIRD_WRONG == 0].mean())
    assert (two.id, two.predicted, two.labelled) == (2, 30, 6)
    assert zero.right == two.right == pytest.approx(2 / 3)
    assert (unknown.id, unknown.predicted, unknown.labelled) == (9, 0, 3)
    assert math.isnan(unknown.right)
    assert category_figures(outcome(said=marks())) == []


def test_the_matrix_is_that_of_an_independent_library() -> None:
    predicted = np.random.default_rng(0).choice([0, 2, 9], ITEMS)
    found = confusion(with_predictions(outcome(), predicted, 0.5))
    assert found is not None
    assert found.ids == [0, 2, 9]
    np.testing.assert_array_equal(found.counts, confusion_matrix(TRUTH, predicted, labels=[0, 2, 9]))


def test_items_of_no_category_of_the_session_are_the_last_row_and_column() -> None:
    only_one = marks(*MARKS, categories=marks().categories[:1])
    found = confusion(with_predictions(outcome(said=only_one), [0, 2, 9] * 20, 0.5))
    assert found is not None
    assert found.ids == [0, 2, 9, NONE]
    truth = np.where(TRUTH == 2, NONE, 0)
    np.testing.assert_array_equal(found.counts, confusion_matrix(truth, [0, 2, 9] * 20, labels=found.ids))


def test_the_most_frequent_mistakes_come_first_and_what_is_right_is_none() -> None:
    predicted = TRUTH.copy()
    predicted[[0, 2, 4]], predicted[[1, 3]], predicted[5] = 2, 9, 0
    found = confusion(with_predictions(outcome(), predicted, 0.5))
    assert found is not None
    assert found.most_frequent(2) == [(0, 2, 3), (2, 9, 2)]
    assert found.most_frequent(9) == [(0, 2, 3), (2, 9, 2), (2, 0, 1)]


def test_there_is_no_matrix_without_truth_or_without_predictions() -> None:
    assert confusion(outcome(columns())) is None
    assert confusion(outcome(said=marks())) is None


def test_uncertain_items_are_those_without_a_label_in_the_order_of_their_confidence() -> None:
    confidence = np.random.default_rng(1).permutation(ITEMS) / ITEMS
    result = with_predictions(outcome(), TRUTH, confidence)
    found = uncertain_items(result, 10)
    order = [i for i in np.argsort(confidence) if result.marks.labels[i] == NONE]
    assert found.tolist() == order[:10]
    assert len(uncertain_items(result, 1000)) == ITEMS - 15
    assert len(uncertain_items(outcome(said=marks()), 10)) == 0
    all_marked = marks(mark(1, 0, *range(30)), mark(2, 2, *range(30, ITEMS)))
    assert len(uncertain_items(outcome(said=all_marked), 10)) == 0


@pytest.mark.parametrize("data", [pictures(), pictures(5, 6, 3), columns()], ids=["grey", "colour", "rows"])
def test_the_best_guess_is_the_prediction(data: object) -> None:
    result = outcome(data)  # type: ignore[arg-type]
    items = np.array([3, 40, 7])
    found = best_guesses(result, items, 2)
    assert [guesses[0][0] for guesses in found] == result.encoded.predicted[items].tolist()
    np.testing.assert_allclose([guesses[0][1] for guesses in found], result.encoded.confidence[items], atol=1e-5)
    assert all(len(guesses) == 2 and guesses[0][1] >= guesses[1][1] for guesses in found)
    assert all(len(guesses) == 3 for guesses in best_guesses(result, items, 50))


def test_examples_are_the_surest_and_others_at_random_of_those_taken_for_a_category() -> None:
    confidence = np.random.default_rng(1).permutation(ITEMS) / ITEMS
    result = with_predictions(outcome(), TRUTH, confidence)
    surest, random = examples(result, 2, 5)
    of_two = np.flatnonzero(TRUTH == 2)
    assert surest.tolist() == of_two[np.argsort(-confidence[of_two])][:5].tolist()
    assert len(random) == 5
    assert set(random.tolist()) <= set(of_two.tolist()) - set(surest.tolist())
    np.testing.assert_array_equal(examples(result, 2, 5)[1], random)
    assert examples(replace(result, seed=8), 2, 5)[1].tolist() != random.tolist()


def test_examples_of_few_items_are_these() -> None:
    few = np.where(np.arange(ITEMS) < 3, 2, 0)
    surest, random = examples(with_predictions(outcome(), few, 0.5), 2, 2)
    assert (surest.tolist(), random.tolist()) == ([0, 1], [2])
    surest, random = examples(outcome(said=marks()), 2, 2)
    assert (len(surest), len(random)) == (0, 0)
