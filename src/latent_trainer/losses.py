"""The terms of the objective. Each is a force on latent positions, or on the feature layer.

Latent positions z are (B, 3) in latent units: the cloud is to fill the ball of radius 1.
"""

import math

import torch
import torch.nn.functional as functional
from torch import Tensor

_SPARSE = 0.2
"""Below such a share of the even density items do not push one another apart any more."""

_FADED = -30.0
"""Exponents below this count as this: what they give is nothing, and subnormal numbers take ten times as long."""


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """Squared distances (A, B) between rows of a (A, D) and b (B, D), in squares of their unit.

    By the product form, three times as fast as by differences; its error, about 1e-6 for a cloud of radius 1, is far
    below the square of any reach in use.
    """
    squares = a.square().sum(dim=1, keepdim=True) + b.square().sum(dim=1)
    return torch.addmm(squares, a, b.T, alpha=-2.0).clamp(min=0.0)


def structure(z: Tensor, z_neighbour: Tensor, reach: float) -> Tensor:
    """Keep neighbours together and all others apart: InfoNC-t-SNE (Damrich et al., ICLR 2023, eq. 7).

    z, z_neighbour: (B, 3), row i of both are neighbours in the data; the other rows of z_neighbour are i's noise.
    reach: distance at which the Cauchy kernel has fallen to one half, latent units.
    """
    logits = -torch.log1p(squared_distances(z, z_neighbour) / reach**2)
    return functional.cross_entropy(logits, torch.arange(len(z), device=z.device))


def spread(z: Tensor, directions: Tensor) -> Tensor:
    """Fill the space: sliced Wasserstein distance (Bonneel et al. 2015) to the uniform ball of radius 1.

    z: (B, 3); directions: (S, 3) unit vectors. Along any direction the uniform ball has density 3/4 (1 - t^2).
    """
    along = (z @ directions.T).sort(dim=0).values
    return (along - ball_quantiles(len(z), z.device)[:, None]).square().mean()


def uniformity(z: Tensor, reach: float) -> Tensor:
    """Keep the density even: items crowd nowhere more than in the uniform ball of radius 1.

    The log of the mean Gaussian kernel of width `reach` over all pairs of z (B, 3), after Wang and Isola (ICML 2020,
    eq. for L_uniform), here relative to what the uniform ball has: 0 for an even cloud, log(1/p) for one that is as
    dense in the p-th part of the ball. B = 1 gives 0.
    """
    count = len(z)
    exponents = (squared_distances(z, z) / (-2.0 * reach**2)).clamp(min=_FADED)
    kernel = torch.exp(exponents).sum() - count
    even = (2.0 * math.pi) ** 1.5 * reach**3 / (4.0 / 3.0 * math.pi)
    density = kernel.clamp(min=0.0) / (max(2, count) * max(1, count - 1) * even)
    return torch.log(density + _SPARSE) - math.log1p(_SPARSE) if count > 1 else 0.0 * z.sum()


def ball_quantiles(count: int, device: torch.device) -> Tensor:
    """The (i + 1/2) / count quantiles (count,) of one coordinate of the uniform unit ball.

    Its distribution function is (2 + 3 t - t^3) / 4; the root in [-1, 1] is 2 sin(asin(2 p - 1) / 3).
    """
    p = (torch.arange(count, device=device, dtype=torch.float32) + 0.5) / count
    return 2.0 * torch.sin(torch.asin(2.0 * p - 1.0) / 3.0)


def attraction(distances: Tensor, same: Tensor, reach: float) -> Tensor:
    """Items of one category attract each other: mean of log(1 + d^2 / reach^2) over the pairs in `same`.

    distances: (L, L) squared; same: (L, L) bool, without the diagonal. The pull of far pairs fades, so that a few
    wrong labels cannot drag a category across the cloud.
    """
    return _mean_over(torch.log1p(distances / reach**2), same)


def repulsion(distances: Tensor, different: Tensor, reach: float) -> Tensor:
    """Categories push apart: mean of log(1 + reach^2 / d^2) over the pairs in `different`, arguments as above."""
    return _mean_over(torch.log1p(reach**2 / (distances + 1e-3 * reach**2)), different)


def _mean_over(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)


def reconstruction(decoded: Tensor, inputs: Tensor) -> Tensor:
    """Mean squared error of decoded inputs, both (B, P)."""
    return functional.mse_loss(decoded, inputs)


def classification(logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy with the target's weight lowered by `smoothing`. Marks made by hand are not all right.

    logits: (L, K); targets: (L,) columns.
    """
    return functional.cross_entropy(logits, targets, label_smoothing=smoothing)


def agreement(logits: Tensor, neighbour_logits: Tensor) -> Tensor:
    """Neighbours in the data have one category: minus the log of the probability that two draws are equal.

    logits, neighbour_logits: (B, K), row i of both are neighbours. This carries labels to items without one.
    """
    p = functional.log_softmax(logits, dim=1)
    q = functional.log_softmax(neighbour_logits, dim=1)
    return -torch.logsumexp(p + q, dim=1).mean()
