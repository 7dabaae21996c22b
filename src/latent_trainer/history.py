"""How a session went: what each entry of the journal did to labels and predictions."""

import math
from dataclasses import dataclass, replace

from latent_trainer.marks import Marks


@dataclass(frozen=True)
class Moment:
    """Where the session stood when the next entry of the journal came, or at the end."""

    seq: int
    """Of the newest entry taken in; 0: none."""
    marks: int
    """Made so far, those taken back included."""
    labelled: int
    """Items with a label."""
    accuracy: float = math.nan
    """Share of items that are predicted right, 0 to 1; NaN: not known."""
    confidence: float = math.nan
    """Mean over all items, 0 to 1; NaN: nothing is predicted yet."""


class History:
    """One moment for each entry of the journal, however long the network trained with it.

    Not safe for use by several threads at once; `moments` gives what no later call changes.
    """

    def __init__(self) -> None:
        self._moments: dict[int, Moment] = {}

    def note_labels(self, marks: Marks) -> None:
        """Take down what the labels are that training is given."""
        found = Moment(marks.seq, marks.made, marks.labelled)
        before = self._moments.get(marks.seq, found)
        self._moments[marks.seq] = replace(before, marks=found.marks, labelled=found.labelled)

    def note_predictions(self, seq: int, accuracy: float, confidence: float) -> None:
        """Take down how the network does that has taken in the entries up to `seq`; the newest word on it counts."""
        before = self._moments.get(seq)
        if before is not None:
            self._moments[seq] = replace(before, accuracy=accuracy, confidence=confidence)

    def moments(self) -> tuple[Moment, ...]:
        """Return all moments, in the order of the journal."""
        return tuple(self._moments[seq] for seq in sorted(self._moments))
