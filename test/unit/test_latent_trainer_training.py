"""Training: repeatable, led by labels and never by the truth, and sound for every dataset that can be loaded."""

import ast
import inspect
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from sklearn.decomposition import PCA

import latent_trainer
from latent_trainer import losses
from latent_trainer.batches import Batch, label_trust
from latent_trainer.belief import Labelled, fit_belief
from latent_trainer.graph import nearest_neighbours
from latent_trainer.inputs import fit_inputs
from latent_trainer.model import LatentModel, follow, start_at
from latent_trainer.parameters import Parameters
from latent_trainer.training import TERMS, Encoded, NotFiniteError, StepFailedError, Terms, Training
from latent_trainer.worker import Worker
from latentvr_common.cloud import NONE
from latentvr_common.datasets import Dataset, load
from latentvr_common.labels import CATEGORY_CAPACITY, Kind, LabelBook, LabelEvent

torch.set_num_threads(1)

EACH = 60
TRUTH = np.repeat(np.arange(4), EACH).astype(np.int16)
ITEMS = len(TRUTH)
Labels = npt.NDArray[np.int16]


def clusters() -> Dataset:
    """Four overlapping heaps of points in ten dimensions."""
    rng = np.random.default_rng(0)
    items = 1.3 * rng.normal(size=(4, 10))[TRUTH] + rng.normal(size=(ITEMS, 10))
    return Dataset("clusters", items.astype(np.float32), TRUTH, ("a", "b", "c", "d"))


def inputs_of(dataset: Dataset, components: int = 64) -> npt.NDArray[np.float32]:
    return fit_inputs(dataset, components, seed=1)[1]


def prepared(dataset: Dataset | None = None, **parameters: Any) -> Training:
    small = {"width": 32, "batch": 64, "label_batch": 32, "learning_rate": 5e-3, "average_steps": 20, "seed": 1}
    settings = Parameters(**{**small, **parameters})
    training = Training(inputs_of(dataset or clusters(), settings.components), settings, "cpu")
    training.set_neighbours(nearest_neighbours(training.inputs.cpu().numpy(), 8, 1))
    return training


def make_steps(training: Training, count: int) -> Encoded:
    for _ in range(count):
        training.step()
    return training.encode()


def labels_of(*categories: int, each: int = 6) -> Labels:
    """Labels for the first few items of heap i: categories[i]."""
    labels = np.full(ITEMS, NONE, np.int16)
    for heap, category in enumerate(categories):
        labels[heap * EACH : heap * EACH + each] = category
    return labels


ALL_FOUR = labels_of(0, 1, 2, 3)


def test_forty_categories_are_told_apart_and_one_that_has_lost_its_labels_is_predicted_no_more() -> None:
    kinds, each = 40, 12
    truth = np.repeat(np.arange(kinds), each).astype(np.int16)
    rng = np.random.default_rng(0)
    items = (4.0 * rng.normal(size=(kinds, 12))[truth] + rng.normal(size=(len(truth), 12))).astype(np.float32)
    training = prepared(Dataset("forty", items, truth, tuple(map(str, range(kinds)))), label_batch=128)
    ids = np.random.default_rng(1).permutation(CATEGORY_CAPACITY)[:kinds].astype(np.int16)
    labels = np.where(np.arange(len(truth)) % each < 4, ids[truth], NONE).astype(np.int16)
    training.set_labels(labels)
    encoded = make_steps(training, 300)
    assert set(encoded.predicted.tolist()) == set(ids.tolist())
    assert (encoded.predicted == ids[truth]).mean() > 0.9
    gone = ids[7]
    training.set_labels(np.where(labels == gone, NONE, labels).astype(np.int16))
    assert gone not in training.encode().predicted, "at once, before any step"


def within_to_between(positions: npt.NDArray[np.float32], kinds: Labels = TRUTH) -> float:
    """Mean distance of pairs of one kind, as a share of that of pairs of different kinds."""
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    same = kinds[:, None] == kinds[None]
    return float(distances[same & ~np.eye(ITEMS, dtype=bool)].mean() / distances[~same].mean())


