"""The trainer is asked for branches: what would be without a mark, and back.

Thread rule: everything runs on the executor's thread.
"""

from collections.abc import Callable, Mapping

from latentvr import srv
from rclpy.node import Node

from cloud_view.desktop.questions_node import Questions
from cloud_view.desktop.what_if import what_if
from latentvr_common import node_tools, topics
from latentvr_common.labels import LabelBook


class WhatIf:
    """Asks once; what comes of it is said."""

    def __init__(self, node: Node, author: str, questions: Questions, say: Callable[[str], None]) -> None:
        """`author` of the marks that are left out; `say` tells the person."""
        self._author = author
        self._questions = questions
        self._say = say
        self._client = node_tools.client(node, topics.BRANCH)
        self._begun: list[str] = []
        self.branch = ""
        """Which one is trained; empty: the one that was there first."""

    def toggle(self, book: LabelBook | None, names: Mapping[int, str]) -> None:
        """Ask for a branch without the newest mark in `book`; in a branch, for what was. `names`: of categories."""
        asked = what_if(self.branch, self._begun, book, self._author, names)
        if asked is None:
            self._say("none of your marks is in force: there is nothing to be without")
            return

        def take(response: srv.Branch.Response | None) -> None:
            if response is None or not response.accepted:
                self._say(response.message if response is not None else "the trainer does not answer")
                return
            self._begun = list(response.names)
            # The cloud of that branch may take a while to come.
            self.branch = response.names[response.current] if response.current >= 0 else ""
            self._say(asked.note)

        operation = srv.Branch.Request.BEGIN if asked.without else srv.Branch.Request.SWITCH
        request = srv.Branch.Request(op=operation, name=asked.name, without=list(asked.without))
        self._questions.ask(self._client, request, take)
