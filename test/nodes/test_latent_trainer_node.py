"""The trainer on real DDS: what it publishes, what it does with labels, what its services answer, and how it ends."""

import io
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
import wave
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
import rclpy
import torch
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from latentvr import msg, srv
from PIL import Image
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future

import latent_trainer
from latent_trainer import export_node, places, places_node, preparation
from latent_trainer import node as trainer_node
from latent_trainer.graph import nearest_neighbours
from latent_trainer.node import LatentTrainer
from latent_trainer.training import TERMS
from latentvr_common import conversions, entries_node, topics
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.colors import UNLABELLED_COLOR
from latentvr_common.errors import InputError
from latentvr_common.labels import Category, Kind, LabelBook, LabelEvent
from latentvr_common.node_tools import advertise, client, listen
from latentvr_common.place import Place

SOURCE = Path(latent_trainer.__file__).parent.parent
TIMEOUT_S = 60.0
ITEMS = 90
RATE_HZ = 20.0
TRUTH = np.repeat(np.arange(3), ITEMS // 3).astype(np.int16)
CATEGORIES = [Category(0, "dark", 0xFF8000), Category(1, "bright", 0x0080FF), Category(2, "striped", 0x20C020)]
MARKED_DARK, MARKED_BRIGHT = np.arange(0, 10, dtype=np.uint32), np.arange(30, 40, dtype=np.uint32)


def pictures() -> np.ndarray:
    """Dark, bright and striped pictures, with noise."""
    levels = np.full((ITEMS, 6, 6), 60)
    levels[TRUTH == 1] = 190
    levels[TRUTH == 2, ::2] = 200
    return (levels + np.random.default_rng(0).integers(-40, 40, size=levels.shape)).astype(np.uint8)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    path = tmp_path / "pictures.npz"
    np.savez(path, items=pictures(), truth=TRUTH, categories=np.array([c.name for c in CATEGORIES]))
    return path


def ros_arguments(parameters: dict[str, Any]) -> list[str]:
    small = {"width": 16, "batch": 32, "label_batch": 32, "threads": 1, "neighbours": 6, "cloud_rate_hz": RATE_HZ}
    given = {**small, **parameters}
    return ["--ros-args", *(part for k, v in given.items() for part in ("-p", f"{k}:={json.dumps(v)}"))]


class Journal:
    """The journal's side of the labels, with the entries that a test puts in. Lives on the test's executor."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._labels_out = advertise(node, topics.LABELS)
        self._categories_out = advertise(node, topics.CATEGORIES)
        self._book = LabelBook(2 * ITEMS)
        self.requests: list[int] = []
        self.leave_unanswered = 0

    def serve(self) -> None:
        # Reentrant: a request that is left unanswered must not hold up the next.
        service = topics.GET_LABELS
        group = ReentrantCallbackGroup()
        self._node.create_service(service.type, service.name, self._on_get_labels, callback_group=group)

    async def _on_get_labels(
        self, request: srv.GetLabels.Request, response: srv.GetLabels.Response
    ) -> srv.GetLabels.Response:
        self.requests.append(request.after_seq)
        if len(self.requests) <= self.leave_unanswered:
            await Future()
        events = self._book.events(request.after_seq, request.limit or 1000)
        response.events = [conversions.label_event_to_msg(event) for event in events]
        response.last_seq = self._book.applied_seq
        return response

    def commit(
        self, category: int, ids: Any, *, kind: Kind = Kind.ASSIGN, published: bool = True, author: str = ""
    ) -> None:
        seq = self._book.applied_seq + 1
        event = LabelEvent(f"entry {seq}", kind, category, np.asarray(ids, dtype=np.uint32), seq=seq, author=author)
        self._book.add(event)
        if published:
            self.publish(event)

    def publish(self, event: LabelEvent) -> None:
        self._labels_out.publish(conversions.label_event_to_msg(event))

    def publish_categories(self, *categories: Category) -> None:
        self.publish_message(conversions.categories_to_msg(categories, 1, 1))

    def publish_message(self, message: msg.Categories) -> None:
        self._categories_out.publish(message)

    @property
    def labels(self) -> list[int]:
        return self._book.labels[:ITEMS].tolist()


class Session:
    """A trainer in this process, spun by a thread of its own, and a node of the test's own that hears it."""

    def __init__(self, **parameters: Any) -> None:
        rclpy.init(args=ros_arguments(parameters))
        self.node = Node("test", namespace=topics.NAMESPACE)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self.clouds: dict[int, Cloud] = {}
        self.epochs: dict[int, msg.Epoch] = {}
        self.health: list[DiagnosticStatus] = []
        listen(self.node, topics.CLOUD, self._on_cloud, qos=topics.latched(20))
        listen(self.node, topics.EPOCH, self._on_epoch, qos=topics.latched(20))
        listen(self.node, topics.DIAGNOSTICS, self._on_health)
        self.journal = Journal(self.node)
        self.trainer = LatentTrainer()
        self._trainer_executor = SingleThreadedExecutor()
        self._trainer_executor.add_node(self.trainer)
        self._broke: list[BaseException] = []
        self._thread = threading.Thread(target=self._spin_trainer)
        self._closed = False
        self._thread.start()

    def _spin_trainer(self) -> None:
        try:
            self._trainer_executor.spin()
        except ExternalShutdownException:
            pass
        except BaseException as error:
            self._broke.append(error)

    def _on_cloud(self, message: Any) -> None:
        cloud = conversions.cloud_from_msg(message)
        self.clouds[cloud.stamp_ns] = cloud

    def _on_epoch(self, message: msg.Epoch) -> None:
        self.epochs[conversions.time_from_msg(message.header.stamp)] = message

    def _on_health(self, message: DiagnosticArray) -> None:
        self.health += [s for s in message.status if s.name == "/latentvr/latent_trainer"]

    @property
    def frames(self) -> list[tuple[Cloud, msg.Epoch]]:
        """Cloud frames and the epochs that belong to them, in order."""
        return [(self.clouds[stamp], self.epochs[stamp]) for stamp in sorted(self.clouds) if stamp in self.epochs]

    @property
    def dropped(self) -> int:
        """Messages that the trainer says it could not use."""
        return int({v.key: v.value for v in self.health[-1].values}["dropped messages"]) if self.health else 0

    def spin_until(self, condition: Callable[[], Any], what: str, timeout_s: float = TIMEOUT_S) -> None:
        until = time.monotonic() + timeout_s
        while not condition():
            assert not self._broke, f"the trainer broke: {self._broke[0]!r}"
            assert time.monotonic() < until, f"{what}: not within {timeout_s} s"
            self._executor.spin_once(timeout_sec=0.02)

    def frame(
        self, condition: Callable[[Cloud, msg.Epoch], Any] = lambda *_: True, what: str = "a frame"
    ) -> tuple[Cloud, msg.Epoch]:
        """Return the first frame from now on that meets the condition."""
        self.clouds.clear()
        self.epochs.clear()
        self.spin_until(lambda: any(condition(*f) for f in self.frames), what)
        return next(f for f in self.frames if condition(*f))

    def newest_frame(self, state: int) -> tuple[Cloud, msg.Epoch]:
        """Return the newest frame once training is in that state."""
        self.spin_until(lambda: self.frames and self.frames[-1][1].state == state, f"state {state}")
        return self.frames[-1]

    def call(self, service: topics.Service, request: Any = None, timeout_s: float = TIMEOUT_S) -> Any:
        caller = client(self.node, service)
        self.spin_until(caller.service_is_ready, f"{service.name} is there")
        future = caller.call_async(request or service.type.Request())
        self.spin_until(future.done, f"{service.name} answers", timeout_s)
        return future.result()

    def set_training(self, command: int, **more: Any) -> srv.SetTraining.Response:
        return self.call(topics.SET_TRAINING, srv.SetTraining.Request(command=command, **more))

    def export(self, timeout_s: float = TIMEOUT_S) -> srv.ExportSession.Response:
        return self.call(topics.EXPORT_SESSION, timeout_s=timeout_s)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        with ExitStack() as at_the_end:
            for clean_up in (rclpy.try_shutdown, self.node.destroy_node, self._executor.shutdown):
                at_the_end.callback(clean_up)
            for clean_up in (self.trainer.destroy_node, self.trainer.close, self._join_trainer):
                at_the_end.callback(clean_up)

    def _join_trainer(self) -> None:
        self._trainer_executor.shutdown()
        self._thread.join(TIMEOUT_S)


@pytest.fixture
def start() -> Iterator[Callable[..., Session]]:
    sessions: list[Session] = []

    def start_session(**parameters: Any) -> Session:
        sessions.append(Session(**parameters))
        return sessions[-1]

    try:
        yield start_session
    finally:
        with ExitStack() as at_the_end:
            at_the_end.callback(rclpy.try_shutdown)
            for session in sessions:
                at_the_end.callback(session.close)


Start = Callable[..., Session]


# The cloud


def test_frames_of_cloud_and_epoch_come_in_pairs_again_and_again(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset))
    session.frame(lambda _, epoch: epoch.state == msg.Epoch.TRAINING, "training")
    session.spin_until(lambda: len(session.frames) >= 40, "40 frames")
    frames = session.frames
    assert len(frames) >= 0.8 * min(len(session.clouds), len(session.epochs))
    # 20 a second are wanted; a machine that is busy with other things may give fewer.
    seconds = (frames[-1][0].stamp_ns - frames[0][0].stamp_ns) / 1e9
    assert 1.0 < (len(frames) - 1) / seconds < 1.5 * RATE_HZ
    for cloud, epoch in frames:
        assert len(cloud) == epoch.items == ITEMS
        assert epoch.header.frame_id == "latent"
        assert (cloud.rgb == UNLABELLED_COLOR).all()
        assert (cloud.label == NONE).all()
        assert (epoch.labelled, epoch.label_seq) == (0, 0)
        assert math.isnan(epoch.accuracy)
        assert math.isnan(epoch.confidence)
        assert list(epoch.terms) == list(TERMS)
        assert len(epoch.losses) == len(TERMS)
        assert epoch.epoch == epoch.step * 32 // ITEMS
    steps = [epoch.step for _, epoch in frames]
    assert steps == sorted(steps)
    assert steps[-1] > steps[0]
    assert frames[-1][1].cloud_rate_hz > 2
    assert frames[-1][1].steps_per_s > 0