def assert_identical(a: Encoded, b: Encoded) -> None:
    for column in ("positions", "predicted", "confidence"):
        np.testing.assert_array_equal(getattr(a, column), getattr(b, column))


# The same again


def test_the_same_seed_gives_the_same_cloud_to_the_bit() -> None:
    one, two = prepared(), prepared()
    assert_identical(one.encode(), two.encode())
    for training in (one, two):
        make_steps(training, 10)
        training.set_labels(ALL_FOUR)
    assert_identical(make_steps(one, 10), make_steps(two, 10))
    assert one.losses == two.losses


def test_another_seed_gives_another_cloud() -> None:
    one, other = make_steps(prepared(seed=1), 10), make_steps(prepared(seed=2), 10)
    assert np.abs(one.positions - other.positions).max() > 1e-3


def test_looking_at_the_cloud_and_random_numbers_drawn_elsewhere_change_nothing() -> None:
    one, two = prepared(), prepared()
    for training in (one, two):
        training.set_labels(ALL_FOUR)
    for _ in range(10):
        two.encode()
        torch.rand(7)
        np.random.default_rng().random()
        two.step()
    assert_identical(make_steps(one, 10), two.encode())


# The first cloud


def test_looking_at_training_as_if_it_had_other_labels_changes_nothing() -> None:
    looked_at, alone = prepared(), prepared()
    for training in (looked_at, alone):
        training.set_labels(labels_of(0, 1))
        make_steps(training, 10)
    labelled = Labelled(labels_of(0, 1), np.arange(ITEMS, dtype=np.int32), np.ones(ITEMS, np.float32))
    belief = fit_belief(looked_at.inputs, looked_at.average.features, labelled, 1)
    looked_at.belief = belief
    # What is believed of two categories says nothing of four.
    assert set(looked_at.labelled_as(ALL_FOUR).encode().predicted.tolist()) <= {0, 1, 2, 3}
    assert looked_at.belief is belief
    assert looked_at.known.tolist() == [0, 1]
    for training in (looked_at, alone):
        make_steps(training, 10)
    assert looked_at.weights_digest() == alone.weights_digest()


def test_the_first_cloud_is_the_principal_components_bent_to_fill_the_ball() -> None:
    inputs = inputs_of(load("digits"))
    positions = Training(inputs, Parameters(), "cpu").encode().positions
    components = PCA(3).fit_transform(inputs)
    correlation = np.abs(np.corrcoef(positions.T, components.T)[:3, 3:])
    assert correlation.diagonal().min() > 0.97
    assert (correlation - np.diag(correlation.diagonal())).max() < 0.05
    np.testing.assert_allclose(positions.std(axis=0), 5**-0.5, rtol=0.15)
    assert np.linalg.norm(positions, axis=1).max() < 1.5


def test_start_at_puts_items_where_they_are_wanted_if_the_features_can() -> None:
    torch.manual_seed(0)
    model, inputs = LatentModel(6, 64, 4), torch.randn(300, 6)
    wanted = model.features(inputs).detach() @ torch.randn(64, 3) / 8 + torch.tensor([0.5, 0.0, -1.0])
    start_at(model, inputs, wanted)
    error = (model.to_latent(model.features(inputs)) - wanted).detach()
    assert float(error.square().mean() / wanted.var()) < 0.02


# Space


def test_the_cloud_fills_the_ball() -> None:
    radii = np.linalg.norm(make_steps(prepared(), 150).positions, axis=1)
    inner, half, outer = np.quantile(radii, [0.1, 0.5, 0.95])
    # Of a uniform ball: 0.46, 0.79 and 0.98.
    assert 0.15 < inner < 0.6
    assert 0.5 < half < 0.95
    assert 0.8 < outer < 1.3


def test_neighbours_in_the_data_are_nearer_in_the_cloud_than_others() -> None:
    training = prepared()
    positions = make_steps(training, 100).positions
    to_neighbours = np.linalg.norm(positions[:, None] - positions[training.neighbours], axis=2)
    to_all = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    assert to_neighbours.mean() < 0.6 * to_all.mean()


