"""Forces: pulls against autograd and finite differences, own part and drag against the step with an item left out."""

import copy
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from latent_trainer.batches import Batch
from latent_trainer.force_draws import MeanPulls, _label_draws, _Role, _who_has_as_neighbour
from latent_trainer.force_watch import _KEPT, _LOOKS_AT_REST, ForceWatch
from latent_trainer.forces import (
    Pulls,
    first_order_motion,
    forces_relative_error,
    own_kernel,
    own_motion,
    pulls_of,
    step_sizes,
)
from latent_trainer.graph import nearest_neighbours
from latent_trainer.model import LatentModel
from latent_trainer.parameters import Parameters
from latent_trainer.training import NotFiniteError, Training
from latentvr_common.cloud import NONE
from latentvr_common.forces import Forces

torch.set_num_threads(1)

EACH = 60
KINDS = np.repeat(np.arange(4), EACH)
ITEMS = len(KINDS)


def prepared(steps: int = 60, labelled: bool = True, **parameters: Any) -> Training:
    """Four overlapping heaps in ten dimensions, trained a little."""
    rng = np.random.default_rng(0)
    inputs = (1.3 * rng.normal(size=(4, 10))[KINDS] + rng.normal(size=(ITEMS, 10))).astype(np.float32)
    small = {"width": 32, "batch": 64, "label_batch": 32, "learning_rate": 5e-3, "average_steps": 20, "seed": 1}
    training = Training(inputs, Parameters(**{**small, **parameters}), "cpu")
    training.set_neighbours(nearest_neighbours(inputs, 8, 1))
    if labelled:
        training.set_labels(some_labels())
    for _ in range(steps):
        training.step()
    return training


def some_labels(each: int = 9) -> npt.NDArray[np.int16]:
    labels = np.full(ITEMS, NONE, np.int16)
    for kind in range(4):
        labels[kind * EACH : kind * EACH + each] = kind
    labels[5] = 3  # A wrong one, which is trusted less.
    return labels


def doubled(training: Training, batch: Batch) -> tuple[Training, Batch]:
    """The same, with twice the digits: first and second order can be told apart."""
    precise = copy.deepcopy(training)
    precise.model.double()
    precise.average.double()
    precise.inputs = precise.inputs.double()
    return precise, replace(batch, directions=batch.directions.double())


def positions(model: LatentModel, inputs: Tensor) -> Tensor:
    with torch.no_grad():
        return model.to_latent(model.features(inputs))


def plain_step(training: Training, batch: Batch, rate: float) -> dict[str, Tensor]:
    """The change of the weights in a step of plain gradient descent."""
    loss = training.weighted(training.terms(batch).values)
    named = dict(training.model.named_parameters())
    gradients = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
    return {
        name: -rate * (gradient if gradient is not None else torch.zeros_like(named[name]))
        for name, gradient in zip(named, gradients, strict=True)
    }


def moved_by(model: LatentModel, change: dict[str, Tensor], share: float = 1.0) -> LatentModel:
    moved = copy.deepcopy(model)
    with torch.no_grad():
        for name, parameter in moved.named_parameters():
            parameter += share * change[name]
    return moved


def change_by(training: Training, rows: Tensor, pulls: Tensor, rate: float) -> dict[str, Tensor]:
    """The change of the weights that pulls (R, 3) on `rows` (R,) make in plain gradient descent."""
    named = dict(training.model.named_parameters())
    latents = training.model.to_latent(training.model.features(training.inputs[rows]))
    gradients = torch.autograd.grad(latents, list(named.values()), pulls.to(latents.device), allow_unused=True)
    return {
        name: rate * (gradient if gradient is not None else torch.zeros_like(named[name]))
        for name, gradient in zip(named, gradients, strict=True)
    }


def relative(a: Tensor, b: Tensor) -> float:
    return float((a - b).norm() / b.norm())


# The pull, by term


