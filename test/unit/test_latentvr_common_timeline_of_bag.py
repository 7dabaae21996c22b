"""What a session's bag has of the time before a window was opened: read, stored, and read by a process beside it."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from latentvr import msg
from rclpy.serialization import serialize_message

from cloud_view.desktop.remembering import Remembering
from latentvr_common import conversions, topics
from latentvr_common.bags.bag import open_bag
from latentvr_common.bags.definitions import definition_of, type_name
from latentvr_common.bags.layout import file_path
from latentvr_common.cloud import Cloud
from latentvr_common.labels import Category
from latentvr_common.timeline.events import What
from latentvr_common.timeline.of_bag import timeline_of
from latentvr_common.timeline.stored import store, stored_in
from latentvr_common.timeline.timeline import Timeline
from session_recorder.bag_file import BagFile
from session_recorder.channels import Channel, qos_entry

S = 1_000_000_000
ITEMS, SECONDS = 1_000, 60
BUDGET = 10_000_000


def channel(topic: topics.Topic) -> Channel:
    return Channel(f"/latentvr/{topic.name}", definition_of(type_name(topic.type)), qos_entry(topic.qos))


CLOUDS, EPOCHS, CATEGORIES = (channel(topic) for topic in (topics.CLOUD, topics.EPOCH, topics.CATEGORIES))
FORCES = channel(topics.FORCES)


def cloud(second: int) -> Cloud:
    random = np.random.default_rng(second)
    kinds = np.full(ITEMS, int(second >= 30), np.int16)
    return Cloud(
        second * S,
        np.random.default_rng(0).normal(size=(ITEMS, 3)).astype(np.float32),
        random.integers(0, 1 << 24, ITEMS).astype(np.uint32),
        kinds - 1,
        kinds,
        random.random(ITEMS).astype(np.float32),
    )


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """One whose recorder is still at work: a cloud a second, another prediction in second 30, a category in 40."""
    directory = tmp_path / "bag"
    directory.mkdir()
    file = BagFile(file_path(directory, 0))

    def put(into: Channel, second: int, message: object) -> None:
        file.write(into, second * S, second * S, serialize_message(message))

    categories = [Category(0, "ant", 1)]
    put(CATEGORIES, 1, conversions.categories_to_msg(categories, 1, S))
    for second in range(1, SECONDS + 1):
        put(CLOUDS, second, conversions.cloud_to_msg(cloud(second)))
        epoch = msg.Epoch(epoch=10 * second, state=msg.Epoch.TRAINING, accuracy=0.5)
        epoch.header.stamp = conversions.time_to_msg(second * S)
        put(EPOCHS, second, epoch)
        # Of the same type, and no cloud.
        put(FORCES, second, conversions.cloud_to_msg(replace(cloud(second), stamp_ns=second * S + 1)))
        if second == 40:
            put(CATEGORIES, 40, conversions.categories_to_msg([*categories, Category(1, "owl", 2)], 2, 40 * S))
            file.write(CLOUDS, 40 * S, 40 * S, b"no message")
    file.abandon()
    return directory


def check(timeline: Timeline) -> None:
    """Check that it is what the bag has until second 50."""
    assert [f.stamp_ns // S for f in timeline.frames.all] == list(range(1, 50))
    assert [f.epoch for f in timeline.frames.all] == list(range(10, 500, 10))
    for frame, second in zip(timeline.frames.all, range(1, 50), strict=True):
        again, then = frame.cloud(), cloud(second)
        np.testing.assert_allclose(again.positions, then.positions, rtol=2**-11, atol=1e-6)
        for name in ("rgb", "label", "predicted"):
            np.testing.assert_array_equal(getattr(again, name), getattr(then, name))
    assert [(e.stamp_ns // S, e.what, e.count, e.text) for e in timeline.events.all] == [
        (30, What.FLIPS, ITEMS, ""),
        (40, What.CATEGORIES, 0, "new category owl"),
    ]


def test_a_bag_that_is_still_written_to_is_a_timeline_up_to_its_cut(bag: Path) -> None:
    check(timeline_of(open_bag(bag), 50 * S, BUDGET))


def test_a_timeline_is_stored_and_read_again_also_when_its_files_are_gone(bag: Path, tmp_path: Path) -> None:
    before = timeline_of(open_bag(bag), 50 * S, BUDGET)
    stored = tmp_path / "stored"
    stored.mkdir()
    store(before, stored)
    after = stored_in(stored, BUDGET)
    for file in stored.iterdir():
        file.unlink()
    check(after)
    assert [f.progress.accuracy for f in after.frames.all[1:]] == [0.5] * 48
    assert after.events.all == before.events.all


def test_nothing_is_stored_and_read_again(tmp_path: Path) -> None:
    store(Timeline(1), tmp_path)
    assert len(stored_in(tmp_path, 1)) == 0


def wait(remembering: Remembering) -> Timeline | None:
    until = time.monotonic() + 60.0
    while remembering._reader is not None and time.monotonic() < until:
        found = remembering.look()
        if found is not None:
            return found
        time.sleep(0.02)
    return None


def test_another_process_reads_the_bag_once_and_leaves_nothing_behind(bag: Path) -> None:
    remembering = Remembering(bag, BUDGET / 1e6)
    remembering.begin(50 * S)
    assert remembering._scratch is not None
    scratch = Path(remembering._scratch.name)
    assert scratch.exists()
    found = wait(remembering)
    assert found is not None
    check(found)
    assert not scratch.exists()
    remembering.begin(50 * S)
    assert remembering._reader is None


def test_a_bag_that_cannot_be_read_is_told_of_in_one_line(bag: Path) -> None:
    file_path(bag, 0).write_bytes(b"x" * 2_000_000)
    remembering = Remembering(bag, 1.0)
    remembering.begin(50 * S)
    assert wait(remembering) is None
    assert "bag_0.mcap is no MCAP file" in remembering.reason
    assert "\n" not in remembering.reason


def test_a_window_that_closes_reads_no_more(bag: Path) -> None:
    remembering = Remembering(bag, 1.0)
    remembering.begin(50 * S)
    reader, scratch = remembering._reader, remembering._scratch
    assert reader is not None
    assert scratch is not None
    remembering.stop()
    assert reader.poll() is not None
    assert not Path(scratch.name).exists()


@pytest.mark.parametrize("name", ["bag", "nothing"])
def test_nothing_is_read_where_there_is_no_bag_or_it_has_just_begun(tmp_path: Path, name: str) -> None:
    (tmp_path / "bag").mkdir()
    BagFile(file_path(tmp_path / "bag", 0)).abandon()
    remembering = Remembering(tmp_path / name, 1.0)
    remembering.begin(50 * S)
    assert remembering._reader is None
    assert Remembering(None, 1.0).look() is None