def path_length(training: Training, frames: int) -> float:
    """How far the items go on their way over so many steps, as a share of how far they get."""
    clouds = [make_steps(training, 1).positions for _ in range(frames)]
    ways = [np.linalg.norm(b - a, axis=1).mean() for a, b in pairwise(clouds)]
    return float(sum(ways) / np.linalg.norm(clouds[-1] - clouds[0], axis=1).mean())


def test_the_cloud_moves_where_the_network_goes_without_its_shaking() -> None:
    plain, averaged = prepared(average_steps=1), prepared(average_steps=50)
    make_steps(plain, 30)
    make_steps(averaged, 30)
    with torch.no_grad():
        latest = plain.model.to_latent(plain.model.features(plain.inputs))
    np.testing.assert_array_equal(plain.encode().positions, latest.cpu().numpy())
    assert path_length(averaged, 30) < 0.7 * path_length(plain, 30)


def test_to_follow_by_a_share_is_to_go_that_share_of_the_way_and_leaves_the_leader_alone() -> None:
    torch.manual_seed(0)
    average, model = LatentModel(3, 8, 4), LatentModel(3, 8, 4)
    before = [(a.clone(), b.clone()) for a, b in zip(average.parameters(), model.parameters(), strict=True)]
    follow(average, model, 0.25)
    for a, b, (old_a, old_b) in zip(average.parameters(), model.parameters(), before, strict=True):
        torch.testing.assert_close(a, 0.75 * old_a + 0.25 * old_b)
        assert torch.equal(b, old_b)
    follow(average, model, 1.0)
    assert all(torch.equal(a, b) for a, b in zip(average.parameters(), model.parameters(), strict=True))


# Labels


def test_labels_move_nothing_but_enter_the_loss_at_the_next_step() -> None:
    training = prepared()
    before = make_steps(training, 3)
    labelled_terms = ("attraction", "repulsion", "classification", "agreement")
    assert {name for name in TERMS if training.losses[name] == 0.0} == set(labelled_terms)
    training.set_labels(ALL_FOUR)
    np.testing.assert_array_equal(training.encode().positions, before.positions)
    training.step()
    assert all(training.losses[name] > 0 for name in TERMS)
    twin = make_steps(prepared(), 4)
    assert np.abs(training.encode().positions - twin.positions).max() > 1e-5


def log_one_plus(values: list[float]) -> float:
    return float(np.mean(np.log1p(values)))


def test_pairs_of_one_category_attract_and_pairs_of_different_ones_repel() -> None:
    training = prepared(average_steps=1)
    labels = labels_of(0, 1, 2, 3, each=20)
    training.set_labels(labels)
    rows = {tuple(row): number for number, row in enumerate(training.inputs.cpu().numpy().tolist())}
    batches: list[npt.NDArray[np.int64]] = []
    training.model.body.register_forward_hook(
        lambda _module, inputs, _output: batches.append(np.array([rows[tuple(row)] for row in inputs[0].tolist()]))
    )
    positions = training.encode().positions.astype(np.float64)
    training.step()
    drawn, reach = batches[-1][-32:], training.parameters.reach
    assert np.unique(labels[drawn], return_counts=True)[1].tolist() == [8, 8, 8, 8]
    squared = {
        (i, j): float(((positions[a] - positions[b]) ** 2).sum()) / reach**2
        for i, a in enumerate(drawn)
        for j, b in enumerate(drawn)
        if i != j
    }
    alike = {pair: labels[drawn[pair[0]]] == labels[drawn[pair[1]]] for pair in squared}
    pull = log_one_plus([d for pair, d in squared.items() if alike[pair]])
    push = log_one_plus([1 / (d + 1e-3) for pair, d in squared.items() if not alike[pair]])
    assert training.losses["attraction"] == pytest.approx(training.parameters.weight_attraction * pull, rel=1e-3)
    assert training.losses["repulsion"] == pytest.approx(training.parameters.weight_repulsion * push, rel=1e-3)