def test_who_comes_late_sees_the_cloud_and_its_epoch_at_once_also_in_a_pause(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset), paused=True)
    cloud, _ = session.newest_frame(msg.Epoch.PAUSED)
    session.spin_until(lambda: [h.message for h in session.health][-1:] == ["paused"], "time in which nothing is sent")
    late_clouds: list[Any] = []
    late_epochs: list[msg.Epoch] = []
    listen(session.node, topics.CLOUD, late_clouds.append)
    listen(session.node, topics.EPOCH, late_epochs.append)
    session.spin_until(lambda: late_clouds and late_epochs, "the newest frame")
    assert late_clouds[-1].header.stamp == late_epochs[-1].header.stamp
    assert late_epochs[-1].state == msg.Epoch.PAUSED
    np.testing.assert_array_equal(conversions.cloud_from_msg(late_clouds[-1]).positions, cloud.positions)
    assert session.health[-1].level == DiagnosticStatus.OK
    assert session.health[-1].message == "paused"


# Labels


def test_a_label_changes_the_color_of_its_items_and_moves_nothing(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset), paused=True)
    before, _ = session.newest_frame(msg.Epoch.PAUSED)
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, MARKED_DARK)
    cloud, epoch = session.frame(lambda _, epoch: epoch.label_seq == 1, "the label")
    assert (cloud.label[MARKED_DARK] == 0).all()
    assert (cloud.rgb[MARKED_DARK] == CATEGORIES[0].color).all()
    assert (cloud.rgb[10:] == UNLABELLED_COLOR).all()
    assert (epoch.labelled, epoch.state) == (10, msg.Epoch.PAUSED)
    np.testing.assert_array_equal(cloud.positions, before.positions)


def test_labels_of_two_categories_give_predictions_with_their_colors_and_an_accuracy(
    start: Start, dataset: Path
) -> None:
    session = start(dataset=str(dataset))
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, MARKED_DARK)
    session.journal.commit(1, MARKED_BRIGHT)
    cloud, epoch = session.frame(
        lambda c, e: e.label_seq == 2 and min(e.confidence, e.accuracy) > 0.6 and set(c.predicted.tolist()) == {0, 1},
        "a network that is certain, and right, of both categories",
    )
    assert epoch.labelled == 20
    assert epoch.accuracy == pytest.approx(float((cloud.predicted == TRUTH).mean()), abs=1e-6)
    assert epoch.confidence == pytest.approx(float(cloud.confidence.mean()), abs=1e-4)
    assert 0.0 < epoch.space_used <= 1.0
    assert epoch.separation > 0.0
    believed = (cloud.label == NONE) & (cloud.confidence > 0.5)
    assert believed.any()
    assert (cloud.rgb[believed] != UNLABELLED_COLOR).all()
    assert not np.isin(cloud.rgb[believed], [c.color for c in CATEGORIES]).any()


def test_erased_labels_and_those_of_a_retired_category_vanish_and_come_back(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset), paused=True)
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, MARKED_DARK)
    session.journal.commit(1, MARKED_BRIGHT)
    session.journal.commit(NONE, MARKED_DARK[5:], kind=Kind.ERASE)
    cloud, epoch = session.frame(lambda _, e: e.label_seq == 3, "three entries")
    assert cloud.label.tolist() == session.journal.labels
    assert epoch.labelled == 15
    assert set(cloud.predicted.tolist()) <= {0, 1}
    assert (cloud.confidence > 0).all()
    retired = Category(1, "bright", 0x0080FF, retired=True)
    session.journal.publish_categories(CATEGORIES[0], retired)
    cloud, _ = session.frame(lambda c, e: e.labelled == 5 and (c.predicted == NONE).all(), "no retired category")
    assert set(cloud.label.tolist()) == {NONE, 0}
    assert (cloud.rgb[MARKED_BRIGHT] == UNLABELLED_COLOR).all()
    session.journal.publish_categories(*CATEGORIES)
    cloud, _ = session.frame(lambda _, e: e.labelled == 15, "all labels")
    assert cloud.label.tolist() == session.journal.labels


