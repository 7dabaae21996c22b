"""Gestures done again and again, cleanly and before devices that lie: what is recognised, what is marked falsely."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from gesture_bench import CATEGORIES, MIDDLES, GestureBench, stream_of

from latentvr_common import palette
from latentvr_common.gestures import MARKING, Phase, ToolKind
from latentvr_common.hands import Hands
from latentvr_common.placement import Placement
from scripted_hands import performances
from scripted_hands.lies import Lie, some_lie, told
from scripted_hands.performances import Performance, Performer

FloatArray = npt.NDArray[np.floating]
Random = np.random.Generator

NAMES = ("pinch_brush", "density", "box", "grab", "radius", "poke", "dwell", "recentre", "scrub")
FOCUS = "the focus is lost"
_FAULT_MARGIN_M = 0.09
"""A hand that a device shows somewhere else by less than a fast hand would move is not told from one that moved: it may
mark what is this near to the brush."""


@dataclass(frozen=True)
class Take:
    """One performance as hands, with what it is."""

    name: str
    hands: tuple[Hands, ...]
    kind: ToolKind
    allowed: npt.NDArray[np.bool_]
    """Items (N,) that were meant, with a margin."""


def a_take(name: str, random: Random) -> Take:
    """Return `name`, done somewhere, at some pace, by some hands, before some camera."""
    bench = GestureBench()
    spot = bench.stage(MIDDLES[random.integers(0, 3)] + random.normal(0, 0.05, 3))
    performer = Performer(pace=float(random.uniform(0.7, 1.6)))
    performance, reached = _performance(name, spot, performer, random)
    rate_hz, tremor_m = float(random.uniform(60, 120)), float(random.uniform(0.0003, 0.0015))
    hands = tuple(stream_of(performance, rate_hz, tremor_m, seed=int(random.integers(1 << 30))))
    kind = ToolKind.DENSITY if name == "density" else ToolKind.SPHERE
    points = bench.labeler.placement.stage_from_latent(bench.cloud.positions)
    near = np.linalg.norm(points[:, None] - reached, axis=2).min(axis=1)
    radius = bench.labeler.tool.radius_m + _FAULT_MARGIN_M + (0.2 if name in ("density", "box") else 0.0)
    return Take(name, hands, kind, near <= radius)


def _performance(name: str, spot: FloatArray, performer: Performer, random: Random) -> tuple[Performance, FloatArray]:
    """Return it, and the places (K, 3) that it reaches in the cloud, metres."""
    side = random.normal(size=3)
    side /= np.linalg.norm(side)
    lone = spot[None]
    if name == "pinch_brush":
        way = spot + np.linspace(0, random.uniform(0.0, 0.15), 12)[:, None] * side
        return performances.paint(way, performer), way
    if name == "density":
        return performances.flood(spot, performer, float(random.choice([0.0, 0.03, -0.02]))), lone
    if name == "box":
        near, half = np.array([0.02, 0.0, 0.0]), random.uniform(0.04, 0.12, 3)
        return performances.with_both(name, (spot - near, spot + near), (spot - half, spot + half), performer), lone
    if name == "grab":
        start = np.array([-0.45, 1.0, -0.3]), np.array([0.45, 1.0, -0.3])
        end = start[0] + random.normal(0, 0.08, 3), start[1] + random.normal(0, 0.08, 3)
        return performances.with_both(name, start, end, performer), lone
    if name == "radius":
        middle = np.array([0.0, 1.1, -0.3]) + random.normal(0, 0.02, 3)
        return performances.size(middle, float(random.uniform(0.02, 0.15)), performer), lone
    if name == "poke":
        action = str(random.choice([b.action for b in palette.buttons(CATEGORIES)]))
        return performances.poke(action, CATEGORIES, performer), lone
    if name == "dwell":
        bench = GestureBench()
        item = bench.stage(bench.cloud.positions[random.integers(0, len(bench.cloud))])
        return performances.dwell(item, performer), lone
    if name == "scrub":
        return performances.scrub(random.uniform(0.0, 1.0, 3).tolist(), CATEGORIES, performer), lone
    return performances.recentre(performer), lone


def bench_for(take: Take) -> GestureBench:
    """Return a labeler that holds what the gesture needs."""
    bench = GestureBench()
    bench.labeler.hold(replace(bench.labeler.tool, kind=take.kind))
    bench.labeler.place(Placement())
    return bench


def is_recognised(take: Take) -> bool:
    """Tell whether the gesture is seen from beginning to end, once, and nothing else with it."""
    bench = bench_for(take)
    bench.watch(take.hands)
    if take.name == "poke":
        done = [r.phase for r in bench.reports] + [a.end.phase for a in bench.asks]
        return done == [Phase.END] and not bench.commits
    names = {r.name for r in bench.reports}
    marks = [take.name] if take.name in MARKING else []
    whole = bench.phases(take.name) == [Phase.BEGIN, Phase.END]
    return whole and names == {take.name} and [e.gesture for e in bench.commits] == marks


@lru_cache(maxsize=1)
def some_takes(count: int) -> tuple[Take, ...]:
    """Return `count` takes of all gestures."""
    random = np.random.default_rng(12)
    return tuple(a_take(NAMES[i % len(NAMES)], random) for i in range(count))


@dataclass(frozen=True)
class Told:
    """What came of a gesture before a device that lies."""

    name: str
    lie: str
    false: str
    """What is wrong with what was marked; empty: nothing."""
    marks: int


def try_lie(take: Take, random: Random) -> Told:
    """Have a device lie while `take` is done, and see what is marked."""
    last_ns = take.hands[-1].stamp_ns
    bench = bench_for(take)
    if random.random() < 0.1:
        lie = Lie(FOCUS, int(random.integers(last_ns // 6, last_ns)), int(1e9 * random.uniform(0.05, 1.0)))
        _watch_without_focus(bench, take.hands, lie)
    else:
        lie = some_lie((last_ns // 6, last_ns), random)
        bench.watch(told(take.hands, lie, random))
    return Told(take.name, lie.name, _what_is_false(take, bench), len(bench.commits))


def _watch_without_focus(bench: GestureBench, stream: Sequence[Hands], lie: Lie) -> None:
    start_ns = bench.now_ns
    for hands in stream:
        bench.outcomes.append(bench.labeler.set_focus(not lie.covers(hands.stamp_ns)))
        bench.take(replace(hands, stamp_ns=start_ns + hands.stamp_ns))


def _what_is_false(take: Take, bench: GestureBench) -> str:
    for event in bench.commits:
        if event.gesture != take.name:
            return f"a mark by {event.gesture}"
        if event.category != 1:
            return f"category {event.category}"
        beside = int(np.count_nonzero(~take.allowed[event.sample_ids]))
        if beside:
            return f"{beside} items that were not meant"
    return "marked twice" if len(bench.commits) > 1 else ""