@pytest.mark.parametrize("labelled", [False, True])
def test_the_pulls_of_the_terms_sum_to_the_gradient_of_the_whole_loss(labelled: bool) -> None:
    training = prepared(labelled=labelled)
    batch = training.draw()
    assert forces_relative_error(training, batch) < 1e-5
    assert forces_relative_error(*doubled(training, batch)) < 1e-13


def test_the_relative_error_sees_a_term_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_spread(training: Training, batch: Batch) -> Pulls:
        pulls = pulls_of(training, batch)
        return Pulls(pulls.rows, {term: pull for term, pull in pulls.by_term.items() if term != "spread"})

    training = prepared(steps=5)
    monkeypatch.setattr("latent_trainer.forces.pulls_of", without_spread)
    assert forces_relative_error(training, training.draw()) > 1e-3


def test_a_pull_is_how_much_the_loss_falls_when_the_item_is_moved() -> None:
    training = prepared()
    training, batch = doubled(training, training.draw())
    pulls, names = pulls_of(training, batch), list(training.terms(batch).values)
    for row, axis in ((3, 0), (64 + 5, 1), (2 * 64 + 7, 2)):
        shifted = []
        for sign in (1, -1):
            offset = torch.zeros(len(batch.rows), 3, dtype=torch.float64, device=training.device)
            offset[row, axis] = sign * 1e-5
            hook = training.model.to_latent.register_forward_hook(lambda _m, _i, out, by=offset: out + by)
            values = training.terms(batch).values
            hook.remove()
            shifted.append({name: float(training.weighted({name: values[name]}).detach()) for name in names})
        for name in names:
            fall = (shifted[1][name] - shifted[0][name]) / 2e-5
            assert float(pulls.by_term[name][row, axis]) == pytest.approx(fall, rel=1e-4, abs=1e-8), name


def test_terms_that_do_not_act_through_positions_do_not_pull() -> None:
    training = prepared()
    by_term = pulls_of(training, training.draw()).by_term
    assert not by_term["classification"].any()
    assert not by_term["agreement"].any()
    for term in ("structure", "spread", "uniformity", "attraction", "repulsion", "reconstruction"):
        assert by_term[term].abs().max() > 0, term


def test_a_pull_counts_as_much_as_its_term_weighs() -> None:
    one, three = (prepared(steps=0, weight_structure=weight) for weight in (1.0, 3.0))
    a, b = (pulls_of(training, training.draw()).by_term for training in (one, three))
    torch.testing.assert_close(b["structure"], 3 * a["structure"])
    torch.testing.assert_close(b["spread"], a["spread"])


