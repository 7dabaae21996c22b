"""The whole way from an item to its place and category, as one network that can be written to files."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from latent_trainer.descriptors import Descriptor, PictureDescriptor, RowDescriptor
from latent_trainer.inputs import InputMap
from latent_trainer.model import LatentModel
from latent_trainer.projection import Projection
from latent_trainer.training import NotFiniteError, Training


class ExportedModel(nn.Module):
    """item -> description -> principal components -> network -> place, and category among the known ones."""

    projection_mean: Tensor
    projection_axes: Tensor
    projection_scale: Tensor
    known: Tensor

    def __init__(
        self, descriptor: Descriptor, projection: Projection, network: LatentModel, known: Sequence[int]
    ) -> None:
        """Take the parts, and the ids (K,) of the categories that there are labels for, ascending.

        Fewer than two are none: there is nothing to tell apart.
        """
        super().__init__()
        self.descriptor = descriptor
        self.register_buffer("projection_mean", torch.from_numpy(projection.mean))
        self.register_buffer("projection_axes", torch.from_numpy(np.ascontiguousarray(projection.axes)))
        self.register_buffer("projection_scale", torch.tensor(projection.scale, dtype=torch.float32))
        self.register_buffer("known", torch.tensor(known if len(known) > 1 else [], dtype=torch.int64))
        self.network = network

    def forward(self, items: Tensor) -> tuple[Tensor, Tensor]:
        """Items (B, ...), as in the dataset, to places (B, 3), latent units, and probabilities (B, K)."""
        inputs = (self.descriptor(items) - self.projection_mean) @ self.projection_axes / self.projection_scale
        features = self.network.features(inputs)
        chances = torch.softmax(self.network.logits(features, self.known), dim=1)
        return self.network.to_latent(features), chances

    @property
    def known_ids(self) -> list[int]:
        """Category id of each column of the probabilities."""
        return [int(category) for category in self.known]

    @property
    def item_shape(self) -> tuple[int, ...]:
        """Shape of one item."""
        if isinstance(self.descriptor, PictureDescriptor):
            return self.descriptor.shape
        return tuple(self.descriptor.mean.shape)

    def description(self) -> dict[str, object]:
        """Return what `from_description` makes this network from again, but for its numbers."""
        return {
            "item_shape": list(self.item_shape),
            "description_size": len(self.projection_mean),
            "input_size": self.projection_axes.shape[1],
            "width": self.network.to_category.in_features,
            "category_capacity": self.network.to_category.out_features,
            "known": self.known_ids,
        }

    @classmethod
    def from_description(cls, says: Mapping[str, Any]) -> "ExportedModel":
        """Return a network as `says` (model.json) describes, for `load_state_dict` to fill."""
        shape, columns, inputs = says["item_shape"], says["description_size"], says["input_size"]
        nothing = Projection(np.zeros(columns, np.float32), np.zeros((columns, inputs), np.float32), 1.0)
        rows = len(shape) == 1
        descriptor = RowDescriptor(torch.zeros(*shape), torch.ones(*shape)) if rows else PictureDescriptor(shape)
        return cls(descriptor, nothing, LatentModel(inputs, says["width"], says["category_capacity"]), says["known"])


def exported_model(training: Training, input_map: InputMap) -> ExportedModel:
    """Return the network as it is now, apart from training. Raises NotFiniteError if a number of it is not finite."""
    network = copy.deepcopy(training.average).cpu()
    model = ExportedModel(input_map.descriptor, input_map.projection, network, training.known.tolist()).eval()
    wrong = [name for name, tensor in model.state_dict().items() if not tensor.isfinite().all()]
    if wrong:
        raise NotFiniteError(f"the network's {', '.join(wrong)} hold numbers that are not finite")
    return model
