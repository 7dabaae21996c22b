"""The paths that run many times a second, each beside what one would write without thinking of speed."""

import timeit
from collections.abc import Callable

import numpy as np
import report
from latentvr import msg
from rclpy.serialization import deserialize_message, serialize_message
from scipy.spatial import cKDTree
from sklearn.neighbors import NearestNeighbors

from latent_trainer.graph import nearest_neighbours
from latentvr_common import conversions
from latentvr_common.selecting.points import Points
from scripted_hands.postures import REST

POINTS = 70_000
RANDOM = np.random.default_rng(0)


def milliseconds(action: Callable[[], object], repeat: int, number: int) -> float:
    """Return the median time of one call."""
    times = timeit.repeat(action, repeat=repeat, number=number)
    return 1000.0 * float(np.median(times)) / number


def main() -> None:
    """Measure and report."""
    still = np.zeros(3)
    hands = REST.hands(1)
    packed = conversions.hands_to_cdr(hands)
    cloud = RANDOM.normal(0, 0.5, (POINTS, 3)).astype(np.float32)
    rows = RANDOM.normal(0, 1, (40_000, 64)).astype(np.float32)
    cases: dict[str, tuple[Callable[[], object], Callable[[], object], int, int]] = {
        "pack hands | message and serialize": (
            lambda: conversions.hands_to_cdr(hands),
            lambda: serialize_message(conversions.hands_to_msg(hands)),
            7,
            50,
        ),
        "unpack hands | deserialize and convert": (
            lambda: conversions.hands_from_cdr(packed),
            lambda: conversions.hands_from_msg(deserialize_message(packed, msg.Hands)),
            7,
            50,
        ),
        "brush on a new frame of 70,000 points | k-d tree": (
            lambda: Points(cloud).within_ball(still, 0.13),
            lambda: cKDTree(cloud).query_ball_point(still, 0.13),
            5,
            3,
        ),
        "neighbours of 40,000 items | scikit-learn": (
            lambda: nearest_neighbours(rows, 15, 1),
            lambda: NearestNeighbors(n_neighbors=16, algorithm="brute", n_jobs=1).fit(rows).kneighbors(rows),
            1,
            1,
        ),
    }
    lines, figures = [], {}
    for name, (ours, peer, repeat, number) in cases.items():
        ours_ms, peer_ms = milliseconds(ours, repeat, number), milliseconds(peer, repeat, number)
        lines.append((name, f"{ours_ms:.3f} ms", f"{peer_ms:.3f} ms", f"{peer_ms / ours_ms:.1f}"))
        figures[name.split(" | ", 1)[0]] = round(peer_ms / ours_ms, 2)
    print(report.table(("ours | peer", "ours", "peer", "times faster"), lines))
    report.finish("hot_paths", figures)


if __name__ == "__main__":
    main()
