"""Asks the trainer what would live where the hand is. Thread rule: everything runs on the executor's thread."""

import time

from latentvr import srv
from rclpy.node import Node
from rclpy.task import Future

from cloud_view.place_watch import PlaceWatch, Question, place_of_hand
from latentvr_common import conversions, node_tools, topics
from latentvr_common.health import HealthReporter
from latentvr_common.inbox_node import Inbox
from latentvr_common.png import read_png

_ASK_PERIOD_S = 0.25


class Guide:
    """Asks the trainer now and then what would live where the hand is, and puts the answer into the inbox."""

    def __init__(self, node: Node, inbox: Inbox, health: HealthReporter) -> None:
        self._node = node
        self._inbox = inbox
        self._health = health
        self._watch = PlaceWatch()
        self._decode = node_tools.client(node, topics.DECODE_PLACE)
        node_tools.every(node, _ASK_PERIOD_S, self._ask)

    def _ask(self) -> None:
        now = time.monotonic()
        scene = self._inbox.scene(now) if self._decode.service_is_ready() else None
        question = self._watch.question(place_of_hand(scene) if scene is not None else None, now)
        self._inbox.take_place(self._watch.place)
        if question is None:
            return
        request = srv.DecodePlace.Request(position=conversions.point_to_msg(question.place))
        future = self._decode.call_async(request)
        future.add_done_callback(node_tools.guarded(self._node, lambda done: self._on_answer(question, done)))

    def _on_answer(self, question: Question, future: Future) -> None:
        response = future.result()
        place = None
        try:
            if response is not None and response.found:
                place = conversions.place_from_msg(response)
                if place.png:
                    read_png("decode_place", place.png)
        except ValueError as error:
            place = None
            self._health.drop(str(error))
        self._watch.answer(question.number, place)
        self._inbox.take_place(self._watch.place)
