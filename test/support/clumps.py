"""A small dataset of three clumps, and a test that shows it as a cloud instead of a trainer."""

from pathlib import Path

import numpy as np
from node_process import Peer

from latentvr_common import conversions, node_tools
from latentvr_common.cloud import NONE, Cloud

ITEMS = 240


def clumps(directory: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    """Return a dataset of three clumps, where the clumps are shown, and the truth."""
    random = np.random.default_rng(4)
    truth = np.repeat([0, 1, 2], ITEMS // 3)
    middles = np.array([[0.5, 0.0, 0.0], [-0.5, 0.2, 0.0], [0.0, -0.5, 0.2]])
    positions = (middles[truth] + random.normal(0, 0.08, (ITEMS, 3))).astype(np.float32)
    path = directory / "clumps.npz"
    np.savez(path, items=positions, truth=truth, categories=np.array(["ant", "bee", "cat"]))
    return path, positions, truth


def show(peer: Peer, publisher: object, positions: np.ndarray, labels: np.ndarray) -> None:
    nothing = np.full(ITEMS, NONE, np.int16)
    stamp_ns = node_tools.now_ns(peer.node)
    cloud = Cloud(stamp_ns, positions, np.zeros(ITEMS, np.uint32), labels, nothing, np.zeros(ITEMS, np.float32))
    publisher.publish(conversions.cloud_to_msg(cloud))  # type: ignore[attr-defined]
