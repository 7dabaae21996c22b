"""The topic `forces`, sent while somebody beside the recorder listens.

Thread rule: `ForcesOut` lives on the executor's thread. `_Observer` lives on the worker's thread, where it is asked
between two steps (see looks.py).
"""

from dataclasses import replace

from rclpy.node import Node

from latent_trainer.force_watch import ForceWatch
from latent_trainer.looks import Looks
from latent_trainer.parameters import Parameters
from latent_trainer.training import Training
from latent_trainer.worker import Worker
from latentvr_common import conversions, node_tools, topics
from latentvr_common.forces import Forces

_MOST_SHARE = 0.08
"""Of training's time."""


class _Observer:
    """Looks at the forces. Lives on the worker's thread."""

    def __init__(self, settings: Parameters) -> None:
        self._settings = settings
        self._watch: ForceWatch | None = None

    def begin(self, training: Training) -> None:
        """Look for the first time: nothing has moved yet."""
        self._watch = ForceWatch(training, self._settings.forces_items, self._settings.seed)

    def look(self, training: Training) -> Forces | None:
        """Return the forces; None if this is the first look at this training."""
        if self._watch is None or self._watch.training is not training:
            self.begin(training)
            return None
        return self._watch.look()


class ForcesOut:
    """Asks for the forces now and then, and publishes them."""

    def __init__(self, node: Node, worker: Worker, settings: Parameters) -> None:
        self._node = node
        self._out = node_tools.advertise(node, topics.FORCES)
        self._observer = _Observer(settings)
        self._looks: Looks[Forces | None] = Looks(
            worker.put_question,
            lambda: node_tools.listeners(node, topics.FORCES),
            self._publish,
            period_s=1.0 / settings.forces_rate_hz,
            most_share=_MOST_SHARE,
        )

    def tick(self, now_s: float) -> None:
        """Publish what has come, and ask for more when it is time; monotonic seconds. Call it often."""
        self._looks.tick(now_s, self._observer.look if self._looks.going else self._observer.begin)

    def _publish(self, forces: Forces | None) -> None:
        if forces is not None:
            self._out.publish(conversions.forces_to_msg(replace(forces, stamp_ns=node_tools.now_ns(self._node))))