@pytest.mark.parametrize("paused", [False, True])
def test_predictions_of_a_retired_category_vanish_with_it_however_long_training_takes_to_know(
    start: Start, dataset: Path, tmp_path: Path, paused: bool
) -> None:
    session = start(dataset=str(dataset), directory=str(tmp_path / "session"), learning_rate=0.005)
    session.journal.publish_categories(*CATEGORIES)
    for category in range(3):
        session.journal.commit(category, np.arange(10) + 30 * category)
    cloud, _ = session.frame(lambda _, e: e.label_seq == 3 and e.accuracy > 0.98, "good predictions")
    if paused:
        session.set_training(srv.SetTraining.Request.PAUSE)
        cloud, _ = session.newest_frame(msg.Epoch.PAUSED)
    taken_for_bright = np.flatnonzero((cloud.predicted == 1) & (cloud.label == NONE))
    release = threading.Event()
    session.trainer._worker.put_question(lambda _: release.wait(TIMEOUT_S))
    session.clouds.clear()
    session.journal.publish_categories(CATEGORIES[0], replace(CATEGORIES[1], retired=True), CATEGORIES[2])
    session.spin_until(lambda: any(not (c.label == 1).any() for c in session.clouds.values()), "a cloud without it")
    knowing = [c for c in session.clouds.values() if not (c.label == 1).any()]
    assert all(
        set(c.predicted.tolist()) == {NONE, 0, 2} and (c.confidence[c.predicted == NONE] == 0).all() for c in knowing
    )
    item = session.call(topics.GET_ITEM, srv.GetItem.Request(sample_id=int(taken_for_bright[0])))
    assert (item.predicted, item.label, item.confidence) == (NONE, NONE, 0.0)
    proposed = session.call(topics.PROPOSE_LABELS, srv.ProposeLabels.Request(threshold=0.0))
    assert set(proposed.categories) == {0, 2}
    assert not session.call(topics.PROPOSE_LABELS, srv.ProposeLabels.Request(threshold=0.0, category=1)).accepted
    export = client(session.node, topics.EXPORT_SESSION)
    session.spin_until(export.service_is_ready, "an export")
    exported = export.call_async(srv.ExportSession.Request())
    session.spin_until(lambda: session.trainer._worker._commands.qsize() > 0, "a question that waits")
    release.set()
    session.spin_until(exported.done, "results")
    assert exported.result().accepted, exported.result().message
    table = pyarrow.parquet.read_table(tmp_path / "session" / "items.parquet")
    assert set(table["predicted_id"].to_pylist()) <= {0, 2}
    assert set(table["label_id"].to_pylist()) == {NONE, 0, 2}
    assert json.loads((tmp_path / "session" / "model" / "model.json").read_text())["known"] == [0, 2]
    cloud, _ = session.frame(lambda c, _: set(c.predicted.tolist()) == {0, 2}, "predictions without it")
    assert not (cloud.label == 1).any()


@pytest.mark.parametrize("wins", ["newest", "ann"])
def test_who_wins_is_heard_from_the_journal_and_conflicts_are_told(start: Start, dataset: Path, wins: str) -> None:
    session = start(dataset=str(dataset), paused=True)
    message = conversions.categories_to_msg(CATEGORIES, 1, 1, wins)
    session.journal.publish_message(message)
    session.journal.commit(0, [1, 2, 3], author="ann")
    session.journal.commit(1, [3, 4], author="bob")
    cloud, epoch = session.frame(lambda _, e: e.label_seq == 2, "labels")
    assert cloud.label[1:5].tolist() == ([0, 0, 1, 1] if wins == "newest" else [0, 0, 0, 1])
    assert (epoch.labelled, epoch.conflicts) == (4, 1)


def test_missing_entries_are_fetched_from_the_journal(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset), paused=True)
    session.journal.serve()
    session.journal.commit(0, MARKED_DARK)
    session.journal.commit(1, MARKED_BRIGHT, published=False)
    session.journal.commit(2, [3, 4], published=False)
    session.journal.commit(1, [80])
    cloud, _ = session.frame(lambda _, e: e.label_seq == 4, "all entries")
    assert cloud.label.tolist() == session.journal.labels
    assert session.journal.requests in ([0], [1])


def test_a_trainer_that_comes_late_fetches_a_long_history_in_few_requests(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset), paused=True)
    for number in range(2300):
        session.journal.commit(number % 3, [number % ITEMS], published=False)
    session.journal.serve()
    session.journal.commit(0, [7])
    cloud, _ = session.frame(lambda _, e: e.label_seq == 2301, "all entries")
    assert cloud.label.tolist() == session.journal.labels
    assert session.journal.requests == [0, 1000, 2000]


def test_missing_entries_are_fetched_when_the_journal_comes_late_or_never_answers_the_first_time(
    start: Start, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries_node, "_PATIENCE_S", 0.3)
    session = start(dataset=str(dataset), paused=True)
    session.newest_frame(msg.Epoch.PAUSED)
    session.journal.commit(0, MARKED_DARK, published=False)
    session.journal.commit(1, MARKED_BRIGHT)
    session.spin_until(lambda: len(session.health) >= 1, "time for the entry to arrive")
    session.journal.leave_unanswered = 1
    session.journal.serve()
    cloud, _ = session.frame(lambda _, e: e.label_seq == 2, "all entries")
    assert cloud.label.tolist() == session.journal.labels
    assert session.journal.requests[0] == session.journal.requests[-1] == 0


def test_an_entry_of_another_dataset_is_dropped_and_asked_for_again_only_now_and_then(
    start: Start, dataset: Path
) -> None:
    session = start(dataset=str(dataset))
    session.journal.commit(0, [ITEMS + 5], published=False)
    session.journal.commit(0, [1], published=False)
    session.journal.serve()
    session.journal.commit(1, [2])
    session.spin_until(lambda: session.journal.requests, "a request")
    session.frame()
    session.spin_until(lambda: len(session.frames) >= 20, "frames")
    assert 1 <= len(session.journal.requests) <= 5
    assert session.frames[-1][1].label_seq == 0
    session.spin_until(lambda: session.dropped >= 1, "a dropped message")


@pytest.mark.parametrize("category", [-5, 256])
def test_an_entry_with_a_category_that_cannot_be_is_dropped_and_training_goes_on(
    start: Start, dataset: Path, category: int
) -> None:
    session = start(dataset=str(dataset))
    session.journal.publish(LabelEvent("bad", Kind.ASSIGN, category, np.array([1, 2], dtype=np.uint32), seq=1))
    session.spin_until(lambda: session.dropped == 1, "a dropped message")
    session.journal.commit(0, MARKED_DARK)
    session.journal.commit(1, MARKED_BRIGHT)
    cloud, _ = session.frame(lambda _, e: e.label_seq == 2 and e.state == msg.Epoch.TRAINING, "labels")
    assert cloud.label.tolist() == session.journal.labels


@pytest.mark.parametrize("category", [-1, 256])
def test_a_list_with_a_category_that_cannot_be_is_dropped_and_the_old_one_holds(
    start: Start, dataset: Path, category: int
) -> None:
    session = start(dataset=str(dataset), paused=True)
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, MARKED_DARK)
    session.frame(lambda c, _: c.rgb[0] == CATEGORIES[0].color, "the color of the category")
    session.journal.publish_categories(Category(0, "dark", 0x111111), Category(category, "bad", 0x222222))
    session.spin_until(lambda: session.dropped == 1, "a dropped message")
    session.journal.commit(1, [80])
    cloud, _ = session.frame(lambda _, e: e.label_seq == 2, "another label")
    assert set(cloud.rgb[MARKED_DARK].tolist()) == {CATEGORIES[0].color}
    assert cloud.rgb[80] == CATEGORIES[1].color


# Services


def test_get_item_tells_all_that_is_known_of_an_item(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset), paused=True)
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, MARKED_DARK)
    session.journal.commit(1, MARKED_BRIGHT)
    cloud, _ = session.frame(lambda _, e: e.label_seq == 2, "labels")
    for item in (3, 60):
        found = session.call(topics.GET_ITEM, srv.GetItem.Request(sample_id=item))
        assert found.found
        assert found.message == ""
        assert found.picture.format == "png"
        shown = np.asarray(Image.open(io.BytesIO(bytes(found.picture.data))))
        np.testing.assert_array_equal(shown[::22, ::22], pictures()[item])
        assert found.text == f"item {item}"
        assert (found.label, found.predicted) == (cloud.label[item], cloud.predicted[item])
        assert found.confidence == pytest.approx(float(cloud.confidence[item]))
        course = session.trainer._worker.course
        assert course is not None
        assert list(found.neighbours) == nearest_neighbours(course.training.inputs.numpy(), 6, 1)[item].tolist()
        assert found.id == str(item)
        assert found.labelled == (item == 3)
        np.testing.assert_array_equal(conversions.point_from_msg(found.position), cloud.positions[item])
        by_distance = np.argsort(np.linalg.norm(cloud.positions - cloud.positions[item], axis=1), kind="stable")
        assert list(found.space_neighbours) == by_distance[1:16].tolist()


