"""The terms of the objective: against plain numpy, against finite differences, and as the forces they are named for."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.spatial.transform import Rotation
from scipy.special import log_softmax
from scipy.stats import kstest
from torch import Tensor

from latent_trainer import losses

torch.set_num_threads(1)

REACH = 0.3
FloatArray = npt.NDArray[np.float64]


def points(count: int, seed: int = 0, scale: float = 0.5) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, 3)) * scale)


def ball(count: int, seed: int = 0) -> FloatArray:
    """Uniform in the unit ball, by rejection from the cube."""
    cube = np.random.default_rng(seed).uniform(-1, 1, size=(3 * count, 3))
    inside = cube[(cube**2).sum(axis=1) <= 1]
    assert len(inside) >= count
    return np.asarray(inside[:count])


def directions(count: int, seed: int = 0) -> Tensor:
    drawn = np.random.default_rng(seed).normal(size=(count, 3))
    return torch.from_numpy(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def pairs(categories: list[int]) -> tuple[Tensor, Tensor]:
    """Which pairs (L, L) are of the same category, and which of different ones."""
    ids = torch.tensor(categories)
    same = ids[:, None] == ids[None, :]
    return same & ~torch.eye(len(ids), dtype=torch.bool), ~same


SAME, DIFFERENT = pairs([0, 0, 1, 1, 1, 2])


def attraction_of(z: Tensor) -> Tensor:
    return losses.attraction(losses.squared_distances(z, z), SAME, REACH)


def repulsion_of(z: Tensor) -> Tensor:
    return losses.repulsion(losses.squared_distances(z, z), DIFFERENT, REACH)


def logits(rows: int, seed: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(rows, 3)))


# Each term, and the tensors that it pulls at.
TERMS: dict[str, tuple[Callable[..., Tensor], list[Tensor]]] = {
    "structure": (lambda a, b: losses.structure(a, b, REACH), [points(7), points(7, 1)]),
    "spread": (lambda z: losses.spread(z, directions(5)), [points(7)]),
    "uniformity": (lambda z: losses.uniformity(z, REACH), [points(7)]),
    "attraction": (attraction_of, [points(6)]),
    "repulsion": (repulsion_of, [points(6)]),
    "reconstruction": (losses.reconstruction, [logits(4, 0), logits(4, 1)]),
    "classification": (lambda g: losses.classification(g, torch.tensor([0, 2, 2, 1]), 0.1), [logits(4, 0)]),
    "agreement": (losses.agreement, [logits(4, 0), logits(4, 1)]),
}


@pytest.mark.parametrize("name", TERMS)
def test_the_gradient_of_a_term_is_that_of_finite_differences(name: str) -> None:
    term, inputs = TERMS[name]
    free = [x.clone().requires_grad_() for x in inputs]
    assert torch.autograd.gradcheck(term, free)
    assert all(float(g.abs().max()) > 1e-6 for g in torch.autograd.grad(term(*free), free))


def test_squared_distances_are_those_of_explicit_differences() -> None:
    a, b = points(40), points(30, 1)
    expected = ((a[:, None] - b[None, :]) ** 2).sum(dim=2)
    torch.testing.assert_close(losses.squared_distances(a, b), expected, rtol=1e-12, atol=1e-12)
    in_float32 = losses.squared_distances(a.float(), b.float())
    torch.testing.assert_close(in_float32.double(), expected, rtol=1e-5, atol=5e-6)


def test_squared_distances_are_never_negative_also_where_rounding_would_make_them_so() -> None:
    z = points(200).float()
    near = z + 1e-5
    assert float(losses.squared_distances(z, near).min()) >= 0
    assert float(losses.squared_distances(z, z).diagonal().max()) < 5e-6


def test_ball_quantiles_have_the_distribution_function_of_the_ball() -> None:
    t = losses.ball_quantiles(500, torch.device("cpu")).double().numpy()
    np.testing.assert_allclose((2 + 3 * t - t**3) / 4, (np.arange(500) + 0.5) / 500, atol=1e-6)
    assert (np.diff(t) > 0).all()
    np.testing.assert_allclose(t, -t[::-1], atol=1e-6)


def test_ball_quantiles_are_distributed_as_a_coordinate_of_points_drawn_from_the_ball() -> None:
    quantiles = losses.ball_quantiles(4000, torch.device("cpu")).double().numpy()
    assert kstest(ball(20_000)[:, 0], quantiles).pvalue > 0.01
    assert kstest(0.8 * ball(20_000)[:, 0], quantiles).pvalue < 1e-6


def test_spread_is_near_zero_for_a_uniform_ball() -> None:
    assert float(losses.spread(torch.from_numpy(ball(5000)), directions(50))) < 5e-4


@pytest.mark.parametrize("size", [1.0, 0.8, 0.5, 0.25])
def test_uniformity_is_zero_for_a_uniform_ball_and_the_log_of_how_much_denser_a_smaller_one_is(size: float) -> None:
    found = float(losses.uniformity(size * torch.from_numpy(ball(5000)), 0.03))
    assert found == pytest.approx(-3 * np.log(size), abs=0.15 + 0.05 / size)


def test_uniformity_pushes_a_pair_apart_the_more_the_nearer_it_is_and_leaves_a_far_one_alone() -> None:
    def force(gap: float) -> float:
        z = torch.tensor([[0.0, 0.0, 0.0], [gap, 0.0, 0.0]], dtype=torch.float64, requires_grad=True)
        (gradient,) = torch.autograd.grad(losses.uniformity(z, 0.1), z)
        return -float(gradient[1, 0])

    assert force(0.3) > force(0.4) > force(0.45) > 0
    assert force(1.5) < 1e-6


def test_a_single_item_is_nowhere_crowded() -> None:
    assert float(losses.uniformity(points(1), REACH)) == 0.0


@pytest.mark.parametrize("size", [0.0, 0.5, 0.8, 1.3])
def test_spread_of_a_ball_of_another_size_is_the_variance_of_a_coordinate_times_the_square_of_the_difference(
    size: float,
) -> None:
    found = float(losses.spread(size * torch.from_numpy(ball(5000)), directions(50)))
    assert found == pytest.approx((1 - size) ** 2 / 5, rel=0.05)


def test_spread_of_a_shifted_ball_is_a_third_of_the_square_of_the_shift() -> None:
    shift = torch.tensor([0.3, -0.6, 0.2], dtype=torch.float64)
    axes = torch.eye(3, dtype=torch.float64)
    found = float(losses.spread(torch.from_numpy(ball(5000)) + shift, axes))
    assert found == pytest.approx(float(shift.square().sum()) / 3, rel=0.05)


def test_a_cloud_that_follows_the_spread_fills_the_ball() -> None:
    z = (0.1 * points(300)).requires_grad_()
    optimizer = torch.optim.Adam([z], lr=0.02)
    for seed in range(200):
        optimizer.zero_grad()
        losses.spread(z, directions(16, seed)).backward()
        optimizer.step()
    radii = z.detach().norm(dim=1).numpy()
    # A share r^3 of the ball lies within r.
    np.testing.assert_allclose(np.quantile(radii, [0.1, 0.5, 0.9]), np.array([0.1, 0.5, 0.9]) ** (1 / 3), atol=0.08)


def info_nc_t_sne(z: FloatArray, neighbour: FloatArray, reach: float) -> float:
    """Damrich et al. 2023, eq. 7, item by item: the neighbour's kernel among those of the neighbour and the noise."""
    total = 0.0
    for i in range(len(z)):
        kernel = [1.0 / (1.0 + ((z[i] - other) ** 2).sum() / reach**2) for other in neighbour]
        total -= np.log(kernel[i] / sum(kernel))
    return total / len(z)


