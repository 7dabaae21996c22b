"""The trainer as a ROS node.

Thread rule: all methods here run on the executor's thread, and so do those of the parts that make up the rest of the
node (`*_node.py`). Training lives on the worker's thread (see worker.py); the two meet in `Newest` places only, and in
`Worker.put_question`: what is asked runs on the worker's thread.
"""

import math
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from diagnostic_msgs.msg import DiagnosticStatus
from latentvr import msg
from rclpy.node import Node

from latent_trainer.appearance import CloudColors
from latent_trainer.branches import Branches
from latent_trainer.branches_node import BranchAnswers
from latent_trainer.cache import ArrayCache
from latent_trainer.calibration import expected_calibration_error
from latent_trainer.commands_node import TrainingCommands, WishKept
from latent_trainer.cores import default_threads, preparing_threads
from latent_trainer.course_node import CourseOut
from latent_trainer.cues_node import CuesOut
from latent_trainer.curves_node import CurvesKept
from latent_trainer.export_node import Exports
from latent_trainer.forces_node import ForcesOut
from latent_trainer.glide import Glide
from latent_trainer.history import History
from latent_trainer.inputs import InputMap
from latent_trainer.items_node import ItemAnswers
from latent_trainer.marks import marks_of
from latent_trainer.parameters import Parameters
from latent_trainer.places_node import PlaceAnswers
from latent_trainer.preparation import Preparation
from latent_trainer.questions_node import Questions
from latent_trainer.recipe import make_recipe
from latent_trainer.shown import Shown
from latent_trainer.space import separation, space_used
from latent_trainer.training import Encoded, Training
from latent_trainer.worker import Labels, Snapshot, State, Worker
from latentvr_common import conversions, memory, node_tools, topics
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.datasets import load
from latentvr_common.datasets.progress import Progress
from latentvr_common.directories import user_cache, writable_directory
from latentvr_common.entries_node import Entries
from latentvr_common.errors import InputError
from latentvr_common.fault_points import reach
from latentvr_common.health import Health, HealthReporter
from latentvr_common.labels import Category, LabelBook
from latentvr_common.newest import RateMeter
from latentvr_common.parameters import declare
from latentvr_common.run import run_node
from latentvr_common.truth import truth_ids

_STOP_TIMEOUT_S = 2.0


