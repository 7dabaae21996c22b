"""Hands to marks: what it costs to find the points in a brush, how soon they are shown, and how soon a mark is safe.

And how often gestures are seen, or seen falsely, before devices that lie. Beside the sphere brush: the plain test of
distances, and SciPy's k-d tree, which a cloud that moves needs anew for each of its frames. The graph is real: labeler,
journal and, for the last figure, the trainer, each a process. Times mean something only on a machine that does nothing
else.
"""

import argparse
import os
import sys
import tempfile
import time
import timeit
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import cycle, pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import report
from scipy.spatial import cKDTree

sys.path.append(str(Path(__file__).parents[1] / "test" / "support"))

from gesture_trials import NAMES, a_take, is_recognised, some_takes, try_lie
from node_process import NodeProcess, Peer

from latentvr_common import brush, conversions, node_tools, palette, topics
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.gestures import Phase
from latentvr_common.hands import Hands
from latentvr_common.placement import Placement
from latentvr_common.rotations import IDENTITY
from latentvr_common.selecting.density import DensityField
from latentvr_common.selecting.points import Points
from latentvr_session.description import environment
from scripted_hands import anatomy, performances
from scripted_hands.performances import Performer

FEW, MANY = 70_000, 1_000_000
RADIUS = 0.13
RATE_HZ, CLOUD_HZ = 90, 10
STROKES, STROKE_S, MOST_WAIT_S = 20, 2.0, 240.0
SHORT_STROKES, SHORT_STROKE_S = 40, 0.3
LARGE_STROKES, LARGE_CLOUD_HZ, LARGE_CLOUD_ARRIVES_S = 6, 2, 5.0
TAKES = 160


def milliseconds(action: Callable[[], object], repeat: int, number: int) -> float:
    """Return the median time of one call."""
    return 1000.0 * float(np.median(timeit.repeat(action, repeat=repeat, number=number))) / number


def some_points(count: int) -> np.ndarray:
    """Return `count` points (count, 3) of ten clumps in a ball of radius 1."""
    random = np.random.default_rng(0)
    middles = random.normal(0, 0.45, (10, 3))
    return (middles[random.integers(0, 10, count)] + random.normal(0, 0.12, (count, 3))).astype(np.float32)


# What a look costs


