"""The smallest and the largest datasets, in one process: from the file to the first cloud and some steps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from latent_trainer.graph import nearest_neighbours
from latent_trainer.inputs import fit_inputs
from latent_trainer.parameters import Parameters
from latent_trainer.training import Encoded, Training
from latentvr_common.cloud import NONE
from latentvr_common.datasets import load
from latentvr_common.datasets.dataset import MINIMUM_ITEMS
from latentvr_common.errors import InputError

torch.set_num_threads(1)

Array = npt.NDArray[Any]
STEPS = 30


def saved(directory: Path, items: Array) -> str:
    np.save(directory / "data.npy", items)
    return str(directory / "data.npy")


def prepared(path: str) -> Training:
    """Ready for steps, as a session prepares it, with the parameters of a session."""
    parameters = Parameters()
    _, inputs = fit_inputs(load(path), parameters.components, parameters.seed)
    training = Training(inputs, parameters, "cpu")
    training.set_neighbours(nearest_neighbours(inputs, parameters.neighbours, 1))
    return training


def expect_sound(training: Training, encoded: Encoded) -> None:
    assert encoded.positions.shape == (len(training), 3)
    assert encoded.positions.dtype == np.float32
    assert np.isfinite(encoded.positions).all()
    assert np.linalg.norm(encoded.positions, axis=1).max() < 3.0
    assert ((encoded.confidence >= 0) & (encoded.confidence <= 1)).all()
    assert all(np.isfinite(value) for value in training.losses.values())


def random_rows(count: int, width: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(count, width)).astype(np.float32)


STRANGE: dict[str, Callable[[], Array]] = {
    "the fewest items allowed": lambda: random_rows(MINIMUM_ITEMS, 6),
    "the fewest items, of one number each": lambda: random_rows(MINIMUM_ITEMS, 1),
    "the fewest items, of many numbers each": lambda: random_rows(MINIMUM_ITEMS, 2000),
    "one column": lambda: random_rows(200, 1),
    "identical items": lambda: np.tile(random_rows(1, 6), (100, 1)),
    "identical items but one": lambda: np.concatenate([np.tile(random_rows(1, 6), (99, 1)), random_rows(1, 6) + 5]),
    "constant columns": lambda: np.concatenate([random_rows(100, 3), np.full((100, 3), 1e6, np.float32)], axis=1),
    "nothing but zeros": lambda: np.zeros((100, 4), np.float32),
    "identical pictures": lambda: np.tile(np.arange(64, dtype=np.uint8).reshape(1, 8, 8), (100, 1, 1)),
    "the fewest pictures, of one pixel": lambda: np.arange(MINIMUM_ITEMS, dtype=np.uint8).reshape(-1, 1, 1),
    "very large numbers": lambda: (1e18 * random_rows(100, 4)).astype(np.float32),
}


@pytest.mark.parametrize("categories", [1, 2])
@pytest.mark.parametrize("kind", STRANGE)
def test_a_strange_dataset_has_a_sound_cloud_before_and_after_steps(tmp_path: Path, kind: str, categories: int) -> None:
    training = prepared(saved(tmp_path, STRANGE[kind]()))
    expect_sound(training, training.encode())
    labels = np.full(len(training), NONE, np.int16)
    labels[:4] = 3
    labels[-4:] = 3 if categories == 1 else 5
    training.set_labels(labels)
    for _ in range(STEPS):
        training.step()
    last = training.encode()
    expect_sound(training, last)
    assert (training.step_count, training.skipped_count) == (STEPS, 0)
    # Between one category and nothing there is nothing to predict.
    assert set(np.unique(last.predicted)) <= ({NONE} if categories == 1 else {3, 5})
    assert (last.confidence.max() > 0) == (categories == 2)


def test_every_item_of_the_smallest_dataset_may_be_labelled_as_the_same(tmp_path: Path) -> None:
    training = prepared(saved(tmp_path, random_rows(MINIMUM_ITEMS, 6)))
    training.set_labels(np.zeros(MINIMUM_ITEMS, np.int16))
    for _ in range(STEPS):
        training.step()
    expect_sound(training, training.encode())
    assert training.losses["attraction"] > 0
    assert training.losses["repulsion"] == training.losses["classification"] == 0


def test_identical_items_are_in_one_place(tmp_path: Path) -> None:
    training = prepared(saved(tmp_path, STRANGE["identical items"]()))
    for _ in range(STEPS):
        training.step()
    assert np.ptp(training.encode().positions, axis=0).max() < 1e-5


@pytest.mark.parametrize("count", [1, MINIMUM_ITEMS - 1])
@pytest.mark.parametrize("shape", [(5,), (8, 8), (8, 8, 3)])
def test_too_few_items_are_refused_with_one_line(tmp_path: Path, count: int, shape: tuple[int, ...]) -> None:
    path = saved(tmp_path, np.zeros((count, *shape), np.uint8))
    with pytest.raises(InputError) as refusal:
        load(path)
    assert str(refusal.value) == f"dataset {path}: {count} usable items, expected at least {MINIMUM_ITEMS}"


@pytest.fixture(scope="module")
def many_rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 200,000 rows of 64 random numbers."""
    path = tmp_path_factory.mktemp("many") / "rows.npy"
    items = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(200_000, 64))
    random = np.random.default_rng(0)
    for start in range(0, len(items), 20_000):
        items[start : start + 20_000] = random.standard_normal((20_000, 64), dtype=np.float32)
    items.flush()
    return path


def test_two_hundred_thousand_rows_stay_on_disk_and_come_to_their_first_cloud(many_rows: Path) -> None:
    dataset = load(str(many_rows))
    assert isinstance(dataset.items, np.memmap)
    assert len(dataset) == 200_000
    parameters, told = Parameters(), list[int]()
    _, inputs = fit_inputs(dataset, parameters.components, 0, told.append)
    assert told[-1] == len(dataset)
    training = Training(inputs, parameters, "cpu")
    first = training.encode()
    expect_sound(training, first)
    # Random numbers have no direction that is wider than another: the cloud is as wide everywhere.
    spread = first.positions.std(axis=0)
    assert spread.min() > 0.2
    assert spread.max() / spread.min() < 1.3
