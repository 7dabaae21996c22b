"""How the cloud moves while it is trained and labelled: gradually, apart, and over all of the space."""

import copy
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.datasets import load_digits

from latent_trainer.glide import Glide, cloud_radius
from latent_trainer.graph import nearest_neighbours
from latent_trainer.parameters import Parameters
from latent_trainer.projection import fit_projection
from latent_trainer.reaction import Reaction
from latent_trainer.space import separation, space_used
from latent_trainer.training import Training

FRAMES_PER_S = 12
STEPS_PER_S = 60
LOOK_S = 0.5
DIGITS = load_digits()


@pytest.fixture(scope="module")
def inputs() -> npt.NDArray[np.float32]:
    rows = (DIGITS.data / 16).astype(np.float32)
    return fit_projection(rows, 32, 0).inputs_of(rows)


def training_of(inputs: npt.NDArray[np.float32]) -> Training:
    training = Training(inputs, Parameters(width=64, batch=128, label_batch=64), "cpu")
    training.set_neighbours(nearest_neighbours(inputs, 15, 1))
    return training


@pytest.fixture(scope="module")
def after_600_steps(inputs: npt.NDArray[np.float32]) -> Training:
    training = training_of(inputs)
    for _ in range(600):
        training.step()
    return training


@pytest.fixture
def trained(after_600_steps: Training) -> Training:
    """One that has seen no labels; each test has its own."""
    return copy.deepcopy(after_600_steps)


def marked(training: Training, *categories: int, each: int = 40) -> npt.NDArray[np.int16]:
    """Label the `each` items of some categories that lie nearest to the middle of theirs: one brush each."""
    labels = np.full(len(training), -1, np.int16)
    positions = training.encode().positions
    for category in categories:
        members = np.flatnonzero(category == DIGITS.target)
        away = np.linalg.norm(positions[members] - np.median(positions[members], axis=0), axis=1)
        labels[members[np.argsort(away)[:each]]] = category
    return labels


def frames(training: Training, seconds: float, marks: dict[float, tuple[int, ...]]) -> list[npt.NDArray[np.float32]]:
    """Return what is shown in so many seconds, as the worker and the node show it; `marks`: what is marked when."""
    glide, reaction, shown, looked_s = Glide(training.encode().positions, 0.0), Reaction(), [], 0.0
    shown.append(glide.at(0.0))
    for step in range(1, round(seconds * STEPS_PER_S) + 1):
        now_s = step / STEPS_PER_S
        if now_s in marks:
            labels = marked(training, *marks[now_s])
            training.set_labels(labels)
            reaction.take_labels(labels, now_s)
        training.step()
        part = reaction.look(training, now_s)
        if part is not None:
            glide.aim_part(part.rows, part.positions, now_s)
        if now_s - looked_s >= LOOK_S:
            looked_s = now_s
            glide.aim(training.encode().positions, now_s)
        if step % (STEPS_PER_S // FRAMES_PER_S) == 0:
            shown.append(glide.at(now_s))
    return shown


def test_no_frame_moves_half_of_the_items_by_two_percent_not_at_the_start_nor_when_labels_come(
    inputs: npt.NDArray[np.float32],
) -> None:
    shown = frames(training_of(inputs), 16.0, {8.0: (0, 1), 11.0: (0, 1, 7)})
    moved = [
        float(np.median(np.linalg.norm(after - before, axis=1))) / cloud_radius(before)
        for before, after in pairwise(shown)
    ]
    assert max(moved) < 0.02
    assert np.median(np.linalg.norm(shown[-1] - shown[0], axis=1)) > 0.2  # It does move.


def test_items_that_were_just_marked_move_within_a_fifth_of_a_second_more_than_before(
    trained: Training,
) -> None:
    frames(trained, 10.0, {})
    labels_at_s = 2.0
    shown = frames(trained, 3.0, {labels_at_s: (3, 8)})
    rows = np.flatnonzero(training_labels(trained) >= 0)
    steps = [float(np.median(np.linalg.norm(b[rows] - a[rows], axis=1))) for a, b in pairwise(shown)]
    first = round(labels_at_s * FRAMES_PER_S)
    soon = first + round(0.25 * FRAMES_PER_S)
    assert max(steps[first:soon]) > 1.5 * np.median(steps[:first])


def training_labels(training: Training) -> npt.NDArray[np.int16]:
    labels = np.full(len(training), -1, np.int16)
    for category, members in zip(training.known.tolist(), training.members, strict=True):
        labels[members.numpy()] = category
    return labels


def test_two_categories_that_are_brushed_apart_separate_steadily(trained: Training) -> None:
    labels = marked(trained, 4, 9)
    trained.set_labels(labels)
    found = [separation(trained.encode().positions, labels)]
    for _ in range(12):
        for _ in range(25):
            trained.step()
        found.append(separation(trained.encode().positions, labels))
    # Steadily: each look higher than the one before, but for a twentieth where it has come to rest.
    assert all(after > 0.95 * before for before, after in pairwise(found))
    assert all(after > before for before, after in pairwise(found[:5]))
    assert found[-1] > 2 * found[0]


def test_the_space_stays_in_use_while_labelled_groups_form(trained: Training) -> None:
    for _ in range(200):
        trained.step()
    before = space_used(trained.encode().positions)
    trained.set_labels(marked(trained, *range(10)))
    for _ in range(800):
        trained.step()
    after = space_used(trained.encode().positions)
    assert before > 0.4
    assert after > 0.6 * before
