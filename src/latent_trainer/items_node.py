"""The services that tell of items: `get_item`, `get_sound` and `propose_labels`.

Thread rule: everything here runs on the executor's thread.
"""

import array
import math
import time

import numpy as np
from latentvr import srv
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

from latent_trainer.places import items_around
from latent_trainer.preview import UNREADABLE, description, picture_png, readable, sound_wav
from latent_trainer.proposals import propose, why_not
from latent_trainer.shown import Shown
from latent_trainer.worker import Worker
from latentvr_common import conversions, node_tools, topics
from latentvr_common.cloud import NONE
from latentvr_common.datasets import Dataset


class ItemAnswers:
    """Tells what an item is, and which items could be labelled as they are predicted."""

    def __init__(self, node: Node, worker: Worker, dataset: Dataset, shown: Shown, seed: int) -> None:
        self._worker = worker
        self._dataset = dataset
        self._shown = shown
        self._seed = seed
        node_tools.serve(node, topics.GET_ITEM, self._on_get_item)
        node_tools.serve(node, topics.GET_SOUND, self._on_get_sound)
        node_tools.serve(node, topics.PROPOSE_LABELS, self._on_propose_labels)

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
        response.label, response.predicted = int(self._shown.marks.labels[item]), NONE
        response.labelled = response.label != NONE
        self._tell_where(item, response)
        return response

    def _on_get_sound(self, request: srv.GetSound.Request, response: srv.GetSound.Response) -> srv.GetSound.Response:
        item = int(request.sample_id)
        if item >= len(self._dataset):
            response.message = f"sample_id is {item}, expected less than {len(self._dataset)}"
            return response
        try:
            response.wav = array.array("B", sound_wav(self._dataset, item))
        except UNREADABLE as error:
            response.message = f"item {item}: its file cannot be read: {error}"
            return response
        response.found = True
        return response

    def _tell_where(self, item: int, response: srv.GetItem.Response) -> None:
        """Add where `item` is seen, what it is taken for, and who is around it; NaN and nobody if that is not known."""
        response.position = conversions.point_to_msg([math.nan] * 3)
        seen = self._shown.encoded(time.monotonic())
        if seen is not None:
            response.predicted, response.confidence = int(seen.predicted[item]), float(seen.confidence[item])
            response.position = conversions.point_to_msg(seen.positions[item])
            response.space_neighbours = items_around(item, seen.positions).astype(np.uint32)
        course = self._worker.course
        if course is not None:
            response.neighbours = course.training.neighbours[item].astype(np.uint32)

    def _on_propose_labels(
        self, request: srv.ProposeLabels.Request, response: srv.ProposeLabels.Response
    ) -> srv.ProposeLabels.Response:
        marks, snapshot = self._shown.marks, self._shown.snapshot
        known = {c.id for c in marks.categories if not c.retired}
        response.message = why_not(int(request.category), known)
        if not response.message and (snapshot is None or self._shown.glide is None):
            response.message = "there is no cloud yet"
        if response.message or snapshot is None:
            return response
        found = propose(
            snapshot.encoded,
            marks.labels,
            float(request.threshold),
            int(request.category),
            int(request.audit_size),
            self._seed,
        )
        response.sample_ids = conversions.ids_to_array(found.sample_ids)
        response.audit_ids = conversions.ids_to_array(found.audit_ids)
        response.categories, response.expected = found.categories.tolist(), found.expected
        response.cloud_stamp, response.epoch = conversions.time_to_msg(self._shown.published_ns), snapshot.epoch
        response.accepted = True
        return response