def test_asking_for_pulls_changes_nothing_in_training() -> None:
    one, two = prepared(), prepared()
    pulls_of(two, two.draw())
    assert all(parameter.grad is None or parameter.grad.isfinite().all() for parameter in two.model.parameters())
    one.draw()
    for training in (one, two):
        training.step()
    assert torch.equal(one.inputs, two.inputs)
    for a, b in zip(one.model.parameters(), two.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_pulls_on_an_item_are_summed_over_its_rows() -> None:
    rows = torch.tensor([7, 2, 7, 9, 2, 7])
    pulls = torch.arange(18.0).reshape(6, 3)
    found = Pulls(rows, {"a": pulls, "b": -pulls}).of_items(torch.tensor([9, 7, 4, 2]))
    expected = torch.stack([pulls[3], pulls[0] + pulls[2] + pulls[5], torch.zeros(3), pulls[1] + pulls[4]])
    torch.testing.assert_close(found["a"], expected)
    torch.testing.assert_close(found["b"], -expected)


# First order


@pytest.mark.parametrize("direction", ["of the step", "random"])
def test_the_first_order_motion_is_the_true_one_up_to_second_order(direction: str) -> None:
    training = prepared()
    training, batch = doubled(training, training.draw())
    change = plain_step(training, batch, rate=0.05)
    if direction == "random":
        torch.manual_seed(0)
        change = {name: 0.003 * torch.randn_like(value) for name, value in change.items()}
    predicted = first_order_motion(training.model, training.inputs, change)
    before = positions(training.model, training.inputs)
    errors = []
    for share in (1.0, 0.5, 0.25, 0.125):
        true = positions(moved_by(training.model, change, share), training.inputs) - before
        errors.append(float((true - share * predicted).norm()))
    assert errors[0] > 0
    ratios = [a / b for a, b in pairwise(errors)]
    assert ratios[-1] == pytest.approx(4.0, rel=0.05)
    assert errors[-1] < 0.1 * float(predicted.norm()) / 8


def test_weights_that_are_not_named_stay_as_they_are() -> None:
    training = prepared(steps=3)
    assert not first_order_motion(training.model, training.inputs, {}).any()
    to_there = torch.tensor([0.1, 0.0, -0.2], device=training.device)
    bias = {"to_latent.bias": to_there}
    motion = first_order_motion(training.model, training.inputs[:5], bias)
    torch.testing.assert_close(motion, to_there.expand(5, 3))


# Own part and drag


def jacobians(model: LatentModel, inputs: Tensor) -> dict[str, Tensor]:
    """dz/d(weights), (F, 3, *shape), item by item: the reference that writes out what `own_kernel` avoids."""
    weights = {name: value.detach() for name, value in model.named_parameters()}
    rows = []
    for one in inputs:
        latent = model.to_latent(model.features(one[None]))[0]
        by_axis = [
            torch.autograd.grad(value, list(model.parameters()), allow_unused=True, retain_graph=True)
            for value in latent
        ]
        rows.append(
            [
                [torch.zeros_like(w) if g is None else g for g, w in zip(axis, weights.values(), strict=True)]
                for axis in by_axis
            ]
        )
    return {
        name: torch.stack([torch.stack([axis[i] for axis in row]) for row in rows]) for i, name in enumerate(weights)
    }


def test_the_kernel_of_the_layers_is_that_of_whole_jacobians() -> None:
    training = prepared()
    sizes = step_sizes(training.model, training.optimizer)
    inputs = training.inputs[::30]
    kernel = own_kernel(training.model, inputs, sizes)
    expected = torch.zeros_like(kernel)
    for name, j in jacobians(training.model, inputs).items():
        flat = j.flatten(2)
        expected += (flat * sizes[name].flatten()) @ flat.transpose(1, 2)
    torch.testing.assert_close(kernel, expected, rtol=1e-4, atol=1e-6)
    assert (torch.linalg.eigvalsh(kernel) > 0).all()


def test_drag_is_the_motion_of_the_step_in_which_the_items_own_pull_is_left_out() -> None:
    training = prepared()
    training, batch = doubled(training, training.draw())
    rate, item = 1e-3, int(batch.items[4])
    change, pulls = plain_step(training, batch, rate), pulls_of(training, batch)
    rows = (pulls.rows == item).nonzero()[:, 0]
    without = change_by(training, pulls.rows[rows], pulls.total[rows], rate)
    left = {name: change[name] - without[name] for name in change}
    inputs = training.inputs[[item]]
    sizes = {name: torch.full_like(value, rate) for name, value in change.items()}
    pull = torch.stack(list(pulls.of_items(torch.tensor([item])).values())).sum(dim=0).to(training.device)
    own = own_motion(own_kernel(training.model, inputs, sizes), pull)
    motion = first_order_motion(training.model, inputs, change)
    drag = motion - own
    torch.testing.assert_close(drag, first_order_motion(training.model, inputs, left), rtol=1e-9, atol=1e-15)
    # Neither part is the whole.
    assert float(own.norm()) > 0.01 * float(motion.norm())
    assert relative(own, motion) > 0.1


def test_an_item_that_is_alone_is_not_dragged_to_first_order() -> None:
    training = prepared()
    alone = torch.tensor([17])
    nobody = torch.empty(0, dtype=torch.int64)
    training, batch = doubled(training, Batch(alone, alone, nobody, nobody, training.draw().directions))
    inputs, pulls = training.inputs[alone], pulls_of(training, batch)
    pull = torch.stack(list(pulls.of_items(alone).values())).sum(dim=0).to(training.device)
    before, shares = positions(training.model, inputs), []
    for rate in (0.02, 0.01, 0.005):
        sgd = torch.optim.SGD(training.model.parameters(), lr=rate)
        own = own_motion(own_kernel(training.model, inputs, step_sizes(training.model, sgd)), pull)
        change = plain_step(training, batch, rate)
        torch.testing.assert_close(first_order_motion(training.model, inputs, change), own, rtol=1e-9, atol=1e-15)
        drag = positions(moved_by(training.model, change), inputs) - before - own
        shares.append(float(drag.norm() / own.norm()))
    # What is left is second order: half the step, half the share of the motion.
    assert shares[0] < 0.1
    assert shares[0] / shares[1] == pytest.approx(2.0, rel=0.1)
    assert shares[1] / shares[2] == pytest.approx(2.0, rel=0.1)


def test_of_adamw_the_own_part_is_what_the_items_gradient_adds_to_the_momentum() -> None:
    training = prepared()
    training, batch = doubled(training, training.draw())
    training.optimizer = torch.optim.AdamW(training.model.parameters(), lr=5e-3, weight_decay=1e-4)
    item = int(batch.items[4])
    for _ in range(4):
        training.optimizer.zero_grad()
        training.weighted(training.terms(batch).values).backward()  # type: ignore[no-untyped-call]
        before = copy.deepcopy(training.model)
        pulls = pulls_of(training, batch)
        training.optimizer.step()
    rows = (pulls.rows == item).nonzero()[:, 0]
    at_before = copy.copy(training)
    at_before.model = before
    gradient = {name: -value for name, value in change_by(at_before, pulls.rows[rows], pulls.total[rows], 1.0).items()}
    difference = {}
    for name, parameter in training.model.named_parameters():
        state = training.optimizer.state[parameter]
        if not state:
            continue
        spread = (state["exp_avg_sq"] / (1 - 0.999**4)).sqrt() + 1e-8
        difference[name] = -5e-3 * (1 - 0.9) / (1 - 0.9**4) * gradient[name] / spread
    inputs = training.inputs[[item]]
    pull = torch.stack(list(pulls.of_items(torch.tensor([item])).values())).sum(dim=0).to(training.device)
    sizes = step_sizes(training.model, training.optimizer, at_once=True)
    own = own_motion(own_kernel(before, inputs, sizes), pull)
    torch.testing.assert_close(own, first_order_motion(before, inputs, difference), rtol=1e-9, atol=1e-15)


def test_momentum_spreads_a_pull_over_the_steps_that_follow() -> None:
    """A little more gradient in one step: what it adds shows by a tenth at once, and in full after many steps."""
    push = 1e-5
    moved, sizes = [], []
    for extra in (0.0, push):
        weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        model = nn.ParameterDict({"weight": weight})
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.0)
        assert not step_sizes(model, optimizer)["weight"].any()  # type: ignore[arg-type]
        for step in range(300):
            weight.grad = torch.tensor([2.0 * (-1.0) ** step + (extra if step == 150 else 0.0)], dtype=torch.float64)
            optimizer.step()
            if step == 150:
                moved.append(float(weight))
                sizes = [float(step_sizes(model, optimizer, at_once=o)["weight"]) for o in (True, False)]  # type: ignore[arg-type]
        moved.append(float(weight))
    assert (moved[0] - moved[2]) / push == pytest.approx(sizes[0], rel=0.01)
    assert (moved[1] - moved[3]) / push == pytest.approx(sizes[1], rel=0.02)
    assert sizes[0] == pytest.approx(0.1 * sizes[1], rel=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
        lambda parameters: torch.optim.Adagrad(parameters, lr=0.1),
        lambda parameters: torch.optim.AdamW(parameters, lr=0.1, amsgrad=True),
    ],
)
def test_step_sizes_of_other_optimisers_are_not_guessed(make: Any) -> None:
    model = LatentModel(4, 8, 4)
    with pytest.raises(TypeError, match="expected AdamW, or SGD without momentum"):
        step_sizes(model, make(model.parameters()))


