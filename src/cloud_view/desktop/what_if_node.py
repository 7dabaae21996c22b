"""The trainer is asked for branches: what would be without a mark, what would be from an earlier moment on, and back.

Thread rule: everything runs on the executor's thread.
"""

from collections.abc import Callable, Mapping, Sequence

from latentvr import srv
from rclpy.node import Node

from cloud_view.desktop.questions_node import Questions
from cloud_view.desktop.what_if import Asked, Then, fork, next_branch, what_if
from latentvr_common import node_tools, topics
from latentvr_common.labels import LabelBook

_Choose = Callable[[str, Sequence[str]], Asked | str]
"""From the branch that is trained and those that were begun: what to ask for, or why there is nothing to ask for."""


class WhatIf:
    """Asks which branches there are, then for one of them; what comes of it is said."""

    def __init__(self, node: Node, author: str, questions: Questions, say: Callable[[str], None]) -> None:
        """`author` of the marks that are left out; `say` tells the person."""
        self._author = author
        self._questions = questions
        self._say = say
        self._client = node_tools.client(node, topics.BRANCH)

    def toggle(self, book: LabelBook | None, names: Mapping[int, str]) -> None:
        """Ask for a branch without the newest mark in `book`; in a branch, for what was. `names`: of categories."""

        def choose(branch: str, begun: Sequence[str]) -> Asked | str:
            asked = what_if(branch, begun, book, self._author, names)
            return asked or "none of your marks is in force: there is nothing to be without"

        self._choose(choose)

    def fork(self, book: LabelBook | None, then: Then, on_granted: Callable[[], None]) -> None:
        """Ask for a branch that goes on from `then`, as if nothing in `book` had been marked since."""
        self._choose(lambda branch, begun: fork(branch, begun, book, then), on_granted)

    def next(self) -> None:
        """Ask for the next branch."""
        self._choose(next_branch)

    def _choose(self, choose: _Choose, on_granted: Callable[[], None] = lambda: None) -> None:
        """Others may have begun branches too: what there is is asked every time."""

        def take(response: srv.Branch.Response | None) -> None:
            granted = self._granted(response)
            if granted is None:
                return
            asked = choose(_trained(granted), list(granted.names))
            if isinstance(asked, str):
                self._say(asked)
            else:
                self._ask(asked, on_granted)

        self._questions.ask(self._client, srv.Branch.Request(op=srv.Branch.Request.LIST), take)

    def _ask(self, asked: Asked, on_granted: Callable[[], None]) -> None:
        def take(response: srv.Branch.Response | None) -> None:
            if self._granted(response) is not None:
                on_granted()
                self._say(asked.note)

        operation = srv.Branch.Request.BEGIN if asked.begins else srv.Branch.Request.SWITCH
        request = srv.Branch.Request(op=operation, name=asked.name, without=list(asked.without), step=asked.step)
        self._questions.ask(self._client, request, take)

    def _granted(self, response: srv.Branch.Response | None) -> srv.Branch.Response | None:
        """Return it if it is granted; if not, say why."""
        if response is not None and response.accepted:
            return response
        self._say(response.message if response is not None else "the trainer does not answer")
        return None


def _trained(response: srv.Branch.Response) -> str:
    return response.names[response.current] if response.current >= 0 else ""