@pytest.mark.parametrize("item", [ITEMS, 2**32 - 1])
def test_get_item_says_that_there_is_no_such_item(start: Start, dataset: Path, item: int) -> None:
    session = start(dataset=str(dataset), paused=True)
    answer = session.call(topics.GET_ITEM, srv.GetItem.Request(sample_id=item))
    assert not answer.found
    assert answer.message == f"sample_id is {item}, expected less than {ITEMS}"


def test_get_sound_gives_nothing_of_a_picture_and_says_that_there_is_no_such_item(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset), paused=True)
    silent = session.call(topics.GET_SOUND, srv.GetSound.Request(sample_id=3))
    assert (silent.found, len(silent.wav)) == (True, 0)
    nobody = session.call(topics.GET_SOUND, srv.GetSound.Request(sample_id=ITEMS))
    assert (nobody.found, nobody.message) == (False, f"sample_id is {ITEMS}, expected less than {ITEMS}")


def test_a_sound_comes_as_a_file_that_can_be_played(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "sounds"
    folder.mkdir()
    for item in range(30):
        with wave.open(str(folder / f"{item:02d}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            tone = np.sin(2 * np.pi * (200 + 50 * item) * np.arange(16_000) / 16_000)
            file.writeframes((8000 * tone).astype("<i2").tobytes())
    session = start(dataset=str(folder), paused=True)
    found = session.call(topics.GET_SOUND, srv.GetSound.Request(sample_id=10))
    assert found.found
    with wave.open(io.BytesIO(bytes(found.wav))) as played:
        rate_hz, samples = played.getframerate(), np.frombuffer(played.readframes(played.getnframes()), "<i2")
    assert np.abs(np.fft.rfft(samples)).argmax() * rate_hz / len(samples) == pytest.approx(700, abs=2)


def place(*position: float) -> srv.DecodePlace.Request:
    return srv.DecodePlace.Request(position=conversions.point_to_msg(position))


def test_a_place_is_decoded_to_what_lives_there_while_training_goes_on(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset), learning_rate=0.005)
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, MARKED_DARK)
    session.journal.commit(1, MARKED_BRIGHT)
    cloud, _ = session.frame(lambda c, e: e.label_seq == 2 and e.step > 400, "a network that has learnt something")
    shown = {}
    for item in (20, 50):  # dark and bright, without a mark
        found = session.call(topics.DECODE_PLACE, place(*cloud.positions[item]))
        assert (found.found, found.message, found.text) == (True, "", "")
        assert found.picture.format == "png"
        picture = Image.open(io.BytesIO(bytes(found.picture.data)), formats=("PNG",))
        assert picture.size == (132, 132)
        shown[item] = float(np.asarray(picture).mean())
        assert found.predicted == TRUTH[item]
        assert found.share > 0.5
        assert found.support >= 1
        assert found.distance < 0.2
        assert found.reach == pytest.approx(session.trainer._settings.reach)
    assert shown[50] > shown[20] + 60
    _, epoch = session.frame()
    assert epoch.state == msg.Epoch.TRAINING


def test_a_category_that_is_retired_while_a_place_is_decoded_is_not_in_the_answer(
    start: Start, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_looked, may_answer = threading.Event(), threading.Event()
    seen: list[Place] = []

    def explore_slowly(*arguments: Any) -> Place:
        seen.append(places.explore(*arguments))
        has_looked.set()
        assert may_answer.wait(TIMEOUT_S)
        return seen[-1]

    session = start(dataset=str(dataset), paused=True)
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, np.arange(ITEMS, dtype=np.uint32))
    session.frame(lambda _, epoch: epoch.label_seq == 1, "the label of all")
    monkeypatch.setattr(places_node, "explore", explore_slowly)
    caller = client(session.node, topics.DECODE_PLACE)
    session.spin_until(caller.service_is_ready, "the service is there")
    answer = caller.call_async(place(0, 0, 0))
    try:
        session.spin_until(has_looked.is_set, "the worker has looked")
        assert (seen[0].predicted, seen[0].share) == (0, 1.0)
        session.journal.publish_categories(replace(CATEGORIES[0], retired=True), CATEGORIES[1])
        session.spin_until(lambda: session.trainer._shown.marks.retired == [0], "the category is retired")
    finally:
        may_answer.set()
    session.spin_until(answer.done, "the answer")
    found = answer.result()
    assert (found.found, found.predicted, found.share) == (True, NONE, 0.0)
    assert (found.support, found.nearest) == (seen[0].support, seen[0].nearest)


def test_an_empty_place_has_no_support_and_one_that_is_nowhere_is_refused(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset), paused=True)
    cloud, _ = session.newest_frame(msg.Epoch.PAUSED)
    empty = session.call(topics.DECODE_PLACE, place(0, 9, 0))
    assert (empty.found, empty.support, empty.predicted, empty.share) == (True, 0, NONE, 0.0)
    assert empty.distance == pytest.approx(float(np.linalg.norm(cloud.positions - [0, 9, 0], axis=1).min()), rel=1e-5)
    for position in ((math.nan, 0, 0), (0, math.inf, 0), (0, 0, -11)):
        refused = session.call(topics.DECODE_PLACE, place(*position))
        assert not refused.found
        assert refused.message.endswith("expected finite numbers within 10 latent units of the origin")
        assert "\n" not in refused.message


