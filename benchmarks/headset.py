"""The bridge to the headset: what a frame costs, how old hands are, how soon a runtime that was gone is found again.

On Monado, which needs no headset. Drawing is by Mesa on the processor here: a graphics card is another matter, and the
cost of the bridge itself is measured with the calls that draw left out. Times mean something only on a machine that
does nothing else.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import moderngl
import numpy as np
import report
from latentvr.msg import XrState

sys.path.append(str(Path(__file__).parents[1] / "test" / "support"))

import monado_runtime
from node_process import Peer

from latentvr_common import conversions, rotations
from latentvr_common.cloud import Cloud
from latentvr_common.hands import Hands, Joint
from latentvr_common.labels import Category
from latentvr_common.scene import Progress, Scene, State
from scripted_hands.anatomy import OPEN, hand_at
from xr_bridge.drawing import matrices
from xr_bridge.drawing.matrices import Fov
from xr_bridge.drawing.painter import Eye, Painter
from xr_bridge.hand_filter import HandFilter, RawHand
from xr_bridge.openxr.egl import EglContext
from xr_bridge.panels import panels_of

EYE_PIXELS = 1000
FRAMES, SENDS, RETURNS = 120, 300, 5
DISPLAY_HZ, CLOUD_HZ = 90, 12
CATEGORIES = tuple(Category(i, f"category {i}", 0x3366CC + 999 * i) for i in range(10))


def scene_of(items: int, seed: int) -> Scene:
    """Return a cloud of `items` points, as while a session runs."""
    random = np.random.default_rng(seed)
    label = random.integers(-1, 10, items).astype(np.int16)
    positions = random.normal(0.0, 0.4, (items, 3)).astype(np.float32)
    colors = random.integers(0, 1 << 24, items).astype(np.uint32)
    cloud = Cloud(seed + 1, positions, colors, label, label, np.ones(items, np.float32))
    return Scene(cloud, CATEGORIES, Progress(State.TRAINING, 31, 1284))


def eyes() -> list[Eye]:
    """Return both eyes of a person at the origin of the room."""
    fov = Fov(-0.8, 0.8, 0.8, -0.8)
    places = [np.array([x, 1.6, 0.05]) for x in (-0.032, 0.032)]
    return [Eye(matrices.view(p, rotations.IDENTITY), matrices.projection(fov, 0.03, 60.0), p) for p in places]


class Drawing:
    """A bridge's drawing without a runtime."""

    def __init__(self, gl: moderngl.Context, items: int) -> None:
        self._gl = gl
        self._painter = Painter(gl, 300_000, is_srgb=False)
        size = (EYE_PIXELS, EYE_PIXELS)
        self._target = gl.framebuffer([gl.texture(size, 4)], gl.depth_renderbuffer(size))
        self._eyes = eyes()
        self._scenes = [scene_of(items, seed) for seed in range(3)]
        self._filters = HandFilter(), HandFilter()
        hand = hand_at(np.array([0.2, 1.2, -0.4]), rotations.IDENTITY, OPEN, left=False)
        self._raw = RawHand(True, hand.positions, hand.quats_xyzw, hand.radii, hand.validity)
        self._frame = 0

    def frame(self) -> None:
        """Make one frame: hands in and out, a new cloud when it is time for one, a picture for each eye."""
        now_s = self._frame / DISPLAY_HZ
        if self._frame % (DISPLAY_HZ // CLOUD_HZ) == 0:
            scene = self._scenes[self._frame // (DISPLAY_HZ // CLOUD_HZ) % len(self._scenes)]
            self._painter.see(scene, panels_of(scene, True), now_s)
        left, right = (watch.believe(self._raw, now_s) for watch in self._filters)
        conversions.hands_to_cdr(Hands(self._frame, left, right))
        self._painter.show_person(left, right, np.array([0.0, 1.6, 0.05]))
        for eye in self._eyes:
            self._painter.paint(self._target, eye, now_s)
        self._frame += 1

    def finish(self) -> None:
        """Wait until all is drawn."""
        self._gl.finish()


@contextmanager
def nothing_drawn() -> Iterator[None]:
    """Leave out the calls that draw; what is written to buffers and uniforms stays."""
    with (
        patch.object(moderngl.VertexArray, "render", lambda *_, **__: None),
        patch.object(moderngl.Framebuffer, "clear", lambda *_, **__: None),
    ):
        yield


def milliseconds(act: Callable[[], object], clock: Callable[[], float], times: int) -> float:
    """Return what `act` takes by `clock`, mean of so many."""
    act()
    began = clock()
    for _ in range(times):
        act()
    return 1e3 * (clock() - began) / times


def drawing_figures() -> dict[str, object]:
    """Return what frames cost."""
    context = EglContext()
    found: dict[str, object] = {}
    for name, items in (("10k", 10_000), ("70k", 70_000)):
        drawing = Drawing(context.gl, items)

        def whole(drawing: Drawing = drawing) -> None:
            drawing.frame()
            drawing.finish()

        found[f"draw_ms_{name}"] = round(milliseconds(whole, time.perf_counter, FRAMES // 4), 2)
        with nothing_drawn():
            found[f"bridge_cpu_ms_per_frame_{name}"] = round(milliseconds(drawing.frame, time.thread_time, FRAMES), 3)
    found["bridge_cpu_ms_per_frame"] = found.pop("bridge_cpu_ms_per_frame_70k")
    found["renderer"] = context.gl.info["GL_RENDERER"]
    context.close()
    return found


def hands_figures(peer: Peer, runtime: monado_runtime.Runtime) -> dict[str, object]:
    """Return how old hands are when they come, and how long they take from the device to whoever listens."""
    ages, delays = [], []
    heard = peer.heard["hands"]
    random = np.random.default_rng(0)
    for i in range(SENDS):
        place = (0.1 + 0.001 * (i % 100), 1.2, -0.4)
        time.sleep(float(random.uniform(0.0, 0.011)))
        sent = time.time_ns()
        runtime.hold(OPEN, place)
        heard.clear()

        def is_there(place: tuple[float, float, float] = place) -> bool:
            newest: Any = heard[-1] if heard else None
            if newest is None:
                return False
            wrist = conversions.hands_from_msg(newest).right.positions[Joint.WRIST]
            return bool(np.linalg.norm(wrist - np.array(place)) < 2e-4)

        peer.wait_until(is_there, "the hand where it was sent to")
        now = time.time_ns()
        delays.append((now - sent) / 1e6)
        ages.append((now - conversions.time_from_msg(heard[-1].header.stamp)) / 1e6)
    return {
        **{f"hands_age_ms_p{p}": round(float(np.percentile(ages, p)), 2) for p in (50, 99)},
        **{f"send_to_hands_ms_p{p}": round(float(np.percentile(delays, p)), 2) for p in (50, 99)},
    }


def reconnect_figures(peer: Peer, runtime: monado_runtime.Runtime) -> dict[str, object]:
    """Return how soon the bridge runs again once the runtime can be used again."""
    states = peer.heard["xr_state"]
    found = []
    for _ in range(RETURNS):
        runtime.kill()
        peer.wait_until(lambda: states[-1].state == XrState.NO_RUNTIME, "the runtime is missed")
        until = time.monotonic() + 5.0  # So that the bridge rests as long as it ever does.
        peer.wait_until(lambda until=until: time.monotonic() > until, "time to pass")  # type: ignore[misc]
        runtime.start()
        began = time.monotonic()
        peer.wait_until(lambda: states[-1].state == XrState.FOCUSED, "the runtime is found")
        found.append(time.monotonic() - began)
    return {"reconnect_s": round(max(found), 2), "reconnect_s_median": round(median(found), 2)}


def main() -> int:
    """Measure and report."""
    named = drawing_figures()
    with tempfile.TemporaryDirectory() as scratch, monado_runtime.bridged(Path(scratch) / "log") as (runtime, peer):
        runtime.hold(OPEN)
        peer.wait_until(lambda: peer.heard["hands"], "hands")
        named |= hands_figures(peer, runtime)
        named |= reconnect_figures(peer, runtime)
    print(report.table(("the bridge to the headset", "found"), list(named.items())))
    report.finish("xr", named)
    return 0


if __name__ == "__main__":
    sys.exit(main())
