#!/usr/bin/env python3
"""Record how each gesture looks to the labeler, for the tests: test/data/gestures/<by>/<gesture>.npz.

By the simulated person's own hands, and with --monado by those of the OpenXR runtime Monado, as its clients see them.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "support"))

import monado_runtime
from gesture_bench import CATEGORIES, MIDDLES, GestureBench, stream_of
from gesture_trials import NAMES
from node_process import Peer
from recorded_hands import DIRECTORY, Recording, save

from latentvr_common import conversions, palette, rotations
from latentvr_common.gestures import ToolKind
from latentvr_common.hands import Hands
from scripted_hands import monado_remote, performances
from scripted_hands.body import OWN, Body
from scripted_hands.performances import Performance, Performer

RATE_HZ = 45.0
LONGEST_GAP_NS = 80_000_000


def performance_of(name: str, body: Body) -> Performance:
    """Return `name`, done before the cloud of gesture_bench.py."""
    bench = GestureBench()
    spot, performer = bench.stage(MIDDLES[0]), Performer(body=body)
    near, half = np.array([0.03, 0.0, 0.0]), np.array([0.08, 0.08, 0.08])
    outside = np.array([-0.45, 1.0, -0.3]), np.array([0.45, 1.0, -0.3])
    carried = np.array([-0.35, 1.1, -0.35]), np.array([0.5, 1.05, -0.25])
    ways = {
        "pinch_brush": lambda: performances.paint(spot + np.linspace(0, 0.1, 12)[:, None] * near / 0.03, performer),
        "density": lambda: performances.flood(spot, performer, 0.03),
        "box": lambda: performances.with_both(name, (spot - near, spot + near), (spot - half, spot + half), performer),
        "grab": lambda: performances.with_both(name, outside, carried, performer),
        "radius": lambda: performances.size(np.array([0.0, 1.1, -0.3]), 0.08, performer),
        "poke": lambda: performances.poke(palette.category_action(2), CATEGORIES, performer),
        "dwell": lambda: performances.dwell(bench.stage(bench.cloud.positions[5]), performer),
        "recentre": lambda: performances.recentre(performer),
        "scrub": lambda: performances.scrub((0.8, 0.2), CATEGORIES, performer),
    }
    return ways[name]()


def keep(by: str, name: str, hands: Sequence[Hands]) -> None:
    """Write the recording, and tell of it."""
    kind = ToolKind.DENSITY if name == "density" else ToolKind.SPHERE
    first_ns = hands[0].stamp_ns - 1
    moved = [replace(each, stamp_ns=each.stamp_ns - first_ns) for each in hands]
    path = DIRECTORY / by / f"{name}.npz"
    save(path, Recording(name, kind, moved))
    print(f"{path.name}: {len(moved)} hands, {path.stat().st_size / 1000:.0f} kB")


def by_own_hands(names: Sequence[str]) -> None:
    """Record the simulated person's own hands."""
    for name in names:
        keep("own", name, list(stream_of(performance_of(name, OWN), RATE_HZ)))


def by_monado(names: Sequence[str]) -> None:
    """Record the hands that a client of Monado sees."""
    with tempfile.TemporaryDirectory() as scratch, monado_runtime.bridged(Path(scratch) / "log") as (runtime, peer):
        for name in names:
            keep("monado", name, _smoothly_seen(performance_of(name, monado_remote.BODY), runtime, peer))


def _smoothly_seen(performance: Performance, runtime: monado_runtime.Runtime, peer: Peer) -> list[Hands]:
    """Return a take without a gap: a machine that does other things as well leaves some."""
    while True:
        kept = _seen(performance, runtime, peer)
        if np.diff([hands.stamp_ns for hands in kept]).max() < LONGEST_GAP_NS:
            return kept
        print(f"{performance.name}: once more")


def _seen(performance: Performance, runtime: monado_runtime.Runtime, peer: Peer) -> list[Hands]:
    """Return what a client sees of `performance`, at most RATE_HZ of it."""
    heard = peer.heard["hands"]
    _hold(runtime, performance, 0.0)
    peer.wait_until(lambda: heard and heard[-1].left.tracked and heard[-1].right.tracked, "both hands")
    heard.clear()
    began = time.monotonic()
    while (passed_s := time.monotonic() - began) < performance.lasts_s:
        _hold(runtime, performance, passed_s)
        _let_pass(peer, 0.008)
    kept: list[Hands] = []
    for message in heard:
        hands = conversions.hands_from_msg(message)
        if not kept or hands.stamp_ns - kept[-1].stamp_ns >= 1e9 / RATE_HZ * 0.9:
            kept.append(hands)
    return kept


def _let_pass(peer: Peer, seconds: float) -> None:
    until = time.monotonic() + seconds
    peer.wait_until(lambda: time.monotonic() > until, "a moment")


def _hold(runtime: monado_runtime.Runtime, performance: Performance, passed_s: float) -> None:
    state = monado_remote.packed(performance.at(passed_s), monado_runtime.HEAD, rotations.IDENTITY)
    if not runtime.remote.send(state):
        raise ConnectionError("Monado takes no hands")


def main() -> int:
    """Record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--monado", action="store_true", help="by Monado too")
    parser.add_argument("names", nargs="*", metavar="GESTURE", help=f"{', '.join(NAMES)}; all of them without any")
    given = parser.parse_args()
    names = given.names or NAMES
    by_own_hands(names)
    if given.monado:
        by_monado(names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