class HeldUp:
    """Preparation that waits for the test: for the inputs, and then for their neighbours."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_make, self.may_find = threading.Event(), threading.Event()
        for name, may in (("fit_inputs", self.may_make), ("nearest_neighbours", self.may_find)):
            monkeypatch.setattr(preparation, name, self._late(getattr(preparation, name), may))

    @staticmethod
    def _late(function: Callable[..., Any], may: threading.Event) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            assert may.wait(TIMEOUT_S)
            return function(*arguments)

        return call

    def release(self) -> None:
        """Let all go on."""
        self.may_make.set()
        self.may_find.set()


def test_places_are_refused_before_there_is_a_cloud_and_given_up_when_training_finds_no_time(
    start: Start, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places_node, "_TIMEOUT_S", 3.0)
    held_up = HeldUp(monkeypatch)
    session = start(dataset=str(dataset), paused=True)
    try:
        assert session.call(topics.DECODE_PLACE, place(0, 0, 0)).message == "there is no cloud yet"
        item = session.call(topics.GET_ITEM, srv.GetItem.Request(sample_id=3))
        assert item.found
        assert math.isnan(item.position.x)
        assert list(item.space_neighbours) == []
        held_up.may_make.set()
        session.newest_frame(msg.Epoch.PREPARING)
        caller = client(session.node, topics.DECODE_PLACE)
        session.spin_until(caller.service_is_ready, "the service is there")
        asked = []
        for number in range(16):
            asked.append(caller.call_async(place(0, 0, 0)))
            session.spin_until(lambda n=number: len(session.trainer._questions) > n, "it is asked")  # type: ignore[misc]
        too_many = session.call(topics.DECODE_PLACE, place(0, 0, 0))
        assert too_many.message == "16 questions wait for an answer already; ask again"
        session.spin_until(lambda: all(future.done() for future in asked), "all are answered")
        assert {future.result().message for future in asked} == {"training did not answer in 3 s"}
    finally:
        held_up.release()
    session.newest_frame(msg.Epoch.PAUSED)
    assert session.call(topics.DECODE_PLACE, place(0, 0, 0)).found


def image_folder(folder: Path) -> None:
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(24):
        Image.fromarray(rng.integers(0, 256, size=(40, 30, 3), dtype=np.uint8)).save(folder / f"{number:02}.png")


def spoil_header(file: Path) -> None:
    file.write_bytes(b"this is not a picture any more")


def spoil_chunk(file: Path) -> None:
    data = bytearray(file.read_bytes())
    at = data.index(b"IDAT")
    data[at : at + 4] = b"\x00\x01\x02\x03"
    file.write_bytes(data)


def make_bomb(file: Path) -> None:
    data = bytearray(file.read_bytes())
    at = data.index(b"IHDR")
    header = bytes(data[at : at + 4]) + (60_000).to_bytes(4, "big") * 2 + bytes(data[at + 12 : at + 17])
    data[at : at + 21] = header + zlib.crc32(header).to_bytes(4, "big")
    file.write_bytes(data)


def test_get_item_says_that_a_file_cannot_be_read_any_more_and_the_trainer_goes_on(
    start: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "images"
    image_folder(folder)
    session = start(dataset=str(folder), paused=True)
    session.newest_frame(msg.Epoch.PAUSED)
    for item, spoil in enumerate([Path.unlink, spoil_header, spoil_chunk, make_bomb]):
        spoil(folder / f"{item:02}.png")
        answer = session.call(topics.GET_ITEM, srv.GetItem.Request(sample_id=item))
        assert not answer.found
        assert answer.message.startswith(f"item {item}: its file cannot be read: ")
    answer = session.call(topics.GET_ITEM, srv.GetItem.Request(sample_id=10))
    assert answer.found
    assert answer.text == "10.png"
    assert Image.open(io.BytesIO(bytes(answer.picture.data))).size == (120, 160)


def test_an_item_whose_file_name_is_no_text_is_shown_and_exported(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    image_folder(folder)
    os.rename(folder / "03.png", os.fsencode(folder) + b"/03-gr\xfc\xdfe.png")  # Latin-1, as old cameras write it
    session = start(dataset=str(folder), directory=str(tmp_path / "session"), paused=True)
    answer = session.call(topics.GET_ITEM, srv.GetItem.Request(sample_id=3))
    assert answer.found
    assert answer.text == "03-gr??e.png"
    assert session.export().accepted
    table = pyarrow.parquet.read_table(tmp_path / "session" / "items.parquet")
    assert table["id"].to_pylist()[2:5] == ["02.png", "03-gr??e.png", "04.png"]


def branch(session: Session, name: str, *gone: int) -> srv.Branch.Response:
    op = srv.Branch.Request.BEGIN if gone else srv.Branch.Request.SWITCH
    return session.call(topics.BRANCH, srv.Branch.Request(op=op, name=name, without=list(gone)))


def test_training_goes_on_as_if_a_mark_had_never_been_made_and_back(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset))
    ghosts: list[Cloud] = []
    listen(session.node, topics.GHOST, lambda message: ghosts.append(conversions.cloud_from_msg(message)))
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, MARKED_DARK)
    session.journal.commit(1, MARKED_BRIGHT)
    session.journal.commit(2, [60, 61, 62])
    _, before = session.frame(lambda c, e: e.label_seq == 3 and (c.predicted == 1).any(), "marks are learnt")
    assert before.branch == ""
    assert math.isnan(before.agreement)
    answer = branch(session, "without bright", 2)
    assert (answer.accepted, answer.message) == (True, "")
    assert (list(answer.names), answer.current) == (["without bright"], 0)
    cloud, epoch = session.frame(
        lambda _, e: e.branch == "without bright" and e.step > before.step and not e.text, "it has caught up"
    )
    assert (cloud.label[MARKED_BRIGHT] == NONE).all()
    assert (cloud.label[MARKED_DARK] == 0).all()
    assert not (cloud.predicted == 1).any()
    assert (epoch.label_seq, epoch.labelled) == (3, len(MARKED_DARK) + 3)
    session.spin_until(lambda: ghosts, "the ghost")
    assert len(ghosts[-1]) == ITEMS
    assert (ghosts[-1].predicted == 1).any(), "what was"
    assert 0 < epoch.agreement < 1
    assert 0 < epoch.ghost_accuracy <= 1
    session.journal.commit(0, [11, 12])
    cloud, _ = session.frame(lambda _, e: e.label_seq == 4, "a mark is learnt in the branch")
    assert (cloud.label[[11, 12]] == 0).all()
    assert (cloud.label[MARKED_BRIGHT] == NONE).all()
    answer = branch(session, "")
    assert (answer.accepted, answer.current) == (True, -1)
    cloud, _ = session.frame(lambda _, e: e.branch == "" and e.label_seq == 4, "back, with the new mark")
    assert (cloud.label[MARKED_BRIGHT] == 1).all()
    assert (cloud.label[[11, 12]] == 0).all()
    branch(session, "")
    session.spin_until(lambda: len(ghosts[-1]) == 0, "no ghost any more")
    assert session.dropped == 0


def test_a_branch_that_cannot_be_is_refused_with_the_reason(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset))
    session.frame(lambda _, epoch: epoch.state == msg.Epoch.TRAINING, "training")
    for request, reason in (
        (srv.Branch.Request(op=7), "op is 7, expected 0 begin, 1 switch or 2 list"),
        (srv.Branch.Request(name="x", without=[5]), "branch 'x' is without entries [5], expected some of the journal"),
        (srv.Branch.Request(name="x"), "branch 'x' is without entries none, expected some of the journal"),
        (srv.Branch.Request(op=1, name="x"), "branch 'x' is not known, expected one of ['']"),
    ):
        answer = session.call(topics.BRANCH, request)
        assert (answer.accepted, answer.message) == (False, reason)
    session.frame(lambda _, epoch: epoch.state == msg.Epoch.TRAINING and epoch.branch == "", "training goes on")


def test_a_trainer_that_is_started_again_goes_on_from_its_checkpoint(dataset: Path, tmp_path: Path) -> None:
    given = {"dataset": str(dataset), "directory": str(tmp_path), "checkpoint_s": 0.2}
    session = Session(**given)
    try:
        session.journal.publish_categories(*CATEGORIES)
        session.journal.commit(0, MARKED_DARK)
        session.journal.commit(1, MARKED_BRIGHT)
        session.frame(lambda _, e: e.label_seq == 2 and e.step > 30, "two marks are learnt")
    finally:
        session.close()
    _, last = session.frames[-1]
    entries: list[msg.TraceEntry] = []
    session = Session(**given)
    try:
        listen(session.node, topics.TRACE, entries.append)
        _, first = session.frame(lambda _, e: e.state == msg.Epoch.TRAINING, "training")
        assert first.step >= last.step
        assert first.label_seq == 2, "with its labels, before the journal has said any"
        session.journal.publish_categories(*CATEGORIES)
        for number in (1, 2, 3):
            session.journal.commit(number - 1, np.arange(30 * number - 30, 30 * number - 20))
        _, second = session.frame(lambda _, e: e.label_seq >= 3, "a new mark is learnt")
        assert second.step >= first.step
        session.spin_until(lambda: entries, "the trace")
        assert (entries[0].kind, entries[0].number) == (msg.TraceEntry.RESUME, 0)
        assert [e.label_seq for e in entries] == sorted(e.label_seq for e in entries)
    finally:
        session.close()


def test_training_is_paused_stepped_and_resumed(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset))
    commands = srv.SetTraining.Request
    session.frame(lambda _, e: e.step > 10, "training")
    assert session.set_training(commands.PAUSE).accepted
    session.frame(lambda _, e: e.state == msg.Epoch.PAUSED, "pause")
    before = session.trainer._worker.ask(lambda training: training.step_count, TIMEOUT_S)
    assert session.set_training(commands.STEP, steps=7).accepted
    _, epoch = session.frame(lambda _, e: e.state == msg.Epoch.PAUSED and e.step > before, "steps")
    assert epoch.step == before + 7
    assert session.set_training(commands.RESUME).accepted
    session.frame(lambda _, e: e.state == msg.Epoch.TRAINING and e.step > before + 20, "training")
    assert session.set_training(commands.SPEED, speed=0.5).accepted
    session.frame(lambda _, e: e.state == msg.Epoch.TRAINING, "training")


def test_a_command_that_means_nothing_is_refused_and_changes_nothing(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset), paused=True)
    session.newest_frame(msg.Epoch.PAUSED)
    commands = srv.SetTraining.Request
    for request in (
        {"command": 9},
        {"command": commands.STEP, "steps": 0},
        {"command": commands.SPEED, "speed": 0.0},
        {"command": commands.SPEED, "speed": 1.5},
        {"command": commands.SPEED, "speed": -1.0},
        {"command": commands.SPEED, "speed": math.nan},
    ):
        answer = session.set_training(**request)
        assert not answer.accepted
        assert answer.message.startswith(f"command {request['command']} with steps 0 and speed ")
        assert "expected 0 pause" in answer.message
    assert session.trainer._worker.ask(lambda training: training.step_count, TIMEOUT_S) == 0


def test_an_export_writes_the_results_of_now(start: Start, dataset: Path, tmp_path: Path) -> None:
    session = start(dataset=str(dataset), directory=str(tmp_path / "session"))
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, MARKED_DARK)
    session.journal.commit(1, MARKED_BRIGHT)
    session.frame(lambda _, e: e.label_seq == 2, "labels")
    answer = session.export()
    assert answer.accepted, answer.message
    assert answer.directory == str(tmp_path / "session")
    assert all((tmp_path / "session" / name).stat().st_size > 0 for name in answer.files)
    table = pyarrow.parquet.read_table(tmp_path / "session" / "items.parquet")
    assert table["label_id"].to_pylist() == session.journal.labels
    assert set(table["predicted"].to_pylist()) <= {"dark", "bright"}
    moments = session.trainer._history.moments()
    assert [(m.seq, m.marks, m.labelled) for m in moments][-1] == (2, 2, len(MARKED_DARK) + len(MARKED_BRIGHT))
    assert 0 < moments[-1].accuracy <= 1
    assert 0 < moments[-1].confidence <= 1
    report = (tmp_path / "session" / "report.html").read_text(encoding="utf-8")
    assert "<b>2</b><span>marks</span>" in report
    assert "categorised correctly" in report


def test_an_export_with_marks_that_training_has_not_heard_of_is_no_step_of_training(
    start: Start, dataset: Path, tmp_path: Path
) -> None:
    session = start(dataset=str(dataset), directory=str(tmp_path / "session"), paused=True)
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, MARKED_DARK)
    session.frame(lambda _, e: e.label_seq == 1, "labels")
    shown = session.trainer._shown
    labels = shown.marks.labels.copy()
    labels[MARKED_BRIGHT] = 1
    shown.marks = replace(shown.marks, labels=labels, seq=2)
    assert session.export().accepted
    table = pyarrow.parquet.read_table(tmp_path / "session" / "items.parquet")
    assert set(table["predicted"].to_pylist()) <= {"dark", "bright"}
    # What is not in the trace must not be done: replays would differ.
    assert session.trainer._worker.ask(lambda training: training.known.tolist(), TIMEOUT_S) == [0]


def test_an_export_without_onnx_says_so_and_is_otherwise_whole(
    start: Start, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    session = start(dataset=str(dataset), directory=str(tmp_path / "session"), paused=True)
    answer = session.export()
    assert answer.accepted
    assert answer.message.startswith("model/model.onnx was not written: ")
    assert "model/model.onnx" not in answer.files
    assert "report.html" in answer.files


def test_an_export_that_cannot_be_says_why_and_training_goes_on(start: Start, dataset: Path, tmp_path: Path) -> None:
    session = start(dataset=str(dataset), directory=str(tmp_path / "session"))
    session.newest_frame(msg.Epoch.TRAINING)
    (tmp_path / "session" / "model").write_text("in the way")
    answer = session.export()
    assert not answer.accepted
    assert answer.message.startswith("export failed: ")
    assert str(tmp_path / "session" / "model") in answer.message
    session.frame(lambda _, e: e.state == msg.Epoch.TRAINING, "training")
    (tmp_path / "session" / "model").unlink()
    assert session.export().accepted


def test_an_export_without_a_directory_names_the_parameter(start: Start, dataset: Path) -> None:
    answer = start(dataset=str(dataset), paused=True).export()
    assert not answer.accepted
    assert "parameter directory is empty" in answer.message


@pytest.fixture
def slow_export(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Exports that are written only once the event is set."""
    may_write, write = threading.Event(), export_node.export_results

    def write_later(*arguments: Any) -> list[str]:
        assert may_write.wait(2 * TIMEOUT_S)
        return write(*arguments)

    monkeypatch.setattr(export_node, "export_results", write_later)
    yield may_write
    may_write.set()


