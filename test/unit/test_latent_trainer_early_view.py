"""Where items are shown while their inputs are prepared: soon, all of them, in the ball, and meaning something."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from latent_trainer.ball import in_ball
from latent_trainer.cache import ArrayCache
from latent_trainer.early_view import early_positions
from latent_trainer.parameters import Parameters
from latent_trainer.preparation import Preparation
from latentvr_common.datasets import Dataset, load


def share_with_a_like_neighbour(positions: np.ndarray, truth: np.ndarray) -> float:
    away = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(away, np.inf)
    return float((truth[away.argmin(axis=1)] == truth).mean())


def test_items_that_look_alike_are_near_each_other() -> None:
    digits = load("digits")
    found = early_positions(digits, 0)
    assert found.shape == (len(digits), 3)
    assert found.dtype == np.float32
    assert (np.linalg.norm(found, axis=1) < 2.0).all()
    assert np.abs(found.std(axis=0) - 5**-0.5).max() < 0.1
    truth = load_digits().target
    by_chance = share_with_a_like_neighbour(np.random.default_rng(0).permutation(found), truth)
    assert share_with_a_like_neighbour(found, truth) > 3 * by_chance
    np.testing.assert_array_equal(found, early_positions(digits, 0))


@pytest.mark.parametrize("shape", [(7,), (2,), (1,), (40, 50), (30, 30, 3)])
@pytest.mark.parametrize("items", [20, 5000])
def test_any_kind_of_item_has_a_place(shape: tuple[int, ...], items: int) -> None:
    random = np.random.default_rng(1)
    numbers = random.integers(0, 256, (items, *shape)) if len(shape) > 1 else random.normal(size=(items, *shape))
    dataset = Dataset("some", numbers.astype(np.uint8 if len(shape) > 1 else np.float32), None, ())
    found = early_positions(dataset, 0)
    assert found.shape == (items, 3)
    assert np.isfinite(found).all()


def test_equal_items_and_one_alone_are_in_the_middle() -> None:
    np.testing.assert_array_equal(in_ball(np.full((9, 3), 5.0, np.float32)), np.zeros((9, 3)))
    np.testing.assert_array_equal(in_ball(np.ones((1, 3), np.float32)), np.zeros((1, 3)))


def test_only_what_takes_long_and_is_not_kept_yet_is_shown_early(tmp_path: Path) -> None:
    random = np.random.default_rng(0)

    def preparation(items: int) -> Preparation:
        pictures = random.integers(0, 256, (items, 8, 8)).astype(np.uint8)
        settings = Parameters(components=8)
        return Preparation(Dataset("noise", pictures, None, ()), settings, ArrayCache(tmp_path), 1)

    assert preparation(300).early_positions() is None
    large = preparation(5000)
    assert large.early_positions() is not None
    large.inputs(lambda done: None)
    assert large.early_positions() is None
