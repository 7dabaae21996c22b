"""What nodes do in the graph is what the policies of SROS 2 allow them, no less and no more."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import hostile_graph
import pytest
from node_process import NodeProcess, Peer
from virtual_display import display_if_any

from latentvr_common import topics
from latentvr_session.access import ACCESS
from latentvr_session.policy import EVERY_NODE_OFFERS, EVERY_NODE_SENDS

LONG_S = 240.0
Rights = dict[str, set[str]]


def absolute(node: str, name: str) -> str:
    if name.startswith("~"):
        return f"/{topics.NAMESPACE}/{node}{name[1:]}"
    return name if name.startswith("/") else f"/{topics.NAMESPACE}/{name}"


def allowed(node: str) -> Rights:
    access = ACCESS[node]
    names = {
        "publish": [*EVERY_NODE_SENDS, *(topic.name for topic in access.sends)],
        "subscribe": [topic.name for topic in access.hears],
        "reply": [*EVERY_NODE_OFFERS, *(service.name for service in access.offers)],
        "request": [service.name for service in access.asks],
    }
    return {right: {absolute(node, name) for name in found} for right, found in names.items()}


def done(peer: Peer, node: str) -> Rights:
    """What a node is seen to do."""
    asks = {
        "publish": peer.node.get_publisher_names_and_types_by_node,
        "subscribe": peer.node.get_subscriber_names_and_types_by_node,
        "reply": peer.node.get_service_names_and_types_by_node,
        "request": peer.node.get_client_names_and_types_by_node,
    }
    namespace = f"/{topics.NAMESPACE}"
    if (node, namespace) not in peer.node.get_node_names_and_namespaces():
        return {right: set() for right in asks}
    return {right: {name for name, _ in ask(node, namespace)} for right, ask in asks.items()}


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[tuple[Peer, dict[str, NodeProcess]]]:
    # Markers are worked out while somebody listens.
    with display_if_any() as display, Peer(topics.MARKERS) as peer, ExitStack() as stack:
        yield (
            peer,
            {
                name: stack.enter_context(
                    NodeProcess(package, parameters, tmp_path / f"{name}.log", variables=variables, module=module)
                )
                for name, (package, module, parameters, variables) in hostile_graph.nodes_in(tmp_path, display).items()
            },
        )


def test_what_nodes_do_is_what_policies_allow(graph: tuple[Peer, dict[str, NodeProcess]]) -> None:
    peer, processes = graph
    # Where there is no display there is no window either.
    assert set(processes) >= set(ACCESS) - {"desktop"}
    # Not all at once: the simulated person leaves when nothing is left to mark.
    seen: dict[str, Rights] = {name: {right: set() for right in allowed(name)} for name in processes}

    def missing() -> list[str]:
        for name, rights in seen.items():
            for right, names in done(peer, name).items():
                rights[right] |= names
                assert rights[right] <= allowed(name)[right], f"{name} may not {right}"
        return [
            f"{name} does not {right} {absent}"
            for name, rights in seen.items()
            for right, names in rights.items()
            for absent in allowed(name)[right] - names
        ]

    try:
        peer.wait_until(lambda: not missing(), "all do what they may", LONG_S)
    except AssertionError:
        ended = {name: process.said()[-500:] for name, process in processes.items() if process.poll() is not None}
        assert missing() == [], ended
        raise
