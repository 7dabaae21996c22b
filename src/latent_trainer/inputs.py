"""From items to what the network sees: described, then projected to the widest directions."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool

import numpy as np
import numpy.typing as npt
import torch

from latent_trainer.descriptors import Descriptor, descriptor_for
from latent_trainer.projection import Projection, fit_projection, fit_size
from latentvr_common.datasets import Dataset

FloatArray = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
_BLOCK_NUMBERS = 50_000
"""Items of so many numbers are described at once: what comes up on the way then stays in the processor's cache."""


@dataclass(frozen=True)
class InputMap:
    """inputs = projection of the description."""

    descriptor: Descriptor
    projection: Projection

    @torch.no_grad()
    def inputs_of(self, items: npt.NDArray[np.generic]) -> FloatArray:
        """Return the inputs (B, P) of items (B, ...) as they are in the dataset."""
        return self.projection.inputs_of(self.descriptor(torch.from_numpy(np.array(items))).numpy())

    @torch.no_grad()
    def items_of(self, inputs: FloatArray) -> FloatArray:
        """Return the items (B, ...) that inputs (B, P) stand for, as far as these tell."""
        return np.asarray(self.descriptor.undo(torch.from_numpy(self.projection.features_of(inputs))).numpy())


def fit_inputs(
    dataset: Dataset,
    components: int,
    seed: int,
    on_progress: Callable[[int], None] = lambda done: None,
    threads: int = 1,
) -> tuple[InputMap, FloatArray]:
    """Return how to come to at most `components` inputs, and those of all items, (N, P).

    `on_progress` is told how many items are done. Items are read in blocks: they need not fit into memory at once.
    The result does not depend on `threads`.
    """
    descriptor = descriptor_for(dataset)
    columns = descriptor(torch.from_numpy(np.array(dataset.items[:1]))).shape[1]
    chosen = np.random.default_rng(seed).permutation(len(dataset))[: fit_size(columns)]
    chosen.sort()
    block = max(1, _BLOCK_NUMBERS // max(1, math.prod(dataset.items.shape[1:])))
    with ThreadPool(threads) as pool:  # Its threads are daemons: a session that ends does not wait for them.

        def describe(rows: Rows) -> FloatArray:
            return np.asarray(descriptor(torch.from_numpy(np.array(dataset.items[rows]))).numpy())

        some = np.concatenate(list(pool.imap(describe, _blocks(chosen, block))))
        fitted = InputMap(descriptor, fit_projection(some, components, seed, pool.map))
        inputs = np.empty((len(dataset), fitted.projection.axes.shape[1]), np.float32)

        def project(rows: Rows) -> int:
            inputs[rows] = fitted.inputs_of(dataset.items[rows[0] : rows[-1] + 1])
            return len(rows)

        done = 0
        for count in pool.imap(project, _blocks(np.arange(len(dataset)), block)):
            done += count
            on_progress(done)
    return fitted, inputs


def _blocks(rows: Rows, size: int) -> Iterator[Rows]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
