"""Confidence is what it says: learnt from marks that were left out, checked on truth that training never saw."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
import torch
from brushes import Painted, painted
from scipy.stats import binom, rankdata

from latent_trainer import calibration
from latent_trainer.belief import Belief, Labelled, fit_belief
from latent_trainer.calibration import (
    FOLDS,
    Calibration,
    expected_calibration_error,
    fit_calibration,
    fit_temperature,
    folds_by_mark,
    most_items,
    sample_of_marks,
)
from latent_trainer.familiarity import familiarity, landmarks_of
from latentvr_common.cloud import NONE
from latentvr_common.datasets import load

torch.set_num_threads(1)

Floats = npt.NDArray[np.float64]


# The error of confidence


def error_by_definition(confidence: list[float], right: list[bool], bins: int) -> float:
    members: dict[int, list[int]] = {}
    for i, c in enumerate(confidence):
        members.setdefault(min(int(c * bins), bins - 1), []).append(i)
    gaps = [
        len(m) * abs(sum(right[i] for i in m) / len(m) - sum(confidence[i] for i in m) / len(m))
        for m in members.values()
    ]
    return sum(gaps) / len(confidence)


@pytest.mark.parametrize("bins", [1, 4, 15])
def test_the_calibration_error_is_that_of_the_definition(bins: int) -> None:
    rng = np.random.default_rng(0)
    confidence, right = rng.random(500), rng.random(500) < 0.6
    confidence[:3] = 0.0, 1.0, 0.5
    expected = error_by_definition(confidence.tolist(), right.tolist(), bins)
    assert expected_calibration_error(confidence, right, bins) == pytest.approx(expected, abs=1e-12)


def test_the_calibration_error_counts_items_by_their_weight() -> None:
    rng = np.random.default_rng(1)
    confidence, right, times = rng.random(60), rng.random(60) < 0.5, rng.integers(1, 5, 60)
    repeated = expected_calibration_error(np.repeat(confidence, times), np.repeat(right, times))
    weighted = expected_calibration_error(confidence, right, weights=times.astype(np.float64))
    assert weighted == pytest.approx(repeated, abs=1e-12)


def test_the_calibration_error_of_certain_ones_is_their_share_of_errors_and_of_none_is_not_known() -> None:
    right = np.array([True, True, True, False])
    assert expected_calibration_error(np.ones(4), right) == pytest.approx(0.25)
    assert expected_calibration_error(np.zeros(4), ~right) == pytest.approx(0.25)
    assert np.isnan(expected_calibration_error(np.zeros(0), np.zeros(0, np.bool_)))


# Folds


def test_items_of_one_mark_are_left_out_together_and_something_of_every_category_stays() -> None:
    rng = np.random.default_rng(0)
    targets = np.repeat(np.arange(3), 60)
    marks = targets * 10 + rng.choice(6, 180)
    folds = folds_by_mark(targets, marks, rng.normal(size=(180, 4)))
    assert all(len(set(folds[marks == mark])) == 1 for mark in np.unique(marks))
    assert set(folds) == set(range(FOLDS))
    for fold in range(FOLDS):
        assert set(targets[folds != fold]) == {0, 1, 2}


def test_a_mark_that_is_most_of_its_category_is_cut_into_slices_along_its_widest_direction() -> None:
    rng = np.random.default_rng(1)
    way = rng.permutation(np.linspace(0.0, 10.0, 40))
    view = np.stack([way, 0.1 * rng.normal(size=40)], axis=1) @ np.linalg.qr(rng.normal(size=(2, 2)))[0]
    folds = folds_by_mark(np.zeros(40, np.int64), np.full(40, 7), view)
    assert np.bincount(folds).tolist() == [10] * FOLDS
    in_order = folds[np.argsort(way)]
    assert sum(a != b for a, b in pairwise(in_order)) == FOLDS - 1
    marks = np.where(np.arange(40) < 30, 7, 8)
    assert len(set(folds_by_mark(np.zeros(40, np.int64), marks, view)[:30])) > 1
    assert len(set(folds_by_mark(np.zeros(40, np.int64), marks, view)[30:])) == 1


def test_the_only_item_of_a_category_is_never_left_out() -> None:
    folds = folds_by_mark(np.array([0, 1, 1]), np.array([1, 2, 2]), np.eye(3))
    assert folds[0] == -1
    assert folds[1] != folds[2]
    assert min(folds[1:]) >= 0


def test_a_sample_has_as_many_of_each_mark_as_of_the_others_and_depends_on_the_seed_only() -> None:
    marks = np.repeat([4, 9, 2], [500, 30, 5])
    chosen = sample_of_marks(marks, 45, seed=3)
    assert np.bincount(marks[chosen])[[4, 9, 2]].tolist() == [20, 20, 5]
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, sample_of_marks(marks, 45, seed=3))
    assert not np.array_equal(chosen, sample_of_marks(marks, 45, seed=4))
    np.testing.assert_array_equal(sample_of_marks(marks, 9999, seed=3), np.arange(535))
    assert len(sample_of_marks(np.zeros(0, np.int64), 10, seed=3)) == 0


# The temperature


def drawn_from(logits: torch.Tensor, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.multinomial(torch.softmax(logits, dim=1), 1, generator=generator)[:, 0]


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_temperature_undoes_what_the_logits_were_scaled_by(temperature: float) -> None:
    honest = 2.0 * torch.randn(4000, 5, generator=torch.Generator().manual_seed(1))
    targets = drawn_from(honest)
    found = fit_temperature(honest * temperature, targets, torch.ones(4000))
    assert found == pytest.approx(temperature, rel=0.08)


def test_the_temperature_counts_items_by_their_weight() -> None:
    honest = torch.randn(3000, 3, generator=torch.Generator().manual_seed(1))
    targets, weights = drawn_from(honest), torch.ones(3000)
    targets[:1000] = (targets[:1000] + 1) % 3
    weights[:1000] = 0.0
    assert fit_temperature(honest, targets, weights) == pytest.approx(1.0, rel=0.1)
    assert fit_temperature(honest, targets, torch.ones(3000)) > 1.2


@pytest.mark.parametrize("count", [1, 10, 1000])
def test_where_all_were_right_one_is_as_sure_as_there_were_cases_and_never_certain(count: int) -> None:
    logits = torch.tensor([[8.0, 0.0]]).repeat(count, 1)
    temperature = fit_temperature(logits, torch.zeros(count, dtype=torch.int64), torch.ones(count))
    assert 1 / 20 <= temperature <= 20
    wrong = float(torch.softmax(logits[0] / temperature, dim=0)[1])
    assert wrong == pytest.approx(0.5 / (count + 2), rel=0.05)


def test_the_temperature_of_nothing_is_one_and_of_nonsense_the_highest() -> None:
    assert fit_temperature(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64), torch.zeros(0)) == 1.0
    logits = 30.0 * torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    targets = torch.randint(4, (500,), generator=torch.Generator().manual_seed(1))
    assert fit_temperature(logits, targets, torch.ones(500)) > 15


# Learning from marks


def blobs(spread: float, seed: int = 0) -> tuple[torch.Tensor, npt.NDArray[np.int16], npt.NDArray[np.int32]]:
    """Three overlapping heaps of 800 items; of each, 12 marks of 12 near ones, and the rest without a label."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(3), 800).astype(np.int16)
    view = np.eye(3, 12)[truth] * 3.0 + spread * rng.normal(size=(2400, 12))
    marks = np.zeros(2400, np.int32)
    for mark in range(36):
        middle = rng.choice(np.flatnonzero((truth == mark % 3) & (marks == 0)))
        away = np.linalg.norm(view - view[middle], axis=1) + 1e9 * ((truth != mark % 3) | (marks != 0))
        marks[np.argsort(away)[:12]] = mark + 1
    return torch.from_numpy(view).float(), truth, marks


