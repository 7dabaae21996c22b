"""The service `export_session`, and the results at the end.

Thread rule: everything here runs on the executor's thread, but for `_write`, which an export has run on the worker's
thread. At the end, when that has ended, it runs on the executor's too.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import Future as Answer
from pathlib import Path
from typing import cast

from latentvr import srv
from rclpy.node import Node
from rclpy.task import Future

from latent_trainer.curves import Curves, Point
from latent_trainer.history import History, Moment
from latent_trainer.inputs import InputMap
from latent_trainer.marks import Marks
from latent_trainer.questions_node import Questions, reason_of
from latent_trainer.results.export import Written, export_results
from latent_trainer.results.exported import exported_model
from latent_trainer.results.outcome import Outcome
from latent_trainer.shown import Shown
from latent_trainer.training import NotFiniteError, Training
from latentvr_common import node_tools, topics
from latentvr_common.datasets import Dataset
from latentvr_common.errors import InputError

_TIMEOUT_S = 120.0


class Exports:
    """Writes the results into the session's directory."""

    def __init__(
        self,
        node: Node,
        questions: Questions,
        directory: Path | None,
        dataset: Dataset,
        shown: Shown,
        history: History,
        curves: Curves,
        input_map: Callable[[], InputMap | None],
        seed: int,
    ) -> None:
        """`directory`: None where no results are wanted; `input_map`: not None once there is a training."""
        self._node = node
        self._questions = questions
        self._directory = directory
        self._dataset = dataset
        self._shown = shown
        self._history = history
        self._curves = curves
        self._input_map = input_map
        self._seed = seed
        self._written: tuple[int, Marks] | None = None
        """The step and the marks whose results are written already."""
        node_tools.serve(node, topics.EXPORT_SESSION, self._on_export)

    def finish(self, training: Training | None) -> bool:
        """Write the results, where some are wanted, unless those of this step and these marks are written already.

        Returns whether all is as wanted. Training must have ended; None: it had not begun.
        """
        if self._directory is None or training is None or self._is_written(training):
            return True
        try:
            written = self._write(training, self._history.moments(), self._curves.all())
        except NotFiniteError as error:
            self._node.get_logger().error(f"results could not be written: {error}")
            return False
        self._tell(written)
        return True

    def do_without(self) -> bool:
        """Tell what there is where training does not end; return whether there are results if some are wanted."""
        problem = "training did not stop in time"
        if self._directory is None:
            self._node.get_logger().warning(problem)
            return True
        if self._written is None:
            self._node.get_logger().error(f"{problem}; no results were written")
            return False
        self._node.get_logger().warning(f"{problem}; results are those of step {self._written[0]}")
        return True

    def _on_export(
        self, _request: srv.ExportSession.Request, response: srv.ExportSession.Response
    ) -> srv.ExportSession.Response | Future:
        """Ask the worker, and answer when it has: clouds and labels go on meanwhile."""
        if self._directory is None:
            return self._failed(response, InputError("parameter directory is empty, expected the session directory"))
        moments, curves = self._history.moments(), self._curves.all()
        return self._questions.ask(lambda training: self._write(training, moments, curves), self._response, _TIMEOUT_S)

    def _response(self, answer: "Answer[object]") -> srv.ExportSession.Response:
        response = srv.ExportSession.Response()
        try:
            written = cast(Written, answer.result(0))
        except CancelledError:
            return self._failed(response, TimeoutError(f"training did not answer in {_TIMEOUT_S:.0f} s"))
        except Exception as error:
            return self._failed(response, error)
        self._tell(written)
        response.files, response.message = written.files, "; ".join(written.notes)
        response.directory = str(self._directory)
        response.accepted = True
        return response

    def _failed(self, response: srv.ExportSession.Response, error: Exception) -> srv.ExportSession.Response:
        response.message = f"export failed: {reason_of(error)}"
        self._node.get_logger().error(response.message)
        return response

    def _write(self, training: Training, history: Sequence[Moment], curves: Mapping[str, Sequence[Point]]) -> Written:
        assert self._directory is not None
        input_map = self._input_map()
        assert input_map is not None
        marks = self._shown.marks
        # Training may not have taken in the newest, such as that a category is gone: it does so by its course alone.
        training = training.labelled_as(marks.labels)
        outcome = Outcome(
            dataset=self._dataset,
            encoded=training.encode(),
            model=exported_model(training, input_map),
            marks=marks,
            history=history,
            seed=self._seed,
            epoch=training.epoch,
            step=training.step_count,
            curves=curves,
            branch=self._shown.snapshot.branch if self._shown.snapshot is not None else "",
        )
        written = export_results(self._directory, outcome)
        self._written = (training.step_count, marks)
        return written

    def _is_written(self, training: Training) -> bool:
        if self._written is None:
            return False
        step, marks = self._written
        return step == training.step_count and marks.same_as(self._shown.marks)

    def _tell(self, written: Written) -> None:
        for note in written.notes:
            self._node.get_logger().warning(note)
        self._node.get_logger().info(f"wrote {', '.join(written.files)} to {self._directory}")