def test_a_kernel_of_other_layers_is_not_guessed() -> None:
    model = LatentModel(4, 8, 4)
    sizes = {name: torch.ones_like(value) for name, value in model.named_parameters()}
    model.body.append(nn.LayerNorm(8))
    with pytest.raises(TypeError, match="other than linear layers"):
        own_kernel(model, torch.zeros(2, 4), sizes)
    twice = LatentModel(8, 8, 4)
    twice.body.append(twice.body[0])
    sizes = {name: torch.ones_like(value) for name, value in twice.named_parameters()}
    with pytest.raises(TypeError, match="used twice"):
        own_kernel(twice, torch.zeros(2, 8), sizes)
    assert not twice.to_latent._forward_hooks


# The mean pull of a step


def natural_pulls(training: Training, items: Tensor, count: int) -> dict[str, Tensor]:
    """The mean over ordinary steps, drawn as training draws them: slow, and without any thought."""
    shown = copy.deepcopy(training)
    shown.model = shown.average
    sums: dict[str, Tensor] = {}
    for _ in range(count):
        for term, pull in pulls_of(shown, shown.draw()).of_items(items).items():
            sums[term] = sums.get(term, torch.zeros_like(pull)) + pull / count
    return sums


def test_the_mean_pull_is_that_of_ordinary_steps() -> None:
    training = prepared()
    items = torch.arange(1, ITEMS, 4)
    mean = MeanPulls(training, items, torch.Generator().manual_seed(0))
    for _ in range(150):
        mean.draw(1.0)
    found, expected = mean.by_term(), natural_pulls(training, items, 500)
    labelled = torch.from_numpy(some_labels())[items] != NONE
    for term in ("structure", "spread", "uniformity", "reconstruction", "attraction", "repulsion"):
        whose = labelled if term in ("attraction", "repulsion") else slice(None)
        a, b = found[term][whose], expected[term][whose]
        # A cloud that fills the ball already is hardly pulled outwards: most of that is the chance of the draws.
        near, least = (0.3, 0.7) if term == "spread" else (0.15, 0.9)
        assert float((a * b).sum() / (b * b).sum()) == pytest.approx(1.0, abs=near), term
        assert torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0) > least, term
    assert not found["attraction"][~labelled].any()