def fitted(view: torch.Tensor, labels: npt.NDArray[np.int16], marks: npt.NDArray[np.int32]) -> Calibration:
    rows = marks > 0
    found = fit_calibration([view[rows]], labels[rows], marks[rows], np.ones(rows.sum()))
    assert found is not None
    return found


def judged(found: Calibration, view: torch.Tensor) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Confidence of the likeliest category of each item, and that category."""
    each = [found.confidence([view], torch.full((len(view),), c)) for c in range(len(found.categories))]
    confidence, column = torch.stack(each, dim=1).max(dim=1)
    return confidence.numpy().astype(np.float64), column.numpy()


def test_chances_of_all_categories_add_up_to_one() -> None:
    view, truth, marks = blobs(1.5)
    found = fitted(view, truth, marks)
    total = sum(found.confidence([view], torch.full((2400,), c)) for c in range(3))
    np.testing.assert_allclose(np.asarray(total), 1.0, atol=1e-5)


@pytest.mark.parametrize("spread", [1.5, 2.0])
def test_confidence_is_the_share_of_right_ones_and_without_the_temperature_it_is_not(
    spread: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, truth, marks = blobs(spread)
    unseen = marks == 0
    # As a head is that is not told to be modest.
    monkeypatch.setattr(calibration, "_DECAY", 1e-5)
    monkeypatch.setattr(calibration, "_ITERATIONS", 40)
    found = fitted(view, truth, marks)
    hot = replace(found, heads=tuple(replace(h, temperature=1.0) for h in found.heads))
    errors = []
    for one in (found, hot):
        confidence, column = judged(one, view)
        errors.append(expected_calibration_error(confidence[unseen], (column == truth)[unseen]))
    assert errors[0] < 0.06
    assert errors[0] < 0.6 * errors[1]


def test_marks_that_say_nothing_about_each_other_give_no_confidence() -> None:
    """Tight marks of random categories: who learns from one half of a mark knows the other, and nothing else."""
    rng = np.random.default_rng(0)
    marks = np.repeat(np.arange(1, 61), 10).astype(np.int32)
    view = torch.from_numpy(rng.normal(size=(61, 40))[marks] + 0.01 * rng.normal(size=(600, 40))).float()
    labels = rng.integers(0, 3, 61)[marks].astype(np.int16)
    found = fitted(view, labels, marks)
    confidence, _ = judged(found, torch.from_numpy(rng.normal(size=(500, 40))).float())
    assert confidence.mean() < 0.45


@pytest.mark.parametrize("labels", [[], [3], [3, 3, 3]])
def test_nothing_is_learnt_from_less_than_two_categories(labels: list[int]) -> None:
    count = len(labels)
    view = torch.randn(count, 5)
    assert fit_calibration([view], np.array(labels, np.int16), np.arange(count), np.ones(count)) is None


STRANGE: dict[str, Callable[[], tuple[torch.Tensor, list[int], list[int]]]] = {
    "one item each": lambda: (torch.eye(2, 4), [0, 5], [1, 2]),
    "one item and many": lambda: (torch.eye(9, 4), [0] + [5] * 8, [1] + [2] * 8),
    "equal items": lambda: (torch.zeros(8, 4), [0, 5] * 4, [1, 2] * 4),
    "huge values": lambda: (1e6 * torch.eye(8), [0, 5] * 4, [1, 2] * 4),
    "separable": lambda: (torch.eye(2, 4).repeat(50, 1), [0, 5] * 50, [1, 2, 3, 4] * 25),
    "one column": lambda: (torch.arange(10.0)[:, None], [0] * 5 + [5] * 5, [1] * 5 + [2] * 5),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_few_or_strange_labels_give_a_finite_and_never_a_certain_word(kind: str) -> None:
    view, labels, marks = STRANGE[kind]()
    count = len(labels)
    found = fit_calibration([view, view], np.array(labels, np.int16), np.array(marks), np.ones(count))
    assert found is not None
    assert found.categories == (0, 5)
    confidence = found.confidence([view, view], torch.zeros(count, dtype=torch.int64))
    assert bool(confidence.isfinite().all())
    assert 0 <= float(confidence.min()) <= float(confidence.max()) < 1.0
    assert np.isnan(found.ece) or 0 <= found.ece <= 1


def test_going_on_from_before_comes_to_the_same() -> None:
    view, truth, marks = blobs(1.5)
    rows, ones = marks > 0, np.ones((marks > 0).sum())
    cold = fit_calibration([view[rows]], truth[rows], marks[rows], ones)
    assert cold is not None
    warm = fit_calibration([view[rows] + 0.01], truth[rows], marks[rows], ones, cold)
    assert warm is not None
    a, b = (judged(found, view)[0] for found in (cold, warm))
    np.testing.assert_allclose(a, b, atol=0.03)


def test_labels_that_are_not_trusted_do_not_count() -> None:
    view, truth, marks = blobs(1.0)
    labels, trust = truth.copy(), np.ones(2400)
    wrong = np.flatnonzero(marks > 0)[::3]
    labels[wrong] = (labels[wrong] + 1) % 3
    trust[wrong] = 1e-3
    rows = marks > 0
    careless = fit_calibration([view[rows]], labels[rows], marks[rows], np.ones(rows.sum()))
    careful = fit_calibration([view[rows]], labels[rows], marks[rows], trust[rows])
    assert careless is not None
    assert careful is not None
    right = [(judged(found, view)[1] == truth)[~rows].mean() for found in (careless, careful)]
    assert judged(careful, view)[0].mean() > judged(careless, view)[0].mean() + 0.1
    assert right[1] >= right[0]


def test_the_more_categories_the_fewer_items_are_looked_at() -> None:
    counts = [most_items(c) for c in (2, 10, 40, 100, 256)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == counts[1] == 4000
    assert counts[-1] >= 512


# Familiarity


def test_familiarity_is_one_around_labels_and_falls_with_the_distance() -> None:
    rng = np.random.default_rng(2)
    inputs = rng.normal(size=(300, 6)).astype(np.float32)
    inputs[200:] *= 6.0
    rows = np.arange(0, 120)
    seen = torch.from_numpy(inputs)
    found = familiarity(seen, landmarks_of(seen, rows, np.arange(120), seed=0)).numpy()
    away = np.linalg.norm(inputs[:, None] - inputs[None, rows], axis=2)
    own = away[rows]
    own[np.arange(120), np.arange(120)] = np.inf
    usual = np.quantile(own.min(axis=1), 0.75)
    expected = 1 / (1 + np.maximum(away.min(axis=1) / usual - 1, 0) ** 2)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert (found[rows] == 1.0).all()
    assert found[200:].mean() < 0.3 < found[120:200].mean()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_familiarity_is_finite_where_labelled_items_are_few_or_equal(count: int) -> None:
    inputs = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    inputs[:count] = inputs[0]
    found = familiarity(inputs, landmarks_of(inputs, np.arange(count), np.ones(count, np.int32), seed=0))
    assert bool(found.isfinite().all())
    assert float(found.min()) > 0
    np.testing.assert_allclose(found[:count].numpy(), 1.0)


# A network


@pytest.fixture(scope="module")
def digits() -> Painted:
    return painted(load("digits"), list(range(10)))


@pytest.fixture(scope="module")
def seven_digits() -> Painted:
    return painted(load("digits"), list(range(7)))


@pytest.mark.parametrize("threshold", [0.8, 0.9])
@pytest.mark.parametrize("known", ["ten", "seven"])
def test_of_the_digits_of_some_confidence_at_least_as_many_are_right(
    known: str, threshold: float, request: pytest.FixtureRequest
) -> None:
    """Truth is used here only: among those never marked. With three categories never named, too."""
    run: Painted = request.getfixturevalue("digits" if known == "ten" else "seven_digits")
    believed = run.unlabelled & (run.encoded.confidence >= threshold)
    count = int(believed.sum())
    assert count > 0.1 * len(run.truth)
    assert run.right[believed].sum() >= binom.ppf(0.01, count, threshold)


def test_confidence_is_nearer_to_the_truth_than_the_networks_own_word(seven_digits: Painted) -> None:
    run, rest = seven_digits, seven_digits.unlabelled
    errors = [expected_calibration_error(e.confidence[rest], run.right[rest]) for e in (run.alone, run.encoded)]
    assert errors[1] < 0.5 * errors[0]


def auroc(scores: npt.NDArray[np.float32], positive: npt.NDArray[np.bool_]) -> float:
    """Chance that a positive one has the higher score."""
    ranks, count = rankdata(scores), int(positive.sum())
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count)))


def test_items_of_categories_that_nobody_named_get_less_confidence(seven_digits: Painted) -> None:
    rest = seven_digits.unlabelled
    named = np.isin(seven_digits.truth, range(7))[rest]
    confidence = seven_digits.encoded.confidence[rest]
    assert auroc(confidence, named) > 0.8
    assert np.median(confidence[named]) > 2 * np.median(confidence[~named])


def test_belief_moves_nothing_and_predicts_nothing_else(digits: Painted) -> None:
    np.testing.assert_array_equal(digits.alone.positions, digits.encoded.positions)
    np.testing.assert_array_equal(digits.alone.predicted, digits.encoded.predicted)
    assert 0 <= digits.encoded.confidence.min() <= digits.encoded.confidence.max() <= 1
    belief = digits.training.belief
    assert belief is not None
    assert 0 < belief.calibration.ece < 0.2


def test_fitting_draws_no_random_numbers_and_gives_the_same_again(digits: Painted) -> None:
    training, before = digits.training, torch.get_rng_state()
    again = [fit_belief(training.inputs, training.average.features, digits.labelled, 1) for _ in range(2)]
    assert torch.equal(torch.get_rng_state(), before)
    a, b = (confidence_of(one, digits) for one in again)
    assert torch.equal(a, b)
    np.testing.assert_array_equal(a.cpu().numpy(), digits.encoded.confidence)


def confidence_of(belief: Belief | None, run: Painted) -> torch.Tensor:
    assert belief is not None
    with torch.no_grad():
        features = run.training.average.features(run.training.inputs)
    columns = torch.from_numpy(np.searchsorted(belief.categories, run.encoded.predicted)).to(run.training.device)
    return belief.confidence(features, run.training.inputs, columns, 0)


def test_nothing_is_believed_of_one_category_or_of_numbers_that_are_none(digits: Painted) -> None:
    training = digits.training
    one = Labelled(
        np.where(digits.labelled.labels == 3, 3, NONE).astype(np.int16), digits.labelled.marks, digits.labelled.trust
    )
    assert fit_belief(training.inputs, training.average.features, one, 1) is None
    assert fit_belief(training.inputs, lambda x: x * torch.nan, digits.labelled, 1) is None