def test_labels_draw_categories_together_and_apart_and_carry_to_items_without_one() -> None:
    training, without_labels = prepared(), prepared()
    make_steps(training, 60)
    training.set_labels(ALL_FOUR)
    after = make_steps(training, 250)
    assert within_to_between(after.positions) < 0.96 * within_to_between(make_steps(without_labels, 310).positions)
    unlabelled = ALL_FOUR == NONE
    assert (after.predicted == TRUTH)[unlabelled].mean() > 0.75
    assert (after.predicted == TRUTH)[~unlabelled].mean() > 0.9
    assert np.linalg.norm(after.positions, axis=1).max() < 2.0


def test_a_person_may_mean_something_else_than_the_data_suggests() -> None:
    training, without_labels = prepared(), prepared()
    training.set_labels(labels_of(5, 9, 9, 5))
    found, kinds = make_steps(training, 300), np.array([5, 9, 9, 5], np.int16)[TRUTH]
    assert (found.predicted == kinds).mean() > 0.75
    alone = make_steps(without_labels, 300)
    assert within_to_between(found.positions, kinds) < 0.96 * within_to_between(alone.positions, kinds)


def test_the_more_steps_the_more_certain() -> None:
    training = prepared()
    training.set_labels(ALL_FOUR)
    early, late = make_steps(training, 2), make_steps(training, 150)
    assert early.confidence.mean() + 0.1 < late.confidence.mean()
    for encoded in (early, late):
        assert encoded.confidence.min() >= 1 / 4 - 1e-6
        assert encoded.confidence.max() <= 1.0


def test_nothing_is_predicted_before_two_categories_have_labels() -> None:
    training = prepared()
    for labels in (labels_of(), labels_of(7), labels_of(7, 7)):
        training.set_labels(labels)
        found = make_steps(training, 2)
        assert (found.predicted == NONE).all()
        assert (found.confidence == 0).all()
    assert training.losses["attraction"] > 0
    assert training.losses["repulsion"] == training.losses["classification"] == 0
    training.set_labels(labels_of(7, 200))
    assert set(make_steps(training, 1).predicted.tolist()) <= {7, 200}


def test_only_categories_that_have_a_label_are_predicted() -> None:
    training = prepared()
    training.set_labels(labels_of(0, 1, CATEGORY_CAPACITY - 1))
    assert set(make_steps(training, 20).predicted.tolist()) <= {0, 1, CATEGORY_CAPACITY - 1}
    training.set_labels(labels_of(0, 1))
    assert set(training.encode().predicted.tolist()) <= {0, 1}
    assert set(make_steps(training, 20).predicted.tolist()) <= {0, 1}


def test_erased_labels_have_no_effect_any_more() -> None:
    training = prepared()
    training.set_labels(ALL_FOUR)
    make_steps(training, 5)
    training.set_labels(labels_of())
    assert (make_steps(training, 2).predicted == NONE).all()
    kept = training.losses["classification"]
    make_steps(training, 60)
    assert 0 <= training.losses["classification"] < 0.1 * kept


def test_every_category_can_have_a_label() -> None:
    dataset = Dataset("many", np.random.default_rng(0).normal(size=(CATEGORY_CAPACITY + 10, 5)).astype(np.float32))
    training = prepared(dataset)
    training.set_labels(np.arange(CATEGORY_CAPACITY + 10).clip(max=CATEGORY_CAPACITY - 1).astype(np.int16))
    found = make_steps(training, 3)
    assert np.isfinite(found.positions).all()
    assert found.predicted.min() >= 0
    assert found.predicted.max() < CATEGORY_CAPACITY


def test_labels_that_follow_from_a_journal_train_whatever_the_order_of_arrival() -> None:
    entries = [
        LabelEvent("a", Kind.ASSIGN, 0, np.arange(0, 6, dtype=np.uint32), seq=1),
        LabelEvent("b", Kind.ASSIGN, 1, np.arange(60, 70, dtype=np.uint32), seq=2),
        LabelEvent("c", Kind.ERASE, NONE, np.arange(64, 70, dtype=np.uint32), seq=3),
    ]
    clouds = []
    for order in (entries, entries[::-1]):
        book = LabelBook(ITEMS)
        book.add_all(order)
        training = prepared()
        training.set_labels(book.labels)
        clouds.append(make_steps(training, 5))
    assert_identical(*clouds)


