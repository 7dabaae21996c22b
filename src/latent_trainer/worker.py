"""The thread that trains.

Thread rule: `Worker.run` and everything that it calls lives on the worker thread, and so do Training and its network.
Other threads give labels and commands through `Newest` and a queue, and take snapshots through `Newest`. Nobody waits
for the worker but `ask`, which waits for an answer; `put_question` returns where the answer will be.
"""

import contextlib
import math
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from latent_trainer.branches import Branches
from latent_trainer.checkpoints import Checkpoint
from latent_trainer.course import Course
from latent_trainer.reaction import Part, Reaction
from latent_trainer.recalibration import Recalibration
from latent_trainer.training import Encoded, NotFiniteError, Training
from latentvr_common import watchdog
from latentvr_common.cloud import NONE
from latentvr_common.newest import Newest, RateMeter
from latentvr_common.trace import Said

_ENCODE_SHARE = 0.25
_IDLE_WAIT_S = 5.0
_NICENESS = 5
_LOOP = "training"


class EndedError(Exception):
    """Training has ended: nobody answers any more."""


class State(IntEnum):
    """What the worker does. Equal to the constants of Epoch.msg."""

    PREPARING = 0
    TRAINING = 1
    PAUSED = 2
    FAULT = 3


@dataclass(frozen=True)
class Labels:
    """Labels (N,) in force, which follow from `said`."""

    labels: npt.NDArray[np.int16]
    said: Said
    origins: npt.NDArray[np.int32] | None = None
    """(N,), the journal entry that gave each label; None: not known."""


@dataclass(frozen=True)
class Snapshot:
    """The network's view of all items at one step."""

    encoded: Encoded
    state: State
    text: str
    epoch: int
    step: int
    losses: dict[str, float]
    steps_per_s: float
    label_seq: int
    """The newest journal entry that training had taken in."""
    skipped: int = 0
    """Steps that were not made because they were not sound, see Training.step."""
    returns: int = 0
    """How many times training went back to an earlier network."""
    ece: float = math.nan
    """Expected calibration error of the confidence on labels that were left out, 0 to 1; NaN: not known."""
    branch: str = ""
    """Of training; empty: the one that was there first."""


@dataclass
class _Pace:
    """How fast to train. `steps_left`: None for no end."""

    paused: bool
    speed: float = 1.0
    steps_left: int | None = None


