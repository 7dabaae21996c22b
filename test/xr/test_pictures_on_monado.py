"""Pictures that a real OpenXR runtime takes: what is in them is what the topics say."""

import io
import os
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import monado_runtime
import numpy as np
import pytest
from latentvr import srv
from latentvr.msg import XrState
from monado_runtime import Runtime
from node_process import NodeProcess, Peer
from PIL import Image
from virtual_display import virtual_display

from latentvr_common import conversions, node_tools, topics
from latentvr_common.cloud import Cloud
from latentvr_common.gestures import Tool
from latentvr_common.placement import Placement
from scripted_hands.anatomy import OPEN, POINTING
from scripted_hands.monado_remote import BODY

RED, BLUE = 0xE04020, 0x2060F0


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with monado_runtime.running() as found:
        yield found


def two_clumps(stamp_ns: int) -> Cloud:
    random = np.random.default_rng(0)
    places = np.repeat(np.array([[-0.7, 0.3, 0.0], [0.7, -0.3, 0.0]]), 1500, axis=0)
    positions = random.normal(places, 0.12).astype(np.float32)
    nothing = np.full(len(positions), -1, np.int16)
    colors = np.repeat(np.array([RED, BLUE], np.uint32), 1500)
    return Cloud(stamp_ns, positions, colors, nothing, nothing, np.zeros(len(positions), np.float32))


def pictures_of(peer: Peer) -> np.ndarray:
    """The next picture that comes."""
    heard = peer.heard[topics.MIRROR.name]
    heard.clear()
    peer.wait_until(lambda: heard, "a picture of what the person sees")
    assert heard[-1].format == "jpeg"
    return np.asarray(Image.open(io.BytesIO(bytes(heard[-1].data)))).astype(int)


def magenta_item(request: srv.GetItem.Request, response: srv.GetItem.Response) -> srv.GetItem.Response:
    png = io.BytesIO()
    Image.new("RGB", (8, 8), (255, 0, 255)).save(png, "PNG")
    response.found, response.picture.data = True, png.getvalue()
    return response


@pytest.mark.parametrize("graphics", ["egl", "glx"])
def test_the_person_sees_the_cloud_where_it_is_and_others_can_watch(
    runtime: Runtime, tmp_path: Path, graphics: str
) -> None:
    with virtual_display() if graphics == "glx" else nullcontext("") as display:
        see_the_cloud(runtime, tmp_path, display)


def see_the_cloud(runtime: Runtime, tmp_path: Path, display: str) -> None:
    """Where there is a display, drawing is by GLX by itself."""
    runtime.start()
    monado = runtime.monado
    parameters = {"resolution": 1.0, "mirror_rate_hz": 10.0}
    python = monado.client_command(), {**monado.client_environment(), "DISPLAY": display}
    with (
        Peer(topics.MIRROR, topics.XR_STATE, topics.HANDS) as peer,
        NodeProcess("xr_bridge", parameters, tmp_path / "log", *python) as bridge,
    ):
        runtime.hold(None)
        peer.wait_until(lambda: peer.heard["xr_state"] and peer.heard["xr_state"][-1].state == XrState.FOCUSED, "focus")
        empty = pictures_of(peer)
        assert empty.shape[1] >= 240
        clouds = node_tools.advertise(peer.node, topics.CLOUD)
        placements = node_tools.advertise(peer.node, topics.CLOUD_PLACEMENT)
        placements.publish(conversions.placement_to_msg(Placement(np.array([0.0, 1.6, -0.9])), 1))
        clouds.publish(conversions.cloud_to_msg(two_clumps(node_tools.now_ns(peer.node))))

        def red_left_blue_right() -> bool:
            picture = pictures_of(peer)
            red = picture[..., 0] > picture[..., 2] + 50
            blue = picture[..., 2] > picture[..., 0] + 50
            if min(red.sum(), blue.sum()) < 100:
                return False
            (red_y, red_x), (blue_y, blue_x) = (np.argwhere(there).mean(axis=0) for there in (red, blue))
            return bool(red_x < blue_x - 20 and red_y < blue_y - 10)

        peer.wait_until(red_left_blue_right, "both clumps where they are")
        without_hands = pictures_of(peer)
        runtime.hold(OPEN, (0.0, 1.5, -0.4))
        peer.wait_until(
            lambda: (np.abs(pictures_of(peer) - without_hands).sum(axis=2) > 90).sum() > 300, "the hands are drawn"
        )
        see_what_a_finger_points_at(runtime, peer)
        assert "Error" not in bridge.said()
        assert bridge.stop() == 0


