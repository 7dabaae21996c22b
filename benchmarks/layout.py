"""How good the layout is, and how soon: the cloud without any label beside UMAP's, and how it moves in a session.

Both start from the loaded dataset in memory and end with a position for every item. Quality is the share of items whose
15 nearest neighbours in the cloud tell their true category. UMAP uses all cores, and so does the trainer here, though
in a session it leaves one to the others; it does not stop to show the cloud. Neither measuring nor imports count on
either side. Times mean something only on a machine that does nothing else.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import faiss
import numpy as np
import numpy.typing as npt
import report
import torch
from movement import MovementWatch
from peer_environment import PeerError, run_peer
from virtual_session import VirtualSession

from latent_trainer.cores import cpu_quota
from latent_trainer.graph import nearest_neighbours
from latent_trainer.inputs import fit_inputs
from latent_trainer.parameters import Parameters
from latent_trainer.space import separation, space_used
from latent_trainer.training import Encoded, Training
from latentvr_common.datasets import Dataset, load
from latentvr_session.system_packages import installing_missing
from scripted_hands.parameters import Parameters as PersonParameters

Positions = npt.NDArray[np.float32]
T = TypeVar("T")

NEIGHBOURS = 15
REFERENCES, QUERIES = 20_000, 10_000
NEARLY = 0.02
"""So much less than UMAP's accuracy is nearly as good."""
FIRST_LOOK_S, GROWTH = 0.5, 1.1
"""After so many seconds of training quality is measured first, then each time after so many times as long."""
WHOLE_FASHION_MNIST = 70_000
SETTLE_S = 10.0
MOST_THREADS = 8