def trust_by_definition(labels: list[int], neighbours: list[list[int]]) -> list[float]:
    trust = []
    for item, around in enumerate(neighbours):
        seen = [labels[i] for i in around if labels[i] != NONE]
        trust.append(((seen.count(labels[item]) + 1) / (len(seen) + 2)) ** 2)
    return trust


def test_a_label_is_trusted_as_far_as_those_around_agree() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 3, size=50).astype(np.int16)
    neighbours = rng.integers(0, 50, size=(50, 7))
    trust, labelled = label_trust(labels, neighbours), labels != NONE
    expected = np.array(trust_by_definition(labels.tolist(), neighbours.tolist()))
    np.testing.assert_allclose(trust[labelled], expected[labelled], rtol=1e-6)
    assert trust.min() > 0
    assert trust.max() < 1


def test_labels_are_trusted_alike_before_neighbours_are_known() -> None:
    assert len(set(label_trust(ALL_FOUR, np.zeros((ITEMS, 0), np.int64)).tolist())) == 1


def test_a_few_wrong_labels_do_not_mislead() -> None:
    labels = labels_of(0, 1, 2, 3, each=20)
    labels[[2, 62, 122, 182]] = [1, 2, 3, 0]
    training = prepared()
    training.set_labels(labels)
    found = make_steps(training, 200)
    assert (found.predicted == TRUTH)[labels == NONE].mean() > 0.75


# Truth


def test_truth_has_no_way_into_training() -> None:
    assert list(inspect.signature(Training.__init__).parameters) == ["self", "inputs", "parameters", "device"]
    public = [name for name, _ in inspect.getmembers(Training, callable) if not name.startswith("_")]
    looks = ["draw", "drawing_from", "encode", "labelled_as", "positions_of", "terms", "weighted"]
    keeps = ["state", "restore", "weights_digest", "latents_digest"]
    assert sorted(public) == sorted([*looks, *keeps, "go_back", "set_labels", "set_neighbours", "step"])
    assert not any("truth" in str(inspect.signature(method)) for method in (Worker.__init__, Training.set_labels))


def places_that_read(attribute: str) -> set[str]:
    """Return module.function for every place in the package that reads an attribute of that name."""
    found = set()
    for path in Path(latent_trainer.__file__).parent.glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.Lambda):
                reads = [n for n in ast.walk(function) if isinstance(n, ast.Attribute) and n.attr == attribute]
                if reads:
                    found.add(f"{path.stem}.{getattr(function, 'name', 'lambda')}")
    return found


def test_truth_is_read_in_one_place_of_the_trainer_and_one_of_the_replay_only_to_measure() -> None:
    assert places_that_read("truth") == {"node._on_categories", "replay._differences", "replay._right"}
    measures = {"node._quality", "node._epoch_message"}
    assert places_that_read("_truth") == {"node.__init__", "node._on_categories", *measures}
    assert "preparation.make" in places_that_read("components"), "what is searched for would be found"


def test_a_dataset_with_its_truth_shuffled_or_without_any_gives_the_same_cloud_to_the_bit() -> None:
    honest = clusters()
    shuffled = np.random.default_rng(3).permutation(TRUTH)
    clouds = []
    for truth in (honest.truth, shuffled, None):
        training = prepared(Dataset("clusters", honest.items, truth, honest.categories))
        training.set_labels(ALL_FOUR)
        clouds.append(make_steps(training, 5))
    assert_identical(clouds[0], clouds[1])
    assert_identical(clouds[0], clouds[2])


# Any dataset


def constant_columns(rng: np.random.Generator) -> npt.NDArray[np.float32]:
    return np.concatenate([np.full((40, 3), 5.0), rng.normal(size=(40, 2))], axis=1).astype(np.float32)


