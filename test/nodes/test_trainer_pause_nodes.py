"""A trainer that is killed while it is paused comes back paused: the person who paused it has not been asked again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hostile_graph
from latentvr import msg, srv
from node_process import NodeProcess, Peer

from latentvr_common import session_files, topics

Commands = srv.SetTraining.Request


class Heard:
    """What trainers say, one after another."""

    def __init__(self, peer: Peer, folder: Path) -> None:
        self.peer = peer
        self._folder = folder
        (folder / "data").mkdir()
        self._prepared = hostile_graph.nodes_in(folder / "data")["latent_trainer"]
        self.file = folder / session_files.TRAINING

    @contextmanager
    def trainer(self) -> Iterator[NodeProcess]:
        """Start one, after which only its own words count."""
        package, module, parameters, _ = self._prepared
        parameters = {**parameters, "directory": str(self._folder), "checkpoint_s": 0.5}
        self._epochs.clear()
        with NodeProcess(package, parameters, self._folder / "log", module=module) as process:
            yield process

    @property
    def _epochs(self) -> list[msg.Epoch]:
        return self.peer.heard["epoch"]

    def wait_for_state(self, state: int, what: str) -> None:
        self.peer.wait_until(lambda: self._epochs and self._epochs[-1].state == state, what)

    def wait_for_steps(self) -> None:
        self.wait_for_state(msg.Epoch.TRAINING, "training")
        step = self._epochs[-1].step
        self.peer.wait_until(lambda: self._epochs[-1].step > step + 5, "steps")

    def states(self, seconds: float) -> set[int]:
        """The states of that time."""
        begun = len(self._epochs)
        self.peer.spin(seconds)
        return {epoch.state for epoch in self._epochs[begun:]}

    def ask(self, command: int, **what: float) -> None:
        assert self.peer.call(topics.SET_TRAINING, Commands(command=command, **what)).accepted


def test_a_trainer_that_is_killed_in_a_pause_comes_back_paused_and_one_that_ends_forgets(tmp_path: Path) -> None:
    with Peer(topics.EPOCH) as peer:
        heard = Heard(peer, tmp_path)
        with heard.trainer() as first:
            heard.wait_for_steps()
            heard.ask(Commands.PAUSE)
            heard.wait_for_state(msg.Epoch.PAUSED, "pause")
            first.kill()
        with heard.trainer() as second:
            heard.wait_for_state(msg.Epoch.PAUSED, "the pause of before")
            assert msg.Epoch.TRAINING not in heard.states(2.0)
            heard.ask(Commands.RESUME)
            heard.wait_for_steps()
            second.kill()
        with heard.trainer() as third:
            heard.wait_for_steps()
            # Who is killed on the way to a pause comes back with it.
            heard.ask(Commands.STEP, steps=10**6)
            third.kill()
        with heard.trainer() as fourth:
            heard.wait_for_state(msg.Epoch.PAUSED, "the pause after the steps")
            assert heard.file.exists()
            assert fourth.stop() == 0
        assert not heard.file.exists()
        with heard.trainer():
            heard.wait_for_steps()
