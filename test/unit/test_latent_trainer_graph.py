"""Neighbours in the data: those that comparing everything with everything finds."""

import threading

import numpy as np
import numpy.typing as npt
import pytest
import torch

from latent_trainer.graph import nearest_neighbours

FloatArray = npt.NDArray[np.float32]
MANY = 20_500
"""So many items that not every item is compared with every other."""


def distances_from(rows: FloatArray, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Squared distances (C, N) from the chosen rows to all, infinite to themselves."""
    wide = rows.astype(np.float64)
    squares = (wide**2).sum(axis=1)
    distances = squares[chosen, None] + squares - 2 * wide[chosen] @ wide.T
    distances[np.arange(len(chosen)), chosen] = np.inf
    return np.asarray(distances)


def has_itself(neighbours: npt.NDArray[np.int32]) -> bool:
    return bool((neighbours == np.arange(len(neighbours))[:, None]).any())


@pytest.mark.parametrize(("items", "size", "k"), [(300, 5, 10), (50, 1, 3), (20, 40, 19)])
def test_neighbours_are_those_of_comparing_all_nearest_first(items: int, size: int, k: int) -> None:
    rows = np.random.default_rng(items).normal(size=(items, size)).astype(np.float32)
    found = nearest_neighbours(rows, k, 1)
    assert found.dtype == np.int32
    expected = distances_from(rows, np.arange(items)).argsort(axis=1)[:, :k]
    np.testing.assert_array_equal(found, expected)


def test_there_are_no_more_neighbours_than_others() -> None:
    rows = np.random.default_rng(0).normal(size=(21, 4)).astype(np.float32)
    found = nearest_neighbours(rows, 200, 1)
    np.testing.assert_array_equal(np.sort(found, axis=1), [[j for j in range(21) if j != i] for i in range(21)])


@pytest.mark.parametrize("copies", [2, 7, 60])
def test_nobody_is_their_own_neighbour_among_items_that_are_equal(copies: int) -> None:
    rows = np.repeat(np.random.default_rng(0).normal(size=(5, 3)), copies, axis=0).astype(np.float32)
    found = nearest_neighbours(rows, 6, 1)
    assert not has_itself(found)
    assert all(len(set(row)) == 6 for row in found.tolist())
    if copies > 6:
        np.testing.assert_array_equal(found // copies, np.repeat(np.arange(5), copies)[:, None] * np.ones((1, 6)))


def test_neighbours_among_very_many_items_are_nearly_those_of_comparing_all() -> None:
    rng = np.random.default_rng(0)
    centers = 3 * rng.normal(size=(60, 16))
    rows = (centers[rng.integers(60, size=25_000)] + rng.normal(size=(25_000, 16))).astype(np.float32)
    found = nearest_neighbours(rows, 15, 1)
    assert not has_itself(found)
    chosen = rng.choice(25_000, 200, replace=False)
    expected = distances_from(rows, chosen).argpartition(15, axis=1)[:, :15]
    shared = [len(set(a) & set(b)) for a, b in zip(found[chosen].tolist(), expected.tolist(), strict=True)]
    assert np.mean(shared) / 15 >= 0.9


def test_nobody_is_their_own_neighbour_where_most_of_very_many_items_are_equal() -> None:
    # Blank pictures among others: the few others lie in cells so small that a cell search runs out of items.
    rng = np.random.default_rng(1)
    blank = MANY - 2000
    rows = np.concatenate([np.ones((blank, 3)), 50 * rng.normal(size=(2000, 3))]).astype(np.float32)
    found = nearest_neighbours(rows, 15, 1)
    assert not has_itself(found)
    assert (found >= 0).all()
    assert all(len(set(row)) == 15 for row in found[blank:].tolist())


def test_threads_that_neighbours_take_are_given_back_to_training() -> None:
    seen: list[int] = []

    def train() -> None:
        torch.set_num_threads(1)
        assert torch.get_num_threads() == 1
        nearest_neighbours(np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32), 5, 2)
        seen.append(torch.get_num_threads())

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert seen == [1]
