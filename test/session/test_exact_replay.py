"""A session on the digits that is killed, resumed and replayed: the same to the last bit, and what differs is named."""

import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from latentvr import msg
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer
from rclpy.serialization import deserialize_message, serialize_message
from running import RUNNER, RunningSession
from undoing import undone_and_never_made

from latent_trainer.replay import read_story
from latentvr_common.bags.bag import open_bag
from latentvr_common.datasets import load

REPLAY = RUNNER.parent / "replay_training"
TIMEOUT_S = 240
ARGUMENTS = ("view:=off", "pace:=8", "settle_s:=2", "seed:=5")


@dataclass(frozen=True)
class Done:
    """A session that was killed in the middle, and resumed."""

    directory: Path
    dataset: Path
    output: str
    """Of the second part."""

    @property
    def bag(self) -> Path:
        return self.directory / "bag"


def entries(directory: Path) -> int:
    with sqlite3.connect(f"file:{directory}/labels.db?mode=ro", uri=True) as database:
        return int(database.execute("SELECT count(*) FROM event").fetchone()[0])


def has_checkpoint_with_labels(directory: Path) -> bool:
    manifests = directory.glob("checkpoints/[0-9]*/manifest.json")
    return any(json.loads(manifest.read_text())["label_seq"] for manifest in manifests)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    place = tmp_path_factory.mktemp("replay")
    directory, dataset = place / "session", place / "digits.npz"
    digits = load("digits", max_items=0, seed=0)
    assert digits.truth is not None
    np.savez(dataset, items=digits.items, truth=digits.truth)
    with RunningSession(*ARGUMENTS, "gestures:=1000", f"dataset:={dataset}", f"directory:={directory}") as session:
        session.wait_until(lambda: has_checkpoint_with_labels(directory), TIMEOUT_S)
        marked = entries(directory)
        session.wait_until(lambda: entries(directory) > marked, TIMEOUT_S)
        marked = entries(directory)
        for process in session.family():
            os.kill(process.pid, signal.SIGKILL)
    with RunningSession("gestures:=3", "settle_s:=2", f"resume:={directory}") as session:
        assert session.end(at_most_s=TIMEOUT_S) == 0, session.output
        assert entries(directory) >= marked + 3
        yield Done(directory, dataset, session.output)


def replay(bag: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(REPLAY), str(bag), *words], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


def test_a_killed_session_goes_on_with_its_labels_and_its_network(done: Done) -> None:
    story = read_story(open_bag(done.bag))
    first, second = story.runs
    beginning = story.runs[second][0]
    assert beginning.parent is not None
    assert beginning.parent.run == first
    assert beginning.attempts > 0
    assert beginning.said.seq > 0, "it goes on with labels"
    assert story.runs[second][-1].attempts > beginning.attempts
    assert "the last recorder" in done.output
    description = json.loads((done.directory / "session.json").read_text())
    assert description["arguments"]["gestures"] == 1000
    assert [how["arguments"]["gestures"] for how in description["resumed"]] == [3]
    assert json.loads((done.directory / "summary.json").read_text())["accuracy"] > 0.2


def test_its_replay_is_equal_at_every_step_and_digest(done: Done) -> None:
    found = replay(done.bag)
    story = read_story(open_bag(done.bag))
    steps = sum(len(e.losses) for run in story.runs.values() for e in run)
    checks = sum(bool(e.weights_digest) for run in story.runs.values() for e in run)
    assert found.stdout == f"equal: {steps:,} steps and {checks:,} digests of 2 runs\n", found.stdout + found.stderr
    assert found.returncode == 0
    epochs = {e.epoch for run in story.runs.values() for e in run if e.weights_digest}
    assert epochs == set(range(max(epochs) + 1)), "every epoch has its digest"


def test_with_one_label_moved_the_first_step_that_differs_is_the_next_one(done: Done, tmp_path: Path) -> None:
    story = read_story(open_bag(done.bag))
    run = next(iter(story.runs))
    mark = next(event for event in story.events.values() if event.is_mark)
    applied = next(e.attempts for e in story.runs[run] if e.said.seq >= mark.seq)
    moved = copy_bag(
        done.bag, tmp_path / "bag", lambda event: move_one_label(event) if event.seq == mark.seq else event
    )
    found = replay(moved)
    assert found.returncode == 1, found.stderr
    assert found.stdout.startswith(f"step {applied + 1} of run {run[:8]} differs: the labels"), found.stdout


