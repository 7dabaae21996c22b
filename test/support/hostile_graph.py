"""Hostile messages at every topic and service of nodes that run, through real DDS.

The nodes have to live on, to take no more memory than they may, and to say what they dropped.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import valid_messages
from full_bag import a_session, write_full_bag
from hostile_bytes import hostile
from node_process import NodeProcess, Peer
from raw_requests import RawRequests
from rclpy.serialization import serialize_message

from latentvr_common import node_tools, topics
from latentvr_common.checks import RefusedError
from latentvr_common.scene import State

TRANSPORTS = ("DEFAULT", "UDPv4")
"""Of Fast DDS: shared memory beside UDP, as it is by default; UDP only."""
LARGE = 17 << 20
"""Bytes: more than any topic may have, but those with a row for each item."""
ITEMS = 300
_EACH_S = 0.0005
"""A message is sent so long after the one before."""
_TOLD_EACH = 5000
_TRANSPORT = "FASTDDS_BUILTIN_TRANSPORTS"

Prepared = tuple[str, str, dict[str, Any], dict[str, str]]
"""Package, module, parameters, and environment variables."""


def _dataset(folder: Path) -> str:
    path = folder / "dots.npz"
    random = np.random.default_rng(0)
    np.savez(path, items=random.normal(size=(ITEMS, 8)).astype(np.float32), truth=np.arange(ITEMS) % 3)
    return str(path)


def nodes_in(folder: Path, display: str = "") -> dict[str, Prepared]:
    """Return how to start each node, by its name; `display`: of X11, without which there is no window."""
    data = _dataset(folder)
    played = folder / "played"
    write_full_bag(played, a_session())
    drawn = {"forces": True, "cues": True}
    view = {"mode": "headless", **drawn}
    player = {"bag": str(played), "paused": True, "loop": True, "clock_hz": 10.0}
    screen = {"DISPLAY": display, "WAYLAND_DISPLAY": ""}
    person = {"dataset": data, "gestures": 1000}
    host = {"dataset": data, "directory": str(folder), "person": "somebody_who_never_comes"}
    journal = {"path": str(folder / "labels.db"), "categories": ["0", "1", "2"], "item_count": ITEMS}
    return {
        "label_journal": ("label_journal", "node", journal, {}),
        "gesture_labeler": ("gesture_labeler", "node", {}, {}),
        "latent_trainer": ("latent_trainer", "node", {"dataset": data, "threads": 1, "cache": "off"}, {}),
        "cloud_view": ("cloud_view", "node", view, {}),
        "room_markers": ("room_markers", "node", {"cues": True}, {}),
        "session_host": ("session_host", "node", host, {}),
        "session_recorder": ("session_recorder", "recorder_node", {"bag": str(folder / "bag")}, {}),
        "session_player": ("session_recorder", "player_node", player, {}),
        "scripted_hands": ("scripted_hands", "node", person, {}),
        "xr_bridge": ("xr_bridge", "node", drawn, {"XR_RUNTIME_JSON": str(folder / "no_runtime.json")}),
        **({"desktop": ("cloud_view.desktop", "node", drawn, screen)} if display else {}),
    }


@dataclass
class Outcome:
    """What came of it."""

    hostile_messages: int = 0
    ended: dict[str, str] = field(default_factory=dict)
    """Nodes that did not live on, and the last lines they said."""
    silent: list[str] = field(default_factory=list)
    """Nodes that did not tell of their health after it all."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Messages that each node says it dropped."""
    failed: dict[str, int] = field(default_factory=dict)
    """Callbacks that each node says failed."""
    peak_mb: dict[str, float] = field(default_factory=dict)
    """The most memory that each node ever took."""
    grown_mb: dict[str, float] = field(default_factory=dict)
    """By how much that is more than before the first hostile message."""

    @property
    def crashes(self) -> int:
        """Nodes that ended or fell silent."""
        return len(self.ended) + len(self.silent)

    @property
    def largest_mb(self) -> float:
        """Of the memory that a node ever took."""
        return max(self.peak_mb.values(), default=0.0)


def _is_a_fault(data: bytes) -> bool:
    """Tell whether this is an epoch in which training stopped."""
    try:
        return bool(node_tools.read(topics.EPOCH, data).state == State.FAULT)
    except RefusedError:
        return False