@pytest.mark.parametrize(("scale", "reach"), [(0.5, 0.1), (0.5, 1.0), (0.001, 0.1), (30.0, 0.1)])
def test_structure_is_info_nc_t_sne(scale: float, reach: float) -> None:
    z, neighbour = points(30, 0, scale), points(30, 1, scale)
    expected = info_nc_t_sne(z.numpy(), neighbour.numpy(), reach)
    assert float(losses.structure(z, neighbour, reach)) == pytest.approx(expected, rel=1e-9)


def test_structure_is_the_logarithm_of_the_batch_where_all_are_in_one_place() -> None:
    z = torch.zeros(20, 3, dtype=torch.float64)
    assert float(losses.structure(z, z, REACH)) == pytest.approx(np.log(20))


def test_structure_pulls_neighbours_together_and_pushes_the_others_away() -> None:
    z = torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], dtype=torch.float64, requires_grad=True)
    neighbour = torch.tensor([[0.4, 0.0, 0.0], [0.6, 0.0, 0.0]], dtype=torch.float64)
    losses.structure(z, neighbour, REACH).backward()
    assert z.grad is not None
    force = -z.grad[:, 0]
    alone = losses.structure(z.detach(), neighbour, REACH)
    assert float(force[0]) > 0 > float(force[1])
    swapped = losses.structure(z.detach(), neighbour.flip(0), REACH)
    assert float(alone) < float(swapped)


ROTATION = torch.from_numpy(Rotation.from_euler("xyz", [0.3, -1.1, 2.0]).as_matrix())
SHIFT = torch.tensor([0.4, -2.0, 0.7], dtype=torch.float64)


