"""Recorded hands: each file is one gesture, recognised from beginning to end, and nothing else."""

from dataclasses import replace

import pytest
from gesture_bench import GestureBench
from gesture_trials import NAMES
from recorded_hands import DIRECTORY, load

from latentvr_common.gestures import MARKING, Phase
from latentvr_common.hands import Hand

FILES = sorted(DIRECTORY.glob("*/*.npz"))


def test_every_gesture_is_there_by_own_hands_and_by_those_of_a_runtime() -> None:
    assert {(path.parent.name, path.stem) for path in FILES} == {(by, n) for by in ("own", "monado") for n in NAMES}
    assert sum(path.stat().st_size for path in FILES) < 2_000_000


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_a_recorded_gesture_is_recognised_and_nothing_else(path: object) -> None:
    recording = load(path)  # type: ignore[arg-type]
    bench = GestureBench()
    bench.labeler.hold(replace(bench.labeler.tool, kind=recording.kind))
    bench.watch(recording.hands)
    assert {r.name for r in bench.reports} == {recording.name}
    if recording.name == "poke":
        assert [(r.phase, r.detail) for r in bench.reports] == [(Phase.END, "category:2")]
        return
    assert bench.phases(recording.name) == [Phase.BEGIN, Phase.END]
    assert [e.gesture for e in bench.commits] == [recording.name] * (recording.name in MARKING)


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_a_recorded_gesture_of_hands_that_are_never_tracked_is_none(path: object) -> None:
    bench = GestureBench()
    bench.watch(replace(h, left=Hand(), right=replace(h.right, tracked=False)) for h in load(path).hands)  # type: ignore[arg-type]
    assert bench.reports == []
