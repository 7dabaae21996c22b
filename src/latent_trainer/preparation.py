"""What training begins with: inputs of all items and who is whose neighbour, computed or, of large datasets, kept."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from latent_trainer.cache import ArrayCache, Arrays
from latent_trainer.descriptors import descriptor_for
from latent_trainer.early_view import early_positions
from latent_trainer.graph import nearest_neighbours
from latent_trainer.inputs import InputMap, fit_inputs
from latent_trainer.parameters import Parameters
from latent_trainer.projection import Projection
from latentvr_common.datasets import Dataset

_FROM_ITEMS = 5000
"""Smaller datasets are ready before a file is read."""


class Preparation:
    """Prepares one dataset."""

    def __init__(self, dataset: Dataset, settings: Parameters, cache: ArrayCache, threads: int) -> None:
        self._dataset = dataset
        self._settings = settings
        self._cache = cache if len(dataset) >= _FROM_ITEMS else ArrayCache(None)
        self._threads = threads

    def inputs(self, on_progress: Callable[[int], None]) -> tuple[InputMap, npt.NDArray[np.float32]]:
        """Return how to come to the network's inputs, and those of all items (N, P); see `fit_inputs`."""

        def make() -> Arrays:
            fitted, inputs = fit_inputs(
                self._dataset, self._settings.components, self._settings.seed, on_progress, self._threads
            )
            projection = fitted.projection
            scale = np.array(projection.scale)
            return {"inputs": inputs, "mean": projection.mean, "axes": projection.axes, "scale": scale}

        found = self._cache.get("inputs", self._key(), self._are_inputs, make)
        projection = Projection(found["mean"], found["axes"], float(found["scale"]))  # type: ignore[arg-type]
        return InputMap(descriptor_for(self._dataset), projection), found["inputs"].astype(np.float32, copy=False)

    def early_positions(self) -> npt.NDArray[np.float32] | None:
        """Return where items are shown (N, 3) until there are inputs; None where these are there soon."""
        if len(self._dataset) < _FROM_ITEMS or self._cache.holds("inputs", self._key()):
            return None
        return early_positions(self._dataset, self._settings.seed)

    def neighbours(self, inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
        """Return the neighbours (N, k) of all items; see `nearest_neighbours`. inputs: (N, P), as from `inputs`."""
        wanted = self._settings.neighbours
        found = self._cache.get(
            "neighbours",
            {**self._key(), "neighbours": wanted},
            self._are_neighbours,
            lambda: {"neighbours": nearest_neighbours(inputs, wanted, self._threads)},
        )
        return found["neighbours"].astype(np.int32, copy=False)

    def _key(self) -> dict[str, object]:
        return {
            "digest": self._dataset.digest,
            "kind": self._dataset.kind,
            "components": self._settings.components,
            "seed": self._settings.seed,
        }

    def _are_inputs(self, found: Arrays) -> bool:
        if set(found) != {"inputs", "mean", "axes", "scale"} or found["scale"].shape != ():
            return False
        inputs, mean, axes = found["inputs"], found["mean"], found["axes"]
        finite = all(array.dtype.kind == "f" and bool(np.isfinite(array).all()) for array in found.values())
        return finite and inputs.shape == (len(self._dataset), axes.shape[-1]) and axes.shape[:1] == mean.shape

    def _are_neighbours(self, found: Arrays) -> bool:
        neighbours = found.get("neighbours")
        count = len(self._dataset)
        if neighbours is None or neighbours.dtype != np.int32:
            return False
        if neighbours.shape != (count, min(self._settings.neighbours, count - 1)):
            return False
        return int(neighbours.min()) >= 0 and int(neighbours.max()) < count
