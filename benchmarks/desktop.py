"""The window for labelling: how long it takes from what the mouse does to the picture that shows it.

The real process, in a real window on a virtual display that the processor draws (llvmpipe). The mouse is moved from
outside; time runs until pixels of the screen have changed. Times mean something only on a machine that does nothing
else; `--items` for other sizes than 1,797 and 70,000.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import report

sys.path.append(str(Path(__file__).parents[1] / "test" / "support"))

from mouse_and_keys import RIGHT, MouseAndKeys
from node_process import NodeProcess, Peer
from virtual_display import virtual_display

from latentvr_common import conversions, topics
from latentvr_common.cloud import Cloud
from latentvr_common.colors import CATEGORY_COLORS
from latentvr_common.labels import Category
from latentvr_common.node_tools import advertise

SIZES = (1_797, 70_000)
TIMES, REST_S, TIMEOUT_S = 15, 0.9, 5.0
TURNING_S = 3.0
LOOK_S, MOUSE_S = 0.002, 0.008
"""Between two looks at the screen, and two movements of the mouse: whoever measures is not to take a core."""
CATEGORIES = tuple(Category(i, f"kind {i}", CATEGORY_COLORS[i]) for i in range(10))
Region = tuple[int, int, int, int]


def cloud_of(items: int) -> Cloud:
    """Return a ball of ten clumps, a tenth of it labelled and the rest predicted."""
    random = np.random.default_rng(0)
    kind = random.integers(0, 10, items)
    middles = 0.55 * random.normal(size=(10, 3))
    positions = (middles[kind] + 0.25 * random.normal(size=(items, 3))).astype(np.float32)
    label = np.where(random.random(items) < 0.1, kind, -1).astype(np.int16)
    colors = np.array(CATEGORY_COLORS, np.uint32)[kind]
    return Cloud(1, positions, colors, label, kind.astype(np.int16), np.full(items, 0.9, np.float32))


class Table:
    """A window with a cloud, and hands at it."""

    def __init__(self, hands: MouseAndKeys, peer: Peer, items: int) -> None:
        self.hands = hands
        self._peer = peer
        self._clouds = advertise(peer.node, topics.CLOUD)
        self._categories = advertise(peer.node, topics.CATEGORIES)
        self._categories.publish(conversions.categories_to_msg(CATEGORIES, 1, 1))
        self._clouds.publish(conversions.cloud_to_msg(cloud_of(items)))
        peer.wait_until(lambda: hands.window("latentvr") is not None, "a window", 60.0)
        left, top, width, height = hands.window("latentvr") or (0, 0, 0, 0)
        self.middle = left + round(0.62 * width), top + round(0.45 * height)
        peer.wait_until(lambda: self.pixels(self.around(self.middle)).any(), "a picture", 60.0)
        hands.key("escape")
        hands.key("1")
        time.sleep(2.0)

    def around(self, place: tuple[int, int]) -> Region:
        """Return what of the screen is looked at: it holds the rim of the brush."""
        return place[0] - 110, place[1] - 110, 220, 220

    def pixels(self, region: Region) -> np.ndarray:
        """Return what is to be seen there (H, W, 3)."""
        return self.hands.screen(region)

    def seconds_until_seen(self, act: Callable[[], None], region: Region) -> float:
        """Return how long it takes from `act` until the region has changed."""
        before = self.pixels(region).tobytes()
        began = time.perf_counter()
        act()
        while self.pixels(region).tobytes() == before:
            assert time.perf_counter() < began + TIMEOUT_S, "nothing has changed"
            time.sleep(LOOK_S)
        return time.perf_counter() - began


def pointing(table: Table) -> list[float]:
    """The brush follows the mouse, from rest."""
    x, y = table.middle
    found = []
    for i in range(TIMES):
        table.hands.move(x - 260, y + 130)
        time.sleep(REST_S)
        there = x + 7 * i, y - 5 * i
        found.append(table.seconds_until_seen(lambda to=there: table.hands.move(*to), table.around(there)))
    return found


def painting(table: Table) -> list[float]:
    """What is painted lights up, during a stroke."""
    x, y = table.middle
    table.hands.move(x - 60, y - 60)
    time.sleep(REST_S)
    table.hands.press()
    time.sleep(0.2)
    found = []
    for i in range(1, TIMES + 1):
        there = x - 60 + 8 * i, y - 60 + 8 * i
        found.append(table.seconds_until_seen(lambda to=there: table.hands.move(*to), table.around(there)))
    table.hands.key("escape")
    table.hands.release()
    return found


def turning(table: Table) -> tuple[list[float], float]:
    """The cloud turns with the mouse: from rest, and how many different pictures a second while it goes on."""
    region = table.around(table.middle)
    found = []
    for i in range(TIMES):
        table.hands.move(*table.middle)
        table.hands.press(RIGHT)
        time.sleep(REST_S)
        there = table.middle[0] + (14 if i % 2 else -14), table.middle[1]
        found.append(table.seconds_until_seen(lambda to=there: table.hands.move(*to), region))
        table.hands.release(RIGHT)
    return found, _pictures_per_s(table, region)


def _pictures_per_s(table: Table, region: Region) -> float:
    table.hands.move(*table.middle)
    table.hands.press(RIGHT)
    began, pictures, before, step = time.perf_counter(), 0, b"", 0
    while time.perf_counter() < began + TURNING_S:
        step += 1
        table.hands.move(table.middle[0] + step, table.middle[1])
        seen = table.pixels(region).tobytes()
        pictures += seen != before
        before = seen
        time.sleep(MOUSE_S)
    table.hands.release(RIGHT)
    return pictures / TURNING_S


def measure(display: str, items: int) -> dict[str, float]:
    """Return median and 90th percentile of each, ms."""
    log = Path(tempfile.mkdtemp()) / "log"
    with (
        MouseAndKeys(display) as hands,
        Peer() as peer,
        NodeProcess("cloud_view.desktop", {}, log, variables={"DISPLAY": display}),
    ):
        table = Table(hands, peer, items)
        turned, rate = turning(table)
        times = {"pointing": pointing(table), "painting": painting(table), "turning": turned}
    figures = {f"{name}_ms": round(1000 * median(found), 1) for name, found in times.items()}
    worst = {f"{name}_p90_ms": round(1000 * float(np.percentile(found, 90)), 1) for name, found in times.items()}
    return {**figures, **worst, "turning_pictures_per_s": round(rate, 1)}


def main() -> None:
    """Measure, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="*", default=list(SIZES))
    found = {}
    for items in parser.parse_args().items:
        with virtual_display() as display:
            found[items] = measure(display, items)
    names = list(next(iter(found.values())))
    print(report.table(["", *(f"{n:,} items" for n in found)], [[k, *(f[k] for f in found.values())] for k in names]))
    report.finish("desktop", {str(items): figures for items, figures in found.items()})


if __name__ == "__main__":
    main()