def see_what_a_finger_points_at(runtime: Runtime, peer: Peer) -> None:
    node_tools.serve(peer.node, topics.GET_ITEM, magenta_item)
    placement = Placement(np.array([0.0, 1.6, -0.9]))
    middle = placement.stage_from_latent(np.array([0.7, -0.3, 0.0]))
    runtime.hold(POINTING, tuple((middle - BODY.finger_tip).tolist()))

    def magenta_is_seen() -> bool:
        picture = pictures_of(peer)
        return bool(((picture[..., 1] < 110) & (picture[..., [0, 2]].min(axis=2) > 120)).sum() > 40)

    peer.wait_until(magenta_is_seen, "the picture of an item")


def red_is_left(picture: np.ndarray) -> bool | None:
    """Whether the red clump is left of the blue one; None: they are not both to be seen."""
    red, blue = picture[..., 0] > picture[..., 2] + 50, picture[..., 2] > picture[..., 0] + 50
    if min(red.sum(), blue.sum()) < 100:
        return None
    return bool(np.nonzero(red)[1].mean() < np.nonzero(blue)[1].mean() - 20)


def test_the_person_sees_the_cloud_of_the_time_that_is_looked_at_and_then_again_that_of_now(
    runtime: Runtime, tmp_path: Path
) -> None:
    runtime.start()
    python = runtime.monado.client_command(), runtime.monado.client_environment()
    parameters = {"resolution": 1.0, "mirror_rate_hz": 10.0, "graphics": "egl"}
    with (
        Peer(topics.MIRROR, topics.XR_STATE) as peer,
        NodeProcess("xr_bridge", parameters, tmp_path / "log", *python) as bridge,
    ):
        runtime.hold(None)
        peer.wait_until(lambda: peer.heard["xr_state"] and peer.heard["xr_state"][-1].state == XrState.FOCUSED, "focus")
        clouds, tools = (node_tools.advertise(peer.node, topic) for topic in (topics.CLOUD, topics.TOOL))
        placements = node_tools.advertise(peer.node, topics.CLOUD_PLACEMENT)
        placements.publish(conversions.placement_to_msg(Placement(np.array([0.0, 1.6, -0.9])), 1))
        then_ns = node_tools.now_ns(peer.node) - 10_000_000_000
        then = two_clumps(then_ns)
        clouds.publish(conversions.cloud_to_msg(then))
        peer.wait_until(lambda: red_is_left(pictures_of(peer)) is True, "the first cloud")
        now = replace(then, stamp_ns=then_ns + 8_000_000_000, positions=-then.positions)
        clouds.publish(conversions.cloud_to_msg(now))
        peer.wait_until(lambda: red_is_left(pictures_of(peer)) is False, "the newest cloud")
        tools.publish(conversions.tool_to_msg(Tool(looks_at_ns=then_ns), 1))
        peer.wait_until(lambda: red_is_left(pictures_of(peer)) is True, "the cloud of then")
        keep(peer, "past")
        tools.publish(conversions.tool_to_msg(Tool(), 2))
        peer.wait_until(lambda: red_is_left(pictures_of(peer)) is False, "the newest cloud again")
        ghosts = node_tools.advertise(peer.node, topics.GHOST)
        before = pictures_of(peer)
        ghosts.publish(conversions.cloud_to_msg(then))
        peer.wait_until(lambda: (np.abs(pictures_of(peer) - before).sum(axis=2) > 60).sum() > 200, "the ghost")
        keep(peer, "ghost")
        assert "Error" not in bridge.said()
        assert bridge.stop() == 0


def keep(peer: Peer, name: str) -> None:
    """Keep what the person sees, where somebody wants to look at it."""
    directory = os.environ.get("LATENTVR_PICTURES")
    if directory:
        Image.fromarray(pictures_of(peer).astype(np.uint8)).save(Path(directory) / f"headset-{name}.png")


@pytest.mark.alone
def test_hands_come_more_often_than_a_slow_compositor_asks_for_pictures(runtime: Runtime, tmp_path: Path) -> None:
    runtime.start()
    monado = runtime.monado
    python = monado.client_command(), monado.client_environment()
    with (
        Peer(topics.XR_STATE, topics.HANDS) as peer,
        NodeProcess("xr_bridge", {}, tmp_path / "log", *python),
    ):
        runtime.hold(OPEN)
        heard = peer.heard["hands"]
        peer.wait_until(lambda: len(heard) > 200, "hands")
        stamps = [conversions.time_from_msg(h.header.stamp) for h in heard[50:200]]
        # Monado's null compositor asks for 20 pictures a second.
        assert np.median(np.diff(stamps)) < 40e6