def knn_accuracy(positions: Positions, truth: npt.NDArray[np.int16], seed: int) -> float:
    """Return the share of items whose neighbours in the cloud tell their category, by majority.

    positions: (N, D); truth: (N,), 0 or more. 15 neighbours of each of 10,000 items among 20,000 others, chosen by
    `seed`; of fewer than 30,000 items a third is asked about and two thirds are looked at. A tie is for the category
    with the smaller number.
    """
    order = np.random.default_rng(seed).permutation(len(positions))
    asked = min(QUERIES, len(order) // 3)
    queries, references = order[:asked], order[asked : asked + REFERENCES]
    index = faiss.IndexFlatL2(positions.shape[1])
    index.add(np.ascontiguousarray(positions[references], np.float32))
    _, found = index.search(np.ascontiguousarray(positions[queries], np.float32), min(NEIGHBOURS, len(references)))
    votes = np.zeros((asked, int(truth.max()) + 1), np.int32)
    np.add.at(votes, (np.arange(asked)[:, None], truth[references][found]), 1)
    return float((votes.argmax(axis=1) == truth[queries]).mean())


@dataclass(frozen=True)
class PeerLayout:
    """What UMAP made."""

    positions: Positions
    """(N, 3)."""
    seconds: float
    threads: int
    version: str


def umap_layout(items: npt.NDArray[np.float32], components: int = 0) -> PeerLayout:
    """Return UMAP's layout of rows (N, D): three components, else its defaults.

    The rows go in as they are, as in UMAP's own examples on Fashion-MNIST: pixels of pictures, standardised columns of
    features. With `components` they are first reduced to so many, and that is timed too. Raises PeerError.
    """
    with tempfile.TemporaryDirectory() as name:
        rows, positions = Path(name) / "rows.npy", Path(name) / "positions.npy"
        np.save(rows, items.astype(np.float32))
        found = run_peer("umap_layout.py", rows, positions, "--components", components)
        return PeerLayout(
            np.load(positions, allow_pickle=False), found["seconds"], int(found["threads"]), str(found["version"])
        )


@dataclass(frozen=True)
class OurLayout:
    """How the cloud came about. Seconds count from the loaded dataset, without measuring."""

    trajectory: tuple[tuple[float, float], ...]
    """(seconds, kNN accuracy), from the first cloud on."""
    inputs_s: float
    graph_s: float
    first_cloud_s: float
    """When the cloud is there for the first time: before neighbours are known."""
    steps_per_s: float
    epochs_per_s: float
    encode_s: float
    """How long one look at all items takes."""
    threads: int

    def seconds_to(self, accuracy: float) -> float | None:
        """Return when the cloud was first seen to be so good; None: never."""
        return next((seconds for seconds, reached in self.trajectory if reached >= accuracy), None)

    def accuracy_at(self, seconds: float) -> float | None:
        """Return how good the cloud was when it was last looked at up to then; None: it was not there yet."""
        return next((reached for at, reached in reversed(self.trajectory) if at <= seconds), None)


def our_layout(
    dataset: Dataset,
    target: float,
    *,
    at_s: float = 0.0,
    limit_s: float = 300.0,
    parameters: Parameters | None = None,
    threads: int = 0,
) -> OurLayout:
    """Do what the trainer does, on the CPU and without labels, until the cloud is as good as `target`.

    It goes on for at least `at_s` seconds, so that it can be told how good the cloud is then, at most for `limit_s`.
    `threads`: 0 for all cores that may be used, at most 8 as in the trainer.
    """
    run = _Run(dataset, parameters or Parameters(), threads or usable_cores())
    run.prepare()
    for until_s in _moments(run.prepared_s, at_s, limit_s):
        if until_s <= run.seconds:
            continue
        run.train(until_s)
        run.look()
        if until_s >= at_s and max(reached for _, reached in run.trajectory) >= target:
            break
    return run.found()


class _Run:
    """A layout under way. Its clock stands still while quality is measured."""

    def __init__(self, dataset: Dataset, parameters: Parameters, threads: int) -> None:
        assert dataset.truth is not None
        torch.set_num_threads(threads)
        _import_all()
        self._dataset, self._truth, self._parameters, self._threads = dataset, dataset.truth, parameters, threads
        self.seconds = 0.0
        self._looks_s: list[float] = []
        self.trajectory: list[tuple[float, float]] = []

    def prepare(self) -> None:
        """Come to the first cloud, then to the neighbours, in the trainer's order."""
        wanted, seed = self._parameters, self._parameters.seed
        inputs = self._on(lambda: fit_inputs(self._dataset, wanted.components, seed))[1]
        self._inputs_s = self.seconds
        self._training = self._on(lambda: Training(inputs, wanted, "cpu"))
        self.look()
        self._first_cloud_s = self.trajectory[0][0]
        before_s = self.seconds
        neighbours = self._on(lambda: nearest_neighbours(inputs, wanted.neighbours, self._threads))
        self._on(lambda: self._training.set_neighbours(neighbours))
        self._graph_s = self.seconds - before_s
        self.prepared_s = self.seconds

    def train(self, until_s: float) -> None:
        """Make steps until the clock says `until_s`."""
        began = time.perf_counter()
        end = began + until_s - self.seconds
        while time.perf_counter() < end:
            self._training.step()
        self.seconds += time.perf_counter() - began

    def look(self) -> None:
        """Measure quality. The look at the cloud that is measured is part of its time; earlier ones are not."""
        began = time.perf_counter()
        positions = self._training.encode().positions
        self._looks_s.append(time.perf_counter() - began)
        quality = knn_accuracy(positions, self._truth, self._parameters.seed)
        self.trajectory.append((self.seconds + self._looks_s[-1], quality))

    def found(self) -> OurLayout:
        """Return how it went."""
        steps_per_s = self._training.step_count / max(self.seconds - self.prepared_s, 1e-9)
        epoch_steps = len(self._dataset) / len(self._training.draw().items)
        return OurLayout(
            tuple(self.trajectory),
            self._inputs_s,
            self._graph_s,
            self._first_cloud_s,
            steps_per_s,
            steps_per_s / epoch_steps,
            float(np.median(self._looks_s)),
            self._threads,
        )

    def _on(self, act: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = act()
        self.seconds += time.perf_counter() - began
        return result


def _import_all() -> None:
    """Make a tiny training: with its first optimiser torch imports what takes seconds."""
    rows = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    training = Training(rows, Parameters(), "cpu")
    training.set_neighbours(nearest_neighbours(rows, 3, 1))
    training.step()


def usable_cores() -> int:
    """Return how many cores this process may use, at most 8: more the trainer does not take by itself."""
    return max(1, min(len(os.sched_getaffinity(0)), int(cpu_quota() or MOST_THREADS), MOST_THREADS))


def _moments(prepared_s: float, at_s: float, limit_s: float) -> Iterator[float]:
    """Yield when to measure, by the clock of the layout: ever more seldom, also at `at_s`, and last at `limit_s`."""
    trained_s = FIRST_LOOK_S
    last_s = prepared_s
    while last_s < limit_s:
        next_s = min(prepared_s + trained_s, limit_s)
        if last_s < at_s < next_s:
            next_s = at_s
        else:
            trained_s *= GROWTH
        yield next_s
        last_s = next_s


def figures_of(ours: OurLayout, umap: PeerLayout | None, umap_accuracy: float | None, count: int) -> dict[str, object]:
    """Return what stands in the line of JSON; those of UMAP are null where it was not there."""
    of_all = f"_{WHOLE_FASHION_MNIST // 1000}k" if count == WHOLE_FASHION_MNIST else ""
    figures: dict[str, object] = dict.fromkeys(
        ("umap_time_ratio", "umap_equal_ratio", "knn_accuracy", "umap_knn_accuracy", "umap_s", "umap_threads")
    )
    if umap is not None and umap_accuracy is not None:
        figures |= {
            "umap_time_ratio": _ratio(ours.seconds_to(umap_accuracy - NEARLY), umap.seconds),
            "umap_equal_ratio": _ratio(ours.seconds_to(umap_accuracy), umap.seconds),
            "knn_accuracy": rounded(ours.accuracy_at(umap.seconds), 4),
            "umap_knn_accuracy": rounded(umap_accuracy, 4),
            "umap_s": rounded(umap.seconds, 2),
            "umap_threads": umap.threads,
            "umap_version": umap.version,
        }
    return figures | {
        "last_knn_accuracy": rounded(ours.trajectory[-1][1], 4),
        "last_at_s": rounded(ours.trajectory[-1][0], 2),
        "threads": ours.threads,
        "inputs_s": rounded(ours.inputs_s, 3),
        "first_cloud_s": rounded(ours.first_cloud_s, 3),
        "graph_s": rounded(ours.graph_s, 3),
        "steps_per_s": rounded(ours.steps_per_s, 1),
        f"epochs_per_s{of_all}": rounded(ours.epochs_per_s, 3),
        f"encode_s{of_all}": rounded(ours.encode_s, 4),
    }


def _ratio(ours_s: float | None, umap_s: float) -> float | None:
    return None if ours_s is None else rounded(ours_s / umap_s, 3)


def rounded(value: float | None, digits: int) -> float | None:
    """Return a figure for JSON: what is not finite is null there."""
    return round(value, digits) if value is not None and np.isfinite(value) else None


def compare(
    dataset: Dataset, *, limit_s: float = 300.0, components: int = 0, seed: int = 0, threads: int = 0
) -> tuple[OurLayout, dict[str, object]]:
    """Lay a dataset out with UMAP, then with the trainer until its cloud is as good; return that and the figures.

    Where UMAP is not to be had, the trainer goes on for `limit_s`.
    """
    assert dataset.truth is not None
    umap, umap_accuracy, at_s, target = None, None, 0.0, np.inf
    try:
        umap = umap_layout(dataset.features(), components)
        target = umap_accuracy = knn_accuracy(umap.positions, dataset.truth, seed)
        at_s = umap.seconds
    except PeerError as error:
        print(f"no comparison with UMAP: {error}", file=sys.stderr, flush=True)
    ours = our_layout(
        dataset, target, at_s=at_s, limit_s=max(limit_s, at_s), parameters=Parameters(seed=seed), threads=threads
    )
    return ours, figures_of(ours, umap, umap_accuracy, len(dataset))


def watched_session(dataset: Dataset, gestures: int, seed: int, threads: int = 1) -> dict[str, object]:
    """Have a person mark the cloud of a dataset; return how it moved meanwhile, and how it lies at the end.

    The session is that of virtual_session.py: a second of it is a second of the training thread's processor time, so
    with one thread the result does not depend on what else the machine does.
    """
    torch.set_num_threads(threads)
    training = prepared(dataset, Parameters(seed=seed), threads)
    watch, used = MovementWatch(seed), list[tuple[float, float]]()

    def see(now_s: float, encoded: Encoded) -> None:
        watch.see(now_s, encoded.positions)
        used.append((now_s, space_used(encoded.positions)))

    with tempfile.TemporaryDirectory() as scratch:
        person = PersonParameters(seed=seed, gestures=gestures)
        session = VirtualSession(
            dataset, training, person, Path(scratch), on_encoded=see, on_part=watch.see_part, on_marked=watch.mark
        )
        session.run(SETTLE_S)
    before = [share for at_s, share in used if at_s <= watch.first_mark_s]
    return {
        "gestures": gestures,
        **watch.figures(),
        "space_used_before_marks": rounded(before[-1], 3),
        "space_used_least_after": rounded(min([share for _, share in used[len(before) :]], default=np.nan), 3),
        "space_used": rounded(used[-1][1], 3),
        "separation": rounded(separation(training.encode().positions, session.labels), 3),
    }


def prepared(dataset: Dataset, parameters: Parameters, threads: int) -> Training:
    """Return the training of a dataset, on the CPU, with its neighbours: ready for its first step."""
    _, inputs = fit_inputs(dataset, parameters.components, parameters.seed)
    training = Training(inputs, parameters, "cpu")
    training.set_neighbours(nearest_neighbours(inputs, parameters.neighbours, threads))
    return training


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--dataset", default="fashion_mnist")
    parser.add_argument("--items", type=int, default=0, help="at most so many, chosen by seed; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit-s", type=float, default=300.0, help="longest layout of ours; default: 300")
    parser.add_argument("--components", type=int, default=0, help="principal components for UMAP; 0: all columns")
    parser.add_argument("--threads", type=int, default=0, help="of ours; 0: all cores, at most 8")
    parser.add_argument("--gestures", type=int, default=20, help="marks of the session that is watched; 0: none is")
    options = parser.parse_args()
    dataset = installing_missing(lambda: load(options.dataset, max_items=options.items, seed=options.seed))
    ours, figures = compare(
        dataset,
        limit_s=options.limit_s,
        components=options.components,
        seed=options.seed,
        threads=options.threads,
    )
    print(report.table(("seconds", "kNN accuracy"), [(f"{s:.2f}", f"{a:.4f}") for s, a in ours.trajectory]))
    moved = watched_session(dataset, options.gestures, options.seed) if options.gestures else {}
    named = {"dataset": dataset.name, "items": len(dataset), **figures, **moved}
    print(report.table(("layout", "found"), list(named.items())))
    report.finish("layout", named | {"trajectory": [(round(s, 2), round(a, 4)) for s, a in ours.trajectory]})
    return 0


if __name__ == "__main__":
    sys.exit(main())
