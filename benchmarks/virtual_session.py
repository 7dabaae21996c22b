"""A whole session in one process, without ROS: the real person, labeler, journal and training, on a clock of its own.

The clock runs as the training thread computes: one second of the session is one second of processor time of the
training, as on a machine where training has a core for itself. What the other processes compute costs no time; the
person's thinking takes as long as it took. So the result does not depend on what else the machine does.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gesture_labeler.labeler import Labeler
from gesture_labeler.outcome import Outcome
from gesture_labeler.parameters import Parameters as LabelerParameters
from label_journal.journal import Journal
from latent_trainer.calibration import expected_calibration_error
from latent_trainer.glide import Glide
from latent_trainer.reaction import Part, Reaction
from latent_trainer.recalibration import Recalibration
from latent_trainer.training import Encoded, Training
from latentvr_common.cloud import Cloud
from latentvr_common.datasets import Dataset
from latentvr_common.gestures import Report
from latentvr_common.labels import LabelBook
from latentvr_common.truth import truth_ids
from scripted_hands.actor import Answer
from scripted_hands.parameters import Parameters as PersonParameters
from scripted_hands.person import Person

_NS = 1_000_000_000
_CLOUD_PERIOD_S = 1 / 12
_ENCODE_SHARE = 0.25


@dataclass(frozen=True)
class Moment:
    """How things stood when a mark was in the journal, and at the end."""

    gestures: int
    at_s: float
    """Since the start of training, seconds of the session."""
    accuracy: float
    labels: int
    label_purity: float
    ece: float
    """How far confidence is from the truth on items without a label, 0 to 1; NaN before there are predictions."""


@dataclass
class VirtualSession:
    """`training` must have its neighbours already."""

    dataset: Dataset
    training: Training
    person_parameters: PersonParameters
    directory: Path
    steps_per_s: float = 0.0
    """Fixed number of steps in a second of the session; 0: as many as the processor makes."""
    on_encoded: Callable[[float, Encoded], None] = lambda now_s, encoded: None
    """Called with each view of the network."""
    on_part: Callable[[float, Part], None] = lambda now_s, part: None
    """Called with each look at newly labelled items."""
    on_marked: Callable[[float, npt.NDArray[np.int64]], None] = lambda at_s, items: None
    """Called with each mark: when it was in the journal, and the items whose label it changed."""
    moments: list[Moment] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Bring the parts together."""
        assert self.dataset.truth is not None
        self._journal = Journal(self.directory / "labels.db", len(self.dataset), self.dataset.categories)
        self._book = LabelBook(len(self.dataset))
        self._thinking = _Thinking(lambda: self.now_s)
        self.person = Person(self.person_parameters, self.dataset.truth, self.dataset.categories, self._thinking)
        self._labeler = Labeler(LabelerParameters())
        self.person.see_categories(self._journal.categories)
        self._labeler.set_categories(self._journal.categories)
        truth = truth_ids(self.dataset.truth, self.dataset.categories, self._journal.categories)
        assert truth is not None
        self.truth = truth
        self.now_s = 0.0
        self._hands_s = 0.0
        self._glide: Glide | None = None
        self._reaction = Reaction()
        self._recalibration = Recalibration()
        self._encoded = self._look()

    @property
    def labels(self) -> npt.NDArray[np.int16]:
        """Category of each item (N,), -1 none."""
        return self._book.labels

    def run(self, settle_s: float) -> list[Moment]:
        """Live until the person has left, then train for `settle_s` more; return how it went."""
        while not self.person.gone:
            self._turn()
        until = self.now_s + settle_s
        while self.now_s < until:
            self._turn()
        self._note()
        self._journal.close()
        return self.moments

    def _turn(self) -> None:
        began_s = self.now_s
        self._encoded = self._look()
        encode_s = self.now_s - began_s
        until = self.now_s + max(_CLOUD_PERIOD_S - encode_s, encode_s * (1 / _ENCODE_SHARE - 1))
        while self.now_s < until:
            self._pass_time(self._timed(self.training.step) if not self.steps_per_s else self._fixed_step())
            part = self._reaction.look(self.training, self.now_s)
            if part is not None and self._glide is not None:
                self._glide.aim_part(part.rows, part.positions, self.now_s)
                self.on_part(self.now_s, part)

    def _fixed_step(self) -> float:
        self.training.step()
        return 1.0 / self.steps_per_s

    def _timed(self, act: Callable[[], object]) -> float:
        began = time.thread_time()
        act()
        return time.thread_time() - began

    def _look(self) -> Encoded:
        self._pass_time(self._timed(lambda: self._recalibration.look(self.training, self.now_s)))
        found: list[Encoded] = []
        seconds = self._timed(lambda: found.append(self.training.encode()))
        self._pass_time(seconds)
        if self._glide is None:
            self._glide = Glide(found[0].positions, self.now_s)
        self._glide.aim(found[0].positions, self.now_s)
        self._encoded = found[0]
        self._show()
        self.on_encoded(self.now_s, found[0])
        return found[0]

    def _show(self) -> None:
        assert self._glide is not None
        nothing = np.zeros(len(self.dataset), np.uint32)
        e = self._encoded
        cloud = Cloud(
            int(self.now_s * _NS), self._glide.at(self.now_s), nothing, self.labels, e.predicted, e.confidence
        )
        self.person.see_cloud(cloud)
        self._labeler.see(cloud)

    def _pass_time(self, seconds: float) -> None:
        self.now_s += seconds
        period_s = 1.0 / self.person_parameters.rate_hz
        while self._hands_s + period_s <= self.now_s and not self.person.gone and self._glide is not None:
            before = self._hands_s
            self._hands_s += period_s
            if int(before / _CLOUD_PERIOD_S) != int(self._hands_s / _CLOUD_PERIOD_S):
                self._show()
            posture = self.person.step(self._hands_s)
            outcome = self._labeler.update(posture.hands(int(self._hands_s * _NS))) if posture is not None else None
            if outcome is not None:
                self._take(outcome)

    def _take(self, outcome: Outcome) -> None:
        reports: list[Report] = list(outcome.reports)
        if outcome.commit is not None and outcome.end is not None:
            receipt = self._journal.submit(outcome.commit, int(self._hands_s * _NS))
            self._note()
            before = self.labels
            self._book.add(receipt.event)
            self.training.set_labels(self.labels)
            self._recalibration.take_labels(self.training, self.labels, self._book.origins)
            self._reaction.take_labels(self.labels, self._hands_s)
            self.on_marked(self._hands_s, np.flatnonzero(self.labels != before))
            reports.append(outcome.end)
        for r in reports:
            self.person.see_gesture(Answer(r.name, r.phase.name.lower(), r.category, r.radius_m, r.detail))

    def _note(self) -> None:
        """Write down how things stand with the marks so far."""
        labels = self.labels
        marked = labels >= 0
        purity = float((labels[marked] == self.truth[marked]).mean()) if marked.any() else float("nan")
        right = self._encoded.predicted == self.truth
        guessed = ~marked & (self._encoded.predicted >= 0)
        ece = expected_calibration_error(self._encoded.confidence[guessed], right[guessed])
        marks = self._book.applied_seq
        self.moments.append(Moment(marks, self.now_s, float(right.mean()), int(marked.sum()), purity, ece))


class _Thinking(Executor):
    """Thinks at once; the thought is there after as much time of the session as it took."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        began = time.thread_time()
        result = fn(*args, **kwargs)
        return _Later(result, self._clock, self._clock() + time.thread_time() - began)


class _Later(Future[Any]):
    def __init__(self, result: Any, clock: Callable[[], float], at_s: float) -> None:
        super().__init__()
        self._clock, self._at_s = clock, at_s
        self.set_result(result)

    def done(self) -> bool:
        return self._clock() >= self._at_s


def accuracies(moments: list[Moment], at: list[int]) -> Iterator[float]:
    """Yield the accuracy that the marks up to each number of `at` led to: as it stood when the next one came."""
    for gestures in at:
        reached = [m for m in moments if m.gestures == gestures]
        yield reached[-1].accuracy if reached else float("nan")
