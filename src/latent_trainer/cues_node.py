"""The topic `cues`, sent while somebody beside the recorder listens.

Thread rule: `CuesOut` lives on the executor's thread, but for `_look`, which runs on the worker's thread between two
steps (see looks.py); arrays that are handed over are not changed by anybody.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from rclpy.node import Node

from latent_trainer.cues import Surroundings, cues_of, surroundings
from latent_trainer.looks import Looks
from latent_trainer.training import Encoded, Training
from latent_trainer.worker import Worker
from latentvr_common import conversions, node_tools, topics
from latentvr_common.cues import Cues

_PERIOD_S = 2.0
_MOST_SHARE = 0.05
"""Of training's time."""
_PLACES = 5


class CuesOut:
    """Asks for the cues now and then, and publishes them."""

    def __init__(self, node: Node, worker: Worker) -> None:
        self._node = node
        self._out = node_tools.advertise(node, topics.CUES)
        self._around: Surroundings | None = None
        self._looks = Looks(
            worker.put_question,
            lambda: node_tools.listeners(node, topics.CUES),
            self._publish,
            period_s=_PERIOD_S,
            most_share=_MOST_SHARE,
        )

    def tick(self, now_s: float, encoded: Encoded, labels: npt.NDArray[np.int16]) -> None:
        """Publish what has come, and ask for more when it is time; monotonic seconds. Call it often.

        encoded: what is shown; labels: (N,) in force, -1 none.
        """
        self._looks.tick(now_s, lambda training: self._look(training, encoded, labels))

    def _look(self, training: Training, encoded: Encoded, labels: npt.NDArray[np.int16]) -> Cues:
        """Runs on the worker's thread, alone in using `_around`."""
        if self._around is None:
            self._around = surroundings(training.inputs.cpu().numpy(), training.neighbours)
        return cues_of(encoded, labels, self._around, _PLACES)

    def _publish(self, cues: Cues) -> None:
        self._out.publish(conversions.cues_to_msg(replace(cues, stamp_ns=node_tools.now_ns(self._node))))
