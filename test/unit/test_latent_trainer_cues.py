"""Cues tell what is uncertain, dense and far from labels, by their definitions; places to look at are apart."""

from collections import deque
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from brushes import painted

from latent_trainer.cues import cues_of, steps_to, surroundings, where_to_look
from latent_trainer.graph import nearest_neighbours
from latent_trainer.training import Encoded
from latentvr_common.cloud import NONE
from latentvr_common.cues import Cues, worth_of
from latentvr_common.datasets import load

torch.set_num_threads(1)

ITEMS = 200


def made(**arrays: Any) -> Cues:
    """Cues of items in a row, 1 latent unit apart, all alike but for what is given."""
    count = len(next(iter(arrays.values())))
    positions = np.zeros((count, 3), np.float32)
    positions[:, 0] = np.arange(count)
    half = np.full(count, 0.5, np.float32)
    cues = Cues(0, positions, half, half, np.zeros(count, np.float32), half, np.zeros(count, np.int16))
    return replace(cues, **{name: np.asarray(values, np.float32) for name, values in arrays.items()})


def scene(seed: int = 0) -> tuple[Encoded, npt.NDArray[np.int16], npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(ITEMS, 5)).astype(np.float32)
    neighbours = nearest_neighbours(inputs, 6, 1).astype(np.int64)
    encoded = Encoded(
        rng.normal(size=(ITEMS, 3)).astype(np.float32),
        rng.integers(0, 3, ITEMS).astype(np.int16),
        rng.random(ITEMS).astype(np.float32),
    )
    labels = np.where(rng.random(ITEMS) < 0.1, encoded.predicted, NONE).astype(np.int16)
    return encoded, labels, inputs, neighbours


def steps_by_search(start: list[int], neighbours: npt.NDArray[np.int64]) -> dict[int, int]:
    beside: dict[int, set[int]] = {i: set() for i in range(len(neighbours))}
    for i, row in enumerate(neighbours.tolist()):
        for j in row:
            beside[i].add(j)
            beside[j].add(i)
    found, waiting = dict.fromkeys(start, 0), deque(start)
    while waiting:
        item = waiting.popleft()
        for other in beside[item] - found.keys():
            found[other] = found[item] + 1
            waiting.append(other)
    return found


def test_steps_are_those_of_the_shortest_way_and_islands_are_out_of_reach() -> None:
    inputs = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    inputs[50:] += 100.0
    neighbours = nearest_neighbours(inputs, 3, 1).astype(np.int64)
    marked = np.zeros(60, np.bool_)
    marked[[0, 1]] = True
    expected = steps_by_search([0, 1], neighbours)
    assert steps_to(marked, neighbours).tolist() == [expected.get(i, 255) for i in range(60)]
    assert steps_to(np.zeros(60, np.bool_), neighbours).tolist() == [255] * 60
    assert steps_to(marked, np.zeros((60, 0), np.int64)).tolist() == [0, 0] + [255] * 58


def test_cues_are_as_defined_for_every_item() -> None:
    encoded, labels, inputs, neighbours = scene()
    cues = cues_of(encoded, labels, surroundings(inputs, neighbours), 3)
    away = [float(np.linalg.norm(inputs[i] - inputs[neighbours[i, -1]])) for i in range(ITEMS)]
    steps = steps_by_search(np.flatnonzero(labels != NONE).tolist(), neighbours)
    for i in range(ITEMS):
        others = [encoded.predicted[j] != encoded.predicted[i] for j in neighbours[i]]
        assert cues.disagreement[i] == pytest.approx(np.mean(others), abs=1e-6)
        assert cues.uncertainty[i] == pytest.approx(1 - encoded.confidence[i], abs=1e-6)
        assert cues.density[i] == pytest.approx(np.median(away) / (np.median(away) + away[i]), abs=1e-5)
        assert cues.coverage[i] == pytest.approx(1 / (1 + steps[i]) if i in steps else 0.0, abs=1e-6)
    np.testing.assert_array_equal(cues.positions, encoded.positions)