def test_labels_services_and_clouds_go_on_while_an_export_is_written(
    start: Start, dataset: Path, tmp_path: Path, slow_export: threading.Event
) -> None:
    session = start(dataset=str(dataset), directory=str(tmp_path / "session"), paused=True)
    session.newest_frame(msg.Epoch.PAUSED)
    caller = client(session.node, topics.EXPORT_SESSION)
    session.spin_until(caller.service_is_ready, "the service is there")
    answers = [caller.call_async(srv.ExportSession.Request()) for _ in range(2)]
    session.spin_until(lambda: len(session.trainer._questions) == 2, "both are asked")
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, MARKED_DARK)
    cloud, epoch = session.frame(lambda c, _: (c.label[MARKED_DARK] == 0).all(), "a cloud with the label")
    assert epoch.labelled == 10
    assert session.call(topics.GET_ITEM, srv.GetItem.Request(sample_id=3)).label == 0
    assert not any(answer.done() for answer in answers)
    slow_export.set()
    session.spin_until(lambda: all(answer.done() for answer in answers), "the answers")
    assert all(answer.result().accepted for answer in answers)
    table = pyarrow.parquet.read_table(tmp_path / "session" / "items.parquet")
    assert table["label_id"].to_pylist() == cloud.label.tolist()


def test_an_export_for_which_training_finds_no_time_is_given_up_and_never_written(
    start: Start, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_node, "_TIMEOUT_S", 0.3)
    seen = threading.Event()

    def find_late(*_: Any) -> Any:
        assert seen.wait(TIMEOUT_S)
        return nearest_neighbours(*_)

    monkeypatch.setattr(preparation, "nearest_neighbours", find_late)
    session = start(dataset=str(dataset), directory=str(tmp_path / "session"), paused=True)
    answer = session.export()
    assert (answer.accepted, answer.message) == (False, "export failed: training did not answer in 0 s")
    seen.set()
    session.newest_frame(msg.Epoch.PAUSED)
    assert session.trainer._worker.ask(len, TIMEOUT_S) == ITEMS
    assert list((tmp_path / "session").iterdir()) == []
    assert session.export().accepted


