"""The session host on real DDS: it sees a person come and leave, asks for the results, sums up and ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
from latentvr import msg, srv
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

import session_host
from latentvr_common import conversions, session_files, topics
from latentvr_common.datasets import load
from latentvr_common.labels import Category
from latentvr_common.node_tools import advertise, listen, serve

SOURCE = Path(session_host.__file__).parent.parent
TIMEOUT_S = 60.0
PROGRAM = "import sys; from session_host.node import main; sys.exit(main())"


class Session:
    """A host in a process of its own, and here whatever else a session has: hands, a journal, a trainer."""

    def __init__(self, log: Path) -> None:
        self._context = Context()
        rclpy.init(context=self._context)
        self.node = Node("rest_of_the_session", namespace=topics.NAMESPACE, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._log = log
        self._host: subprocess.Popen[bytes] | None = None
        self.said: list[str] = []
        """What the host says of itself, each thing once, in order."""
        self.dropped = 0
        self.exports = 0
        self.epochs = advertise(self.node, topics.EPOCH)
        self.labels = advertise(self.node, topics.LABELS)
        self._categories = advertise(self.node, topics.CATEGORIES)
        digits = [Category(i, str(i), 0) for i in range(10)]
        self._categories.publish(conversions.categories_to_msg(digits, 1, 0))
        listen(self.node, topics.DIAGNOSTICS, self._on_health)

    def start_host(self, **parameters: Any) -> None:
        arguments = [part for name, value in parameters.items() for part in ("-p", f"{name}:={json.dumps(value)}")]
        path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
        with self._log.open("wb") as log:
            self._host = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, "--ros-args", *arguments],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": path},
            )

    def start_trainer(self, *, accepted: bool, message: str = "") -> None:
        def export(_: srv.ExportSession.Request, response: srv.ExportSession.Response) -> srv.ExportSession.Response:
            self.exports += 1
            response.accepted, response.message, response.files = accepted, message, ["items.csv", "model"]
            return response

        serve(self.node, topics.EXPORT_SESSION, export)

    def _on_health(self, message: Any) -> None:
        (status,) = message.status
        if status.name == "/latentvr/session_host":
            self.dropped = int({pair.key: pair.value for pair in status.values}["dropped messages"])
            if status.message not in self.said:
                self.said.append(status.message)

    def log(self) -> str:
        return self._log.read_text()

    def wait_until(self, condition: Callable[[], Any], what: str) -> None:
        until = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < until, f"{what}: not within {TIMEOUT_S} s; {self.said}\n{self.log()}"
            self._executor.spin_once(timeout_sec=0.02)

    def interrupt(self) -> None:
        assert self._host is not None
        self._host.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Go on until the host ends; return its exit code."""
        host = self._host
        assert host is not None
        self.wait_until(lambda: host.poll() is not None, "the host ends")
        return host.returncode

    def close(self) -> None:
        if self._host is not None and self._host.poll() is None:
            self._host.kill()
            self._host.wait()
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    session = Session(tmp_path / "host.log")
    try:
        yield session
    finally:
        session.close()


def epoch(number: int, state: int = msg.Epoch.TRAINING, text: str = "", accuracy: float = 0.75) -> msg.Epoch:
    header = conversions.header("latent", 1_000_000_000 + number)
    figures = {"accuracy": accuracy, "confidence": 0.5, "ece": 0.125, "space_used": 0.25}
    return msg.Epoch(header=header, epoch=number, state=state, text=text, branch="without ant (entry 2)", **figures)


def mark(seq: int, category: int, *ids: int) -> msg.LabelEvent:
    return msg.LabelEvent(
        seq=seq,
        event_id=f"e{seq}",
        kind=msg.LabelEvent.ASSIGN,
        category=category,
        sample_ids=ids,
        gesture="pinch_brush",
    )


def mark_and_train(session: Session, truth: np.ndarray) -> None:
    """Publish marks in disorder, some that are none, and ten epochs."""
    session.labels.publish(mark(3, int(truth[5]), 5, 6))
    session.labels.publish(mark(2, int(truth[1]), 1))
    session.labels.publish(mark(4, 0, 1797))  # No item of this dataset.
    session.labels.publish(msg.LabelEvent(seq=5, event_id="e5", kind=99))
    for number in range(1, 11):
        session.epochs.publish(epoch(number))


