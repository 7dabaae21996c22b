"""All that decides how training goes, beside the labels: what a replay has to be equal in."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from latent_trainer.changes import Change, change_from_json
from latent_trainer.parameters import Parameters
from latentvr_common.errors import InputError
from latentvr_common.parameters import checked

_DECIDING = (
    "seed",
    "components",
    "width",
    "neighbours",
    "batch",
    "label_batch",
    "learning_rate",
    "average_steps",
    "reach",
    "weight_structure",
    "weight_spread",
    "weight_uniformity",
    "weight_attraction",
    "weight_repulsion",
    "weight_reconstruction",
    "weight_classification",
    "weight_agreement",
    "label_smoothing",
)
"""Parameters on which steps depend; the others are about what is shown, where and how often."""
_CODE = ("training.py", "batches.py", "losses.py", "model.py", "ball.py", "networks.py", "counts.py")
_PROCESSORS = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Recipe:
    """How one run of training goes."""

    dataset: str
    """Name or path."""
    max_items: int
    items: int
    digest: str
    """Of the dataset: see Dataset.digest."""
    inputs: str
    """SHA-256, in hex, of what the network sees, float32 (N, P)."""
    neighbours: str
    """SHA-256, in hex, of the neighbours, int32 (N, k)."""
    threads: int
    """Of training: sums of many numbers depend on it in their last bits."""
    device: str
    parameters: Mapping[str, float]
    build: Mapping[str, str]
    """What computes: numbers of another build may differ in their last bits."""

    def as_text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def settings(self, **others: str | int) -> Parameters:
        """Return parameters of a trainer that trains like this; `others`: of those that decide nothing.

        Raises InputError for what no trainer could have been given.
        """
        known = {"dataset": self.dataset, "max_items": self.max_items, "threads": self.threads, "device": self.device}
        return checked(Parameters(**{**known, **self.parameters, **others}))  # type: ignore[arg-type]


def make_recipe(
    settings: Parameters,
    dataset_digest: str,
    inputs: npt.NDArray[np.float32],
    threads: int,
    device: str,
) -> Recipe:
    """Return how training with these goes, but for the neighbours. inputs: (N, P)."""
    return Recipe(
        settings.dataset,
        settings.max_items,
        len(inputs),
        dataset_digest,
        digest_of(inputs),
        "",
        threads,
        device,
        {name: getattr(settings, name) for name in _DECIDING},
        this_build(device),
    )


def text_of_beginning(recipe: Recipe, changes: Sequence[Change]) -> str:
    """Return how a run goes, and what was done in those that it goes on from, as JSON."""
    return json.dumps({"recipe": asdict(recipe), "changes": [asdict(change) for change in changes]}, sort_keys=True)


def beginning_from_text(text: str, whose: str) -> tuple[Recipe, list[Change]]:
    """Return what `text_of_beginning` has written. Raises InputError, naming `whose` it is."""
    try:
        found = json.loads(text)
        changes = [change_from_json(change) for change in found["changes"]]
        return recipe_from_text(json.dumps(found["recipe"]), whose), changes
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{whose}: not the beginning of a run that this version knows: {error!r}") from error


def recipe_from_text(text: str, whose: str) -> Recipe:
    """Return what `as_text` has written. Raises InputError, naming `whose` it is and the field."""
    try:
        recipe = Recipe(**json.loads(text))
        whole = (recipe.max_items, recipe.items, recipe.threads)
        texts = (recipe.dataset, recipe.digest, recipe.inputs, recipe.neighbours, recipe.device)
        if not (all(isinstance(n, int) and n >= 0 for n in whole) and all(isinstance(t, str) for t in texts)):
            raise TypeError("counts must be whole numbers, names and digests texts")
        if set(recipe.parameters) != set(_DECIDING) or not isinstance(recipe.build, dict):
            raise TypeError(f"parameters must be {', '.join(_DECIDING)}")
        if not all(isinstance(value, int | float) for value in recipe.parameters.values()):
            raise TypeError("parameters must be numbers")
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{whose}: not a recipe of training that this version knows: {error}") from error
    return recipe


def digest_of(array: npt.NDArray[np.generic]) -> str:
    """Return the SHA-256, in hex, of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


@cache
def this_build(device: str) -> dict[str, str]:
    """Return what computes here."""
    code = hashlib.sha256(b"".join((Path(__file__).parent / name).read_bytes() for name in _CODE)).hexdigest()
    gpu = torch.cuda.get_device_name() if device.startswith("cuda") else ""
    return {
        "torch": torch.__version__,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "processor": gpu or _processor(),
        "code": code,
    }


def _processor() -> str:
    try:
        lines = _PROCESSORS.read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
