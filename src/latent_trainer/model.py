"""The network: inputs to a feature layer, from there to the 3-D latent space and to categories, and back to inputs."""

import torch
from torch import Tensor, nn

LATENT_SIZE = 3


class LatentModel(nn.Module):
    """Encoder P -> width -> width -> 3, a classifier on the wider layer, a decoder 3 -> width -> P."""

    def __init__(self, input_size: int, width: int, category_capacity: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(input_size, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.to_latent = nn.Linear(width, LATENT_SIZE)
        self.to_category = nn.Linear(width, category_capacity)
        self.decoder = nn.Sequential(
            nn.Linear(LATENT_SIZE, width // 2), nn.SiLU(), nn.Linear(width // 2, width), nn.SiLU()
        )
        self.to_input = nn.Linear(width, input_size)

    def features(self, inputs: Tensor) -> Tensor:
        """Inputs (B, P) to the feature layer (B, width)."""
        return torch.as_tensor(self.body(inputs))

    def logits(self, features: Tensor, categories: Tensor) -> Tensor:
        """Feature layer (B, width) to the logits (B, K) of `categories` (K,), ids."""
        weight, bias = self.to_category.weight[categories], self.to_category.bias[categories]
        return nn.functional.linear(features, weight, bias)

    def decode(self, latents: Tensor) -> Tensor:
        """Latent positions (B, 3) to inputs (B, P)."""
        return torch.as_tensor(self.to_input(self.decoder(latents)))


@torch.no_grad()
def start_at(model: LatentModel, inputs: Tensor, wanted: Tensor) -> None:
    """Set the last encoder layer so that `inputs` (N, P) lie as near as it can to `wanted` (N, 3) before any training.

    The first cloud is then the data's own widest directions instead of a random one.
    """
    features = model.features(inputs)
    ones = torch.ones(len(features), 1, dtype=features.dtype, device=features.device)
    design = torch.cat([features, ones], dim=1)
    ridge = 1e-3 * len(features) * torch.eye(design.shape[1], dtype=features.dtype, device=features.device)
    solution = torch.linalg.solve(design.T @ design + ridge * features.var(), design.T @ wanted)
    model.to_latent.weight.copy_(solution[:-1].T)
    model.to_latent.bias.copy_(solution[-1])


@torch.no_grad()
def follow(average: LatentModel, model: LatentModel, share: float) -> None:
    """Move the weights of `average` towards those of `model` by `share` of the way, 0 to 1."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), share)
