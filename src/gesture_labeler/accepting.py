"""What the network would label by itself: offered, with some items to look at, and taken by a second word. Pure."""

import math
from dataclasses import dataclass, replace

from latentvr_common.gestures import Phase, Report
from latentvr_common.proposal import Proposal


def words(proposal: Proposal, above: float) -> str:
    """Return what is offered, for people. above: the confidence, 0 to 1, that all of it has at least."""
    count, expected = len(proposal), proposal.expected
    items, them = ("item", "it") if count == 1 else ("items", "them")
    right = "" if math.isnan(expected) else f"; {100 * expected:.0f} % of {them} expected to be right"
    return f"{count:,} {items} at {100 * above:.0f} % or more{right}. Poke accept again to label {them}"


@dataclass(frozen=True)
class Accepting:
    """An offer that is on the table."""

    offer: Proposal
    begun: Report
    until_s: float
    """Dropped then, by the clock of whoever asks."""

    def ends(self, entries: int) -> list[Report]:
        """Return what to report as each of so many entries is acknowledged: the last one ends it."""
        going_on = replace(self.begun, phase=Phase.UPDATE)
        return [going_on] * (entries - 1) + [replace(self.begun, phase=Phase.END)]
