"""What is proposed is believed and unlabelled; the audit is a fair sample of it; nothing is labelled."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binom

from latent_trainer.proposals import propose, why_not
from latent_trainer.training import Encoded
from latentvr_common.cloud import NONE

ITEMS = 4000


def predictions() -> Encoded:
    rng = np.random.default_rng(0)
    predicted = rng.integers(-1, 4, ITEMS).astype(np.int16)
    confidence = np.where(predicted == NONE, 0.0, rng.random(ITEMS)).astype(np.float32)
    return Encoded(np.zeros((ITEMS, 3), np.float32), predicted, confidence)


def some_labels() -> npt.NDArray[np.int16]:
    return np.where(np.random.default_rng(1).random(ITEMS) < 0.2, 2, NONE).astype(np.int16)


@pytest.mark.parametrize("category", [NONE, 3])
@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.9])
def test_exactly_the_unlabelled_items_that_are_believed_are_proposed(threshold: float, category: int) -> None:
    encoded, labels = predictions(), some_labels()
    found = propose(encoded, labels, threshold, category)
    expected = [
        i
        for i in range(ITEMS)
        if labels[i] == NONE
        and encoded.predicted[i] != NONE
        and encoded.confidence[i] >= threshold
        and category in (NONE, encoded.predicted[i])
    ]
    assert found.sample_ids.tolist() == expected
    assert found.categories.tolist() == encoded.predicted[expected].tolist()
    assert found.expected == pytest.approx(float(encoded.confidence[expected].mean()), abs=1e-5)


def test_an_item_at_the_threshold_itself_is_proposed() -> None:
    confidence = np.array([0.9, 0.9], np.float32)
    confidence[1] = np.nextafter(confidence[0], np.float32(0))
    encoded = Encoded(np.zeros((2, 3), np.float32), np.zeros(2, np.int16), confidence)
    assert propose(encoded, np.full(2, NONE, np.int16), float(np.float32(0.9))).sample_ids.tolist() == [0]


def test_the_audit_is_a_part_of_the_proposal_and_depends_on_the_seed_only() -> None:
    encoded, labels = predictions(), some_labels()
    found = propose(encoded, labels, 0.5, audit_size=25, seed=4)
    assert len(set(found.audit_ids.tolist())) == 25
    assert set(found.audit_ids.tolist()) <= set(found.sample_ids.tolist())
    assert (np.diff(found.audit_ids.astype(np.int64)) > 0).all()
    assert propose(encoded, labels, 0.5, audit_size=25, seed=4).audit_ids.tolist() == found.audit_ids.tolist()
    assert propose(encoded, labels, 0.5, audit_size=25, seed=5).audit_ids.tolist() != found.audit_ids.tolist()


@pytest.mark.parametrize("size", [0, 20, 10**6])
def test_the_audit_is_as_large_as_asked_for_or_all(size: int) -> None:
    found = propose(predictions(), some_labels(), 0.8, audit_size=size)
    assert len(found.audit_ids) == min(size, len(found.sample_ids))


def test_every_proposed_item_is_as_likely_to_be_audited_as_the_others() -> None:
    encoded, labels = predictions(), some_labels()
    ids = propose(encoded, labels, 0.5).sample_ids
    first_half = set(ids[: len(ids) // 2].tolist())
    draws = [i for seed in range(100) for i in propose(encoded, labels, 0.5, seed=seed).audit_ids.tolist()]
    count = sum(i in first_half for i in draws)
    low, high = binom.ppf([0.0005, 0.9995], len(draws), len(first_half) / len(ids))
    assert low <= count <= high


def test_nothing_believed_is_an_empty_proposal_and_nothing_is_changed() -> None:
    encoded, labels = predictions(), some_labels()
    before = [array.copy() for array in (encoded.predicted, encoded.confidence, labels)]
    found = propose(encoded, np.zeros(ITEMS, np.int16), 0.5)
    assert (len(found.sample_ids), len(found.categories), len(found.audit_ids)) == (0, 0, 0)
    assert np.isnan(found.expected)
    propose(encoded, labels, 0.5)
    for was, now in zip(before, (encoded.predicted, encoded.confidence, labels), strict=True):
        np.testing.assert_array_equal(was, now)


@pytest.mark.parametrize(
    ("category", "reason"),
    [
        (-1, ""),
        (3, ""),
        (7, "category is 7, expected -1 for all or one of [0, 3]"),
        (-2, "category is -2, expected -1 for all or one of [0, 3]"),
    ],
)
def test_a_category_that_is_not_known_is_refused_in_one_line(category: int, reason: str) -> None:
    assert why_not(category, {0, 3}) == reason
