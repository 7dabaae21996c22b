"""The whole way from an item to its place and category, as one network that can be written to files."""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from latent_trainer.calibration import FOLDS, Calibration, Heads
from latent_trainer.descriptors import Descriptor, PictureDescriptor, RowDescriptor
from latent_trainer.familiarity import Landmarks
from latent_trainer.inputs import InputMap
from latent_trainer.model import LatentModel
from latent_trainer.projection import Projection
from latent_trainer.training import NotFiniteError, Training


class ExportedBelief(nn.Module):
    """How far a prediction is to be believed, as Belief has it, also of items that were not there."""

    landmarks: Tensor
    usual: Tensor
    temperatures: Tensor

    def __init__(self, heads: Sequence[Heads], landmarks: Landmarks) -> None:
        """Take the heads of each view, and the landmarks."""
        super().__init__()
        self._views = len(heads)
        for i, head in enumerate(heads):
            self.register_buffer(f"weight_{i}", head.weight.detach().cpu().contiguous())
            self.register_buffer(f"bias_{i}", head.bias.detach().cpu().contiguous())
        self.register_buffer("temperatures", torch.tensor([head.temperature for head in heads]))
        self.register_buffer("landmarks", landmarks.places.cpu())
        self.register_buffer("usual", landmarks.usual.cpu())

    def forward(self, views: Sequence[Tensor], inputs: Tensor, columns: Tensor) -> Tensor:
        """Views (B, W) each, inputs (B, P), and predictions (B,), columns of the known ones, to confidences (B,)."""
        heads = tuple(self._heads(i) for i in range(self._views))
        believed = Calibration((), heads, math.nan).confidence(views, columns)
        return believed * Landmarks(self.landmarks, self.usual).familiarity(inputs)

    def _heads(self, view: int) -> Heads:
        return Heads(getattr(self, f"weight_{view}"), getattr(self, f"bias_{view}"), self.temperatures[view])

    def description(self) -> dict[str, list[int]]:
        """Return the shapes of what it is made of."""
        return {
            "widths": [int(self._heads(i).weight.shape[2]) for i in range(self._views)],
            "landmarks": list(self.landmarks.shape),
        }

    @classmethod
    def from_description(cls, says: Mapping[str, Any], categories: int) -> "ExportedBelief":
        """Return one with these shapes."""
        heads = [Heads(torch.zeros(FOLDS, categories, w), torch.zeros(FOLDS, categories), 1.0) for w in says["widths"]]
        return cls(heads, Landmarks(torch.zeros(*says["landmarks"]), torch.ones(())))


class ExportedModel(nn.Module):
    """item -> description -> principal components -> network -> place, category among the known ones, confidence."""

    projection_mean: Tensor
    projection_axes: Tensor
    projection_scale: Tensor
    known: Tensor

    def __init__(
        self,
        descriptor: Descriptor,
        projection: Projection,
        network: LatentModel,
        known: Sequence[int],
        belief: ExportedBelief | None,
    ) -> None:
        """Take the parts, and the ids (K,) of the categories that there are labels for, ascending.

        Fewer than two are none: there is nothing to tell apart. Without a belief the network's own word counts.
        """
        super().__init__()
        self.descriptor = descriptor
        self.register_buffer("projection_mean", torch.from_numpy(projection.mean))
        self.register_buffer("projection_axes", torch.from_numpy(np.ascontiguousarray(projection.axes)))
        self.register_buffer("projection_scale", torch.tensor(projection.scale, dtype=torch.float32))
        self.register_buffer("known", torch.tensor(known if len(known) > 1 else [], dtype=torch.int64))
        self.network = network
        self.belief = belief

    def forward(self, items: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Items (B, ...), as in the dataset, to places (B, 3), latent units, probabilities (B, K) and confidences (B,).

        The largest probability tells the prediction; it is the network's own word. The confidence, 0 to 1, is how far
        to believe the prediction; 0 where K is 0.
        """
        inputs = (self.descriptor(items) - self.projection_mean) @ self.projection_axes / self.projection_scale
        features = self.network.features(inputs)
        chances = torch.softmax(self.network.logits(features, self.known), dim=1)
        return self.network.to_latent(features), chances, self._confidence(features, inputs, chances)

    def _confidence(self, features: Tensor, inputs: Tensor, chances: Tensor) -> Tensor:
        if len(self.known) == 0:
            return features.new_zeros(features.shape[:1])
        own_word, columns = chances.max(dim=1)
        return own_word if self.belief is None else self.belief((features, inputs), inputs, columns)

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
            "belief": None if self.belief is None else self.belief.description(),
        }

    @classmethod
    def from_description(cls, says: Mapping[str, Any]) -> "ExportedModel":
        """Return a network as `says` (model.json) describes, for `load_state_dict` to fill."""
        shape, columns, inputs = says["item_shape"], says["description_size"], says["input_size"]
        nothing = Projection(np.zeros(columns, np.float32), np.zeros((columns, inputs), np.float32), 1.0)
        rows = len(shape) == 1
        descriptor = RowDescriptor(torch.zeros(*shape), torch.ones(*shape)) if rows else PictureDescriptor(shape)
        network = LatentModel(inputs, says["width"], says["category_capacity"])
        belief = says.get("belief")  # A network of an earlier version has none.
        doubt = None if belief is None else ExportedBelief.from_description(belief, len(says["known"]))
        return cls(descriptor, nothing, network, says["known"], doubt)


def exported_model(training: Training, input_map: InputMap) -> ExportedModel:
    """Return the network as it is now, apart from training. Raises NotFiniteError if a number of it is not finite."""
    network = copy.deepcopy(training.average).cpu()
    belief, known = training.belief, training.known.tolist()
    doubt = None if belief is None else ExportedBelief(belief.calibration.heads, belief.landmarks)
    model = ExportedModel(input_map.descriptor, input_map.projection, network, known, doubt).eval()
    wrong = [name for name, tensor in model.state_dict().items() if not tensor.isfinite().all()]
    if wrong:
        raise NotFiniteError(f"the network's {', '.join(wrong)} hold numbers that are not finite")
    return model