class LatentTrainer(Node):  # type: ignore[misc]
    """Loads the dataset, trains, and publishes the cloud and where training stands."""

    def __init__(self) -> None:
        super().__init__("latent_trainer", namespace=topics.NAMESPACE)
        self.exit_code: int | None = None
        self._settings = declare(self, Parameters)
        directory = writable_directory(self._settings.directory)
        self._device = _device(self._settings.device)
        self._threads = self._settings.threads or default_threads()
        torch.set_num_threads(self._threads)
        self._dataset = load(self._settings.dataset, max_items=self._settings.max_items, seed=self._settings.seed)
        self._preparation = Preparation(
            self._dataset,
            self._settings,
            _cache(self._settings.cache),
            self._settings.threads or preparing_threads(),
        )
        self._preparing = ""
        self._book = LabelBook(len(self._dataset))
        self._truth: npt.NDArray[np.int16] | None = None
        self._shown = Shown(marks_of(self._book, ()))
        self._history = History()
        self._history.note_labels(self._shown.marks)
        self._layout = (math.nan, math.nan)
        self._input_map: InputMap | None = None
        self._dirty = False
        self._frame_rate = RateMeter()
        self._frame_s = -math.inf
        self._colors = CloudColors()
        self._course_out = CourseOut(self, directory, self._settings.checkpoint_s)
        self._curves = CurvesKept(self, directory, self._settings.checkpoint_s)
        self._wish = WishKept(self, directory, self._settings.paused)
        self._worker = self._make_worker()
        self._worker.set_speed(self._wish.wish.speed)
        self._connect()
        self._serve(directory)
        self.get_logger().info(
            f"{len(self._dataset)} items of {self._dataset.name}, {self._device}, {self._threads} threads"
        )
        self._worker.start()

    def _make_worker(self) -> Worker:
        return Worker(
            self._make_training,
            self._begin,
            cloud_rate_hz=self._settings.cloud_rate_hz,
            paused=self._wish.wish.paused,
            early_positions=self._preparation.early_positions,
            on_part=node_tools.soon(self, self._on_part),
            keep=self._course_out.keep,
            keep_s=self._course_out.keep_s,
        )

    def _connect(self) -> None:
        self._cloud_out = node_tools.advertise(self, topics.CLOUD)
        self._epoch_out = node_tools.advertise(self, topics.EPOCH)
        self._forces_out = ForcesOut(self, self._worker, self._settings)
        self._cues_out = CuesOut(self, self._worker)
        node_tools.listen(self, topics.CATEGORIES, self._on_categories)
        self._health = HealthReporter(self, self._probe)
        self._entries = Entries(self, self._book, self._health, lambda: self._use_labels(self._shown.marks.categories))
        node_tools.every(self, 1.0 / self._settings.cloud_rate_hz, self._on_tick)

    def _serve(self, directory: Path | None) -> None:
        """`directory`: for the results; None where none are wanted."""
        worker, dataset, shown, seed = self._worker, self._dataset, self._shown, self._settings.seed
        self._questions = questions = Questions(self, worker)
        self._commands = TrainingCommands(self, worker, shown, self._wish)
        self._items = ItemAnswers(self, worker, dataset, shown, seed)
        self._places = PlaceAnswers(self, questions, dataset, shown, lambda: self._input_map)
        self._branches = BranchAnswers(
            self, worker, questions, self._book, shown, lambda: self._use_labels(shown.marks.categories)
        )
        self._use_resumed_soon = node_tools.soon(self, lambda: self._branches.use(*self._resumed))
        self._exports = Exports(
            self,
            questions,
            directory,
            dataset,
            shown,
            self._history,
            self._curves.curves,
            lambda: self._input_map,
            seed,
        )

    def _make_training(self) -> Training:
        """Runs on the worker's thread, as `_begin` does."""
        count, progress = len(self._dataset), Progress(self._tell_progress)
        self._input_map, inputs = self._preparation.inputs(lambda done: progress.tell(done, count, "items"))
        self._preparing = ""
        training = Training(inputs, self._settings, self._device)
        recipe = make_recipe(self._settings, self._dataset.digest, inputs, self._threads, self._device)
        self._course_out.restore(training, recipe)
        return training

    def _begin(self, training: Training) -> Branches:
        branches = self._course_out.begin(training, self._preparation.neighbours(training.inputs.cpu().numpy()))
        self._resumed = branches.name, branches.course.gone
        self._use_resumed_soon()
        return branches

    def _tell_progress(self, text: str) -> None:
        self._preparing = text
        self.get_logger().info(text)

    # The cloud

    def _on_tick(self) -> None:
        now = time.monotonic()
        self._wait_for_late_frame(now)
        snapshot = self._worker.snapshots.take()
        if snapshot is not None:
            self._take_snapshot(snapshot, now)
        self._forces_out.tick(now)
        if self._shown.snapshot is None:
            return
        if self._shown.glide is not None:
            self._cues_out.tick(now, self._shown.snapshot.encoded, self._shown.marks.labels)
        moving = self._shown.glide is not None and not self._shown.glide.arrived(now)
        if self._dirty or moving:
            self._publish(self._shown.snapshot, now)
            self._dirty = moving

    def _on_part(self) -> None:
        """Show how marked items begin to move: from the newest frame on, and soon."""
        part, now = self._worker.parts.take(), time.monotonic()
        if part is None or self._shown.glide is None or self._shown.snapshot is None:
            return
        self._wait_for_late_frame(now)
        period_s = 1.0 / self._settings.cloud_rate_hz
        self._shown.glide.aim_part(part.rows, part.positions, max(self._frame_s, now - period_s))
        self._dirty = True
        if now - self._frame_s > period_s / 2:
            self._publish(self._shown.snapshot, now)

    def _wait_for_late_frame(self, now: float) -> None:
        if self._shown.glide is not None:
            self._shown.glide.wait_for_late_frame(now, 1.0 / self._settings.cloud_rate_hz)

    def _take_snapshot(self, snapshot: Snapshot, now: float) -> None:
        if snapshot.state is State.FAULT:
            self.get_logger().error(snapshot.text)
            self._shown.take_fault(snapshot)
        else:
            if snapshot.returns > (self._shown.snapshot.returns if self._shown.snapshot else 0):
                self.get_logger().warning(snapshot.text)
            seen = self._shown.take_snapshot(snapshot)
            positions = seen.encoded.positions
            if self._shown.glide is None:
                self._shown.glide = Glide(positions, now)
            self._shown.glide.aim(positions, now)
            self._layout = space_used(positions), separation(positions, self._shown.marks.labels)
            self._note_quality(seen)
        self._dirty = True

    def _publish(self, snapshot: Snapshot, now: float) -> None:
        """Publish a frame; only the epoch where a fault came before the first cloud."""
        reach("trainer.publish")
        encoded, stamp_ns = snapshot.encoded, node_tools.now_ns(self)
        if self._shown.glide is not None:
            labels = self._shown.marks.labels
            colors = self._colors.of(labels, encoded.predicted, encoded.confidence, self._shown.marks.categories)
            cloud = Cloud(stamp_ns, self._shown.glide.at(now), colors, labels, encoded.predicted, encoded.confidence)
            self._frame_s = now
            self._shown.glide.shown(now)
            self._frame_rate.tick(now)
            self._cloud_out.publish(conversions.cloud_to_msg(cloud))
            self._shown.published_ns = stamp_ns
        self._epoch_out.publish(self._epoch_message(snapshot, stamp_ns, now))

    def _epoch_message(self, snapshot: Snapshot, stamp_ns: int, now: float) -> msg.Epoch:
        accuracy, confidence, ece_truth = self._quality(snapshot.encoded)
        return msg.Epoch(
            header=conversions.header(conversions.LATENT_FRAME, stamp_ns),
            state=int(snapshot.state),
            text=snapshot.text,
            epoch=snapshot.epoch,
            step=snapshot.step,
            items=len(self._dataset),
            labelled=self._shown.marks.labelled,
            conflicts=len(self._shown.marks.conflicts),
            label_seq=snapshot.label_seq,
            terms=list(snapshot.losses),
            losses=[float(value) for value in snapshot.losses.values()],
            accuracy=accuracy,
            confidence=confidence,
            space_used=self._layout[0],
            separation=self._layout[1],
            ece=snapshot.ece,
            ece_truth=ece_truth,
            branch=snapshot.branch,
            agreement=self._branches.agreement(snapshot),
            ghost_accuracy=self._branches.ghost.accuracy(self._truth),
            steps_per_s=snapshot.steps_per_s,
            cloud_rate_hz=self._frame_rate.rate(now),
        )

    def _note_quality(self, snapshot: Snapshot) -> None:
        right, sure, _ = self._quality(snapshot.encoded)
        self._history.note_predictions(snapshot.label_seq, right, sure)
        self._curves.note(snapshot, right, sure, self._branches.agreement(snapshot))

    def _quality(self, encoded: Encoded) -> tuple[float, float, float]:
        """Return the share of right predictions, their mean confidence and its calibration error; NaN is not known."""
        if not (encoded.predicted != NONE).any():
            return math.nan, math.nan, math.nan
        confidence = float(encoded.confidence.mean())
        if self._truth is None:
            return math.nan, confidence, math.nan
        right, unlabelled = encoded.predicted == self._truth, self._shown.marks.labels == NONE
        error = expected_calibration_error(encoded.confidence[unlabelled], right[unlabelled])
        return float(right.mean()), confidence, error

    # Labels and categories

    def _on_categories(self, message: msg.Categories) -> None:
        categories = conversions.categories_from_msg(message)
        self._truth = truth_ids(self._dataset.truth, self._dataset.categories, categories)
        self._book.judge_by(categories, conversions.wins_from_msg(message))
        self._use_labels(tuple(categories))

    def _use_labels(self, categories: tuple[Category, ...]) -> None:
        self._shown.use_marks(self._branches.marks(categories))
        self._history.note_labels(self._shown.marks)
        marks = self._shown.marks
        self._worker.give_labels(Labels(marks.labels, marks.said, marks.origins))
        self._dirty = True

    def _probe(self) -> Health:
        if self._shown.snapshot is None:
            return Health(f"preparing: {self._preparing}" if self._preparing else "preparing")
        s = self._shown.snapshot
        level = DiagnosticStatus.ERROR if s.state is State.FAULT else DiagnosticStatus.OK
        if s.state is State.TRAINING and s.text:
            level = DiagnosticStatus.WARN
        text = s.text or f"epoch {s.epoch}, {s.steps_per_s:.0f} steps a second"
        trouble = self._trouble(s)
        if trouble:
            text, level = f"{text}; {trouble}", max(level, DiagnosticStatus.WARN)
        counts = {"step": s.step, "skipped steps": s.skipped, "returns": s.returns, "label entries": s.label_seq}
        return Health(text, level, counts)

    def _trouble(self, snapshot: Snapshot) -> str:
        """Return what a person should know although training goes on; empty: nothing."""
        if snapshot.label_seq > self._book.applied_seq:
            return (
                f"waits for the journal: it has {self._book.applied_seq} entries, training knows {snapshot.label_seq}"
            )
        return self._course_out.fault

    def close(self) -> None:
        """Stop training, and write the results unless those of this step and these marks are written already.

        No results where some are wanted give exit code 1.
        """
        stopped = self._worker.stop(_STOP_TIMEOUT_S)
        branches = self._worker.branches if stopped else None
        self._questions.look()
        # While the directory is still this trainer's.
        self._wish.forget()
        self._course_out.end(branches)
        self._curves.keep()
        training = None if branches is None else branches.course.training
        if not (self._exports.finish(training) if stopped else self._exports.do_without()):
            self.exit_code = 1


def _cache(wanted: str) -> ArrayCache:
    return ArrayCache(user_cache() if wanted == "auto" else Path(wanted).expanduser() if wanted else None)


def _device(wanted: str) -> str:
    """Return where to train. On a graphics card memory has no bound then: CUDA maps as much as it likes."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise InputError("parameter device is cuda, but torch finds no CUDA device; expected cpu or auto")
    found = ("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted
    if found == "cuda":
        memory.lift()
    return found


def main() -> int:
    """Run the node."""
    return run_node(LatentTrainer, memory_gib=memory.of_machine_gib())
