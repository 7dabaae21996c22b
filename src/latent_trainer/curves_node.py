"""The curves of all branches, kept in the session's directory, so that they go on where the session does.

Thread rule: everything runs on the executor's thread.
"""

from pathlib import Path

from rclpy.node import Node

from latent_trainer.curves import Curves, Point, store, stored_in
from latent_trainer.worker import Snapshot, State
from latentvr_common import node_tools, session_files
from latentvr_common.errors import InputError

_FILE = "curves.json"


class CurvesKept:
    """Takes down how training fares."""

    def __init__(self, node: Node, directory: Path | None, keep_s: float) -> None:
        """`directory`: the session's; None: nothing is kept. `keep_s`: seconds between writes; 0: none."""
        self._node = node
        self._file = directory / session_files.CHECKPOINTS / _FILE if directory and keep_s > 0 else None
        self._told = False
        self.curves = Curves()
        if self._file is not None:
            self._read(self._file)
            node_tools.every(node, keep_s, self.keep)

    def _read(self, file: Path) -> None:
        try:
            self.curves.fill(stored_in(file))
        except InputError as error:
            self._node.get_logger().warning(f"curves begin anew: {error}")

    def note(self, snapshot: Snapshot, accuracy: float, confidence: float, agreement: float) -> None:
        """Take down what the network of a snapshot comes to; shares, 0 to 1, NaN: not known."""
        if snapshot.step > 0 and snapshot.state in (State.TRAINING, State.PAUSED):
            loss = sum(snapshot.losses.values())
            self.curves.note(snapshot.branch, Point(snapshot.step, loss, accuracy, confidence, agreement))

    def keep(self) -> None:
        """Write them, if there are any and a checkpoint to go on with them from."""
        curves = self.curves.all()
        if self._file is None or not curves or not self._file.parent.is_dir():
            return
        try:
            store(curves, self._file)
            self._told = False
        except OSError as error:
            if not self._told:
                self._told = True
                self._node.get_logger().warning(f"curves cannot be kept: {error}")