def test_labels_are_drawn_as_often_as_it_is_said() -> None:
    training = prepared(steps=0)
    often, category = _label_draws(training)
    counts = torch.zeros(ITEMS)
    for _ in range(3000):
        counts.index_add_(0, training.draw().labelled, torch.ones(32))
    np.testing.assert_allclose(counts / 3000, often, atol=0.08)
    np.testing.assert_array_equal(category, some_labels())
    assert often[5] < 0.6 * often[[0, 1, 2, 3]].mean()
    assert not _label_draws(prepared(steps=0, labelled=False))[0].any()


def test_what_was_drawn_earlier_counts_for_less() -> None:
    role, both = _Role(3), torch.tensor([0, 2])
    role.add(both, {"a": torch.full((2, 3), 1.0)})
    role.forget(0.5)
    role.add(torch.tensor([2]), {"a": torch.full((1, 3), 4.0)})
    torch.testing.assert_close(role.mean("a")[:, 0], torch.tensor([1.0, 0.0, (0.5 * 1 + 4) / 1.5]))
    assert not role.mean("b").any()


def test_who_has_whom_as_neighbour() -> None:
    neighbours = np.array([[1, 2], [2, 0], [1, 0], [1, 2], [3, 1]])
    rows, starts = _who_has_as_neighbour(neighbours, np.array([1, 3, 4]))
    assert [sorted(part.tolist()) for part in torch.tensor_split(rows, starts[1:-1])] == [[0, 2, 3, 4], [4], []]


# The watch


def test_a_watch_leaves_training_as_it_is() -> None:
    one, two = prepared(), prepared()
    watch = ForceWatch(two, 40, seed=0)
    for _ in range(5):
        watch.look()
        for training in (one, two):
            training.step()
    np.testing.assert_array_equal(one.encode().positions, two.encode().positions)
    assert one.losses == two.losses