def plainly(positions: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Return what lies within RADIUS of `center`, as one would write it without thinking of speed."""
    return np.asarray(np.linalg.norm(positions - center, axis=1) <= RADIUS)


def look_figures() -> dict[str, object]:
    """Return what it costs to find what each kind of brush holds."""
    found: dict[str, object] = {}
    for name, count in (("70k", FEW), ("1m", MANY)):
        positions = some_points(count)
        points, center = Points(positions), positions[7].astype(float)
        half, tilted = np.full(3, 0.2), np.array([0.1, 0.2, 0.3, 0.9]) / np.linalg.norm([0.1, 0.2, 0.3, 0.9])
        repeat, number = (15, 20) if count == FEW else (7, 3)
        ms = partial(milliseconds, repeat=repeat, number=number)
        found[f"sphere_ms_{name}"] = ms(lambda p=points, c=center: p.within_ball(c, RADIUS))
        found[f"box_ms_{name}"] = ms(lambda p=points, c=center, h=half: p.within_box(c, h, IDENTITY))
        found[f"tilted_box_ms_{name}"] = ms(lambda p=points, c=center, h=half, q=tilted: p.within_box(c, h, q))
        found[f"columns_ms_{name}"] = ms(lambda p=positions: Points(p))
        field = DensityField(positions)
        seed = field.seed(center, RADIUS)
        assert seed is not None
        found[f"density_ms_{name}"] = milliseconds(lambda f=field, s=seed: f.flood(s, s.density / 2), 5, 2)
        found[f"density_frame_ms_{name}"] = milliseconds(lambda p=positions: DensityField(p), 3, 1)
        found[f"numpy_ms_{name}"] = ms(lambda p=positions, c=center: plainly(p, c))
        found[f"ckdtree_ms_{name}"] = milliseconds(
            lambda p=positions, c=center: cKDTree(p).query_ball_point(c, RADIUS), 3, 1
        )
    return {key: round(float(value), 4) for key, value in found.items()}  # type: ignore[arg-type]


# Through the graph


class Timed:
    """A peer that sends hands and hears what comes of them."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._hands_out = node_tools.advertise(peer.node, topics.HANDS)
        self._sent_ns: dict[int, int] = {}
        self.selection_ms: list[float] = []
        self.commit_ms: list[float] = []
        self.cancelled: Counter[str] = Counter()
        node_tools.listen(peer.node, topics.SELECTION, self._on_selection, raw=True)
        node_tools.listen(peer.node, topics.GESTURES, self._on_gesture)

    def send(self, hands: Hands) -> None:
        """Publish the hands, and remember when."""
        data = conversions.hands_to_cdr(hands)
        self._sent_ns[hands.stamp_ns] = time.monotonic_ns()
        self._hands_out.publish(data)

    def _on_selection(self, data: bytes) -> None:
        # The stamp stands at the beginning: after four bytes of encapsulation, seconds and nanoseconds.
        seconds, nanoseconds = np.frombuffer(data, "<i4,<u4", count=1, offset=4)[0]
        self._note(int(seconds) * 1_000_000_000 + int(nanoseconds), self.selection_ms)

    def _on_gesture(self, message: Any) -> None:
        if message.name == "pinch_brush" and message.phase == Phase.END:
            self._note(conversions.time_from_msg(message.header.stamp), self.commit_ms)
        if message.phase == Phase.CANCEL:
            self.cancelled[f"{message.name}: {message.detail}"] += 1

    def _note(self, stamp_ns: int, into: list[float]) -> None:
        sent_ns = self._sent_ns.get(stamp_ns)
        if sent_ns is not None:
            into.append((time.monotonic_ns() - sent_ns) / 1e6)

    def perform(self, performance: performances.Performance) -> None:
        """Do it at RATE_HZ."""
        began = time.monotonic()
        for i in range(int(performance.lasts_s * RATE_HZ) + 1):
            due = began + i / RATE_HZ
            self._peer.wait_until(lambda due=due: time.monotonic() >= due, "time for the next hands")  # type: ignore[misc]
            # Where the hands are now, however late: a hand does not wait for its message.
            now_ns = time.time_ns()
            self.send(performance.at(time.monotonic() - began).hands(now_ns))


def strokes(positions: np.ndarray, count: int) -> Iterator[performances.Performance]:
    """Yield strokes all through the cloud, so that each frame marks more: some marks hold a third of it."""
    random = np.random.default_rng(2)
    for _ in range(count):
        yield stroke(positions[random.integers(0, len(positions), 4)], STROKE_S)


def short_strokes(positions: np.ndarray, count: int) -> Iterator[performances.Performance]:
    """Yield strokes as people make them: a hand's breadth long."""
    random = np.random.default_rng(3)
    for _ in range(count):
        start = positions[random.integers(0, len(positions))].astype(float)
        yield stroke(np.stack([start, start + random.normal(0, 0.15, 3)]), SHORT_STROKE_S)


def stroke(ends: np.ndarray, lasts_s: float) -> performances.Performance:
    """Return a stroke from one of `ends` (K, 3), latent units, to the next."""
    placement = Placement()
    way = placement.stage_from_latent(np.concatenate([np.linspace(a, b, 20) for a, b in pairwise(ends)]))
    length = float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())
    performer = Performer(pace=3.0)
    performer.reach(right=performer.pinching(way[0]))
    performer.bend(right=anatomy.PINCHED)
    performer.hold(0.45)
    performer.draw(way, length / lasts_s / 3.0)
    performer.bend(right=anatomy.OPEN)
    performer.hold(0.9)
    return performer.performance("pinch_brush")


