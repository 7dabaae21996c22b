"""What the network would label by itself: offered, with some items to look at, and taken by a second word. Pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from latentvr_common.cloud import NONE
from latentvr_common.gestures import ACCEPT, Phase, Preview, Report
from latentvr_common.labels import Kind, LabelEvent, Region

_NOWHERE = Region()
Ids = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Offer:
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

    def preview(self, gesture_id: str, stamp_ns: int) -> Preview:
        """Return what to show of it."""
        kinds = set(self.categories.tolist())
        category = kinds.pop() if len(kinds) == 1 else NONE
        ids, counts = self.sample_ids, {NONE: len(self.sample_ids)}
        return Preview(gesture_id, stamp_ns, self.cloud_stamp_ns, category, _NOWHERE, ids, counts, self.audit_ids)

    def words(self, above: float) -> str:
        """Return what is offered, for people. above: the confidence, 0 to 1, that all of it has at least."""
        count = len(self.sample_ids)
        items, them = ("item", "it") if count == 1 else ("items", "them")
        right = "" if math.isnan(self.expected) else f"; {100 * self.expected:.0f} % of {them} expected to be right"
        return f"{count:,} {items} at {100 * above:.0f} % or more{right}. Poke accept again to label {them}"

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


@dataclass(frozen=True)
class Accepting:
    """An offer that is on the table."""

    offer: Offer
    begun: Report
    until_s: float
    """Dropped then, by the clock of whoever asks."""

    def ends(self, entries: int) -> list[Report]:
        """Return what to report as each of so many entries is acknowledged: the last one ends it."""
        going_on = replace(self.begun, phase=Phase.UPDATE)
        return [going_on] * (entries - 1) + [replace(self.begun, phase=Phase.END)]
