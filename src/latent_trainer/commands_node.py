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
        response.message = self._shown.fault or self._obey(request)
        response.accepted = not response.message
        return response

    def _obey(self, request: srv.SetTraining.Request) -> str:
        """Do what is asked; return what was expected if it means nothing."""
        commands = srv.SetTraining.Request
        if request.command == commands.PAUSE:
            self._worker.pause()
        elif request.command == commands.RESUME:
            self._worker.resume()
        elif request.command == commands.STEP and request.steps > 0:
            self._worker.make_steps(int(request.steps))
        elif request.command == commands.SPEED and 0 < request.speed <= 1:
            self._worker.set_speed(float(request.speed))
        else:
            return (
                f"command {request.command} with steps {request.steps} and speed {request.speed}, expected 0 pause, "
                "1 resume, 2 step with steps of 1 or more, 3 speed above 0 and up to 1"
            )
        return ""
