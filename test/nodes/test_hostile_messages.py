"""Hostile messages at nodes that run: they live on, take little memory, and say what they dropped.

The long form is `hostile_graph.attack` with 100,000 messages.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import hostile_graph
import numpy as np
import pytest
from latentvr import msg, srv
from node_process import NodeProcess, Peer
from raw_requests import RawRequests
from rclpy.serialization import serialize_message
from virtual_display import display_if_any

from latentvr_common import conversions, memory, node_tools, topics
from latentvr_common.cloud import Cloud
from latentvr_common.health import Health, HealthReporter
from latentvr_common.placement import Placement
from latentvr_session.access import ACCESS

MOST_MB = 1500
"""The trainer, with PyTorch, takes half of it by itself."""
MOST_GROWN_MB = 1000
"""Each of ten topics is sent a message of 17 MiB, which the middleware keeps for a while; earlier clouds are kept."""
JOURNAL_MB = 2048
MESSAGES = 600
WITHOUT_SHARED_MEMORY = ("label_journal", "gesture_labeler", "latent_trainer", "room_markers", "session_recorder")
"""A few of each kind: by UDP, messages come from the network to the same checks."""


@pytest.mark.parametrize(
    ("transport", "names"), list(zip(hostile_graph.TRANSPORTS, ((), WITHOUT_SHARED_MEMORY), strict=True))
)
def test_all_nodes_live_on_through_hostile_messages_and_say_so(
    tmp_path: Path, transport: str, names: Sequence[str]
) -> None:
    with display_if_any() as display:
        outcome = hostile_graph.attack(MESSAGES, tmp_path, transport, names=names, display=display)
    assert set(outcome.peak_mb) == set(names or ACCESS) - (set() if display else {"desktop"})
    assert outcome.ended == {}
    assert outcome.silent == []
    assert outcome.hostile_messages == MESSAGES
    # The journal is sent requests, which the middleware reads as they claim to be, up to the journal's bound.
    assert outcome.peak_mb.pop("label_journal") < JOURNAL_MB
    outcome.grown_mb.pop("label_journal")
    assert max(outcome.peak_mb.values()) < MOST_MB, outcome.peak_mb
    assert max(outcome.grown_mb.values()) < MOST_GROWN_MB, outcome.grown_mb
    # The recorder writes down what comes, whatever it is; the journal answers most requests with a reason of its own.
    # The player hears requests that say nothing.
    listening = set(outcome.dropped) - {"session_recorder", "label_journal", "session_player"}
    assert {name for name in listening if not outcome.dropped[name]} == set(), outcome.dropped
    assert set(outcome.failed.values()) == {0}, outcome.failed


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer(topics.DIAGNOSTICS) as made:
        yield made


def values_of(peer: Peer, name: str = "peer") -> dict[str, str]:
    """Return what a node says of itself, or nothing."""
    found: dict[str, str] = {}
    for message in peer.heard["/diagnostics"]:
        for status in message.status:
            if status.name.endswith(f"/{name}"):
                found = {pair.key: pair.value for pair in status.values} | {"": status.message}
    return found


def test_what_is_wrong_with_messages_is_counted_by_field_and_told(peer: Peer) -> None:
    heard: list[Any] = []
    node_tools.listen(peer.node, topics.CLOUD_PLACEMENT, heard.append)
    HealthReporter(peer.node, lambda: Health("well"))
    out = node_tools.advertise(peer.node, topics.CLOUD_PLACEMENT)
    good = conversions.placement_to_msg(Placement(scale=0.5), 1)
    bad = conversions.placement_to_msg(Placement(scale=-1.0), 1)
    out.publish(good)
    peer.wait_until(lambda: heard, "a good one")
    out.publish(bad)
    reason = "message dropped: cloud_placement: scale is -1, expected more than 0"
    peer.wait_until(lambda: reason in values_of(peer).get("", ""), "the reason is told")
    for data in (bad, serialize_message(good)[:20], bytes(1 << 20)):
        out.publish(data)
        peer.spin(0.2)
    peer.wait_until(lambda: values_of(peer).get("dropped messages") == "4", "four are dropped")
    told = values_of(peer)
    assert told["dropped for cloud_placement: scale"] == "2"
    assert told["dropped for CloudPlacement: bytes"] == "1"
    assert told["dropped for cloud_placement: size"] == "1"
    assert told["failed callbacks"] == "0"
    assert len(heard) == 1
    out.publish(good)
    peer.wait_until(lambda: len(heard) == 2, "the next good one")


def test_bytes_are_handed_over_unread_but_not_when_they_are_too_many(peer: Peer) -> None:
    heard: list[bytes] = []
    node_tools.listen(peer.node, topics.HANDS, heard.append, raw=True)
    out = node_tools.advertise(peer.node, topics.HANDS)
    peer.wait_until(lambda: out.get_subscription_count(), "they know each other")
    for data in (b"\0\1\0\0" + bytes(16 << 10), b"\0\1\0\0rubbish!"):
        out.publish(data)
        peer.spin(0.3)
    peer.wait_until(lambda: heard, "what is no message either")
    assert [data[:12] for data in heard] == [b"\0\1\0\0rubbish!"]
    assert node_tools.drops_of(peer.node).by_field == {"hands: size": 1}


def test_a_request_that_cannot_be_is_answered_with_the_reason_and_not_served(peer: Peer) -> None:
    served: list[Any] = []

    def serve(request: Any, response: Any) -> Any:
        served.append(request)
        response.accepted = True
        return response

    node_tools.serve(peer.node, topics.SET_TRAINING, serve)
    refused = peer.call(topics.SET_TRAINING, srv.SetTraining.Request(command=9))
    assert (refused.accepted, served) == (False, [])
    assert "expected 0 pause, 1 resume" in refused.message
    assert peer.call(topics.SET_TRAINING, srv.SetTraining.Request(command=1)).accepted
    assert node_tools.drops_of(peer.node).by_field == {"set_training: command": 1}
    assert node_tools.failures_of(peer.node).count == 0


def test_an_answer_that_cannot_be_is_no_answer(peer: Peer) -> None:
    def serve(request: Any, response: Any) -> Any:
        response.found, response.confidence = True, float(request.sample_id)
        return response

    node_tools.serve(peer.node, topics.GET_ITEM, serve)
    assert peer.call(topics.GET_ITEM, srv.GetItem.Request(sample_id=1)).confidence == 1.0
    assert peer.call(topics.GET_ITEM, srv.GetItem.Request(sample_id=7)) is None
    assert node_tools.drops_of(peer.node).by_field == {"get_item: confidence": 1}


def test_a_cloud_whose_steps_do_not_match_is_dropped_by_a_node_that_reads_bytes(tmp_path: Path) -> None:
    with Peer(topics.DIAGNOSTICS) as peer, NodeProcess("gesture_labeler", {}, tmp_path / "log") as process:
        clouds = node_tools.advertise(peer.node, topics.CLOUD)
        one = np.zeros(1)
        cloud = Cloud(1, np.zeros((1, 3), np.float32), *(one.astype(t) for t in ("u4", "i2", "i2", "f4")))
        message = conversions.cloud_to_msg(cloud)
        message.row_step = 7
        until = time.monotonic() + 60
        while int(values_of(peer, "gesture_labeler").get("dropped for cloud: row_step", 0)) < 2:
            assert time.monotonic() < until, process.said()
            clouds.publish(message)
            peer.spin(0.3)
        assert process.poll() is None


def test_a_service_lives_on_through_requests_that_are_none(peer: Peer) -> None:
    served: list[Any] = []
    node_tools.serve(peer.node, topics.GET_LABELS, lambda request, response: served.append(request) or response)
    raw = RawRequests(peer.node, topics.GET_LABELS)
    try:
        peer.wait_until(raw.listeners, "the server")
        for data in (b"", b"\0\1", b"\0\1\0\0", b"\0\1\0\0" + bytes(3), b"\xff" * 100, b"\0\1\0\0" + bytes(1000)):
            raw.publish(data)
            peer.spin(0.2)
        assert peer.call(topics.GET_LABELS, srv.GetLabels.Request(after_seq=3)) is not None
    finally:
        raw.close()
    assert served[-1].after_seq == 3


def peak_mb_of_a_journal_asked(tmp_path: Path, request: bytes) -> float:
    """Have a journal be asked this, see that it lives and has taken nothing, and return the most memory it had, MB."""
    package, module, parameters, _ = hostile_graph.nodes_in(tmp_path)["label_journal"]
    with Peer() as peer, NodeProcess(package, parameters, tmp_path / "log", module=module) as journal:
        raw = RawRequests(peer.node, topics.SUBMIT_LABELS)
        try:
            peer.wait_until(raw.listeners, "the journal")
            raw.publish(request)
            peer.spin(0.5)
            assert peer.call(topics.GET_LABELS, srv.GetLabels.Request()).last_seq == 0
        finally:
            raw.close()
        assert journal.poll() is None
        return hostile_graph.peak_mb(journal.pid)


@pytest.mark.parametrize("claim", [2**32 - 1, 2**31, 2**30])
def test_a_request_that_claims_billions_of_row_numbers_costs_the_journal_neither_memory_nor_life(
    tmp_path: Path, claim: int
) -> None:
    few, many = (count.to_bytes(4, "little") + (77).to_bytes(4, "little") for count in (5, claim))
    data = serialize_message(srv.SubmitLabels.Request(event=msg.LabelEvent(event_id="x" * 35, sample_ids=[77] * 5)))
    assert data.count(few) == 1
    assert peak_mb_of_a_journal_asked(tmp_path, data.replace(few, many)) < 300


@pytest.mark.parametrize("claim", [2**32 - 1, 2**31, 2**30, 2**26])
def test_a_request_that_claims_to_say_yes_or_no_billions_of_times_costs_the_journal_no_more_than_it_may_have(
    tmp_path: Path, claim: int
) -> None:
    few, many = (count.to_bytes(4, "little") + b"\1" * 5 for count in (5, claim))
    region = msg.Region(takes_away=[True] * 5)
    data = serialize_message(srv.SubmitLabels.Request(event=msg.LabelEvent(event_id="x" * 36, region=region)))
    assert data.count(few) == 1
    assert peak_mb_of_a_journal_asked(tmp_path, data.replace(few, many)) < JOURNAL_MB


def most_gib(process: NodeProcess) -> float:
    """What a process may have of memory, as the kernel has it."""
    (line,) = [row for row in Path(f"/proc/{process.pid}/limits").read_text().splitlines() if "Max data size" in row]
    return int(line.split()[3]) / 2**30


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("label_journal", "", 2.0),
        ("session_player", "", memory.USUAL_GIB),
        ("room_markers", "6.5", 6.5),
        ("latent_trainer", "", memory.of_machine_gib()),
    ],
)
def test_a_node_may_have_no_more_memory_than_its_bound_or_what_a_person_says(
    tmp_path: Path, name: str, said: str, expected: float
) -> None:
    package, module, parameters, _ = hostile_graph.nodes_in(tmp_path)[name]
    variables = {memory.VARIABLE: said}
    with (
        Peer(topics.DIAGNOSTICS) as peer,
        NodeProcess(package, parameters, tmp_path / "log", variables=variables, module=module) as process,
    ):
        peer.wait_until(lambda: values_of(peer, name), "it runs")
        assert most_gib(process) == pytest.approx(expected, abs=1e-6)


def test_a_bound_that_is_no_number_is_refused_in_one_line(tmp_path: Path) -> None:
    package, module, parameters, _ = hostile_graph.nodes_in(tmp_path)["label_journal"]
    with NodeProcess(
        package, parameters, tmp_path / "log", variables={memory.VARIABLE: "much"}, module=module
    ) as process:
        assert process.wait() == 2
        assert process.said() == "error: LATENTVR_MEMORY_GIB is 'much', expected GiB for each node, 0 for no limit\n"