@contextmanager
def graph(items: int, *more: NodeProcess, brush_m: float = brush.RADIUS_M) -> Iterator[Timed]:
    """Yield a peer before a labeler, with a brush of radius `brush_m`, and a journal for `items` items."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        directory = Path(name)
        journal = {"path": str(directory / "labels.db"), "item_count": items, "categories": ["a", "b", "c"]}
        stack.enter_context(NodeProcess("label_journal", journal, directory / "journal.log"))
        stack.enter_context(NodeProcess("gesture_labeler", {"brush_radius_m": brush_m}, directory / "labeler.log"))
        for process in more:
            stack.enter_context(process)
        peer = stack.enter_context(Peer(topics.CATEGORIES, topics.TOOL, topics.EPOCH))
        timed = Timed(peer)
        peer.wait_until(lambda: peer.heard["categories"] and peer.heard["tool"], "journal and labeler")
        yield timed


def choose_a_category(timed: Timed) -> None:
    """Poke one on the palette, as a person would."""
    peer = timed._peer
    categories = conversions.categories_from_msg(peer.heard["categories"][-1])
    for _ in range(3):
        timed.perform(performances.poke(palette.category_action(1), categories, Performer()))
        if peer.heard["tool"][-1].category == 1:
            return
    raise RuntimeError(f"the palette does not answer: {dict(timed.cancelled)}")


def show_clouds(count: int, rate_hz: float) -> None:
    """Publish a cloud of `count` points that trembles, until somebody ends this process."""
    positions, random = some_points(count), np.random.default_rng(3)
    nothing, color, sure = np.full(count, NONE, np.int16), np.zeros(count, np.uint32), np.zeros(count, np.float32)
    with Peer() as peer:
        clouds_out = node_tools.advertise(peer.node, topics.CLOUD)
        messages = []
        for _ in range(5):
            shaken = positions + random.normal(0, 0.002, positions.shape).astype(np.float32)
            messages.append(conversions.cloud_to_msg(Cloud(1, shaken, color, nothing, nothing, sure)))
        for message in cycle(messages):
            message.header.stamp = conversions.time_to_msg(time.time_ns())
            clouds_out.publish(message)
            time.sleep(1.0 / rate_hz)


@contextmanager
def clouds_shown(count: int, rate_hz: float) -> Iterator[None]:
    """Have another process show a cloud: who makes one does not hear what comes meanwhile."""
    shower = get_context("spawn").Process(target=show_clouds, args=(count, rate_hz), daemon=True)
    shower.start()
    try:
        yield
    finally:
        shower.terminate()
        shower.join()


def quiet_figures() -> dict[str, object]:
    """Return delays while nothing trains; clouds come all the same."""
    with graph(FEW) as timed, clouds_shown(FEW, CLOUD_HZ):
        choose_a_category(timed)
        for performance in strokes(some_points(FEW), STROKES):
            timed.perform(performance)
        previews, large = timed.selection_ms[:], timed.commit_ms[:]
        timed.commit_ms.clear()
        for performance in short_strokes(some_points(FEW), SHORT_STROKES):
            timed.perform(performance)
        return {
            **{f"preview_ms_p{p}_70k": percentile(previews, p) for p in (50, 99)},
            **{f"commit_ms_p{p}": percentile(timed.commit_ms, p) for p in (50, 99)},
            "commit_of_many_items_ms_p99": percentile(large, 99),
            "previews": len(previews),
            "commits": len(timed.commit_ms),
        }


def large_figures() -> dict[str, object]:
    """Return delays with a million items, of which the marks hold a good part; clouds come all the same."""
    with graph(MANY) as timed, clouds_shown(MANY, LARGE_CLOUD_HZ):
        choose_a_category(timed)
        arrived_s = time.monotonic() + LARGE_CLOUD_ARRIVES_S
        timed._peer.wait_until(lambda: time.monotonic() > arrived_s, "clouds", 2 * LARGE_CLOUD_ARRIVES_S)
        timed.selection_ms.clear()
        for performance in strokes(some_points(MANY), LARGE_STROKES):
            timed.perform(performance)
        return {
            **{f"preview_ms_p{p}_1m": percentile(timed.selection_ms, p) for p in (50, 99)},
            "previews_1m": len(timed.selection_ms),
            "commits_1m": len(timed.commit_ms),
            "commit_ms_p99_1m": percentile(timed.commit_ms, 99),
        }


def training_figures() -> dict[str, object]:
    """Return delays while the real trainer trains on as many items."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        random = np.random.default_rng(0)
        middles = random.normal(0, 1.0, (10, 32))
        items = middles[random.integers(0, 10, FEW)] + random.normal(0, 0.6, (FEW, 32))
        np.savez(directory / "items.npz", items=items.astype(np.float32))
        trainer = NodeProcess("latent_trainer", {"dataset": str(directory / "items.npz")}, directory / "trainer.log")
        clouds: list[np.ndarray] = []
        with graph(FEW, trainer) as timed:
            peer = timed._peer

            def on_cloud(message: Any) -> None:
                clouds[:] = [conversions.cloud_from_msg(message).positions]

            listening = node_tools.listen(peer.node, topics.CLOUD, on_cloud)
            peer.wait_until(lambda: peer.heard["epoch"] and peer.heard["epoch"][-1].step > 200, "training", MOST_WAIT_S)
            peer.node.destroy_subscription(listening)
            choose_a_category(timed)
            for performance in strokes(clouds[0], STROKES):
                timed.perform(performance)
            timed.commit_ms.clear()
            for performance in short_strokes(clouds[0], SHORT_STROKES):
                timed.perform(performance)
            return {
                **{f"preview_ms_p{p}_70k_training": percentile(timed.selection_ms, p) for p in (50, 99)},
                "commit_ms_p99_training": percentile(timed.commit_ms, 99),
            }


