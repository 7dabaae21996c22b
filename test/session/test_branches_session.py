"""A session on the digits with branches that is killed and resumed: all of them are there, and its replay is equal."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from latentvr import srv
from node_process import Peer
from running import RUNNER, RunningSession

from latent_trainer.replay import read_story
from latentvr_common import topics
from latentvr_common.bags.bag import open_bag
from latentvr_common.trace import What

REPLAY = RUNNER.parent / "replay_training"
TIMEOUT_S = 240.0
ARGUMENTS = ("view:=off", "pace:=8", "settle_s:=2", "seed:=5")
WITHOUT, FORK = "without entry 2", "from there"


def kept(directory: Path) -> set[str]:
    """Names of the branches of which there are checkpoints."""
    manifests = directory.glob("checkpoints/[0-9]*/manifest.json")
    return {json.loads(manifest.read_text())["branch"] for manifest in manifests}


class Watch:
    """Hears how training goes, and asks for branches."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def wait(self, condition: Callable[[Any], Any], what: str) -> Any:
        """Return the first epoch from now on that meets the condition."""
        heard = self._peer.heard["epoch"]
        heard.clear()
        self._peer.wait_until(lambda: any(condition(e) for e in heard), what, TIMEOUT_S)
        return next(e for e in heard if condition(e))

    def begin(self, name: str, without: list[int], step: int = 0) -> Any:
        """Return the first epoch of a new branch once it has caught up."""
        request = srv.Branch.Request(name=name, without=without, step=step)
        answer = self._peer.call(topics.BRANCH, request)
        assert answer.accepted, answer.message
        return self.wait(lambda e: e.branch == name and not e.text, f"{name} has caught up")

    def switch(self, name: str, after: int) -> None:
        """Go to a branch of more than `after` steps, and wait until it goes on."""
        switch = srv.Branch.Request(op=srv.Branch.Request.SWITCH, name=name)
        assert self._peer.call(topics.BRANCH, switch).accepted
        first = self.wait(lambda e: e.branch == name and e.step > after, f"{name!r} is there")
        self.wait(lambda e: e.branch == name and e.step > first.step, f"{name!r} goes on")

    def names(self) -> tuple[list[str], int]:
        """The branches that there are, and which of them is trained."""
        answer = self._peer.call(topics.BRANCH, srv.Branch.Request(op=srv.Branch.Request.LIST))
        return list(answer.names), answer.current


def test_branches_outlive_a_killed_session_and_are_replayed_to_the_last_bit(tmp_path: Path) -> None:
    directory = tmp_path / "session"
    with (
        RunningSession(*ARGUMENTS, "gestures:=1000", f"directory:={directory}") as session,
        Peer(topics.EPOCH) as peer,
    ):
        watch = Watch(peer)
        then = watch.wait(lambda e: e.label_seq == 2 and e.step > 0, "two marks are learnt")
        now = watch.wait(lambda e: e.label_seq >= 4 and e.step > then.step + 100, "more are learnt")
        watch.begin(WITHOUT, [2])
        assert peer.call(topics.BRANCH, srv.Branch.Request(op=srv.Branch.Request.SWITCH)).accepted
        watch.begin(FORK, list(range(3, now.label_seq + 1)), then.step)
        session.wait_until(lambda: kept(directory) == {"", WITHOUT, FORK}, TIMEOUT_S)
        for process in session.family():
            os.kill(process.pid, signal.SIGKILL)
    with RunningSession("gestures:=6", "settle_s:=2", f"resume:={directory}") as session, Peer(topics.EPOCH) as peer:
        watch = Watch(peer)
        watch.wait(lambda e: e.branch == FORK and e.step > then.step, "the one that was trained goes on")
        assert watch.names() == ([WITHOUT, FORK], 1)
        for name in ("", WITHOUT):
            watch.switch(name, then.step)
        assert session.end(at_most_s=TIMEOUT_S) == 0, session.output
    story = read_story(open_bag(directory / "bag"))
    begun = [entries[0].what for entries in story.runs.values()]
    # A branch begins from nothing where no checkpoint is early enough.
    assert begun[0] is What.BEGIN
    assert {*begun[1:3]} <= {What.BEGIN, What.BRANCH}
    assert begun[3:] == [What.RESUME] * 3
    found = subprocess.run(
        [sys.executable, str(REPLAY), str(directory / "bag")], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.endswith(" of 6 runs\n")
    report = (directory / "report.html").read_text()
    assert WITHOUT in report
    assert FORK in report