TINY: dict[str, Callable[[np.random.Generator], npt.NDArray[Any]]] = {
    "20 items": lambda rng: rng.normal(size=(20, 6)).astype(np.float32),
    "1 feature": lambda rng: rng.normal(size=(30, 1)).astype(np.float32),
    "2 features": lambda rng: rng.normal(size=(30, 2)).astype(np.float32),
    "constant columns": constant_columns,
    "nothing but constants": lambda _: np.full((20, 4), 7.0, np.float32),
    "every item twice": lambda rng: np.repeat(rng.normal(size=(15, 4)), 2, axis=0).astype(np.float32),
    "two different items": lambda rng: np.repeat(rng.normal(size=(2, 4)), 15, axis=0).astype(np.float32),
    "one outlier": lambda rng: np.concatenate([rng.normal(size=(29, 3)), np.full((1, 3), 1e9)]).astype(np.float32),
    "tiny values": lambda rng: (1e-30 * rng.normal(size=(25, 3))).astype(np.float32),
    "more columns than rows": lambda rng: rng.normal(size=(20, 300)).astype(np.float32),
    "white pictures": lambda _: np.full((20, 5, 5), 255, np.uint8),
    "pictures of one pixel": lambda rng: rng.integers(0, 256, size=(25, 1, 1), dtype=np.uint8),
}


@pytest.mark.parametrize("kind", TINY)
def test_a_small_or_strange_dataset_trains_and_stays_finite(kind: str) -> None:
    dataset = Dataset(kind, TINY[kind](np.random.default_rng(0)))
    training = prepared(dataset, width=8)
    first = training.encode()
    labels = np.full(len(dataset), NONE, np.int16)
    labels[:3], labels[-2:] = 0, 1
    make_steps(training, 3)
    training.set_labels(labels)
    last = make_steps(training, 30)
    for encoded in (first, last):
        assert encoded.positions.shape == (len(dataset), 3)
        assert np.isfinite(encoded.positions).all()
        assert np.linalg.norm(encoded.positions, axis=1).max() < 3.0
    assert np.isfinite(last.confidence).all()
    assert all(np.isfinite(value) for value in training.losses.values())


# Counting


def test_a_step_without_neighbours_is_refused() -> None:
    training = Training(inputs_of(clusters()), Parameters(width=8), "cpu")
    assert training.neighbours.shape == (ITEMS, 0)
    with pytest.raises(StepFailedError, match="set_neighbours must come before the first step"):
        training.step()
    assert training.step_count == 0


@pytest.mark.parametrize(
    ("batch", "steps", "epoch"), [(64, 0, 0), (64, 3, 0), (64, 4, 1), (64, 15, 4), (384, 2, 1), (8, 29, 0), (8, 30, 1)]
)
def test_an_epoch_is_one_pass_through_the_dataset(batch: int, steps: int, epoch: int) -> None:
    # 240 items; a batch is at most half of them.
    training = prepared(batch=batch, width=8)
    make_steps(training, steps)
    assert (training.step_count, training.epoch) == (steps, epoch)


def test_every_item_is_seen_once_an_epoch_with_one_of_its_neighbours() -> None:
    training = prepared(batch=60, width=8)
    rows = {tuple(row): number for number, row in enumerate(training.inputs.cpu().numpy().tolist())}
    seen: list[list[int]] = []
    training.model.body.register_forward_hook(
        lambda _module, inputs, _output: seen.append([rows[tuple(row)] for row in inputs[0].tolist()])
    )
    for _ in range(4):
        training.step()
    items = [item for batch in seen for item in batch[:60]]
    others = [item for batch in seen for item in batch[60:]]
    assert sorted(items) == list(range(ITEMS))
    assert all(other in training.neighbours[item] for item, other in zip(items, others, strict=True))


def test_losses_are_weighted_running_means_by_term() -> None:
    plain, heavy = prepared(), prepared(weight_structure=10.0, weight_reconstruction=0.0)
    plain.step()
    heavy.step()
    assert list(plain.losses) == list(TERMS)
    assert heavy.losses["structure"] == pytest.approx(10 * plain.losses["structure"], rel=1e-5)
    assert heavy.losses["spread"] == pytest.approx(plain.losses["spread"], rel=1e-5)
    assert heavy.losses["reconstruction"] == 0.0
    first = plain.losses["structure"]
    make_steps(plain, 100)
    assert 0 < plain.losses["structure"] < first