def percentile(values: list[float], share: int) -> float:
    """Return the percentile, rounded."""
    return round(float(np.percentile(values, share)), 2) if values else float("nan")


# Before devices that lie


def lies_told(seed: int, count: int) -> tuple[int, Counter[str]]:
    """Return how many trials there were, and what was marked falsely in them."""
    random, takes = np.random.default_rng(seed), some_takes(TAKES)
    told = [try_lie(takes[int(random.integers(TAKES))], random) for _ in range(count)]
    return len(told), Counter(f"{t.name}, {t.lie}: {t.false}" for t in told if t.false)


def repetitions(seed: int, count: int) -> int:
    """Return how many of so many clean gestures were recognised."""
    random = np.random.default_rng(seed)
    return sum(is_recognised(a_take(NAMES[i % len(NAMES)], random)) for i in range(count))


def trial_figures(dropouts: int, clean: int) -> dict[str, object]:
    """Return how gestures fare."""
    parts = 20
    with ProcessPoolExecutor() as pool:
        told = list(pool.map(lies_told, range(parts), [dropouts // parts] * parts))
        seen = list(pool.map(repetitions, range(100, 100 + parts), [clean // parts] * parts))
    false: Counter[str] = sum((found for _, found in told), Counter())
    for what, times in false.most_common():
        print(f"  false: {times} x {what}")
    tried = sum(count for count, _ in told)
    return {
        "false_labels": sum(false.values()),
        "dropouts_tried": tried,
        # The rule of three: with none in n trials, the share is below 3 / n with 95 % confidence.
        "false_share_below": round(3.0 / tried, 6) if not false else float("nan"),
        "recognised_share": round(sum(seen) / (clean // parts * parts), 4),
        "repetitions": clean // parts * parts,
    }


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dropouts", type=int, default=10_000, help="trials before devices that lie")
    parser.add_argument("--clean", type=int, default=800, help="clean gestures")
    parser.add_argument("--without-training", action="store_true", help="leave out the figure while training")
    wanted = parser.parse_args()
    os.environ.update(environment(os.getpid()))
    figures = look_figures()
    figures |= quiet_figures()
    figures |= large_figures()
    if not wanted.without_training:
        figures |= training_figures()
    figures |= trial_figures(wanted.dropouts, wanted.clean)
    print(report.table(("hands to marks", "found"), list(figures.items())))
    report.finish("hands", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
