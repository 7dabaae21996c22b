"""The truth of a dataset in the terms of a session: categories are the same where their names are."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE
from latentvr_common.labels import Category


def truth_ids(
    truth: npt.NDArray[np.int16] | None, names: Sequence[str], categories: Sequence[Category]
) -> npt.NDArray[np.int16] | None:
    """Return the id of each item's true category (N,), -1 where the session has no category of that name.

    truth: (N,) rows of `names`, or None: not known. Returns None where nothing is known in terms of these categories.
    """
    by_name = {c.name: c.id for c in categories if not c.retired}
    ids = np.array([by_name.get(name, NONE) for name in names], dtype=np.int16)
    return None if truth is None or not (ids != NONE).any() else ids[truth]
