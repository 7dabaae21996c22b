"""Newly labelled items are followed for a short while, and nothing else is."""

import numpy as np
import numpy.typing as npt
import pytest
import torch

from latent_trainer.graph import nearest_neighbours
from latent_trainer.parameters import Parameters
from latent_trainer.reaction import Reaction
from latent_trainer.training import NotFiniteError, Training

ITEMS = 6000
ROWS = np.random.default_rng(0).normal(size=(ITEMS, 4)).astype(np.float32)


@pytest.fixture
def training() -> Training:
    made = Training(ROWS, Parameters(width=16, batch=64, label_batch=16), "cpu")
    made.set_neighbours(nearest_neighbours(ROWS, 5, 1))
    return made


def marked(*items: int) -> npt.NDArray[np.int16]:
    labels = np.full(ITEMS, -1, np.int16)
    labels[list(items)] = 2
    return labels


def test_before_there_are_labels_there_is_nothing_to_look_at(training: Training) -> None:
    assert Reaction().look(training, 5.0) is None


def test_items_with_a_new_label_are_where_the_network_shows_them(training: Training) -> None:
    reaction = Reaction()
    reaction.take_labels(marked(3, 5000, 17), 10.0)
    part = reaction.look(training, 10.0)
    assert part is not None
    assert part.rows.tolist() == [3, 17, 5000]
    np.testing.assert_allclose(part.positions, training.encode().positions[part.rows], atol=1e-5)


def test_looks_are_some_twenty_a_second_for_a_short_while(training: Training) -> None:
    reaction = Reaction()
    reaction.take_labels(marked(1), 10.0)
    seen = [t for t in np.arange(10.0, 20.0, 0.01) if reaction.look(training, float(t)) is not None]
    assert 20 <= len(seen) <= 31
    assert seen[-1] < 11.6


def test_only_items_whose_label_changed_are_followed_erased_ones_too(training: Training) -> None:
    reaction = Reaction()
    reaction.take_labels(marked(1, 2), 10.0)
    changed = marked(1, 9)
    reaction.take_labels(changed, 11.0)
    part = reaction.look(training, 11.0)
    assert part is not None
    assert part.rows.tolist() == [2, 9]


def test_the_same_labels_once_more_are_no_news(training: Training) -> None:
    reaction = Reaction()
    reaction.take_labels(marked(1), 10.0)
    reaction.take_labels(marked(1), 20.0)
    assert reaction.look(training, 20.0) is None


def test_of_very_many_items_a_part_is_followed(training: Training) -> None:
    reaction = Reaction()
    reaction.take_labels(np.zeros(ITEMS, np.int16), 0.0)
    part = reaction.look(training, 0.0)
    assert part is not None
    assert 2000 <= len(part.rows) <= 4096
    assert part.rows[-1] > 0.9 * ITEMS


def test_no_position_that_is_not_finite_is_told(training: Training) -> None:
    reaction = Reaction()
    reaction.take_labels(marked(1), 0.0)
    with torch.no_grad():
        training.average.to_latent.bias[0] = torch.nan
    with pytest.raises(NotFiniteError):
        reaction.look(training, 0.0)
