"""What killed processes leave in shared memory is given back, what living ones use is not touched."""

import ast
import shutil
import time
from pathlib import Path

import hostile_graph
import pytest
from latentvr import srv
from node_process import NodeProcess, Peer

from latentvr_common import topics
from latentvr_session import shared_memory

TOP = Path(__file__).parents[2]
WITHIN_S = 60.0


def segments_of(process: NodeProcess) -> set[Path]:
    """The segments of Fast DDS that a process has open, once it has some."""
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until:
        lines = Path(f"/proc/{process.pid}/maps").read_text().splitlines()
        paths = {Path(line.split(maxsplit=5)[5]) for line in lines if "/dev/shm/fastrtps_" in line}
        found = {path for path in paths if "port" not in path.name and not path.name.endswith("_el")}
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it has no shared memory")


def test_the_memory_of_a_killed_process_is_given_back_and_a_living_one_goes_on(tmp_path: Path) -> None:
    if shutil.which("fastdds") is None:
        pytest.skip("there is no command fastdds")
    nodes = hostile_graph.nodes_in(tmp_path)
    package, module, parameters, _ = nodes["room_markers"]
    with NodeProcess(package, parameters, tmp_path / "killed", module=module) as killed:
        left = segments_of(killed)
        killed.kill()
    assert all(path.exists() for path in left)
    package, module, parameters, _ = nodes["label_journal"]
    with Peer() as peer, NodeProcess(package, parameters, tmp_path / "living", module=module) as living:
        used = segments_of(living) - left
        shared_memory.give_back_dead()
        assert not any(path.exists() for path in left)
        assert used
        assert all(path.exists() for path in used)
        assert peer.call(topics.GET_LABELS, srv.GetLabels.Request()).last_seq == 0


@pytest.mark.parametrize("starter", ["launch/session.launch.py", "src/latentvr_session/runner.py"])
def test_whoever_starts_a_session_gives_back_before_it_and_after_it(starter: str) -> None:
    tree = ast.parse((TOP / starter).read_text())
    named = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "give_back_dead"]
    assert len(named) == 2
