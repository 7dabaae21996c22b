"""What the network would label by itself, as the answer of propose_labels tells it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE
from latentvr_common.gestures import ACCEPT, Preview
from latentvr_common.labels import Kind, LabelEvent, Region

Ids = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Proposal:
    """Items that are predicted with confidence; the fields are those of ProposeLabels.srv."""

    sample_ids: Ids
    """(n,), rising."""
    categories: npt.NDArray[np.int16]
    """(n,), what each is predicted as."""
    audit_ids: Ids = field(default_factory=lambda: np.zeros(0, np.uint32))
    expected: float = float("nan")
    """Share of right ones to be expected, 0 to 1."""
    cloud_stamp_ns: int = 0
    epoch: int = 0

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self.sample_ids)

    def preview(self, gesture_id: str, stamp_ns: int) -> Preview:
        """Return what to show of it."""
        kinds = set(self.categories.tolist())
        category = kinds.pop() if len(kinds) == 1 else NONE
        ids, counts = self.sample_ids, {NONE: len(self)}
        return Preview(gesture_id, stamp_ns, self.cloud_stamp_ns, category, Region(), ids, counts, self.audit_ids)

    def entries(self, author: str, new_id: Callable[[], str]) -> list[LabelEvent]:
        """Return the entries that label all of it, one for each category."""
        return [
            LabelEvent(
                new_id(),
                Kind.ASSIGN,
                category,
                self.sample_ids[self.categories == category],
                author=author,
                cloud_stamp_ns=self.cloud_stamp_ns,
                epoch=self.epoch,
                gesture=ACCEPT,
            )
            for category in sorted(set(self.categories.tolist()))
        ]
