"""Confidence is found out again when labels or the network have changed, not too often, and at once where needed."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from latent_trainer import recalibration
from latent_trainer.belief import Belief
from latent_trainer.graph import nearest_neighbours
from latent_trainer.parameters import Parameters
from latent_trainer.recalibration import Recalibration
from latent_trainer.training import Training
from latentvr_common.cloud import NONE

torch.set_num_threads(1)

ITEMS = 120
TRUTH = np.repeat(np.arange(3), ITEMS // 3).astype(np.int16)


def prepared() -> Training:
    rng = np.random.default_rng(0)
    inputs = (3.0 * np.eye(3, 6)[TRUTH] + rng.normal(size=(ITEMS, 6))).astype(np.float32)
    training = Training(inputs, Parameters(width=16, batch=32, label_batch=16, seed=1), "cpu")
    training.set_neighbours(nearest_neighbours(inputs, 6, 1))
    return training


def labels_of(*categories: int) -> npt.NDArray[np.int16]:
    labels = np.full(ITEMS, NONE, np.int16)
    for category in categories:
        labels[np.flatnonzero(np.equal(TRUTH, category))[:10]] = category
    return labels


class Watched:
    """A training whose fits are counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fits: list[Belief | None] = []
        real = recalibration.fit_belief

        def fit(*arguments: Any) -> Belief | None:
            self.fits.append(real(*arguments))
            return self.fits[-1]

        monkeypatch.setattr(recalibration, "fit_belief", fit)
        self.training = prepared()
        self.recalibration = Recalibration()

    def mark(self, *categories: int) -> None:
        labels = labels_of(*categories)
        self.training.set_labels(labels)
        self.recalibration.take_labels(self.training, labels, np.where(labels == NONE, 0, labels + 1).astype(np.int32))

    def look(self, now_s: float, *, at_rest: bool = False) -> int:
        self.recalibration.look(self.training, now_s, at_rest=at_rest)
        return len(self.fits)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def test_nothing_is_fitted_before_there_are_labels_and_nothing_comes_of_one_category(watched: Watched) -> None:
    assert watched.look(0.0) == 0
    watched.mark(1)
    watched.look(1.0)
    assert watched.training.belief is None
    assert (watched.training.encode().confidence == 0).all()


def test_a_new_category_is_fitted_at_once_and_confidence_is_then_that_of_the_fit(watched: Watched) -> None:
    watched.mark(0, 1)
    raw = watched.training.encode()
    assert watched.look(0.0) == 1
    believed = watched.training.encode()
    np.testing.assert_array_equal(raw.predicted, believed.predicted)
    assert np.abs(raw.confidence - believed.confidence).max() > 0.01
    watched.mark(0, 1, 2)
    assert watched.training.belief is None
    assert watched.look(0.1) == 2
    assert watched.training.belief is not None
    assert watched.training.belief.categories == (0, 1, 2)


def test_while_training_it_is_fitted_every_few_seconds_and_only_if_something_has_changed(watched: Watched) -> None:
    watched.mark(0, 1)
    assert watched.look(0.0) == 1
    assert watched.look(60.0) == 1
    watched.training.step()
    assert watched.look(60.1) == 2
    watched.training.step()
    watched.mark(0, 1)
    assert watched.look(61.0) == 2
    assert watched.look(62.5) == 2
    assert watched.look(70.0) == 3


def test_at_rest_new_labels_are_fitted_at_once_for_nothing_else_comes_soon(watched: Watched) -> None:
    watched.mark(0, 1)
    assert watched.look(0.0, at_rest=True) == 1
    watched.mark(0, 1)
    assert watched.look(0.1, at_rest=True) == 2
    assert watched.look(0.2, at_rest=True) == 2


def test_a_dear_fit_is_made_seldom(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0, 2.0, 4.0])  # A fit takes 2 s.
    monkeypatch.setattr(recalibration.time, "thread_time", lambda: next(clock))
    watched.mark(0, 1)
    assert watched.look(0.0) == 1
    watched.training.step()
    assert watched.look(39.0) == 1
    assert watched.look(41.0) == 2


def test_what_is_familiar_is_not_worked_out_again_for_the_same_labels(watched: Watched) -> None:
    watched.mark(0, 1)
    watched.look(0.0)
    watched.training.step()
    watched.look(60.0)
    watched.mark(0, 1)
    watched.training.step()
    watched.look(120.0)
    first, second, third = (belief.familiarity for belief in watched.fits if belief is not None)
    assert first is second
    assert second is not third


def test_where_nobody_knows_which_mark_gave_a_label_it_is_fitted_all_the_same(watched: Watched) -> None:
    labels = labels_of(0, 1)
    watched.training.set_labels(labels)
    watched.recalibration.take_labels(watched.training, labels, None)
    watched.look(0.0)
    assert watched.training.belief is not None


def test_confidence_that_is_found_out_in_between_changes_nothing_of_training(watched: Watched) -> None:
    alone = prepared()
    for training in (alone, watched.training):
        training.set_labels(labels_of(0, 1))
    watched.mark(0, 1)
    for step in range(10):
        watched.look(10.0 * step)
        watched.training.step()
        alone.step()
    assert len(watched.fits) > 3
    np.testing.assert_array_equal(alone.encode().positions, watched.training.encode().positions)
    assert alone.losses == watched.training.losses


def test_the_labels_with_which_training_goes_on_are_known_at_once(watched: Watched) -> None:
    watched.mark(0, 1)
    np.testing.assert_array_equal(watched.training.labels, labels_of(0, 1))
    watched.recalibration = Recalibration.of(watched.training)
    assert watched.look(0.0) == 1
    assert watched.training.belief is not None
    assert watched.training.belief.categories == (0, 1)


def test_without_labels_there_is_nothing_to_find_out(watched: Watched) -> None:
    np.testing.assert_array_equal(watched.training.labels, labels_of())
    watched.recalibration = Recalibration.of(watched.training)
    watched.look(0.0)
    assert watched.training.belief is None
