"""The bridge on real DDS, without a runtime: to whom it listens."""

from pathlib import Path

import pytest
from node_process import NodeProcess, Peer

from latentvr_common import node_tools, topics


@pytest.mark.parametrize("wanted", [topics.FORCES, topics.CUES, None])
def test_it_listens_to_what_the_trainer_works_out_for_lookers_only_where_that_is_wanted(
    wanted: topics.Topic | None, tmp_path: Path
) -> None:
    parameters = {} if wanted is None else {wanted.name: True}
    nowhere = {"XR_RUNTIME_JSON": str(tmp_path / "none.json")}
    with (
        Peer(topics.XR_STATE) as peer,
        NodeProcess("xr_bridge", parameters, tmp_path / "log", variables=nowhere) as bridge,
    ):

        def heard_by_it(topic: topics.Topic) -> bool:
            return "xr_bridge" in node_tools.listeners(peer.node, topic)

        # That comes last of all in its start.
        peer.wait_until(lambda: peer.heard[topics.XR_STATE.name], "the bridge says what it waits for")
        peer.wait_until(lambda: heard_by_it(topics.CLOUD), "the bridge listens to the cloud")
        if wanted is not None:
            peer.wait_until(lambda: heard_by_it(wanted), f"the bridge listens to {wanted.name}")
        for topic in (topics.FORCES, topics.CUES):
            assert heard_by_it(topic) == (topic is wanted), topic.name
        assert bridge.stop() == 0
