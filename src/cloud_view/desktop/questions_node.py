"""What is asked of the trainer beside items: what it is sure of, and what an item sounds like.

Thread rule: everything runs on the executor's thread.
"""

from collections.abc import Callable
from typing import Any

from latentvr import srv
from rclpy.client import Client
from rclpy.node import Node

from cloud_view.desktop.sound import Speaker
from latentvr_common import conversions, node_tools, topics
from latentvr_common.cloud import NONE
from latentvr_common.proposal import Proposal

_AUDIT = 20
_SILENCE = "the trainer does not answer"


class Questions:
    """Asks once; what comes of it is said."""

    def __init__(self, node: Node, speaker: Speaker, say: Callable[[str], None]) -> None:
        """`speaker` plays sounds; `say` tells the person."""
        self._node = node
        self._speaker = speaker
        self._say = say
        self._propose = node_tools.client(node, topics.PROPOSE_LABELS)
        self._sound = node_tools.client(node, topics.GET_SOUND)

    def propose(self, threshold: float, on_proposal: Callable[[Proposal], None]) -> None:
        """Ask what could be labelled with a confidence of `threshold`, 0 to 1, or more."""

        def take(response: srv.ProposeLabels.Response | None) -> None:
            if response is None or not response.accepted:
                self._say(response.message if response is not None else _SILENCE)
                return
            try:
                on_proposal(conversions.proposal_from_msg(response))
            except ValueError as error:
                self._say(str(error))

        self.ask(self._propose, srv.ProposeLabels.Request(threshold=threshold, category=NONE, audit_size=_AUDIT), take)

    def sound(self, item: int) -> None:
        """Ask what `item` sounds like, and play it."""

        def take(response: srv.GetSound.Response | None) -> None:
            if response is None or not response.found:
                self._say(response.message if response is not None else _SILENCE)
            elif not len(response.wav):
                self._say(f"item {item} has no sound")
            else:
                self._play(item, bytes(response.wav))

        self.ask(self._sound, srv.GetSound.Request(sample_id=item), take)

    def _play(self, item: int, wav: bytes) -> None:
        try:
            self._say(self._speaker.play(item, wav))
        except OSError as error:
            self._say(f"no sound: {error.strerror}")

    def ask(self, client: Client, request: Any, take: Callable[[Any], None]) -> None:
        """Ask through `client`; `take` gets the answer, None: there is none. Says so where nobody is to be asked."""
        if not client.service_is_ready():
            self._say(_SILENCE)
            return
        future = client.call_async(request)
        future.add_done_callback(node_tools.guarded(self._node, lambda done: take(done.result())))