def test_a_place_in_the_space_decodes_to_something_like_the_item_there() -> None:
    training = prepared()
    make_steps(training, 300)
    with torch.no_grad():
        decoded = training.average.decode(torch.from_numpy(training.encode().positions).to(training.device))
    error = (decoded - training.inputs).square().mean()
    assert float(error) < 0.7 * float(training.inputs.var(dim=0).mean())


# Numbers that are none


def state_of(training: Training) -> dict[str, torch.Tensor]:
    """All that a step changes."""
    tensors = {f"model.{name}": tensor for name, tensor in training.model.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in training.average.state_dict().items()}
    for index, moments in training.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in moments.items()}
    return {name: tensor.clone() for name, tensor in tensors.items()}


def spoil(training: Training, monkeypatch: pytest.MonkeyPatch, what: str, steps: int) -> None:
    """Make the loss, or only its gradient, not finite in the next so many steps."""
    terms, left = training.terms, [steps]

    def spoiled(batch: Batch) -> Terms:
        found = terms(batch)
        if left[0] <= 0:
            return found
        left[0] -= 1
        weight = training.model.to_latent.weight
        # The root has an infinite slope at 0, where its value is 0.
        bad = weight.sum() * torch.nan if what == "loss" else (weight - weight.detach()).sum().abs().sqrt()
        return replace(found, values=found.values | {"reconstruction": found.values["reconstruction"] + bad})

    monkeypatch.setattr(training, "terms", spoiled)


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_a_step_that_is_not_finite_changes_nothing_and_is_counted(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    training = prepared()
    training.set_labels(ALL_FOUR)
    make_steps(training, 5)
    before, losses = state_of(training), dict(training.losses)
    spoil(training, monkeypatch, what, 3)
    for skipped in (1, 2, 3):
        training.step()
        after = state_of(training)
        assert after.keys() == before.keys()
        assert all(torch.equal(after[name], before[name]) for name in before)
        assert (training.step_count, training.skipped_count, training.losses) == (5, skipped, losses)
    training.step()
    assert (training.step_count, training.skipped_count) == (6, 3)
    assert any(not torch.equal(tensor, before[name]) for name, tensor in state_of(training).items())
    assert np.isfinite(training.encode().positions).all()


def weights_of(training: Training) -> dict[str, torch.Tensor]:
    """The two networks; the optimiser's learning rate is part of no weight."""
    both = {f"model.{name}": tensor for name, tensor in training.model.state_dict().items()}
    both |= {f"average.{name}": tensor for name, tensor in training.average.state_dict().items()}
    return {name: tensor.clone() for name, tensor in both.items()}


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_after_many_such_steps_in_a_row_training_goes_back_and_says_why(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = prepared()
    before = weights_of(training)
    make_steps(training, 5)
    spoil(training, monkeypatch, what, 49)
    make_steps(training, 49)
    assert (training.step_count, training.skipped_count, training.return_count) == (5, 49, 0)
    spoil(training, monkeypatch, what, 50)
    make_steps(training, 1)
    assert (training.step_count, training.return_count) == (5, 1)
    assert training.setback.startswith("went back to the network of step 0, learning rate 0.0025: 50 steps in a row ")
    assert "gradient nan" in training.setback
    after = weights_of(training)
    assert all(torch.equal(after[name], before[name]) for name in before)
    monkeypatch.undo()
    make_steps(training, 999)
    assert training.setback
    make_steps(training, 2)
    assert (training.step_count, training.setback) == (1006, "")
    assert np.isfinite(training.encode().positions).all()


def test_training_goes_back_to_the_newest_network_that_is_kept_and_steps_are_still_counted_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training = prepared()
    make_steps(training, 200)
    kept = weights_of(training)
    make_steps(training, 50)
    spoil(training, monkeypatch, "loss", 50)
    make_steps(training, 50)
    assert "went back to the network of step 200" in training.setback
    after = weights_of(training)
    assert all(torch.equal(after[name], kept[name]) for name in kept)
    make_steps(training, 1)
    assert training.step_count == 251


def test_where_going_back_does_not_help_training_gives_up_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    training = prepared()
    make_steps(training, 1)
    spoil(training, monkeypatch, "loss", 1000)
    make_steps(training, 199)
    assert training.return_count == 3
    with pytest.raises(NotFiniteError, match=r"50 steps in a row .*: structure .*, also after going back 3 times; "):
        make_steps(training, 1)
    assert training.step_count == 1
    assert np.isfinite(training.encode().positions).all()


def test_without_a_sound_step_there_is_nothing_to_go_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    training = prepared()
    spoil(training, monkeypatch, "loss", 1000)
    with pytest.raises(NotFiniteError, match=r"50 steps in a row were not finite or far too large: structure .*"):
        make_steps(training, 50)
    assert training.return_count == 0


def test_a_loss_that_explodes_counts_as_no_sound_step_even_where_it_is_finite() -> None:
    training = prepared()
    make_steps(training, 100)
    radius = np.linalg.norm(training.encode().positions, axis=1).max()
    with torch.no_grad():
        training.model.to_latent.weight.mul_(1e4)
    make_steps(training, 50)
    assert (training.step_count, training.skipped_count, training.return_count) == (100, 50, 1)
    make_steps(training, 50)
    assert training.step_count == 150
    assert np.linalg.norm(training.encode().positions, axis=1).max() < 3 * radius


def lag(training: Training) -> float:
    """How much nearer the shown network came to the trained one in a step, as a share of the way."""
    before, target = training.average.to_latent.weight.clone(), None
    training.step()
    target = training.model.to_latent.weight
    moved = (training.average.to_latent.weight - before).norm()
    return float((moved / (target - before).norm()).detach())


def test_the_network_that_is_shown_follows_quickly_when_labels_have_changed_then_slowly_again() -> None:
    training = prepared(average_steps=100)
    make_steps(training, 1000)
    assert lag(training) == pytest.approx(1 / 100, rel=1e-3)
    training.set_labels(ALL_FOUR)
    assert lag(training) == pytest.approx(1 / 20, rel=0.06)
    make_steps(training, 30)
    training.set_labels(ALL_FOUR)  # The same once more is no change.
    assert lag(training) == pytest.approx(1 / 51, rel=0.05)
    make_steps(training, 80)
    assert lag(training) == pytest.approx(1 / 100, rel=1e-3)


def test_steps_that_are_far_too_wide_make_training_go_back_and_it_goes_on_with_narrower_ones() -> None:
    training = prepared(learning_rate=2.0, weight_spread=1.0, weight_uniformity=0.0)
    make_steps(training, 600)
    assert training.return_count >= 1
    assert training.optimizer.param_groups[0]["lr"] <= 1.0
    assert training.step_count > 400
    assert np.linalg.norm(training.encode().positions, axis=1).max() < 100


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_a_cloud_that_is_not_finite_is_not_shown(value: float) -> None:
    training = prepared()
    with torch.no_grad():
        training.average.to_latent.bias[1] = value
    with pytest.raises(NotFiniteError, match=f"{ITEMS} of {ITEMS} items have no finite place in the cloud"):
        training.encode()


def test_a_confidence_that_is_not_finite_is_not_shown() -> None:
    training = prepared()
    training.set_labels(ALL_FOUR)
    with torch.no_grad():
        training.average.to_category.bias[2] = torch.nan
    with pytest.raises(NotFiniteError):
        training.encode()


@pytest.mark.parametrize(("items", "share"), [(500, 1.0), (4000, 0.5), (19_999, 2000 / 19_999), (20_000, None)])
def test_uniformity_counts_for_less_the_more_items_there_are(items: int, share: float | None) -> None:
    inputs = np.random.default_rng(0).normal(size=(items, 4)).astype(np.float32)
    training = Training(inputs, Parameters(width=8, batch=64, seed=1), "cpu")
    training.set_neighbours(np.zeros((items, 1), np.int32))
    batch = training.draw()
    terms = training.terms(batch)
    whole = losses.uniformity(terms.latents[: len(batch.items)], training.parameters.reach)
    if share is None:
        assert "uniformity" not in terms.values
    else:
        torch.testing.assert_close(terms.values["uniformity"], share * whole)