def test_a_person_comes_marks_and_leaves_and_the_session_ends_with_its_summary(
    session: Session, tmp_path: Path
) -> None:
    truth = load("digits").truth
    assert truth is not None
    assert truth[:7].tolist() == [0, 1, 2, 3, 4, 5, 6]  # Of the items 0, 1, 5 and 6 the last is labelled wrongly.
    session.labels.publish(mark(1, int(truth[0]), 0, 1))  # Before the host is there: it hears of it all the same.
    session.start_trainer(accepted=True)
    session.start_host(directory=str(tmp_path), settle_s=0.5, planned_gestures=4, progress_s=0.5)
    session.wait_until(lambda: session.said == ["waiting for a person"], "the host waits")
    hands = advertise(session.node, topics.HANDS)
    session.wait_until(lambda: session.said[-1] == "a person is there", "the host sees the person")
    mark_and_train(session, truth)
    session.wait_until(
        lambda: "gesture 3 of 4 · labels 4 of 1,797 · epoch 10 · correct 75.0%" in session.log(), "tells"
    )
    session.wait_until(lambda: session.dropped == 2, "the host has dropped what it could not use")
    assert session.exports == 0
    session.node.destroy_publisher(hands)
    assert session.end() == 0
    assert session.exports == 1
    check_summary(json.loads((tmp_path / session_files.SUMMARY).read_text()), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["host.log", "summary.json"]
    assert "the person has left, training goes on" in session.log()
    assert "results: items.csv, model" in session.log()


def check_summary(summary: dict[str, Any], directory: Path) -> None:
    assert 0.5 < summary.pop("duration_s") < TIMEOUT_S
    assert summary.pop("cloud_hz") > 0
    assert summary == {
        "items": 1797,
        "gestures": 3,
        "labels": 4,
        "conflicts": 0,
        "label_purity": 0.75,
        "accuracy": 0.75,
        "confidence": 0.5,
        "ece": 0.125,
        "space_used": 0.25,
        "epochs": 10,
        "branch": "without ant (entry 2)",
        "directory": str(directory),
    }


def test_results_that_cannot_be_written_end_the_session_with_1_and_its_summary(
    session: Session, tmp_path: Path
) -> None:
    session.start_trainer(accepted=False, message="export failed: No space left on device")
    session.start_host(directory=str(tmp_path), duration_s=0.2)
    assert session.end() == 1
    assert session.exports == 1
    assert "results could not be written: export failed: No space left on device" in session.log()
    summary = json.loads((tmp_path / session_files.SUMMARY).read_text())
    assert (summary["gestures"], summary["accuracy"], summary["label_purity"]) == (0, None, None)


def test_time_is_up_whoever_is_there_and_a_trainer_that_comes_late_is_still_asked(session: Session) -> None:
    advertise(session.node, topics.HANDS)
    session.start_host(duration_s=2.0, settle_s=1000.0)
    session.wait_until(lambda: session.said and session.said[-1] == "over", "time is up")
    session.start_trainer(accepted=True)
    assert session.end() == 0
    assert session.exports == 1
    # Without a directory the summary is in the log.
    assert '"items": 1797' in session.log()


def test_a_fault_of_the_trainer_is_told_and_an_interrupted_session_has_its_summary_too(
    session: Session, tmp_path: Path
) -> None:
    session.epochs.publish(epoch(3, msg.Epoch.FAULT, "the loss is not finite"))
    session.start_host(directory=str(tmp_path), max_items=100, seed=5)
    session.wait_until(lambda: "trainer: the loss is not finite" in session.log(), "the fault is told")
    session.interrupt()
    assert session.end() == 0
    assert session.exports == 0
    assert json.loads((tmp_path / session_files.SUMMARY).read_text())["items"] == 100


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"dataset": "nowhere"}, "error: dataset 'nowhere': no such file or directory; expected one of digits"),
        ({"settle_s": -1.0}, "error: parameter settle_s is -1.0, expected at least 0.0 s"),
    ],
)
def test_a_bad_parameter_is_said_in_one_line_and_ends_the_host_with_2(
    session: Session, parameters: dict[str, Any], message: str
) -> None:
    session.start_host(**parameters)
    assert session.end() == 2
    assert session.log().startswith(message)
    assert session.log().count("\n") == 1
