"""The service `branch`, and the cloud that was left as a ghost.

Thread rule: everything here runs on the executor's thread, but for the questions, which run on the worker's.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future as Answer
from dataclasses import replace
from typing import Any

from latentvr import srv
from rclpy.node import Node
from rclpy.task import Future

from latent_trainer.branches import FIRST, Branches
from latent_trainer.ghost import Ghost
from latent_trainer.marks import Marks, marks_of
from latent_trainer.questions_node import Questions, reason_of
from latent_trainer.recall import Recall
from latent_trainer.shown import Shown
from latent_trainer.training import Encoded, Training
from latent_trainer.worker import Worker
from latentvr_common import conversions, node_tools, topics
from latentvr_common.errors import InputError
from latentvr_common.labels import Category, LabelBook
from latentvr_common.trace import Said

_TIMEOUT_S = 30.0


class BranchAnswers:
    """Begins branches of training, goes from one to the other, and gives the marks that count in the one shown."""

    def __init__(
        self,
        node: Node,
        worker: Worker,
        questions: Questions,
        book: LabelBook,
        shown: Shown,
        on_switch: Callable[[], None],
    ) -> None:
        """`book`: all entries of the journal; `on_switch`: called when other marks count."""
        self._node = node
        self._worker = worker
        self._questions = questions
        self._book = book
        self._shown = shown
        self._on_switch = on_switch
        self._recall = Recall(book.item_count, book.by_seq)
        self._gone: tuple[int, ...] = ()
        self._ghost_out = node_tools.advertise(node, topics.GHOST)
        self.ghost = Ghost()
        self.name = FIRST
        """Of the branch that is shown."""
        node_tools.serve(node, topics.BRANCH, self._on_branch)

    def marks(self, categories: tuple[Category, ...]) -> Marks:
        """Return the marks that count in the branch that is shown."""
        if not self._gone:
            return marks_of(self._book, categories)
        retired = tuple(sorted(c.id for c in categories if c.retired))
        said = Said(self._book.applied_seq, self._gone, retired, self._book.wins)
        return replace(marks_of(self._recall.book(said), categories), without=self._gone)

    def use(self, gone: tuple[int, ...]) -> None:
        """Leave out the entries `gone` from now on: training was resumed in a branch without them."""
        if gone != self._gone:
            self._gone = gone
            self._on_switch()

    def _on_branch(self, request: srv.Branch.Request, response: srv.Branch.Response) -> srv.Branch.Response | Future:
        begins, name, gone = request.op == srv.Branch.Request.BEGIN, request.name, [int(seq) for seq in request.without]
        events = dict(self._book.by_seq) if begins else {}
        left = self._shown.encoded(time.monotonic())

        def go(_: Training) -> tuple[list[str], str, tuple[int, ...]]:
            branches = self._branches()
            if begins:
                branches.begin(name, gone, events)
            else:
                branches.switch(name)
            return branches.names, branches.name, branches.course.gone

        def respond(answer: "Answer[Any]") -> srv.Branch.Response:
            try:
                names, current, without = answer.result(0)
            except Exception as error:
                response.message = reason_of(error)
                return response
            self._show(current, without, left)
            response.accepted = True
            response.names, response.current = names[1:], names.index(current) - 1
            return response

        return self._questions.ask(go, respond, _TIMEOUT_S)

    def _branches(self) -> Branches:
        if self._worker.branches is None:
            raise InputError("training has not begun, expected to wait until it has")
        return self._worker.branches

    def _show(self, name: str, gone: tuple[int, ...], left: Encoded | None) -> None:
        """Show another branch, and what was `left` as a ghost; the same branch again: without a ghost."""
        self.ghost = Ghost() if left is None or name == self.name else Ghost(left)
        self.name, self._gone = name, gone
        self._on_switch()
        self._ghost_out.publish(conversions.cloud_to_msg(self.ghost.cloud(node_tools.now_ns(self._node))))
