"""The trainer as a ROS node.

Thread rule: all methods here run on the executor's thread. Training lives on the worker's thread (see worker.py); the
two meet in `Newest` places only, and in `Worker.put_question`: `_export` and `explore` run on the worker's thread, and
so do looks at the forces and at the cues (see forces_node.py and cues_node.py).
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import Future as Answer
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from diagnostic_msgs.msg import DiagnosticStatus
from latentvr import msg, srv
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import CompressedImage

from latent_trainer.appearance import cloud_colors
from latent_trainer.calibration import expected_calibration_error
from latent_trainer.cores import default_threads
from latent_trainer.cues_node import CuesOut
from latent_trainer.forces_node import ForcesOut
from latent_trainer.glide import Glide
from latent_trainer.graph import nearest_neighbours
from latent_trainer.history import History, Moment
from latent_trainer.inputs import InputMap, fit_inputs
from latent_trainer.marks import Marks, marks_of
from latent_trainer.parameters import Parameters
from latent_trainer.places import explore, items_around, refusal_of
from latent_trainer.preview import UNREADABLE, description, picture_png, readable
from latent_trainer.proposals import propose, why_not
from latent_trainer.results.export import Written, export_results
from latent_trainer.results.exported import exported_model
from latent_trainer.results.outcome import Outcome
from latent_trainer.space import separation, space_used
from latent_trainer.training import Encoded, NotFiniteError, Training
from latent_trainer.waiting import Waiting
from latent_trainer.worker import EndedError, Labels, Snapshot, State, Worker
from latentvr_common import conversions, node_tools, topics
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.datasets import load
from latentvr_common.directories import writable_directory
from latentvr_common.errors import InputError
from latentvr_common.health import Health, HealthReporter
from latentvr_common.labels import CATEGORY_CAPACITY, Category, LabelBook, LabelEvent
from latentvr_common.newest import RateMeter
from latentvr_common.parameters import declare
from latentvr_common.place import Place
from latentvr_common.run import run_node
from latentvr_common.truth import truth_ids

_EXPORT_TIMEOUT_S = 120.0
_PLACE_TIMEOUT_S = 5.0
_MOST_WAITING = 16
"""More questions than these would keep training from its steps."""
_ANSWER_LOOK_S = 0.05
_STOP_TIMEOUT_S = 2.0
_GAP_PATIENCE_S = 2.0
"""The journal is asked for missing entries again if it has not given any for so long."""


class LatentTrainer(Node):  # type: ignore[misc]
    """Loads the dataset, trains, and publishes the cloud and where training stands."""

    def __init__(self) -> None:
        super().__init__("latent_trainer", namespace=topics.NAMESPACE)
        self.exit_code: int | None = None
        self._settings = declare(self, Parameters)
        self._directory = writable_directory(self._settings.directory)
        self._device = _device(self._settings.device)
        self._threads = self._settings.threads or default_threads()
        torch.set_num_threads(self._threads)
        self._dataset = load(self._settings.dataset, max_items=self._settings.max_items, seed=self._settings.seed)
        self._book = LabelBook(len(self._dataset))
        self._truth: npt.NDArray[np.int16] | None = None
        self._marks = marks_of(self._book, ())
        self._history = History()
        self._history.note_labels(self._marks)
        self._snapshot: Snapshot | None = None
        self._glide: Glide | None = None
        self._layout = (math.nan, math.nan)
        self._input_map: InputMap | None = None
        self._dirty = False
        self._published_ns = 0
        self._waiting = Waiting()
        self._exported: tuple[int, Marks] | None = None
        self._asked_s = -math.inf
        self._frame_rate = RateMeter()
        self._worker = Worker(
            self._make_training,
            self._find_neighbours,
            cloud_rate_hz=self._settings.cloud_rate_hz,
            paused=self._settings.paused,
        )
        self._connect()
        self.get_logger().info(
            f"{len(self._dataset)} items of {self._dataset.name}, {self._device}, {self._threads} threads"
        )
        self._worker.start()

    def _connect(self) -> None:
        self._cloud_out = node_tools.advertise(self, topics.CLOUD)
        self._epoch_out = node_tools.advertise(self, topics.EPOCH)
        self._forces_out = ForcesOut(self, self._worker, self._settings)
        self._cues_out = CuesOut(self, self._worker)
        node_tools.listen(self, topics.LABELS, self._on_label)
        node_tools.listen(self, topics.CATEGORIES, self._on_categories)
        self._get_labels = node_tools.client(self, topics.GET_LABELS)
        node_tools.serve(self, topics.GET_ITEM, self._on_get_item)
        node_tools.serve(self, topics.DECODE_PLACE, self._on_decode_place)
        node_tools.serve(self, topics.PROPOSE_LABELS, self._on_propose_labels)
        node_tools.serve(self, topics.SET_TRAINING, self._on_set_training)
        node_tools.serve(self, topics.EXPORT_SESSION, self._on_export)
        self._health = HealthReporter(self, self._probe)
        node_tools.every(self, 1.0 / self._settings.cloud_rate_hz, self._on_tick)
        node_tools.every(self, _GAP_PATIENCE_S / 2, self._fill_gap)
        self._answer_timer = node_tools.every(self, _ANSWER_LOOK_S, self._answer)
        self._answer_timer.cancel()  # it runs while somebody waits

    def _make_training(self) -> Training:
        self._input_map, inputs = fit_inputs(self._dataset, self._settings.components, self._settings.seed)
        return Training(inputs, self._settings, self._device)

    def _find_neighbours(self, training: Training) -> Any:
        return nearest_neighbours(training.inputs.cpu().numpy(), self._settings.neighbours, self._threads)

    # The cloud

    def _on_tick(self) -> None:
        now = time.monotonic()
        snapshot = self._worker.snapshots.take()
        if snapshot is not None:
            self._take_snapshot(snapshot, now)
        self._forces_out.tick(now)
        if self._snapshot is None:
            return
        if self._glide is not None:
            self._cues_out.tick(now, self._snapshot.encoded, self._marks.labels)
        moving = self._glide is not None and not self._glide.arrived(now)
        if self._dirty or moving:
            self._publish(self._snapshot, now)
            self._dirty = moving

    def _take_snapshot(self, snapshot: Snapshot, now: float) -> None:
        if snapshot.state is State.FAULT:
            self.get_logger().error(snapshot.text)
            self._snapshot = _at_fault(self._snapshot, snapshot)
        else:
            self._snapshot = snapshot
            positions = snapshot.encoded.positions
            if self._glide is None:
                self._glide = Glide(positions, now)
            self._glide.aim(positions, now)
            self._layout = space_used(positions), separation(positions, self._marks.labels)
            self._history.note_predictions(snapshot.label_seq, *self._quality(snapshot.encoded)[:2])
        self._dirty = True

    def _publish(self, snapshot: Snapshot, now: float) -> None:
        """Publish a frame; only the epoch where a fault came before the first cloud."""
        encoded, stamp_ns = snapshot.encoded, node_tools.now_ns(self)
        if self._glide is not None:
            labels = self._marks.labels
            colors = cloud_colors(labels, encoded.predicted, encoded.confidence, self._marks.categories)
            cloud = Cloud(stamp_ns, self._glide.at(now), colors, labels, encoded.predicted, encoded.confidence)
            self._frame_rate.tick(now)
            self._cloud_out.publish(conversions.cloud_to_msg(cloud))
            self._published_ns = stamp_ns
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
            labelled=self._marks.labelled,
            label_seq=snapshot.label_seq,
            terms=list(snapshot.losses),
            losses=[float(value) for value in snapshot.losses.values()],
            accuracy=accuracy,
            confidence=confidence,
            space_used=self._layout[0],
            separation=self._layout[1],
            ece=snapshot.ece,
            ece_truth=ece_truth,
            steps_per_s=snapshot.steps_per_s,
            cloud_rate_hz=self._frame_rate.rate(now),
        )

    def _quality(self, encoded: Encoded) -> tuple[float, float, float]:
        """Return the share of right predictions, their mean confidence and its calibration error; NaN is not known."""
        if not (encoded.predicted != NONE).any():
            return math.nan, math.nan, math.nan
        confidence = float(encoded.confidence.mean())
        if self._truth is None:
            return math.nan, confidence, math.nan
        right, unlabelled = encoded.predicted == self._truth, self._marks.labels == NONE
        error = expected_calibration_error(encoded.confidence[unlabelled], right[unlabelled])
        return float(right.mean()), confidence, error

    # Labels and categories

    def _on_label(self, message: msg.LabelEvent) -> None:
        self._take_in([message])
        self._fill_gap()

    def _take_in(self, messages: Iterable[msg.LabelEvent]) -> bool:
        """Add entries to the book; return whether labels may have changed."""
        changed = False
        for message in messages:
            try:
                changed |= self._book.add(_usable_entry(message))
            except ValueError as error:
                self._health.drop(str(error))
        if changed:
            self._use_labels(self._marks.categories)
        return changed

    def _on_categories(self, message: msg.Categories) -> None:
        categories = conversions.categories_from_msg(message)
        wrong = [c.id for c in categories if not 0 <= c.id < CATEGORY_CAPACITY]
        if wrong:
            self._health.drop(f"categories have the ids {wrong}, expected 0 to {CATEGORY_CAPACITY - 1}")
            return
        self._truth = truth_ids(self._dataset.truth, self._dataset.categories, categories)
        self._use_labels(tuple(categories))

    def _use_labels(self, categories: tuple[Category, ...]) -> None:
        self._marks = marks_of(self._book, categories)
        self._history.note_labels(self._marks)
        self._worker.give_labels(Labels(self._marks.labels, self._marks.seq, self._marks.origins))
        self._dirty = True

    def _fill_gap(self) -> None:
        after, now = self._book.gap_after, time.monotonic()
        if after is None or now - self._asked_s < _GAP_PATIENCE_S or not self._get_labels.service_is_ready():
            return
        self._asked_s = now
        self._get_labels.call_async(srv.GetLabels.Request(after_seq=after)).add_done_callback(
            node_tools.guarded(self, self._on_missing)
        )

    def _on_missing(self, future: Future) -> None:
        response = future.result()
        if response is not None and self._take_in(response.events):
            self._asked_s = -math.inf
            self._fill_gap()

    # Services

    def _on_get_item(self, request: srv.GetItem.Request, response: srv.GetItem.Response) -> srv.GetItem.Response:
        item = int(request.sample_id)
        if item >= len(self._dataset):
            response.message = f"sample_id is {item}, expected less than {len(self._dataset)}"
            return response
        try:
            png = picture_png(self._dataset, item)
        except UNREADABLE as error:
            response.message = f"item {item}: its file cannot be read: {error}"
            return response
        response.found = True
        response.picture = CompressedImage(format="png", data=png)
        response.text = description(self._dataset, item)
        response.id = readable(self._dataset.ids[item])
        response.label, response.predicted = int(self._marks.labels[item]), NONE
        response.labelled = response.label != NONE
        response.position = conversions.point_to_msg([math.nan] * 3)
        shown = self._shown()
        if shown is not None:
            response.predicted, response.confidence = int(shown.predicted[item]), float(shown.confidence[item])
            response.position = conversions.point_to_msg(shown.positions[item])
            response.space_neighbours = items_around(item, shown.positions).astype(np.uint32)
        training = self._worker.training
        if training is not None and training.neighbours.size:
            response.neighbours = training.neighbours[item].astype(np.uint32)
        return response

    def _shown(self) -> Encoded | None:
        """Return the items as they are seen now; None before the first cloud."""
        if self._snapshot is None or self._glide is None:
            return None
        return replace(self._snapshot.encoded, positions=self._glide.at(time.monotonic()))

    def _on_decode_place(
        self, request: srv.DecodePlace.Request, response: srv.DecodePlace.Response
    ) -> srv.DecodePlace.Response | Future:
        """Ask the worker, whose network it is, and answer when it has."""
        place, shown, labels = conversions.point_from_msg(request.position), self._shown(), self._marks.labels
        response.message = refusal_of(place) or self._why_not_now()
        if response.message or shown is None:
            return response

        def look(training: Training) -> Place:
            assert self._input_map is not None
            return explore(place, training, self._input_map, self._dataset, shown, labels)

        return self._ask(look, _place_response, _PLACE_TIMEOUT_S)

    def _why_not_now(self) -> str:
        """Return why no place can be decoded now; empty: one can."""
        if self._glide is None:
            return "there is no cloud yet"
        waiting = len(self._waiting)
        return f"{waiting} questions wait for an answer already; ask again" if waiting >= _MOST_WAITING else ""

    def _on_propose_labels(
        self, request: srv.ProposeLabels.Request, response: srv.ProposeLabels.Response
    ) -> srv.ProposeLabels.Response:
        known = {c.id for c in self._marks.categories if not c.retired}
        response.message = why_not(float(request.threshold), int(request.category), known)
        if not response.message and (self._snapshot is None or self._glide is None):
            response.message = "there is no cloud yet"
        if response.message or self._snapshot is None:
            return response
        found = propose(
            self._snapshot.encoded,
            self._marks.labels,
            float(request.threshold),
            int(request.category),
            int(request.audit_size),
            self._settings.seed,
        )
        response.sample_ids = conversions.ids_to_array(found.sample_ids)
        response.audit_ids = conversions.ids_to_array(found.audit_ids)
        response.categories, response.expected = found.categories.tolist(), found.expected
        response.cloud_stamp, response.epoch = conversions.time_to_msg(self._published_ns), self._snapshot.epoch
        response.accepted = True
        return response

    def _on_set_training(
        self, request: srv.SetTraining.Request, response: srv.SetTraining.Response
    ) -> srv.SetTraining.Response:
        commands = srv.SetTraining.Request
        if self._snapshot is not None and self._snapshot.state is State.FAULT:
            response.message = self._snapshot.text
            return response
        if request.command == commands.PAUSE:
            self._worker.pause()
        elif request.command == commands.RESUME:
            self._worker.resume()
        elif request.command == commands.STEP and request.steps > 0:
            self._worker.make_steps(int(request.steps))
        elif request.command == commands.SPEED and 0 < request.speed <= 1:
            self._worker.set_speed(float(request.speed))
        else:
            response.message = (
                f"command {request.command} with steps {request.steps} and speed {request.speed}, expected 0 pause, "
                "1 resume, 2 step with steps of 1 or more, 3 speed above 0 and up to 1"
            )
            return response
        response.accepted = True
        return response

    def _on_export(
        self, _request: srv.ExportSession.Request, response: srv.ExportSession.Response
    ) -> srv.ExportSession.Response | Future:
        """Ask the worker, and answer when it has: clouds and labels go on meanwhile."""
        if self._directory is None:
            return self._export_failed(
                response, InputError("parameter directory is empty, expected the session directory")
            )
        moments = self._history.moments()
        return self._ask(lambda training: self._export(training, moments), self._exported_response, _EXPORT_TIMEOUT_S)

    def _exported_response(self, answer: "Answer[object]") -> srv.ExportSession.Response:
        response = srv.ExportSession.Response()
        try:
            written = cast(Written, answer.result(0))
        except CancelledError:
            return self._export_failed(response, TimeoutError(f"training did not answer in {_EXPORT_TIMEOUT_S:.0f} s"))
        except Exception as error:
            return self._export_failed(response, error)
        self._tell(written)
        response.files, response.message = written.files, "; ".join(written.notes)
        response.directory = str(self._directory)
        response.accepted = True
        return response

    def _export_failed(self, response: srv.ExportSession.Response, error: Exception) -> srv.ExportSession.Response:
        response.message = f"export failed: {_reason(error)}"
        self.get_logger().error(response.message)
        return response

    def _export(self, training: Training, history: Sequence[Moment]) -> Written:
        assert self._directory is not None
        assert self._input_map is not None
        marks = self._marks
        outcome = Outcome(
            dataset=self._dataset,
            encoded=training.encode(),
            model=exported_model(training, self._input_map),
            marks=marks,
            history=history,
            seed=self._settings.seed,
            epoch=training.epoch,
            step=training.step_count,
        )
        written = export_results(self._directory, outcome)
        self._exported = (training.step_count, marks)
        return written

    def _tell(self, written: Written) -> None:
        for note in written.notes:
            self.get_logger().warning(note)
        self.get_logger().info(f"wrote {', '.join(written.files)} to {self._directory}")

    def _is_exported(self, training: Training) -> bool:
        if self._exported is None:
            return False
        step, marks = self._exported
        return step == training.step_count and marks.same_as(self._marks)

    def _ask(
        self, question: Callable[[Training], object], respond: Callable[["Answer[object]"], Any], timeout_s: float
    ) -> Future:
        """Have the worker answer `question`; return the place of what `respond` makes of it: nobody waits here."""
        response = Future()
        answer = self._worker.put_question(question)
        self._waiting.add(answer, time.monotonic() + timeout_s, lambda given: response.set_result(respond(given)))
        self._answer_timer.reset()
        return response

    def _answer(self) -> None:
        self._waiting.look(time.monotonic())
        if not len(self._waiting):
            self._answer_timer.cancel()

    def _probe(self) -> Health:
        if self._snapshot is None:
            return Health("preparing")
        s = self._snapshot
        level = DiagnosticStatus.ERROR if s.state is State.FAULT else DiagnosticStatus.OK
        text = s.text or f"epoch {s.epoch}, {s.steps_per_s:.0f} steps a second"
        return Health(text, level, {"step": s.step, "skipped steps": s.skipped, "label entries": s.label_seq})

    def close(self) -> None:
        """Stop training, and write the results unless those of this step and these marks are written already.

        No results where some are wanted give exit code 1.
        """
        stopped = self._worker.stop(_STOP_TIMEOUT_S)
        self._answer()
        if not stopped:
            self.get_logger().warning("training did not stop in time; results are those of the last export")
            return
        training = self._worker.training
        if self._directory is None or training is None or self._is_exported(training):
            return
        try:
            written = self._export(training, self._history.moments())
        except NotFiniteError as error:
            self.get_logger().error(f"results could not be written: {error}")
            self.exit_code = 1
            return
        self._tell(written)


def _usable_entry(message: msg.LabelEvent) -> LabelEvent:
    """Convert a message; raise ValueError for a category that the network has no output for."""
    event = conversions.label_event_from_msg(message)
    if not NONE <= event.category < CATEGORY_CAPACITY:
        raise ValueError(
            f"label entry {event.seq} has category {event.category}, expected -1 to {CATEGORY_CAPACITY - 1}"
        )
    return event


def _place_response(answer: "Answer[object]") -> srv.DecodePlace.Response:
    try:
        return conversions.place_to_msg(cast(Place, answer.result(0)))
    except CancelledError:
        return srv.DecodePlace.Response(message=f"training did not answer in {_PLACE_TIMEOUT_S:.0f} s")
    except Exception as error:
        return srv.DecodePlace.Response(message=_reason(error))


def _reason(error: Exception) -> str:
    """Return in words why a question has no answer."""
    known = isinstance(error, InputError | EndedError | NotFiniteError | OSError)
    return (str(error) if known else f"{type(error).__name__}: {error}") or type(error).__name__


def _at_fault(before: Snapshot | None, fault: Snapshot) -> Snapshot:
    """Keep what was last seen of the items: a fault says nothing about them."""
    return fault if before is None else replace(before, state=State.FAULT, text=fault.text, steps_per_s=0.0)


def _device(wanted: str) -> str:
    if wanted == "cuda" and not torch.cuda.is_available():
        raise InputError("parameter device is cuda, but torch finds no CUDA device; expected cpu or auto")
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted


def main() -> int:
    """Run the node."""
    return run_node(LatentTrainer)
