"""What the network would label by itself, for a person to look at before they say yes. Pure: it labels nothing."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latent_trainer.training import Encoded
from latentvr_common.cloud import NONE

Ids = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Proposal:
    """Items without a label, each with the category that it is taken for."""

    sample_ids: Ids
    """(n,), rising."""
    categories: npt.NDArray[np.int16]
    """(n,)."""
    expected: float
    """Share of right ones among them, as far as confidence can be believed, 0 to 1; NaN: there are none."""
    audit_ids: Ids
    """Some of them by chance, rising: to look at first."""


def propose(
    encoded: Encoded,
    labels: npt.NDArray[np.int16],
    threshold: float,
    category: int = NONE,
    audit_size: int = 20,
    seed: int = 0,
) -> Proposal:
    """Return the items without a label that are predicted with a confidence of `threshold` or more.

    labels: (N,), -1 none; category: only those that are taken for it, -1 all; audit_size: so many of them, by `seed`,
    or all if there are fewer. Each of them is as likely drawn as the others: the share of right ones among them
    estimates the share among all.
    """
    wanted = (labels == NONE) & (encoded.predicted != NONE) & (encoded.confidence >= threshold)
    if category != NONE:
        wanted &= encoded.predicted == category
    ids = np.flatnonzero(wanted)
    audit = np.random.default_rng(seed).permutation(ids)[:audit_size]
    expected = float(encoded.confidence[ids].mean(dtype=np.float64)) if len(ids) else float("nan")
    return Proposal(ids.astype(np.uint32), encoded.predicted[ids], expected, np.sort(audit).astype(np.uint32))


def why_not(category: int, known: set[int]) -> str:
    """Return why nothing can be proposed of this; empty: something can. `known`: categories that have an id."""
    if category != NONE and category not in known:
        return f"category is {category}, expected -1 for all or one of {sorted(known)}"
    return ""
