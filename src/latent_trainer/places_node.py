"""The service `decode_place`.

Thread rule: everything here runs on the executor's thread, but for `explore`, which is asked on the worker's thread.
"""

import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import Future as Answer
from dataclasses import replace
from typing import cast

from latentvr import srv
from rclpy.node import Node
from rclpy.task import Future

from latent_trainer.inputs import InputMap
from latent_trainer.places import FloatArray, explore, taken_for
from latent_trainer.questions_node import Questions, reason_of
from latent_trainer.shown import Shown
from latent_trainer.training import Training
from latentvr_common import conversions, node_tools, topics
from latentvr_common.datasets import Dataset
from latentvr_common.place import Place

_TIMEOUT_S = 5.0
_MOST_WAITING = 16
"""More questions than these would keep training from its steps."""


class PlaceAnswers:
    """Tells what would live at a place."""

    def __init__(
        self,
        node: Node,
        questions: Questions,
        dataset: Dataset,
        shown: Shown,
        input_map: Callable[[], InputMap | None],
    ) -> None:
        """`input_map`: called on the worker's thread; not None once there is a training."""
        self._questions = questions
        self._dataset = dataset
        self._shown = shown
        self._input_map = input_map
        node_tools.serve(node, topics.DECODE_PLACE, self._on_decode_place)

    def _on_decode_place(
        self, request: srv.DecodePlace.Request, response: srv.DecodePlace.Response
    ) -> srv.DecodePlace.Response | Future:
        """Ask the worker, whose network it is, and answer when it has."""
        place, labels = conversions.point_from_msg(request.position), self._shown.marks.labels
        seen = self._shown.encoded(time.monotonic())
        response.message = self._why_not_now()
        if response.message or seen is None:
            return response

        def look(training: Training) -> Place:
            input_map = self._input_map()
            assert input_map is not None
            return explore(place, training, input_map, self._dataset, seen, labels)

        return self._questions.ask(look, lambda answer: self._respond(place, answer), _TIMEOUT_S)

    def _respond(self, place: FloatArray, answer: "Answer[object]") -> srv.DecodePlace.Response:
        try:
            return conversions.place_to_msg(self._as_of_now(place, cast(Place, answer.result(0))))
        except CancelledError:
            return srv.DecodePlace.Response(message=f"training did not answer in {_TIMEOUT_S:.0f} s")
        except Exception as error:
            return srv.DecodePlace.Response(message=reason_of(error))

    def _as_of_now(self, place: FloatArray, found: Place) -> Place:
        """Return `found`, but nothing of a category that was retired while the worker looked."""
        seen = self._shown.encoded(time.monotonic())
        if seen is None or found.predicted not in self._shown.marks.retired:
            return found
        predicted, share = taken_for(place, seen, self._shown.marks.labels, found.reach)
        return replace(found, predicted=predicted, share=share)

    def _why_not_now(self) -> str:
        """Return why no place can be decoded now; empty: one can."""
        if self._shown.glide is None:
            return "there is no cloud yet"
        waiting = len(self._questions)
        return f"{waiting} questions wait for an answer already; ask again" if waiting >= _MOST_WAITING else ""
