"""How few gestures categorise a whole dataset: accuracy against gestures, medians over seeds, beside known figures.

Sessions run without ROS on a clock of their own (virtual_session.py): the real person, labeler, journal and training.
Then, on all of Fashion-MNIST: the cloud without labels beside UMAP's (layout.py), and a session through the whole graph
(whole_session.py). Sessions that this code has made before are not made again. Arguments: dataset:=<name or path>
gestures:=40 seeds:=3 do the accuracy part for one dataset with truth in it.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import layout
import report
import torch
from kept_sessions import KeptSessions, code_digest
from layout import prepared
from other_data import other_dataset
from virtual_session import Moment, VirtualSession, accuracies
from whole_session import whole_session

from latent_trainer.forces import forces_relative_error
from latent_trainer.parameters import Parameters
from latentvr_common.datasets import load
from latentvr_common.errors import EXIT_INPUT_ERROR, InputError
from latentvr_session.system_packages import installing_missing
from scripted_hands.parameters import Parameters as PersonParameters

AT = (5, 10, 20, 30, 40, 60, 80)
SETTLE_S = 10.0
ANCHORS = {
    "fashion_mnist": (
        ("plain prototype (kNN graph, InfoNC-t-SNE, contrastive, cross-entropy)", {10: 59, 20: 69, 30: 73, 40: 74}),
        ("second prototype (graph teacher, shifted copies, pseudo-labels)", {10: 64, 20: 74, 30: 75, 40: 77, 60: 79}),
        ("people, three for each image (Xiao et al. 2017)", {0: 83.5}),
    )
}
CLOUD_KEYS = {
    "cloud_hz": "cloud_hz_70k",
    "first_cloud_s": "first_cloud_s_70k",
    "accuracy": "graph_accuracy_40",
    "wall_s": "graph_session_s",
    **{name: f"graph_{name}" for name in ("movement_median", "movement_largest", "reaction_s", "unmarked_reaction_s")},
}


@dataclass(frozen=True)
class Run:
    """One session to make."""

    dataset: str
    gestures: int
    seed: int


@dataclass(frozen=True)
class Found:
    """What came of it."""

    run: Run
    curve: dict[int, float]
    seconds: dict[int, float]
    """When so many marks were made, seconds of the session from the first step."""
    prepare_s: float
    label_purity: float
    labels: int
    ece: float
    forces_relative_error: float


def session(run: Run) -> Found:
    """Make one session."""
    torch.set_num_threads(1)
    dataset = load(run.dataset, seed=run.seed)
    began = time.process_time()
    training = prepared(dataset, Parameters(dataset=run.dataset, seed=run.seed), 1)
    prepare_s = time.process_time() - began
    person = PersonParameters(dataset=run.dataset, seed=run.seed, gestures=run.gestures)
    with tempfile.TemporaryDirectory() as scratch:
        moments = VirtualSession(dataset, training, person, Path(scratch)).run(SETTLE_S)
    return _found(run, moments, prepare_s, forces_relative_error(training, training.draw()))


def _found(run: Run, moments: list[Moment], prepare_s: float, forces_error: float) -> Found:
    at = [*[n for n in AT if n < run.gestures], run.gestures]
    curve = dict(zip(at, accuracies(moments, at), strict=True))
    seconds = {m.gestures: m.at_s for m in moments}
    last = moments[-1]
    return Found(run, curve, seconds, prepare_s, last.label_purity, last.labels, last.ece, forces_error)


def sessions(runs: Sequence[Run], at_once: int, kept: KeptSessions[Found] | None) -> list[Found]:
    """Make several, `at_once` beside each other, but those that are kept, and tell of each as it ends."""
    before = {run: kept.get(_name_of(run)) for run in runs} if kept else {}
    found = {run: one for run, one in before.items() if one is not None and one.run == run}
    for one in found.values():
        print(f"{_in_a_line(one)} (kept from before)", flush=True)
    with ProcessPoolExecutor(at_once, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(session, run) for run in runs if run not in found]):
            done = future.result()
            print(_in_a_line(done), flush=True)
            if kept:
                kept.put(_name_of(done.run), done)
            found[done.run] = done
    return [found[run] for run in runs]


def be_there(datasets: Sequence[str]) -> None:
    """Install what is missing of the datasets. Raises InputError for one that cannot be used."""
    for name in dict.fromkeys(datasets):
        dataset = installing_missing(partial(load, name))
        if dataset.truth is None:
            raise InputError(f"dataset {name}: has no truth, expected some to measure by")


def _name_of(run: Run) -> str:
    return f"{Path(run.dataset).stem}-{run.gestures}-{run.seed}"


def _in_a_line(done: Found) -> str:
    end = done.run.gestures
    curve = ", ".join(f"{n}: {100 * share:.1f}" for n, share in done.curve.items())
    return (
        f"{Path(done.run.dataset).name}, seed {done.run.seed}: % right after so many marks: {curve}; "
        f"{done.seconds[end] + done.prepare_s:.0f} s, {done.labels} labels, {100 * done.label_purity:.1f} % right"
    )


def kept_sessions(folder: Path) -> KeptSessions[Found]:
    """Return the sessions that were made before by this code."""
    return KeptSessions(folder, code_digest(), asdict, _from_json)


def _from_json(says: dict[str, Any]) -> Found:
    by_count = {name: {int(n): float(value) for n, value in says[name].items()} for name in ("curve", "seconds")}
    return Found(**{**says, **by_count, "run": Run(**says["run"])})


def spread(name: str, values: Sequence[float], digits: int = 4) -> dict[str, float]:
    """Return the median of `values`, and the smallest and largest beside it."""
    return {
        name: round(median(values), digits),
        f"{name}_min": round(min(values), digits),
        f"{name}_max": round(max(values), digits),
    }


def curves(found: Sequence[Found]) -> str:
    """Return a table: a row for each dataset and each known figure, a column for each number of gestures."""
    rows: list[list[object]] = []
    for dataset in dict.fromkeys(f.run.dataset for f in found):
        of_it = [f for f in found if f.run.dataset == dataset]
        cells = [_cell([f.curve[n] for f in of_it if n in f.curve]) for n in AT]
        rows.append([f"{Path(dataset).name}, {len(of_it)} seeds: median (range), % correct", *cells])
        for name, known in ANCHORS.get(dataset, ()):
            any_number = known.get(0)
            rows.append([f"  {name}", *[known.get(n, any_number or "") for n in AT]])
    return report.table(("gestures", *AT), rows)


def _cell(values: Sequence[float]) -> str:
    if not values:
        return ""
    return f"{100 * median(values):.1f} ({100 * min(values):.0f}-{100 * max(values):.0f})"


def main(words: Sequence[str]) -> int:
    """Run, and report."""
    given = dict(word.split(":=", 1) for word in words)
    seeds = range(int(given.get("seeds", "3")))
    if "dataset" in given:
        gestures = int(given.get("gestures", "40"))
        runs = [Run(given["dataset"], gestures, seed) for seed in seeds]
    else:
        other = str(other_dataset(report.RESULTS / "data"))
        wanted = (("fashion_mnist", 80), ("digits", 20), (other, 60))
        runs = [Run(dataset, gestures, seed) for dataset, gestures in wanted for seed in seeds]
    # A file of the user's own may change between two calls: its sessions are not kept.
    kept = None if "dataset" in given else kept_sessions(report.RESULTS / "sessions")
    try:
        be_there([run.dataset for run in runs])
    except InputError as error:
        print(error, file=sys.stderr)
        return EXIT_INPUT_ERROR
    found = sessions(runs, int(given.get("at_once", "2")), kept)
    print(curves(found), flush=True)
    named = figures(found)
    if "dataset" not in given:
        named |= cloud_figures()
        print(report.table(("the cloud of Fashion-MNIST", "found"), list(named.items())))
    report.finish("learning", named)
    return 0


def cloud_figures() -> dict[str, object]:
    """Return how good the cloud is and how soon, beside UMAP's, and how a session of 40 marks goes, all of 70,000."""
    dataset = load("fashion_mnist")
    named = layout.compare(dataset)[1]
    moved = layout.watched_session(dataset, 20, 0)
    named |= {name: moved[name] for name in ("space_used", "space_used_before_marks", "separation", "reaction_s")}
    del dataset
    with tempfile.TemporaryDirectory() as scratch:
        words = ("dataset:=fashion_mnist", "gestures:=40", "view:=headless")
        seen = whole_session(words, Path(scratch) / "session")
    return named | {key: seen[name] for name, key in CLOUD_KEYS.items()}


def figures(found: Sequence[Found]) -> dict[str, object]:
    """Return what stands in the line of JSON."""
    named: dict[str, object] = {}
    for dataset in dict.fromkeys(f.run.dataset for f in found):
        of_it = [f for f in found if f.run.dataset == dataset]
        for at in AT:
            values = [f.curve[at] for f in of_it if at in f.curve]
            if values:
                named |= spread(f"{Path(dataset).stem}_accuracy_{at}", values)
    named |= spread("ece", [f.ece for f in found])
    named |= spread("forces_relative_error", [f.forces_relative_error for f in found], digits=9)
    named |= spread("session_s", [f.prepare_s + f.seconds[min(40, f.run.gestures)] + SETTLE_S for f in found])
    return named


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
