"""The course of training to the outside: its trace on a topic, its checkpoints in the session's directory.

Thread rule: `tell`, `restore` and `begin` run on the worker's thread, all else on the executor's.
"""

import contextlib
import math
import os
import queue
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rclpy.node import Node

from latent_trainer.beginning import Beginning
from latent_trainer.branches import Branches
from latent_trainer.checkpoints import Checkpoint, Checkpoints
from latent_trainer.recipe import Recipe, digest_of
from latent_trainer.saver import Saver
from latent_trainer.training import Training
from latentvr_common import conversions, node_tools, session_files, topics
from latentvr_common.holding import hold_directory
from latentvr_common.trace import TraceEntry

_STOP_TIMEOUT_S = 2.0


class CourseOut:
    """Tells the trace, keeps checkpoints, and begins with the newest one."""

    def __init__(self, node: Node, directory: Path | None, checkpoint_s: float) -> None:
        """`directory`: the session's; None: nothing is kept. `checkpoint_s`: seconds between checkpoints; 0: none.

        Raises InputError where another process trains there.
        """
        self._node = node
        # An awakened trainer, or a second one, would go on where another does.
        self._held = None if directory is None else hold_directory(directory, f"training in {directory}")
        keeps = directory is not None and checkpoint_s > 0
        self._checkpoints = Checkpoints(directory / session_files.CHECKPOINTS) if directory and keeps else None
        self._saver = None if self._checkpoints is None else Saver(self._checkpoints)
        self._beginning = Beginning(self._checkpoints, self.tell, node.get_logger().warning)
        self._out = node_tools.advertise(node, topics.TRACE)
        self._entries: queue.SimpleQueue[TraceEntry] = queue.SimpleQueue()
        self._publish_soon = node_tools.soon(node, self._publish)
        self.keep_s = checkpoint_s if keeps else math.inf

    def tell(self, entry: TraceEntry) -> None:
        """Have an entry of the trace published soon."""
        self._entries.put(entry)
        self._publish_soon()

    def keep(self, checkpoint: Checkpoint) -> None:
        """Have a checkpoint written soon."""
        if self._saver is not None:
            self._saver.put(checkpoint)

    def restore(self, training: Training, recipe: Recipe) -> None:
        """Put new training where the newest checkpoint was."""
        self._recipe = recipe
        self._beginning.restore(training, recipe)

    def begin(self, training: Training, neighbours: npt.NDArray[np.int32]) -> Branches:
        """Give training its neighbours (N, k), and begin its course."""
        recipe = replace(self._recipe, neighbours=digest_of(neighbours))
        return self._beginning.branches(training, recipe, neighbours, self.keep)

    def end(self, branches: Branches | None) -> None:
        """Tell the end, and keep where training has come to, so that it can be resumed; None: it is not known."""
        checkpoint = None
        if branches is not None:
            checkpoint = branches.checkpoint()
            branches.course.end()
            if branches.catching_up:
                self._node.get_logger().warning(
                    f"branch {branches.name!r} was still catching up and is not kept: a resumed session goes on with "
                    "the one that was left"
                )
        self._publish()
        if self._saver is not None:
            if checkpoint is not None:
                self._saver.put(checkpoint)
            self._saver.stop(_STOP_TIMEOUT_S)
            if self._saver.fault:
                self._node.get_logger().error(self._saver.fault)
        if self._held is not None:
            os.close(self._held)
            self._held = None

    @property
    def fault(self) -> str:
        """Why the newest checkpoint is not written; empty: it is."""
        return "" if self._saver is None else self._saver.fault

    def _publish(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                entry = self._entries.get_nowait()
                self._out.publish(conversions.trace_entry_to_msg(entry, node_tools.now_ns(self._node)))