def move_one_label(event: msg.LabelEvent) -> msg.LabelEvent:
    ids = np.asarray(event.sample_ids)
    other = next(i for i in range(1797) if i not in set(ids.tolist()))
    event.sample_ids = np.sort(np.append(ids[1:], other)).astype(np.uint32)
    return event


def copy_bag(bag: Path, copy: Path, change: Callable[[msg.LabelEvent], msg.LabelEvent]) -> Path:
    """Copy a bag as one whose recorder was killed, with its label entries changed."""
    copy.mkdir()
    with open(copy / "bag_0.mcap", "wb") as out:
        writer = Writer(out, use_chunking=False, compression=CompressionType.NONE)
        writer.start(profile="ros2")
        channels: dict[str, int] = {}
        for file in sorted(bag.glob("*.mcap")):
            with open(file, "rb") as opened:
                for schema, channel, message in make_reader(opened).iter_messages():
                    assert schema is not None
                    if channel.topic not in channels:
                        schema_id = writer.register_schema(schema.name, schema.encoding, schema.data)
                        channels[channel.topic] = writer.register_channel(
                            channel.topic, channel.message_encoding, schema_id, channel.metadata
                        )
                    data = message.data
                    if schema.name == "latentvr/msg/LabelEvent":
                        data = serialize_message(change(deserialize_message(data, msg.LabelEvent)))
                    writer.add_message(channels[channel.topic], message.log_time, data, message.publish_time)
        writer.finish()
    return copy


def test_with_the_dataset_changed_by_one_byte_it_is_refused(done: Done, tmp_path: Path) -> None:
    with np.load(done.dataset, allow_pickle=False) as arrays:
        items, truth = arrays["items"].copy(), arrays["truth"]
    items.reshape(-1).view(np.uint8)[0] ^= 1
    changed = tmp_path / "changed.npz"
    np.savez(changed, items=items, truth=truth)
    found = replay(done.bag, f"dataset:={changed}")
    assert (found.returncode, found.stdout) == (2, "")
    assert f"error: dataset {changed} is not that of the session: 1797 items with digest" in found.stderr
    shutil.copy(done.dataset, tmp_path / "elsewhere.npz")
    assert replay(tmp_path / "nothing", f"dataset:={tmp_path / 'elsewhere.npz'}").returncode == 2


def test_without_an_entry_the_rest_is_trained_again_and_compared(done: Done) -> None:
    found = replay(done.bag, "without:=1")
    assert found.returncode == 0, found.stderr
    first, second = found.stdout.splitlines()
    assert first.startswith("without entry 1: ")
    assert "of 1,797 items are predicted otherwise" in first
    assert second.startswith("right predictions: ")
    refused = replay(done.bag, "without:=100000")
    assert refused.returncode == 2
    assert "error: argument without names entry 100000, but the journal of the bag has" in refused.stderr


@pytest.mark.parametrize("which", [0, -1])
def test_without_a_mark_training_from_a_checkpoint_is_what_it_is_where_the_mark_was_never_made(
    done: Done, which: int
) -> None:
    marks = [event.seq for event in read_story(open_bag(done.bag)).events.values() if event.is_mark]
    as_it_was, undone, never_made = undone_and_never_made(done.directory, marks[which], print)
    assert undone == never_made
    assert undone != as_it_was


def test_a_session_does_not_go_on_with_another_dataset(done: Done, tmp_path: Path) -> None:
    with np.load(done.dataset, allow_pickle=False) as arrays:
        np.savez(tmp_path / "fewer.npz", items=arrays["items"][1:], truth=arrays["truth"][1:])
    began = time.monotonic()
    with RunningSession(f"resume:={done.directory}", f"dataset:={tmp_path / 'fewer.npz'}") as session:
        assert session.end(at_most_s=60) == 2
        assert "is a session on another dataset than" in session.output
    with RunningSession(f"resume:={done.directory}", "seed:=6") as session:
        assert session.end(at_most_s=60) == 2
        assert "argument seed is 6, but the session to resume has 5" in session.output
    with (done.directory / "labels.db.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with RunningSession(f"resume:={done.directory}") as session:
            assert session.end(at_most_s=60) == 2
            assert f"the session in {done.directory} still runs" in session.output
    with RunningSession(f"resume:={tmp_path}") as session:
        assert session.end(at_most_s=60) == 2
        assert f"argument resume: {tmp_path} holds no session: there is no session.json" in session.output
    assert time.monotonic() - began < 180
