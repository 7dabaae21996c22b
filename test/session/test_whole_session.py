"""One whole session on digits, hands to results: everything that came out of it agrees."""

import csv
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pyarrow.csv
import pyarrow.parquet
import pytest
from listening import Listener
from PIL import Image
from rosbags.highlevel import AnyReader
from running import ROOT, RunningSession

from latentvr_common import conversions, topics
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.datasets import load
from latentvr_common.labels import Kind, LabelBook
from latentvr_session.description import PARTS
from session_recorder.examining import examine

GESTURES = 14
NOT_HERE = ("monado_service", "xr_bridge", "desktop", "room_markers")
SUMMARY_KEYS = [
    "items",
    "gestures",
    "labels",
    "conflicts",
    "label_purity",
    "accuracy",
    "confidence",
    "ece",
    "space_used",
    "epochs",
    "branch",
    "duration_s",
    "cloud_hz",
    "directory",
]


@dataclass
class Finished:
    """A session that has ended, and what was heard while it ran."""

    directory: Path
    session: RunningSession
    exit_code: int
    heard: dict[str, list[Any]]
    metrics: Path
    left_behind: list[psutil.Process]

    @property
    def clouds(self) -> list[Cloud]:
        return [conversions.cloud_from_msg(m) for m in self.heard[topics.CLOUD.name]]

    def table(self) -> dict[str, np.ndarray]:
        table = pyarrow.parquet.read_table(self.directory / "items.parquet")
        return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    directory = tmp_path_factory.mktemp("sessions") / "digits"
    metrics = directory.with_name("metrics")
    heard = (topics.CLOUD, topics.EPOCH, topics.LABELS, topics.GESTURES, topics.CATEGORIES)
    arguments = (f"gestures:={GESTURES}", "pace:=2.5", "settle_s:=8", "view:=headless", f"directory:={directory}")
    with Listener(*heard) as listener, RunningSession(*arguments) as session:
        logger = subprocess.Popen(
            [sys.executable, str(ROOT / "examples" / "metrics_logger.py"), "--directory", str(metrics)], env=os.environ
        )
        try:
            for part in PARTS:
                if part.executable not in NOT_HERE:
                    session.pid_of(part.executable)
            family = session.family()
            code = session.end(at_most_s=300)
        finally:
            logger.send_signal(signal.SIGINT)
            logger.wait(20)
        left = [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
        yield Finished(directory, session, code, listener.messages, metrics, left)


@pytest.mark.alone  # In it the session runs; the others look at what it left.
def test_it_ends_by_itself_with_the_summary_as_its_last_line(finished: Finished) -> None:
    assert finished.exit_code == 0, finished.session.output
    summary = finished.session.summary()
    assert list(summary) == SUMMARY_KEYS
    assert summary == json.loads((finished.directory / "summary.json").read_text())
    assert (summary["items"], summary["gestures"]) == (1797, GESTURES)
    assert summary["directory"] == str(finished.directory)
    assert "categorised correctly" in finished.session.output


def test_nothing_is_left_running(finished: Finished) -> None:
    assert finished.left_behind == []


def test_accuracy_is_far_above_chance_and_labels_are_mostly_right(finished: Finished) -> None:
    summary = finished.session.summary()
    assert summary["accuracy"] > 0.7
    assert summary["label_purity"] > 0.75
    assert summary["cloud_hz"] > 5
    table, truth = finished.table(), load("digits").truth
    # Both are of the step at which training stopped.
    assert summary["accuracy"] == pytest.approx((table["predicted_id"] == truth).mean(), abs=1e-4)


def test_labels_in_the_journal_equal_those_in_the_bag_in_the_export_and_on_the_topic(finished: Finished) -> None:
    with sqlite3.connect(f"file:{finished.directory}/labels.db?mode=ro", uri=True) as database:
        rows = database.execute("SELECT seq, event_id, category, sample_ids FROM event ORDER BY seq").fetchall()
        current = dict(database.execute("SELECT sample_id, category FROM current_label").fetchall())
    journal = [(seq, name, category, json.loads(ids)) for seq, name, category, ids in rows]
    assert len(journal) == GESTURES
    heard = [(m.seq, m.event_id, m.category, list(m.sample_ids)) for m in finished.heard[topics.LABELS.name]]
    assert heard == journal
    bag = [(m.seq, m.event_id, m.category, m.sample_ids.tolist()) for m in read_bag(finished.directory, "labels")]
    assert bag == journal
    exported = finished.table()["label_id"]
    assert {i: int(c) for i, c in enumerate(exported) if c != NONE} == current


def read_bag(directory: Path, topic: str) -> list[Any]:
    with AnyReader([directory / "bag"]) as reader:
        connections = [c for c in reader.connections if c.topic == f"/latentvr/{topic}"]
        return [reader.deserialize(raw, c.msgtype) for c, _, raw in reader.messages(connections=connections)]


def test_the_bag_reads_back_complete(finished: Finished) -> None:
    epochs = read_bag(finished.directory, "epoch")
    stamps = {(m.header.stamp.sec, m.header.stamp.nanosec) for m in epochs}
    heard = {(m.header.stamp.sec, m.header.stamp.nanosec) for m in finished.heard[topics.EPOCH.name]}
    # Both began and ended to listen at their own time; what came between, both must have.
    first, last = max(min(stamps), min(heard)), min(max(stamps), max(heard))
    differing = {s for s in stamps ^ heard if first <= s <= last}
    # A sender keeps one message: on a busy machine either of both may miss one.
    assert len(differing) <= 0.02 * len(heard)
    assert len(stamps) > 0.9 * len(heard)
    clouds = read_bag(finished.directory, "cloud")
    assert len(clouds) >= 10
    # A cloud goes out before its epoch: of the last one, recording may have missed it.
    assert len({(m.header.stamp.sec, m.header.stamp.nanosec) for m in clouds[:-1]} - stamps) <= 1
    for topic in ("hands", "head", "gestures", "selection", "categories", "cloud_placement"):
        assert read_bag(finished.directory, topic), topic
    hands = read_bag(finished.directory, "hands")
    seconds = (hands[-1].header.stamp.sec - hands[0].header.stamp.sec) or 1
    assert len(hands) / seconds > 40


def test_the_bag_is_whole_and_knows_what_it_lacks(finished: Finished) -> None:
    found = examine(finished.directory / "bag")
    assert [state for _, _, state in found.files] == ["whole, checksums hold"]
    labels = found.topics[f"/latentvr/{topics.LABELS.name}"]
    assert (labels.missing, labels.missing_labels) == (0, 0)
    for topic in found.topics.values():
        # Every message has its number. A sender keeps one message: on a busy machine some are missed.
        assert topic.numbered == topic.count, topic.name
        assert topic.keyframes or (topic.missing or 0) <= 2 + 0.05 * topic.count, topic.name
    assert found.topics[f"/latentvr/{topics.CLOUD.name}"].keyframes


def test_every_mark_was_acknowledged_with_its_place_in_the_journal(finished: Finished) -> None:
    ends = [m for m in finished.heard[topics.GESTURES.name] if m.name == "pinch_brush" and m.phase == m.END]
    assert [m.seq for m in ends] == list(range(1, GESTURES + 1))
    samples = {m.seq: len(m.sample_ids) for m in finished.heard[topics.LABELS.name]}
    assert {m.seq: m.samples for m in ends} == samples


def test_every_cloud_has_the_epoch_of_its_stamp_and_moves_gradually(finished: Finished) -> None:
    clouds = finished.clouds
    epochs = {conversions.time_from_msg(m.header.stamp) for m in finished.heard[topics.EPOCH.name]}
    without = {c.stamp_ns for c in clouds} - epochs
    # A sender keeps one message: on a busy machine a listener may miss one.
    assert len(without) <= 1 + 0.02 * len(clouds)
    steps = [np.linalg.norm(b.positions - a.positions, axis=1).mean() for a, b in pairwise(clouds)]
    moved = np.linalg.norm(clouds[-1].positions - clouds[0].positions, axis=1).mean()
    assert moved > 0.2
    # Latent units a frame, of a cloud of radius 1: a large sudden move would lose the person's place.
    assert np.median(steps) < 0.03
    assert max(steps) < 0.2


def within_and_between(cloud: Cloud, labels: np.ndarray) -> tuple[float, float]:
    """Mean distance to the own category's middle, and between the middles, latent units."""
    present = [c for c in np.unique(labels) if c != NONE]
    middles = np.array([cloud.positions[labels == c].mean(axis=0) for c in present])
    within = [
        np.linalg.norm(cloud.positions[labels == c] - m, axis=1).mean() for c, m in zip(present, middles, strict=True)
    ]
    apart = np.linalg.norm(middles[:, None] - middles[None], axis=2)
    return float(np.mean(within)), float(apart[np.triu_indices(len(present), 1)].mean())


def test_points_of_one_category_drew_together_and_apart_from_others(finished: Finished) -> None:
    book = LabelBook(1797)
    book.add_all(conversions.label_event_from_msg(m) for m in finished.heard[topics.LABELS.name])
    assert all(e.kind is Kind.ASSIGN for e in book.events())
    clouds = finished.clouds
    first_marked = next(c for c in clouds if (c.label != NONE).any())
    within_before, between_before = within_and_between(first_marked, book.labels)
    within_after, between_after = within_and_between(clouds[-1], book.labels)
    assert within_after / between_after < 0.8 * within_before / between_before


def test_csv_and_parquet_hold_the_same_and_the_model_is_there(finished: Finished) -> None:
    parquet = pyarrow.parquet.read_table(finished.directory / "items.parquet")
    comma = pyarrow.csv.read_csv(finished.directory / "items.csv")
    assert comma.column_names == parquet.column_names
    for name in ("sample_id", "label_id", "predicted_id"):
        assert comma[name].to_pylist() == parquet[name].to_pylist()
    np.testing.assert_allclose(comma["x"].to_numpy(), parquet["x"].to_numpy(), rtol=1e-5)
    assert (finished.directory / "model" / "model.safetensors").stat().st_size > 100_000
    assert json.loads((finished.directory / "model" / "model.json").read_text())["item_shape"] == [8, 8]


def test_still_and_time_lapse_can_be_looked_at(finished: Finished) -> None:
    with Image.open(finished.directory / "cloud.png") as still:
        pixels = np.asarray(still.convert("RGB"))
    assert min(pixels.shape[:2]) >= 600
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 500
    with av.open(str(finished.directory / "timelapse.mp4")) as video:
        frames = sum(1 for _ in video.decode(video=0))
    assert frames > 30


def test_the_session_file_says_what_it_was_made_of(finished: Finished) -> None:
    made_of = json.loads((finished.directory / "session.json").read_text())
    assert made_of["dataset"]["digest"] == load("digits").digest
    assert made_of["arguments"]["gestures"] == GESTURES
    assert (made_of["seed"], made_of["versions"]["torch"][:2]) == (0, "2.")
    assert stat.S_IMODE(finished.directory.stat().st_mode) == 0o700


def test_a_node_of_ones_own_wrote_epochs_and_labels(finished: Finished) -> None:
    with (finished.metrics / "labels.csv").open() as file:
        labels = list(csv.DictReader(file))
    assert [int(row["seq"]) for row in labels] == list(range(1, GESTURES + 1))
    with (finished.metrics / "epochs.csv").open() as file:
        epochs = list(csv.DictReader(file))
    assert len(epochs) > 50
    assert float(epochs[-1]["accuracy"]) > 0.7
    assert int(epochs[-1]["epoch"]) > int(epochs[0]["epoch"])