def test_cues_are_small_floats_from_0_to_1_also_before_anything_is_labelled_or_where_items_are_equal() -> None:
    encoded, labels, inputs, neighbours = scene()
    nothing = np.full(ITEMS, NONE, np.int16)
    early = replace(encoded, predicted=nothing, confidence=np.zeros(ITEMS, np.float32))
    alone = np.zeros((ITEMS, 0), np.int64)
    for one, marked, rows, near in (
        (encoded, labels, inputs, neighbours),
        (early, nothing, inputs, neighbours),
        (early, nothing, inputs, alone),
        (encoded, labels, np.zeros_like(inputs), neighbours),
    ):
        cues = cues_of(one, marked, surroundings(rows, near), 3)
        for cue in (cues.uncertainty, cues.density, cues.coverage, cues.disagreement):
            assert (cue.dtype, cue.shape) == (np.float32, (ITEMS,))
            assert 0 <= cue.min() <= cue.max() <= 1
    assert (cues_of(early, nothing, surroundings(inputs, neighbours), 3).uncertainty == 1).all()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("uncertainty", [0.2, 0.9, 0.5]),
        ("density", [0.2, 0.9, 0.5]),
        ("coverage", [0.8, 0.1, 0.4]),
        ("disagreement", [0.2, 0.9, 0.5]),
    ],
)
def test_one_looks_first_where_it_is_uncertain_dense_uncovered_or_disputed(name: str, values: list[float]) -> None:
    assert where_to_look(made(**{name: values}), 3).tolist() == [1, 2, 0]


def test_a_labelled_item_is_no_place_to_look_at_and_neither_is_what_teaches_nothing() -> None:
    cues = made(uncertainty=[1.0, 0.5, 0.4, 0.0], coverage=[1.0, 0.2, 0.2, 0.2], disagreement=[1.0, 0.0, 0.0, 0.0])
    assert where_to_look(cues, 4).tolist() == [1, 2]
    assert worth_of(cues)[0] == worth_of(cues)[3] == 0
    assert where_to_look(made(uncertainty=np.zeros(0)), 3).tolist() == []


def test_places_are_apart() -> None:
    rng = np.random.default_rng(1)
    positions = rng.normal(0, 0.4, (500, 3)).astype(np.float32)
    # The best ones are side by side.
    cues = replace(made(uncertainty=np.exp(-np.linalg.norm(positions, axis=1))), positions=positions)
    rows = where_to_look(cues, 6)
    assert len(rows) == len(set(rows.tolist())) == 6
    distances = np.linalg.norm(cues.positions[rows][:, None] - cues.positions[rows][None], axis=2)
    assert distances[~np.eye(6, dtype=bool)].min() >= 0.25
    assert (np.diff(worth_of(cues)[rows]) <= 0).all()


def test_a_single_odd_item_counts_less_than_a_region() -> None:
    cues = made(uncertainty=[1.0, 0.1, 0.1, 0.9, 0.9, 0.9], disagreement=[0.0] * 6)
    neighbours = np.array([[1, 2], [0, 2], [0, 1], [4, 5], [3, 5], [3, 4]])
    assert where_to_look(cues, 1).tolist() == [0]
    assert where_to_look(cues, 1, neighbours).tolist() == [3]


def test_places_are_numbered_in_the_cues_from_one() -> None:
    encoded, labels, inputs, neighbours = scene()
    around = surroundings(inputs, neighbours)
    cues = cues_of(encoded, labels, around, 4)
    rows = where_to_look(replace(cues, places=np.zeros(ITEMS, np.int16)), 4, neighbours)
    assert cues.places[rows].tolist() == [1, 2, 3, 4]
    assert (cues.places != 0).sum() == 4


def test_where_digits_are_to_be_looked_at_the_network_is_wrong_more_often_than_elsewhere() -> None:
    """Truth is used here only. Three categories are not named yet: they are what there is to find."""
    run = painted(load("digits"), list(range(7)), steps=200)
    around = surroundings(run.training.inputs.cpu().numpy(), run.training.neighbours)
    cues = cues_of(run.encoded, run.labelled.labels, around, 8)
    rows = np.flatnonzero(cues.places)
    assert len(rows) == 8
    nearby = np.unique(np.concatenate([rows, around.neighbours[rows].ravel()]))
    wrong = 1.0 - run.right[nearby].mean()
    assert wrong > 1.8 * (1.0 - run.right[run.unlabelled].mean())