class _Sender:
    """Sends to all topics and services."""

    def __init__(self, peer: Peer, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._large = {t.name: node_tools.advertise(peer.node, t) for t in topics.TOPICS}
        self._small_topics = [t.name for t in topics.TOPICS if t.most_bytes < LARGE]
        self._requests = {s.name: RawRequests(peer.node, s) for s in topics.SERVICES}
        self._publish: list[Callable[[bytes], None]] = [p.publish for p in self._large.values()]
        self._publish += [requests.publish for requests in self._requests.values()]
        self._epoch = list(self._large).index(topics.EPOCH.name)
        strategies = [valid_messages.MESSAGES[name] for name in self._large]
        strategies += [valid_messages.REQUESTS[name] for name in self._requests]
        self._valid = [[serialize_message(value) for value in valid_messages.examples(s)] for s in strategies]

    def send(self) -> None:
        """Send one."""
        target = int(self._random.integers(len(self._publish)))
        valid = self._valid[target][int(self._random.integers(len(self._valid[target])))]
        data = hostile(valid, self._random)
        if target == self._epoch and _is_a_fault(data):
            return  # Which is a message as good as any, and ends the session.
        self._publish[target](data)

    def send_large(self) -> int:
        """Send one that is too large to each topic that has such a bound; return how many."""
        for name in self._small_topics:
            self._large[name].publish(b"\0\1\0\0" + bytes(LARGE))
        return len(self._small_topics)

    def servers(self) -> int:
        """How many services are there."""
        return sum(requests.listeners() > 0 for requests in self._requests.values())

    def close(self) -> None:
        for requests in self._requests.values():
            requests.close()


class _Healths:
    """What nodes say of themselves."""

    def __init__(self, peer: Peer) -> None:
        self.heard_s: dict[str, float] = {}
        self.values: dict[str, Mapping[str, str]] = {}
        node_tools.listen(peer.node, topics.DIAGNOSTICS, self._on_message)

    def _on_message(self, message: Any) -> None:
        for status in message.status:
            name = status.name.rsplit("/", 1)[-1]
            self.heard_s[name] = time.monotonic()
            self.values[name] = {pair.key: pair.value for pair in status.values}

    def are_newer_than(self, names: Sequence[str], since_s: float) -> bool:
        """Tell whether all of `names` were heard since then."""
        return all(self.heard_s.get(name, -1.0) > since_s for name in names)

    def count(self, name: str, key: str) -> int:
        return int(self.values.get(name, {}).get(key, 0))


def peak_mb(pid: int) -> float:
    """Return the most memory that a process ever took, MB; 0 if it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0].split()[1]) / 1024 if found else 0.0


@contextmanager
def transport_of(name: str) -> Iterator[None]:
    """Have this process, and those that it starts, use a transport of Fast DDS."""
    before = os.environ.get(_TRANSPORT)
    os.environ[_TRANSPORT] = name
    try:
        yield
    finally:
        os.environ.pop(_TRANSPORT) if before is None else os.environ.update({_TRANSPORT: before})


def attack(
    messages: int,
    folder: Path,
    transport: str = TRANSPORTS[0],
    seed: int = 0,
    names: Sequence[str] = (),
    display: str = "",
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Start the nodes (all, or those with `names`), send so many hostile messages, and tell what came of it.

    `display`: of X11; without one there is no `desktop`. `tell` is told how far it is.
    """
    prepared = {name: how for name, how in nodes_in(folder, display).items() if not names or name in names}
    with transport_of(transport), ExitStack() as stack:
        peer = stack.enter_context(Peer(topics.MARKERS, topics.FORCES, topics.CUES))
        started = {
            name: stack.enter_context(
                NodeProcess(package, parameters, folder / f"{name}.log", variables=variables, module=module)
            )
            for name, (package, module, parameters, variables) in prepared.items()
        }
        return _attack(messages, peer, started, seed, tell)


def _attack(
    messages: int, peer: Peer, started: Mapping[str, NodeProcess], seed: int, tell: Callable[[str], None]
) -> Outcome:
    healths, outcome = _Healths(peer), Outcome()
    peer.wait_until(lambda: healths.are_newer_than(list(started), 0.0), "all nodes", 400.0)
    before = {name: peak_mb(process.pid) for name, process in started.items()}
    sender = _Sender(peer, seed)
    try:
        peer.spin(2.0)  # Until all have found each other.
        outcome.hostile_messages += sender.send_large()
        for _ in range(messages - outcome.hostile_messages):
            sender.send()
            outcome.hostile_messages += 1
            peer.spin(_EACH_S)
            if outcome.hostile_messages % _TOLD_EACH == 0:
                tell(f"{outcome.hostile_messages:,} of {messages:,} messages")
        _look(outcome, peer, started, healths, before)
    finally:
        sender.close()
    return outcome


def _look(
    outcome: Outcome,
    peer: Peer,
    started: Mapping[str, NodeProcess],
    healths: _Healths,
    before: Mapping[str, float],
) -> None:
    """Note how the nodes are."""
    peer.spin(3.0)  # What is under way.
    asked_s = time.monotonic()
    try:
        peer.wait_until(lambda: healths.are_newer_than(list(started), asked_s), "health of all", 60.0)
    except AssertionError:
        outcome.silent = [name for name in started if healths.heard_s.get(name, -1.0) <= asked_s]
    for name, process in started.items():
        code = process.poll()
        if code is not None:
            outcome.ended[name] = f"exit code {code}: {process.said()[-2000:]}"
        outcome.peak_mb[name] = peak_mb(process.pid)
        outcome.grown_mb[name] = max(outcome.peak_mb[name] - before[name], 0.0)
        outcome.dropped[name] = healths.count(name, "dropped messages")
        outcome.failed[name] = healths.count(name, "failed callbacks")
    outcome.silent = [name for name in outcome.silent if name not in outcome.ended]