@pytest.mark.parametrize("name", ["structure", "uniformity", "attraction", "repulsion"])
def test_turning_and_shifting_the_cloud_changes_no_force_between_points(name: str) -> None:
    term, inputs = TERMS[name]
    moved = [x @ ROTATION.T + SHIFT for x in inputs]
    assert float(term(*moved)) == pytest.approx(float(term(*inputs)), rel=1e-9)


def test_turning_the_cloud_and_the_directions_changes_no_spread() -> None:
    z, along = points(50), directions(20)
    turned = losses.spread(z @ ROTATION.T, along @ ROTATION.T)
    assert float(turned) == pytest.approx(float(losses.spread(z, along)), rel=1e-9)


def force_between(term: Callable[[Tensor], Tensor], gap: float) -> float:
    """The force of a term on the second of two points `gap` apart, along the way from the first: below 0 pulls."""
    z = torch.tensor([[0.0, 0.0, 0.0], [gap, 0.0, 0.0]], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(term(losses.squared_distances(z, z)), z)
    assert float((gradient[0] + gradient[1]).abs().max()) < 1e-12, "action is reaction"
    assert float(gradient[:, 1:].abs().max()) == 0
    return -float(gradient[1, 0])


TWO_ALIKE, TWO_DIFFERENT = pairs([3, 3])[0], pairs([3, 4])[1]


@pytest.mark.parametrize("gap", [0.01, 0.1, 0.3, 1.0, 2.0])
def test_attraction_pulls_a_category_together_and_repulsion_pushes_two_apart(gap: float) -> None:
    assert force_between(lambda d: losses.attraction(d, TWO_ALIKE, REACH), gap) < 0
    assert force_between(lambda d: losses.repulsion(d, TWO_DIFFERENT, REACH), gap) > 0


def test_the_pull_of_far_pairs_fades() -> None:
    pulls = [-force_between(lambda d: losses.attraction(d, TWO_ALIKE, REACH), gap) for gap in (0.3, 0.6, 1.2, 2.4)]
    assert pulls == sorted(pulls, reverse=True)
    assert pulls[-1] < pulls[0] / 3


def test_labels_of_one_category_push_nobody_and_single_items_pull_nobody() -> None:
    z = points(3)
    distances = losses.squared_distances(z, z)
    assert float(losses.repulsion(distances, pairs([5, 5, 5])[1], REACH)) == 0
    assert float(losses.attraction(distances, pairs([1, 2, 3])[0], REACH)) == 0


@pytest.mark.parametrize("name", ["uniformity", "attraction", "repulsion"])
def test_items_in_one_and_the_same_place_feel_finite_forces(name: str) -> None:
    term, _ = TERMS[name]
    z = torch.zeros(6, 3, dtype=torch.float32, requires_grad=True)
    value = term(z)
    value.backward()
    assert z.grad is not None
    assert torch.isfinite(value)
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_classification_is_smoothed_cross_entropy_over_the_known_categories(smoothing: float) -> None:
    given, targets = logits(6, 3), torch.tensor([0, 1, 2, 2, 1, 0])
    log_p = log_softmax(given.numpy(), axis=1)
    wanted = np.full((6, 3), smoothing / 3)
    wanted[np.arange(6), [0, 1, 2, 2, 1, 0]] += 1 - smoothing
    found = float(losses.classification(given, targets, smoothing))
    assert found == pytest.approx(float(-(wanted * log_p).sum(axis=1).mean()), rel=1e-9)


def certain(columns: list[int]) -> Tensor:
    rows = torch.zeros(len(columns), 3, dtype=torch.float64)
    rows[torch.arange(len(columns)), torch.tensor(columns)] = 50.0
    return rows


def test_agreement_is_least_where_both_are_certain_of_the_same_category() -> None:
    best = float(losses.agreement(certain([0, 1, 2]), certain([0, 1, 2])))
    assert best == pytest.approx(0.0, abs=1e-9)
    undecided = torch.zeros(3, 3, dtype=torch.float64)
    assert float(losses.agreement(undecided, undecided)) == pytest.approx(np.log(3))
    assert float(losses.agreement(certain([0, 1, 2]), undecided)) == pytest.approx(np.log(3))
    assert float(losses.agreement(certain([0, 1, 2]), certain([1, 2, 0]))) > 40
    assert all(float(losses.agreement(logits(5, i), logits(5, i + 9))) > best for i in range(9))


def test_agreement_does_not_ask_who_is_whose_neighbour() -> None:
    a, b = logits(5, 0), logits(5, 1)
    assert float(losses.agreement(a, b)) == pytest.approx(float(losses.agreement(b, a)), rel=1e-12)


def test_reconstruction_is_the_mean_of_squared_errors() -> None:
    a, b = logits(4, 0), logits(4, 1)
    assert float(losses.reconstruction(a, b)) == pytest.approx(float(((a - b).numpy() ** 2).mean()))
    assert float(losses.reconstruction(a, a)) == 0