def test_a_watch_tells_of_a_fixed_sample_where_the_cloud_shows_it() -> None:
    training = prepared()
    watch, same, other = (ForceWatch(training, 40, seed) for seed in (3, 3, 4))
    forces = watch.look()
    assert forces.sample_ids.tolist() == same.look().sample_ids.tolist() != other.look().sample_ids.tolist()
    assert sorted(set(forces.sample_ids.tolist())) == forces.sample_ids.tolist()
    training.step()
    forces = watch.look()
    np.testing.assert_allclose(forces.positions, training.encode().positions[forces.sample_ids], atol=1e-5)
    assert len(ForceWatch(training, 10_000, 0).look()) == ITEMS
    assert (forces.pulls.shape, forces.terms) == (
        (40, len(forces.terms), 3),
        tuple(training.terms(training.draw()).values),
    )


def test_motion_is_that_of_a_step_and_own_part_and_drag_make_it() -> None:
    training = prepared()
    watch = ForceWatch(training, 40, 0)
    before = training.encode().positions
    for _ in range(10):
        training.step()
    forces = watch.look()
    moved = (training.encode().positions - before)[forces.sample_ids] / 10
    np.testing.assert_allclose(forces.motion, moved, atol=1e-6)
    sizes = step_sizes(training.model, training.optimizer)
    kernel = own_kernel(training.average, training.inputs[watch.items], sizes)
    np.testing.assert_allclose(
        forces.own, own_motion(kernel.cpu(), torch.from_numpy(forces.pull)), rtol=1e-3, atol=1e-6
    )
    np.testing.assert_allclose(forces.own + forces.drag, forces.motion, atol=1e-7)
    assert np.abs(forces.own).max() > 0


def test_at_rest_items_are_pulled_but_neither_move_nor_are_dragged() -> None:
    training = prepared()
    watch = ForceWatch(training, 40, 0)
    looks = [watch.look() for _ in range(_LOOKS_AT_REST + 3)]
    for forces in looks:
        assert not forces.motion.any()
        assert not forces.drag.any()
        assert np.abs(forces.pull).max() > 0
    assert not np.array_equal(looks[0].pulls, looks[1].pulls)
    np.testing.assert_array_equal(looks[-1].pulls, looks[-2].pulls)
    training.step()
    assert np.abs(watch.look().motion).max() > 0


def test_a_moving_network_forgets_its_earlier_pulls_and_one_at_rest_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[float] = []
    draw = MeanPulls.draw

    def noted(self: MeanPulls, share: float) -> None:
        kept.append(share)
        draw(self, share)

    monkeypatch.setattr(MeanPulls, "draw", noted)
    training = prepared()
    watch = ForceWatch(training, 40, 0)
    watch.look()
    training.step()
    watch.look()
    watch.look()
    assert kept == [1.0, _KEPT, 1.0]
    assert 0 < _KEPT < 1


def test_labels_pull_from_the_look_after_they_came() -> None:
    training = prepared(labelled=False)
    watch = ForceWatch(training, ITEMS, 0)
    before: Forces = watch.look()
    assert "attraction" not in before.terms
    training.set_labels(some_labels())
    training.step()
    after = watch.look()
    pulled = np.abs(after.pulls[:, after.terms.index("attraction")]).max(axis=1) > 0
    assert pulled.any()
    assert (some_labels()[after.sample_ids[pulled]] != NONE).all()


def test_an_item_that_is_nobodys_neighbour_is_watched_too() -> None:
    training = prepared(labelled=False)
    neighbours = training.neighbours.astype(np.int32)
    neighbours[neighbours == 8] = 9
    neighbours[9][neighbours[9] == 9] = 10
    training.set_neighbours(neighbours)
    assert np.abs(ForceWatch(training, ITEMS, 0).look().pull[8]).max() > 0


def test_a_network_that_stands_nowhere_has_no_forces() -> None:
    training = prepared()
    watch = ForceWatch(training, 40, 0)
    with torch.no_grad():
        training.average.to_latent.bias[0] = float("nan")
    with pytest.raises(NotFiniteError, match="not finite"):
        watch.look()
