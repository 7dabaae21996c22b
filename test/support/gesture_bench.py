"""A labeler before a cloud of three clumps, to which hands are shown; and what is to come of each gesture."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from gesture_labeler.labeler import Labeler
from gesture_labeler.outcome import Ask, Outcome
from gesture_labeler.parameters import Parameters
from gesture_labeler.signs import Head
from latentvr_common import rotations
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.gestures import Phase, Report
from latentvr_common.hands import Hands
from latentvr_common.labels import Category, LabelEvent
from latentvr_common.scene import Progress
from scripted_hands.motion import Tremor
from scripted_hands.performances import Performance

FloatArray = npt.NDArray[np.floating]

CATEGORIES = tuple(Category(i, f"c{i}", 0x808080) for i in range(3))
HEAD = Head(np.array([0.0, 1.6, 0.05]), rotations.about_axis(np.array([1.0, 0.0, 0.0]), -0.45))
MIDDLES = np.array([[0.6, 0.0, 0.1], [-0.5, 0.3, 0.0], [0.0, -0.5, -0.3]])
ITEMS = 900
_SPREAD = 0.09
GAP_NS = 1_000_000_000
"""Between what is shown, there is nothing for so long."""
EARLIER_NS = tuple(range(1, 5_000_000_001, 500_000_000))
"""Stamps of the clouds before the one that is there: in them, everything is on the other side."""
START_NS = EARLIER_NS[-1] + 2 * GAP_NS


def clumps(stamp_ns: int = 1, seed: int = 1) -> Cloud:
    """Three clumps of 300 items around MIDDLES, latent units."""
    random = np.random.default_rng(seed)
    positions = np.repeat(MIDDLES, ITEMS // 3, axis=0) + random.normal(0, _SPREAD, (ITEMS, 3))
    nothing = np.full(ITEMS, NONE, np.int16)
    return Cloud(
        stamp_ns,
        positions.astype(np.float32),
        np.zeros(ITEMS, np.uint32),
        nothing,
        nothing,
        np.zeros(ITEMS, np.float32),
    )


@dataclass
class GestureBench:
    """A labeler, and all that came of it."""

    parameters: Parameters = field(default_factory=Parameters)
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.labeler = Labeler(self.parameters)
        self.labeler.set_categories(CATEGORIES)
        self.labeler.hold(replace(self.labeler.tool, category=1))
        self.labeler.head = HEAD
        for stamp_ns in EARLIER_NS:
            cloud = clumps(stamp_ns)
            self.labeler.past.note(replace(cloud, positions=-cloud.positions), Progress())
        self.cloud = clumps(START_NS - GAP_NS)
        self.labeler.see(self.cloud)
        self.now_ns = START_NS

    @property
    def reports(self) -> list[Report]:
        """All of them."""
        return [report for outcome in self.outcomes for report in outcome.reports]

    @property
    def commits(self) -> list[LabelEvent]:
        """All marks."""
        return [outcome.commit for outcome in self.outcomes if outcome.commit is not None]

    @property
    def asks(self) -> list[Ask]:
        """All that others are asked for."""
        return [ask for outcome in self.outcomes for ask in outcome.asks]

    def phases(self, name: str) -> list[Phase]:
        """The phases of `name`, without updates; the END of a mark counts when it is handed to the journal."""
        found = []
        for outcome in self.outcomes:
            found += [r.phase for r in outcome.reports if r.name == name and r.phase is not Phase.UPDATE]
            if outcome.end is not None and outcome.end.name == name:
                found.append(Phase.END)
        return found

    def cancelled(self) -> list[str]:
        """Why gestures came to nothing."""
        return [r.detail for r in self.reports if r.phase is Phase.CANCEL]

    def stage(self, latent: Iterable[float]) -> FloatArray:
        """Where a place of the latent space is in the room."""
        return self.labeler.placement.stage_from_latent(np.array(list(latent), dtype=float))

    def take(self, hands: Hands) -> None:
        """Show these hands."""
        outcome = self.labeler.update(hands)
        if outcome is not None:
            self.outcomes.append(outcome)

    def watch(self, stream: Iterable[Hands]) -> None:
        """Show all these hands, their stamps counted from where the bench is now; then nothing for a while."""
        start_ns = self.now_ns
        for hands in stream:
            self.now_ns = start_ns + hands.stamp_ns
            self.take(replace(hands, stamp_ns=self.now_ns))
        self.now_ns += GAP_NS


Distort = Callable[[Hands], Hands]


def stream_of(
    performance: Performance, rate_hz: float = 72.0, tremor_m: float = 0.0008, seed: int = 0, first_ns: int = 1
) -> Iterable[Hands]:
    """Yield the hands of a performance, which tremble; stamps from `first_ns` on."""
    tremor = Tremor(tremor_m, np.random.default_rng(seed))
    count = int(performance.lasts_s * rate_hz) + 1
    for i in range(count):
        passed_s = i / rate_hz
        yield performance.at(passed_s).shaken(tremor.at(passed_s)).hands(first_ns + round(passed_s * 1e9))
