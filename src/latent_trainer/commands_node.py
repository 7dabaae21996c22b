"""The service `set_training`. Thread rule: everything here runs on the executor's thread."""

from dataclasses import replace
from pathlib import Path

from latentvr import srv
from rclpy.node import Node

from latent_trainer.shown import Shown
from latent_trainer.wish import Wish, store, stored_in
from latent_trainer.worker import Worker
from latentvr_common import node_tools, session_files, topics
from latentvr_common.errors import InputError


class WishKept:
    """What was asked of training last, also by whoever asked the trainer that died before this one."""

    def __init__(self, node: Node, directory: Path | None, paused: bool) -> None:
        """`directory`: the session's; None: nothing is kept. `paused`: whether training begins with a pause."""
        self._node = node
        self._file = None if directory is None else session_files.in_directory(directory, session_files.TRAINING)
        self.wish = self._read() or Wish(paused)

    def _read(self) -> Wish | None:
        try:
            return None if self._file is None else stored_in(self._file)
        except InputError as error:
            self._node.get_logger().warning(f"training begins as the session did: {error}")
            return None

    def take(self, wish: Wish) -> None:
        """Keep this from now on."""
        self.wish = wish
        try:
            if self._file is not None:
                store(wish, self._file)
        except OSError as error:
            self._node.get_logger().warning(f"a trainer that is started again will not know of this pause: {error}")

    def forget(self) -> None:
        """Keep nothing: who starts a trainer in this directory the next time begins anew."""
        try:
            if self._file is not None:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            self._node.get_logger().warning(f"the next trainer here will begin as this one ended: {error}")


class TrainingCommands:
    """Has training pause, go on, make some steps or take less of the time."""

    def __init__(self, node: Node, worker: Worker, shown: Shown, kept: WishKept) -> None:
        self._worker = worker
        self._shown = shown
        self._kept = kept
        node_tools.serve(node, topics.SET_TRAINING, self._on_set_training)

    def _on_set_training(
        self, request: srv.SetTraining.Request, response: srv.SetTraining.Response
    ) -> srv.SetTraining.Response:
        response.message = self._shown.fault
        response.accepted = not response.message
        if response.accepted:
            self._obey(request)
        return response

    def _obey(self, request: srv.SetTraining.Request) -> None:
        commands, wish = srv.SetTraining.Request, self._kept.wish
        if request.command == commands.PAUSE:
            self._kept.take(replace(wish, paused=True))
            self._worker.pause()
        elif request.command == commands.RESUME:
            self._kept.take(replace(wish, paused=False))
            self._worker.resume()
        elif request.command == commands.STEP:
            # Who died on the way made some of them, nobody knows how many: it comes back with the pause after them.
            self._kept.take(replace(wish, paused=True))
            self._worker.make_steps(int(request.steps))
        else:
            self._kept.take(replace(wish, speed=float(request.speed)))
            self._worker.set_speed(float(request.speed))