def exported_step(directory: Path) -> int:
    return int(json.loads((directory / "model" / "model.json").read_text())["step"])


@pytest.mark.parametrize("change", ["nothing", "steps", "a label", "a name"])
def test_results_of_an_export_stay_unless_anything_changed_since(dataset: Path, tmp_path: Path, change: str) -> None:
    directory = tmp_path / "session"
    session = Session(dataset=str(dataset), directory=str(directory))
    try:
        session.journal.publish_categories(*CATEGORIES)
        session.journal.commit(0, MARKED_DARK)
        session.frame(lambda _, e: e.label_seq == 1, "a label")
        if change == "nothing":
            session.trainer._worker.pause()
            session.newest_frame(msg.Epoch.PAUSED)
        assert session.export().accepted
        step = exported_step(directory)
        if change == "a label":
            session.journal.commit(1, MARKED_BRIGHT)
        elif change == "a name":
            session.journal.publish_categories(Category(0, "sombre", 0xFF8000), *CATEGORIES[1:])
        if change != "nothing":
            session.frame(lambda _, e: e.step > step + 20 and e.label_seq == (2 if change == "a label" else 1), "steps")
        session.spin_until(
            lambda: change != "a name" or session.trainer._shown.marks.categories[0].name == "sombre", "it"
        )
    finally:
        session.close()
    assert (exported_step(directory) == step) == (change == "nothing")
    table = pyarrow.parquet.read_table(directory / "items.parquet")
    assert table["label_id"].to_pylist() == session.journal.labels
    assert table["label"].to_pylist()[0] == ("sombre" if change == "a name" else "dark")


def lose_the_cloud(training: Any) -> None:
    with torch.no_grad():
        training.average.to_latent.bias.fill_(torch.nan)


def test_a_network_that_was_lost_is_taken_back_and_the_person_is_told(dataset: Path) -> None:
    session = Session(dataset=str(dataset))
    try:
        session.frame(lambda _, e: e.step > 5, "training")
        session.trainer._worker.ask(lose_the_cloud, TIMEOUT_S)
        _, epoch = session.frame(lambda _, e: e.text != "" and e.state == msg.Epoch.TRAINING, "it goes back")
        assert epoch.text.startswith("went back to the network of step ")
        assert f"{ITEMS} of {ITEMS} items have no finite place in the cloud" in epoch.text
        session.frame(lambda _, e: e.step > epoch.step + 20, "training goes on")
    finally:
        session.close()
    assert session.trainer.exit_code is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nothing_that_is_not_finite_is_published_or_exported(dataset: Path, tmp_path: Path) -> None:
    session = Session(dataset=str(dataset), directory=str(tmp_path / "session"))
    try:
        session.frame(lambda _, e: e.step > 5, "training")

        def spoil(training: Any) -> None:
            step = training.step

            def step_and_lose() -> None:
                step()
                lose_the_cloud(training)

            training.step = step_and_lose

        session.trainer._worker.ask(spoil, TIMEOUT_S)
        session.spin_until(lambda: any(epoch.state == msg.Epoch.FAULT for epoch in session.epochs.values()), "a fault")
        reason = (
            f"training stopped: NotFiniteError: {ITEMS} of {ITEMS} items have no finite place in the cloud, "
            "also after going back 3 times; a smaller learning_rate or weight may help"
        )
        assert max(session.epochs.items())[1].text == reason
        assert session.export().message == f"export failed: {reason}"
    finally:
        session.close()
    # conversions.cloud_from_msg would have refused a cloud that is not finite.
    assert list((tmp_path / "session").iterdir()) == []
    assert session.trainer.exit_code == 1


def test_labels_given_after_an_export_in_a_pause_are_in_the_results_at_the_end(dataset: Path, tmp_path: Path) -> None:
    session = Session(dataset=str(dataset), directory=str(tmp_path / "session"), paused=True)
    try:
        session.journal.commit(0, MARKED_DARK)
        session.frame(lambda _, e: e.label_seq == 1, "a label")
        assert session.export().accepted
        session.journal.commit(1, MARKED_BRIGHT)
        session.frame(lambda _, e: e.label_seq == 2, "another label")
    finally:
        session.close()
    table = pyarrow.parquet.read_table(tmp_path / "session" / "items.parquet")
    assert table["label_id"].to_pylist() == session.journal.labels


@pytest.mark.parametrize("exported", [True, False])
def test_a_training_that_does_not_end_is_told_with_what_there_is(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exported: bool
) -> None:
    monkeypatch.setattr(trainer_node, "_STOP_TIMEOUT_S", 0.2)
    directory = tmp_path / "session"
    session = Session(dataset=str(dataset), directory=str(directory))
    busy, go_on = threading.Event(), threading.Event()

    def keep_busy(_training: Any) -> None:
        busy.set()
        go_on.wait(TIMEOUT_S)

    try:
        session.frame(lambda _, e: e.step > 5, "training")
        if exported:
            assert session.export().accepted
        session.trainer._worker.put_question(keep_busy)
        assert busy.wait(TIMEOUT_S)
    finally:
        session.close()
        go_on.set()
        assert session.trainer._worker.stop(TIMEOUT_S)
    assert (directory / "items.parquet").exists() == exported
    assert session.trainer.exit_code == (None if exported else 1)


# Faults


