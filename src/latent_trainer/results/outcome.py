"""What a session came to, as data: all that the files of results are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from latent_trainer.curves import Point
from latent_trainer.history import Moment
from latent_trainer.marks import Marks
from latent_trainer.results.exported import ExportedModel
from latent_trainer.training import Encoded
from latentvr_common.datasets import Dataset
from latentvr_common.truth import truth_ids


@dataclass(frozen=True)
class Outcome:
    """A session at one moment."""

    dataset: Dataset
    encoded: Encoded
    """All finite: `Training.encode` gives no other."""
    model: ExportedModel
    marks: Marks
    history: Sequence[Moment]
    seed: int
    epoch: int
    step: int
    curves: Mapping[str, Sequence[Point]] = field(default_factory=dict)
    """How each branch of training fared, by name; the one that was there first is called by nothing."""
    branch: str = ""
    """Name of the one that this is of."""

    @property
    def names(self) -> dict[int, str]:
        """What categories are called, by id."""
        return {c.id: c.name for c in self.marks.categories}

    @cached_property
    def truth(self) -> npt.NDArray[np.int16] | None:
        """Category id of each item (N,), -1 where it is none of the session's; None: not known. To measure."""
        return truth_ids(self.dataset.truth, self.dataset.categories, self.marks.categories)