class Worker:
    """Trains in a thread of its own."""

    def __init__(
        self,
        make_training: Callable[[], Training],
        begin: Callable[[Training], Branches],
        *,
        cloud_rate_hz: float,
        paused: bool,
        early_positions: Callable[[], npt.NDArray[np.float32] | None] = lambda: None,
        on_part: Callable[[], object] = lambda: None,
        keep: Callable[[Checkpoint], object] = lambda checkpoint: None,
        keep_s: float = math.inf,
    ) -> None:
        """`make_training`: as it is shown at first; `begin`: gives it its neighbours, and the courses that it takes.

        `early_positions`: where items are shown (N, 3) while training is made; None: nowhere. On the worker thread
        `on_part` is called when there is a new one of the `parts`, and `keep` every `keep_s` seconds of training.
        """
        self._early_positions = early_positions
        self._make_training = make_training
        self._begin = begin
        self._on_part = on_part
        self._keep, self._keep_s = keep, keep_s
        self._keep_due_s = math.inf
        self._cloud_period_s = 1.0 / cloud_rate_hz
        self._pace = _Pace(paused)
        self._labels: Newest[Labels] = Newest()
        self._commands: queue.Queue[tuple[Callable[[Training], object], Future[object]]] = queue.Queue()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._end_text = "training has ended"
        self._recalibration = Recalibration()
        self._reaction = Reaction()
        self._rate = RateMeter()
        self._thread = threading.Thread(target=self._run, name="training", daemon=True)
        self.snapshots: Newest[Snapshot] = Newest()
        self.parts: Newest[Part] = Newest()
        """Where newly labelled items are, between two snapshots."""
        self.branches: Branches | None = None
        """What is trained, once it is prepared; only for use after `stop`, and on the worker thread."""

    @property
    def course(self) -> Course | None:
        """The course that is trained, once it is prepared; only for use after `stop`, and on the worker thread."""
        return None if self.branches is None else self.branches.course

    def start(self) -> None:
        """Begin to prepare, then to train."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Ask the thread to end after its step; return whether it did within `timeout_s`."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def give_labels(self, labels: Labels) -> None:
        """Train with these labels from the next step on."""
        self._labels.put(labels)
        self._wake.set()

    def pause(self) -> None:
        """Stop making steps."""
        self._pace = _Pace(True, self._pace.speed)
        self._wake.set()

    def resume(self) -> None:
        """Go on making steps."""
        self._pace = _Pace(False, self._pace.speed)
        self._wake.set()

    def make_steps(self, count: int) -> None:
        """Make `count` steps, then pause."""
        self._pace = _Pace(False, self._pace.speed, count)
        self._wake.set()

    def set_speed(self, speed: float) -> None:
        """Train during the share `speed` of the time, above 0 and up to 1."""
        self._pace.speed = speed
        self._wake.set()

    def ask(self, question: Callable[[Training], object], timeout_s: float) -> object:
        """Run `question` on the worker thread between two steps and return its answer or raise its exception.

        Raises TimeoutError if there is none within `timeout_s`, EndedError if training has ended.
        """
        answer = self.put_question(question)
        try:
            return answer.result(timeout_s)
        except TimeoutError:
            answer.cancel()
            raise

    def put_question(self, question: Callable[[Training], object]) -> "Future[object]":
        """Have `question` run on the worker thread between two steps; return the place of its answer, without waiting.

        Who cancels the place before the question is taken up has not asked. The answer is an EndedError if training has
        ended.
        """
        answer: Future[object] = Future()
        self._commands.put((question, answer))
        self._wake.set()
        if self._ended.is_set():
            self._refuse_questions()
        return answer

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            # The hands' path comes first on a machine with few cores; Linux keeps niceness by thread.
            thread = threading.get_native_id()
            niceness = os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS
            os.setpriority(os.PRIO_PROCESS, thread, min(19, niceness))
        try:
            self._look_early()
            training = self._make_training()
            self._put(training, training.encode(), State.PREPARING, "finding neighbours", 0)
            self.branches = self._begin(training)
            self._keep_due_s = time.monotonic() + self._keep_s
            while not self._stopping.is_set():
                self._turn(self.branches)
        except Exception as error:
            self._report_fault(error)
            raise
        finally:
            self._ended.set()
            self._refuse_questions()

    def _look_early(self) -> None:
        positions = self._early_positions()
        if positions is not None:
            count = len(positions)
            encoded = Encoded(positions, np.full(count, NONE, np.int16), np.zeros(count, np.float32))
            self.snapshots.put(Snapshot(encoded, State.PREPARING, "preparing items", 0, 0, {}, 0.0, 0))

    def _report_fault(self, error: Exception) -> None:
        self._end_text = text = f"training stopped: {type(error).__name__}: {error}"
        nothing = Encoded(np.zeros((0, 3), np.float32), np.zeros(0, np.int16), np.zeros(0, np.float32))
        label_seq = self.course.said.seq if self.course is not None else 0
        self.snapshots.put(Snapshot(nothing, State.FAULT, text, 0, 0, {}, 0.0, label_seq))

    def _turn(self, branches: Branches) -> None:
        """Answer questions, then train for about one cloud period and look at the result; or wait while paused."""
        changed = self._hear(branches)
        self._keep_now_and_then(branches)
        pace = self._pace
        if (pace.paused or pace.steps_left == 0) and not branches.catching_up:
            pace.paused = True
            self._rest(branches, changed)
            return
        encode_s = self._look(branches.course, State.TRAINING, branches.progress)
        self._train_for(branches, max(self._cloud_period_s - encode_s, encode_s * (1 / _ENCODE_SHARE - 1)))

    def _hear(self, branches: Branches) -> bool:
        """Answer questions, and take labels; return whether there are new ones."""
        before = branches.course
        self._answer_questions(before.training)
        if branches.course is not before:
            # What is known of labels is of the other branch.
            self._recalibration, self._reaction = Recalibration.of(branches.course.training), Reaction()
        if branches.catching_up:
            labels = branches.do_due()
            if labels is not None:
                self._recalibration.take_labels(branches.course.training, labels, None)
            return branches.course is not before
        return self._take_labels(branches.course)

    def _rest(self, branches: Branches, changed: bool) -> None:
        self._look(branches.course, State.PAUSED, "paused")
        while not changed and self._pace.paused and not self._stopping.is_set():
            self._wake.wait(_IDLE_WAIT_S)
            self._wake.clear()
            changed = self._hear(branches)

    def _keep_now_and_then(self, branches: Branches) -> None:
        now = time.monotonic()
        if branches.catching_up:
            # It is kept as soon as it has caught up.
            self._keep_due_s = now if math.isfinite(self._keep_s) else math.inf
        elif now >= self._keep_due_s:
            checkpoint = branches.checkpoint()
            if checkpoint is not None:
                self._keep(checkpoint)
            self._keep_due_s = now + self._keep_s

    def _train_for(self, branches: Branches, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping.is_set() and time.monotonic() < until:
            began = time.monotonic()
            # Forces and places are asked for while one looks: not only once a cloud.
            self._hear(branches)
            pace = self._pace  # once: another thread may replace it at any moment
            if (pace.paused or pace.steps_left == 0) and not branches.catching_up:
                return
            if pace.steps_left is not None and not branches.catching_up:
                pace.steps_left -= 1
            # What is asked may take long, such as the results of a million items; a step does not.
            watchdog.beat(_LOOP)
            branches.course.step()
            now = time.monotonic()
            self._rate.tick(now)
            self._react(branches.course.training, now)
            watchdog.rest(_LOOP)
            self._idle(branches, now - began)

    def _react(self, training: Training, now: float) -> None:
        with contextlib.suppress(NotFiniteError):  # The next look at all items tells.
            part = self._reaction.look(training, now)
            if part is not None:
                self.parts.put(part)
                self._on_part()

    def _idle(self, branches: Branches, step_s: float) -> None:
        """Wait after a step of `step_s` seconds, so that steps take their share of the time; hear what is asked."""
        began = time.monotonic()
        while not self._stopping.is_set():
            pace = self._pace
            left_s = step_s * (1 / pace.speed - 1) - (time.monotonic() - began)
            if pace.paused or left_s <= 0 or branches.catching_up:
                return
            self._wake.wait(min(left_s, _IDLE_WAIT_S))
            self._wake.clear()
            self._hear(branches)

    def _take_labels(self, course: Course) -> bool:
        new = self._labels.take()
        # Of a resumed session, whose entries come in again; or of another branch.
        if new is None or new.said.seq < course.said.seq or new.said.without != course.gone:
            return False
        if new.said != course.said:
            course.use_labels(new.labels, new.said)
        self._recalibration.take_labels(course.training, new.labels, new.origins)
        self._reaction.take_labels(new.labels, time.monotonic())
        return True

    def _answer_questions(self, training: Training) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                question, answer = self._commands.get_nowait()
                if not answer.set_running_or_notify_cancel():
                    continue
                try:
                    answer.set_result(question(training))
                except Exception as error:
                    answer.set_exception(error)

    def _refuse_questions(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                answer = self._commands.get_nowait()[1]
                if answer.set_running_or_notify_cancel():
                    answer.set_exception(EndedError(self._end_text))

    def _look(self, course: Course, state: State, text: str) -> float:
        """Publish where everything is now; return the seconds that it took, a fit of the confidence not counted."""
        self._recalibration.look(course.training, time.monotonic(), at_rest=state is not State.TRAINING)
        began = time.monotonic()
        self._put(course.training, _encode(course), state, text, course.said.seq)
        return time.monotonic() - began

    def _put(self, training: Training, encoded: Encoded, state: State, text: str, label_seq: int) -> None:
        self.parts.take()  # What is newer is in this.
        self.snapshots.put(
            Snapshot(
                encoded,
                state,
                text or training.setback,
                training.epoch,
                training.step_count,
                dict(training.losses),
                self._rate.rate(time.monotonic()),
                label_seq,
                training.skipped_count,
                training.return_count,
                math.nan if training.belief is None else training.belief.calibration.ece,
                self.branches.name if self.branches is not None else "",
            )
        )


def _encode(course: Course) -> Encoded:
    """Return where all items are; where that cannot be said, of an earlier network, with which training goes on."""
    try:
        return course.training.encode()
    except NotFiniteError as error:
        course.go_back(str(error))
        return course.training.encode()