@pytest.mark.parametrize("part", ["nearest_neighbours", "Training"], ids=["after the first cloud", "before it"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_training_is_said_to_everybody_and_services_still_answer(
    start: Start, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    seen, reason = threading.Event(), "training stopped: MemoryError: no room for it"

    def break_down(*_: Any) -> Any:
        assert seen.wait(TIMEOUT_S)
        raise MemoryError("no room for it")

    monkeypatch.setattr(preparation if part == "nearest_neighbours" else trainer_node, part, break_down)
    session = start(dataset=str(dataset), directory=str(tmp_path / "session"))

    def at_fault() -> list[msg.Epoch]:
        return [epoch for epoch in session.epochs.values() if epoch.state == msg.Epoch.FAULT]

    first = session.newest_frame(msg.Epoch.PREPARING)[0] if part == "nearest_neighbours" else None
    seen.set()
    session.spin_until(at_fault, "a fault")
    assert at_fault()[0].text == reason
    assert at_fault()[0].items == ITEMS
    if first is not None:
        np.testing.assert_array_equal(session.newest_frame(msg.Epoch.FAULT)[0].positions, first.positions)
    session.spin_until(lambda: session.health and session.health[-1].message == reason, "health")
    assert session.health[-1].level == DiagnosticStatus.ERROR
    answer = session.call(topics.GET_ITEM, srv.GetItem.Request(sample_id=3))
    assert answer.found
    assert (answer.text, answer.label, answer.predicted) == ("item 3", NONE, NONE)
    export, resume = session.export(), session.set_training(srv.SetTraining.Request.RESUME)
    assert (export.accepted, export.message) == (False, f"export failed: {reason}")
    assert (resume.accepted, resume.message) == (False, reason)


# The process


def start_process(log: Path, parameters: dict[str, Any]) -> subprocess.Popen[bytes]:
    program = "import sys; from latent_trainer.node import main; sys.exit(main())"
    path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
    with log.open("w") as stream:
        return subprocess.Popen(
            [sys.executable, "-c", program, *ros_arguments(parameters)],
            stderr=stream,
            env={**os.environ, "PYTHONPATH": path},
        )


def test_a_dataset_that_is_not_there_is_named_in_one_line_and_the_exit_code_is_2(tmp_path: Path) -> None:
    process = start_process(tmp_path / "log", {"dataset": "no_such_dataset"})
    try:
        assert process.wait(TIMEOUT_S) == 2
    finally:
        process.kill()
        process.wait()
    (line,) = [line for line in (tmp_path / "log").read_text().splitlines() if line]
    assert line.startswith("error: dataset 'no_such_dataset': no such file or directory; expected one of digits")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"dataset": "DIR/file"}, "dataset 'DIR/file': a file of type 'unknown', expected .npz"),
        ({"directory": "DIR/file"}, "parameter directory 'DIR/file': File exists, expected a writable directory"),
        ({"directory": "DIR/file/below"}, "parameter directory 'DIR/file/below': Not a directory, expected"),
        ({"directory": "~nobody-of-that-name/session"}, "parameter directory '~nobody-of-that-name/session': "),
        ({"cloud_rate_hz": 0.0}, "parameter cloud_rate_hz is 0.0, expected at least 0.1 Hz"),
        ({"device": "tpu"}, "parameter device is 'tpu', expected one of: auto, cpu, cuda"),
        ({"seed": -1}, "parameter seed is -1, expected at least 0"),
        ({"width": "wide"}, "parameter width: "),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(tmp_path: Path, parameters: dict[str, Any], message: str) -> None:
    (tmp_path / "file").write_text("")
    given = {k: v.replace("DIR", str(tmp_path)) if isinstance(v, str) else v for k, v in parameters.items()}
    rclpy.init(args=ros_arguments(given))
    try:
        with pytest.raises(InputError) as refused:
            LatentTrainer()
    finally:
        rclpy.try_shutdown()
    assert str(refused.value).startswith(message.replace("DIR", str(tmp_path)))


def test_a_process_answers_an_export_while_it_trains_and_leaves_it_as_it_is(dataset: Path, tmp_path: Path) -> None:
    # Under the executor with which nodes really run.
    rclpy.init()
    node = Node("test", namespace=topics.NAMESPACE)
    steps: list[int] = []
    listen(node, topics.EPOCH, lambda epoch: steps.append(epoch.step))
    caller = client(node, topics.EXPORT_SESSION)
    process = start_process(tmp_path / "log", {"dataset": str(dataset), "directory": str(tmp_path / "session")})

    def wait_for(condition: Callable[[], Any]) -> None:
        until = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            rclpy.spin_once(node, timeout_sec=0.02)

    try:
        wait_for(lambda: steps and steps[-1] > 5 and caller.service_is_ready())
        answer = caller.call_async(srv.ExportSession.Request())
        wait_for(answer.done)
        assert answer.result().accepted, answer.result().message
        step = exported_step(tmp_path / "session")
        wait_for(lambda: steps[-1] > step)
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0, (tmp_path / "log").read_text()
    finally:
        process.kill()
        process.wait()
        node.destroy_node()
        rclpy.try_shutdown()
    assert exported_step(tmp_path / "session") > step


def test_a_trainer_that_is_asked_to_stop_writes_its_results_and_ends_well(dataset: Path, tmp_path: Path) -> None:
    rclpy.init()
    node = Node("test", namespace=topics.NAMESPACE)
    steps: list[int] = []
    listen(node, topics.EPOCH, lambda epoch: steps.append(epoch.step))
    process = start_process(tmp_path / "log", {"dataset": str(dataset), "directory": str(tmp_path / "session")})
    try:
        until = time.monotonic() + TIMEOUT_S
        while not (steps and steps[-1] > 5):
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            rclpy.spin_once(node, timeout_sec=0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0, (tmp_path / "log").read_text()
    finally:
        process.kill()
        process.wait()
        node.destroy_node()
        rclpy.try_shutdown()
    said = json.loads((tmp_path / "session" / "model" / "model.json").read_text())
    assert said["step"] >= steps[-1]
    assert pyarrow.parquet.read_table(tmp_path / "session" / "items.parquet").num_rows == ITEMS


def listed(session: Session) -> tuple[list[str], int]:
    answer = session.call(topics.BRANCH, srv.Branch.Request(op=srv.Branch.Request.LIST))
    assert answer.accepted
    return list(answer.names), answer.current


def test_training_goes_on_from_an_earlier_step_as_if_nothing_had_been_marked_since(start: Start, dataset: Path) -> None:
    session = start(dataset=str(dataset))
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, MARKED_DARK)
    _, then = session.frame(lambda _, e: e.label_seq == 1 and e.step > 0, "the first mark is learnt")
    session.journal.commit(1, MARKED_BRIGHT)
    session.journal.commit(2, [60, 61, 62])
    session.frame(lambda _, e: e.label_seq == 3 and e.step > then.step + 20, "later ones are learnt")
    session.set_training(srv.SetTraining.Request.PAUSE)
    session.newest_frame(msg.Epoch.PAUSED)
    assert listed(session) == ([], -1)
    begin = srv.Branch.Request(name="from there", without=[2, 3], step=then.step)
    assert session.call(topics.BRANCH, begin).accepted
    cloud, epoch = session.frame(
        lambda _, e: e.branch == "from there" and e.state == msg.Epoch.PAUSED and e.step > 0, "it is there"
    )
    assert epoch.step == then.step, "it goes on from there, not from now"
    session.set_training(srv.SetTraining.Request.RESUME)
    assert (cloud.label[MARKED_BRIGHT] == NONE).all()
    assert (cloud.label[MARKED_DARK] == 0).all()
    session.journal.commit(1, [70, 71])
    cloud, _ = session.frame(lambda _, e: e.label_seq == 4, "a mark counts in it")
    assert set(np.flatnonzero(cloud.label == 1)) == {70, 71}
    assert listed(session) == (["from there"], 0)
    too_late = srv.Branch.Request(name="x", without=[1], step=10**9)
    assert "expected at most" in session.call(topics.BRANCH, too_late).message


def test_all_branches_are_there_when_training_goes_on_in_another_process(
    start: Start, dataset: Path, tmp_path: Path
) -> None:
    parameters = {"dataset": str(dataset), "directory": str(tmp_path / "session"), "checkpoint_s": 0.5}
    session = start(**parameters)
    session.journal.publish_categories(*CATEGORIES)
    session.journal.commit(0, MARKED_DARK)
    session.journal.commit(1, MARKED_BRIGHT)
    session.frame(lambda _, e: e.label_seq == 2 and e.step > 30, "marks are learnt")
    assert branch(session, "without bright", 2).accepted
    _, first = session.frame(lambda _, e: e.branch == "without bright" and not e.text, "it has caught up")
    assert branch(session, "").accepted
    assert branch(session, "without bright").accepted
    session.frame(lambda _, e: e.branch == "without bright" and e.step > first.step, "it goes on")
    session.close()

    again = start(**parameters)
    again.journal.publish_categories(*CATEGORIES)
    again.journal.commit(0, MARKED_DARK)
    again.journal.commit(1, MARKED_BRIGHT)
    cloud, epoch = again.frame(lambda _, e: e.branch == "without bright" and e.label_seq == 2, "the branch goes on")
    assert epoch.step >= first.step
    assert (cloud.label[MARKED_BRIGHT] == NONE).all()
    assert listed(again) == (["without bright"], 0)
    assert branch(again, "").accepted
    cloud, _ = again.frame(lambda _, e: e.branch == "", "what was")
    assert (cloud.label[MARKED_BRIGHT] == 1).all()
    again.spin_until(lambda: (tmp_path / "session" / "checkpoints" / "curves.json").exists(), "curves are kept")
    assert again.export().accepted
    report = (tmp_path / "session" / "report.html").read_text()
    assert "without bright" in report
    assert "predicted as before" in report
