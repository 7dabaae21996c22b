"""What would live at a place: the decoder's answer is like the items there, and its company is counted right."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from latent_trainer.graph import nearest_neighbours
from latent_trainer.inputs import InputMap, fit_inputs
from latent_trainer.parameters import Parameters
from latent_trainer.places import (
    NEIGHBOURS,
    decoded,
    distances_to,
    explore,
    image_of,
    items_around,
    nearest,
    vote,
)
from latent_trainer.preview import enlarged_png
from latent_trainer.training import Encoded, Training
from latentvr_common.cloud import NONE
from latentvr_common.datasets import Dataset, load
from latentvr_common.place import Place

torch.set_num_threads(1)

STEPS = 200
SETTINGS = Parameters(width=64, batch=128, learning_rate=5e-3, average_steps=20, seed=1)


class Trained:
    """A small network that has learnt a dataset for a moment."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.input_map: InputMap
        self.input_map, inputs = fit_inputs(dataset, SETTINGS.components, seed=1)
        self.training = Training(inputs, SETTINGS, "cpu")
        self.training.set_neighbours(nearest_neighbours(inputs, 8, 1))
        for _ in range(STEPS):
            self.training.step()
        self.shown = self.training.encode()
        self.labels = np.full(len(dataset), NONE, np.int16)

    def decoded(self, place: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        return decoded(self.training, self.input_map, place)

    def explore(self, place: npt.NDArray[np.floating], *, shown: Encoded | None = None, labels: Any = None) -> Place:
        labels = self.labels if labels is None else labels
        return explore(place, self.training, self.input_map, self.dataset, shown or self.shown, labels)


@pytest.fixture(scope="module")
def digits() -> Trained:
    return Trained(load("digits", max_items=600, seed=0))


@pytest.fixture(scope="module")
def rows() -> Trained:
    """Three heaps of rows, columns of very different size."""
    random = np.random.default_rng(0)
    heaps = 6.0 * random.normal(size=(3, 20))[np.arange(300) % 3] + random.normal(size=(300, 20))
    return Trained(Dataset("rows", (heaps * np.logspace(-3, 3, 20) + 5.0).astype(np.float32)))


@pytest.mark.parametrize("kind", ["digits", "rows"])
def test_the_place_of_an_item_decodes_to_what_is_more_like_it_than_others_are(
    kind: str, request: pytest.FixtureRequest
) -> None:
    trained: Trained = request.getfixturevalue(kind)
    positions = trained.shown.positions
    items = trained.dataset.items.reshape(len(trained.dataset), -1).astype(np.float64)
    scale = 1.0 if kind == "digits" else items.std(axis=0)
    random = np.random.default_rng(0)
    wins = np.zeros(3)
    for item in range(100):
        other = random.integers(len(items))
        made = trained.decoded(positions[item]).reshape(-1)
        rivals = (items[other], trained.decoded(positions[other]).reshape(-1), items.mean(axis=0))
        away = [np.linalg.norm((one - items[item]) / scale) for one in (made, *rivals)]
        wins += np.less(away[0], away[1:])
    another_item, another_place, the_mean = wins
    assert another_item >= 80
    assert another_place >= 80
    assert the_mean >= 90


def test_the_network_that_is_shown_decodes(digits: Trained) -> None:
    place = digits.shown.positions[3]
    before = digits.decoded(place)
    with torch.no_grad():
        for parameter in digits.training.model.parameters():
            parameter.add_(1.0)
    try:
        np.testing.assert_array_equal(digits.decoded(place), before)
    finally:
        with torch.no_grad():
            for parameter in digits.training.model.parameters():
                parameter.sub_(1.0)


def test_a_picture_is_what_the_decoder_makes_enlarged(digits: Trained) -> None:
    found = digits.explore(digits.shown.positions[5])
    shown = np.asarray(Image.open(io.BytesIO(found.png), formats=("PNG",)))
    assert shown.shape == (128, 128)
    np.testing.assert_array_equal(shown[8::16, 8::16], np.round(digits.decoded(digits.shown.positions[5])))
    assert found.text == ""


def test_rows_are_told_by_their_first_values_in_their_own_units(rows: Trained) -> None:
    found = rows.explore(rows.shown.positions[5])
    assert found.png == b""
    values = [float(word) for word in found.text.removesuffix(" ...").split()]
    np.testing.assert_allclose(values, rows.decoded(rows.shown.positions[5])[:16], rtol=1e-3)
    np.testing.assert_allclose(values, rows.dataset.items[5, :16], atol=5 * rows.dataset.items.std(axis=0)[:16].max())


def test_the_nearest_item_of_an_items_place_is_that_item(digits: Trained) -> None:
    for item in (0, 17, 599):
        found = digits.explore(digits.shown.positions[item])
        assert (found.nearest, found.distance) == (item, 0.0)
        assert found.support >= 1


def at(positions: list[list[float]], predicted: list[int], confidence: list[float], count: int = 600) -> Encoded:
    """All items far away but for the first ones."""
    everywhere = np.full((count, 3), 5.0, np.float32)
    everywhere[: len(positions)] = positions
    column = np.zeros(count, np.int16)
    column[: len(predicted)] = predicted
    certain = np.ones(count, np.float32)
    certain[: len(confidence)] = confidence
    return Encoded(everywhere, column, certain)


def test_support_counts_the_items_within_the_reach_and_none_where_nobody_lives(digits: Trained) -> None:
    reach = digits.training.parameters.reach
    shown = at([[0, 0, 0], [0.99 * reach, 0, 0], [0, 1.01 * reach, 0], [0, 0, -0.5 * reach]], [1] * 4, [1.0] * 4)
    here = digits.explore(np.zeros(3), shown=shown)
    assert (here.support, here.reach, here.nearest, here.distance) == (3, reach, 0, 0.0)
    empty = digits.explore(np.array([-3.0, 0.0, 0.0]), shown=shown)
    assert (empty.support, empty.nearest) == (0, 0)
    assert empty.distance == pytest.approx(3.0)


def test_nearer_items_have_the_stronger_vote_and_marks_count_before_predictions(digits: Trained) -> None:
    near, far = [0.0, 0.0, 0.0], [3.0 * SETTINGS.reach, 0.0, 0.0]
    shown = at([near, far, far, far], [1, 2, 2, 2], [1.0] * 4)
    found = digits.explore(np.zeros(3), shown=shown)
    assert found.predicted == 1
    assert found.share == pytest.approx(1 / (1 + 3 / (1 + 3**2)), abs=0.01)
    labels = digits.labels.copy()
    labels[0] = 7
    assert digits.explore(np.zeros(3), shown=shown, labels=labels).predicted == 7
    nothing = replace(shown, predicted=np.full(600, NONE, np.int16))
    found = digits.explore(np.zeros(3), shown=nothing)
    assert (found.predicted, found.share) == (NONE, 0.0)
    assert digits.explore(np.zeros(3), shown=nothing, labels=labels).predicted == 7


@pytest.mark.parametrize(
    ("weights", "categories", "confidence", "expected"),
    [
        ([1.0], [4], [1.0], (4, 1.0)),
        ([1.0, 1.0], [4, 4], [0.5, 0.7], (4, 0.6)),
        ([3.0, 1.0], [NONE, 4], [1.0, 1.0], (4, 0.25)),
        ([1.0, 1.0, 1.0], [2, 5, 5], [1.0, 0.4, 0.4], (2, 1 / 3)),
        ([2.0, 2.0], [NONE, NONE], [1.0, 1.0], (NONE, 0.0)),
        ([], [], [], (NONE, 0.0)),
    ],
)
def test_votes(
    weights: list[float], categories: list[int], confidence: list[float], expected: tuple[int, float]
) -> None:
    found = vote(np.array(weights), np.array(categories, np.int16), np.array(confidence))
    assert found == (expected[0], pytest.approx(expected[1]))


def test_the_nearest_come_in_order_as_a_sort_of_all_gives_them() -> None:
    positions = np.random.default_rng(0).normal(size=(5000, 3)).astype(np.float32)
    for item in (0, 99, 4999):
        every = np.argsort(np.linalg.norm(positions - positions[item], axis=1))
        assert items_around(item, positions).tolist() == every[1 : NEIGHBOURS + 1].tolist()
    distances = distances_to(np.array([0.5, 0.0, 0.0]), positions)
    np.testing.assert_allclose(distances, np.linalg.norm(positions - [0.5, 0, 0], axis=1), rtol=1e-5)
    assert nearest(distances, 9999).tolist() == np.argsort(distances).tolist()


def test_few_items_have_few_neighbours_and_equal_ones_have_each_other() -> None:
    positions = np.zeros((4, 3), np.float32)
    assert sorted(items_around(2, positions)) == [0, 1, 3]
    assert items_around(0, positions[:1]).tolist() == []


def test_a_spectrogram_has_its_low_frequencies_at_the_bottom_and_colours_stay() -> None:
    picture = np.zeros((2, 3), np.float32)
    picture[0] = 200.0
    upright, flipped = (
        np.asarray(Image.open(io.BytesIO(enlarged_png(image_of(picture, upside_down=over), quick=True))))
        for over in (False, True)
    )
    assert (upright[0, 0], upright[-1, 0]) == (200, 0)
    assert (flipped[0, 0], flipped[-1, 0]) == (0, 200)
    colour = np.zeros((5, 5, 3), np.float32) + np.array([255.0, 300.0, -4.0], np.float32)
    image = Image.open(io.BytesIO(enlarged_png(image_of(colour), quick=True)))
    assert image.getpixel((0, 0)) == (255, 255, 0)
