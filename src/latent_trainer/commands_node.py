"""The service `set_training`. Thread rule: everything here runs on the executor's thread."""

from latentvr import srv
from rclpy.node import Node

from latent_trainer.shown import Shown
from latent_trainer.worker import Worker
from latentvr_common import node_tools, topics


class TrainingCommands:
    """Has training pause, go on, make some steps or take less of the time."""

    def __init__(self, node: Node, worker: Worker, shown: Shown) -> None:
        self._worker = worker
        self._shown = shown
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
        commands = srv.SetTraining.Request
        if request.command == commands.PAUSE:
            self._worker.pause()
        elif request.command == commands.RESUME:
            self._worker.resume()
        elif request.command == commands.STEP:
            self._worker.make_steps(int(request.steps))
        else:
            self._worker.set_speed(float(request.speed))
