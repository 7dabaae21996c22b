"""Going back in the headset, on real DDS: what the bridge shows of a time that the labeler names."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
from latentvr import msg
from node_process import Peer

from latentvr_common import conversions, node_tools, topics
from latentvr_common.cloud import Cloud
from latentvr_common.gestures import Tool
from latentvr_common.health import Health, HealthReporter
from latentvr_common.labels import Category, Kind, LabelEvent
from latentvr_common.scene import Scene
from xr_bridge.panels import Panels
from xr_bridge.parameters import Parameters
from xr_bridge.scene_node import SceneSide

ITEMS, CLOUDS, S = 60, 12, 1_000_000_000
CATEGORIES = [Category(0, "ant", 0xE04020), Category(1, "bee", 0x2060F0)]


class Headset:
    """The side of the bridge that hears and writes, and a trainer, a journal and a labeler that are played."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._outs = {
            topic.name: node_tools.advertise(peer.node, topic)
            for topic in (topics.CLOUD, topics.EPOCH, topics.TOOL, topics.CATEGORIES, topics.LABELS, topics.GHOST)
        }
        self._side = SceneSide(peer.node, Parameters(), HealthReporter(peer.node, lambda: Health("well")))
        self.scene: Scene | None = None
        self.panels = Panels()
        self.first_ns = time.time_ns() - 2 * CLOUDS * S
        self._outs["categories"].publish(conversions.categories_to_msg(CATEGORIES, 1, 1))
        for i in range(CLOUDS):
            self.show_cloud(i)

    def stamp_of(self, i: int) -> int:
        return self.first_ns + i * S

    def cloud(self, i: int) -> Cloud:
        label = np.where(np.arange(ITEMS) < i, 0, -1).astype(np.int16)
        places = np.full((ITEMS, 3), 0.1 * i, np.float32)
        rgb, sure = np.full(ITEMS, i, np.uint32), np.zeros(ITEMS, np.float32)
        return Cloud(self.stamp_of(i), places, rgb, label, label, sure)

    def show_cloud(self, i: int) -> None:
        header = conversions.header(conversions.LATENT_FRAME, self.stamp_of(i))
        epoch = msg.Epoch(header=header, state=msg.Epoch.TRAINING, epoch=10 * i, items=ITEMS, labelled=i)
        self._outs["epoch"].publish(epoch)
        self._outs["cloud"].publish(conversions.cloud_to_msg(self.cloud(i)))
        self.until(
            lambda scene: scene.progress.epoch == 10 * i and scene.cloud.stamp_ns == self.stamp_of(i), f"cloud {i}"
        )

    def look_at(self, stamp_ns: int) -> None:
        tool = Tool(category=1, looks_at_ns=stamp_ns)
        self._outs["tool"].publish(conversions.tool_to_msg(tool, time.time_ns()))

    def mark(self, seq: int, at_ns: int) -> None:
        ids = np.arange(3, dtype=np.uint32)
        entry = LabelEvent(f"e{seq}", Kind.ASSIGN, 0, ids, author="ann", seq=seq, committed_ns=at_ns)
        self._outs["labels"].publish(conversions.label_event_to_msg(entry))

    def until(self, condition: object, what: str) -> None:
        def holds() -> bool:
            found = self._side.show.scenes.take()
            if found is not None:
                self.scene, self.panels = found
            return self.scene is not None and bool(condition(self.scene))  # type: ignore[operator]

        self._peer.wait_until(holds, what, 20.0)


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found


def test_the_headset_shows_the_time_that_the_labeler_names_and_now_again(peer: Peer) -> None:
    headset = Headset(peer)
    headset.look_at(headset.stamp_of(4) + 1000)
    headset.until(lambda scene: scene.cloud.stamp_ns == headset.stamp_of(4), "the past")
    scene = headset.scene
    assert scene is not None
    then = headset.cloud(4)
    np.testing.assert_allclose(scene.cloud.positions, then.positions, rtol=1e-3)
    np.testing.assert_array_equal(scene.cloud.label, then.label)
    assert (scene.progress.epoch, scene.forces, scene.beacons, scene.ghost) == (40, None, None, None)
    assert headset.panels.then is not None
    headset.look_at(0)
    headset.until(lambda scene: scene.cloud.stamp_ns == headset.stamp_of(CLOUDS - 1), "now")
    assert headset.panels.then is None


def test_a_mark_is_on_the_strip(peer: Peer) -> None:
    headset = Headset(peer)
    without = headset.panels.strip
    headset.mark(1, headset.stamp_of(6))
    headset.until(lambda scene: headset.panels.strip is not without, "the mark on the strip")
    assert without is not None
    assert headset.panels.strip is not None
    red = [(panel.pixels[..., :3] == (0xE0, 0x40, 0x20)).all(axis=2) for panel in (without, headset.panels.strip)]
    assert not red[0].any()
    columns = np.flatnonzero(red[1].any(axis=0))
    way = (0.008 + 0.102 * 6 / (CLOUDS - 1)) * 4000
    assert columns.mean() == pytest.approx(way, abs=4)
