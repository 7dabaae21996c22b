"""The examples for bags run on a bag as the recorder writes it, with rosbags and matplotlib alone."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from latentvr import msg
from PIL import Image
from rclpy.serialization import serialize_message

from latentvr_common import topics
from latentvr_common.bags.definitions import definition_of, type_name
from latentvr_common.bags.metadata import write_metadata
from latentvr_common.topics import Topic
from session_recorder.bag_file import BagFile
from session_recorder.channels import Channel, qos_entry

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = EXAMPLES / "gestures_and_accuracy.py"
SECOND = 10**9


class Recorded:
    """A bag that is written as the recorder does it."""

    def __init__(self, bag: Path) -> None:
        bag.mkdir(parents=True)
        self._bag = bag
        self._file = BagFile(bag / f"{bag.name}_0.mcap")
        self._channels: dict[str, Channel] = {}

    def write(self, topic: Topic, at_s: float, message: object) -> None:
        name = f"/{topics.NAMESPACE}/{topic.name}"
        if name not in self._channels:
            self._channels[name] = Channel(name, definition_of(type_name(topic.type)), qos_entry(topic.qos))
        at_ns = round((1000 + at_s) * SECOND)
        self._file.write(self._channels[name], at_ns, at_ns, serialize_message(message))

    def finish(self) -> None:
        self._file.finish()
        write_metadata(self._bag, [self._file.info()], {})


def some_session(bag: Path, accuracy: float) -> Path:
    """Twenty seconds with two authors, an eraser, and marks that are taken back and put back."""
    recorded = Recorded(bag)
    ant, bee = (msg.Category(id=i, name=name, color=0xE69F00 + i) for i, name in enumerate(("ant", "bee")))
    recorded.write(topics.CATEGORIES, 0.0, msg.Categories(revision=1, categories=[ant, bee]))
    entries = [
        (3.0, msg.LabelEvent(seq=1, kind=0, category=0, sample_ids=[1, 2, 3], author="person")),
        (6.0, msg.LabelEvent(seq=2, kind=0, category=1, sample_ids=[3, 4], author="reviewer")),
        (9.0, msg.LabelEvent(seq=3, kind=2, target_seq=2, category=-1, author="reviewer")),
        (12.0, msg.LabelEvent(seq=4, kind=3, target_seq=2, category=-1, author="reviewer")),
        (15.0, msg.LabelEvent(seq=5, kind=1, category=-1, sample_ids=[1], author="person")),
    ]
    for n in range(200):
        at_s = n / 10
        value = accuracy * min(1.0, at_s / 10)
        recorded.write(
            topics.EPOCH, at_s, msg.Epoch(epoch=n, accuracy=value, confidence=0.5, labelled=n, conflicts=n > 60)
        )
        for entry_s, entry in entries:
            if entry_s == at_s:
                recorded.write(topics.LABELS, at_s, entry)
    recorded.write(topics.GESTURES, 19.9, msg.Gesture(phase=msg.Gesture.CANCEL))
    recorded.finish()
    return bag


def run(bag: Path, picture: Path, example: Path = EXAMPLE) -> subprocess.CompletedProcess[str]:
    # Isolated: neither the environment's ROS nor this tree can be imported by accident.
    return subprocess.run(
        [sys.executable, "-I", str(example), str(bag), str(picture)],
        capture_output=True,
        text=True,
        check=False,
        env={"MPLBACKEND": "agg", "HOME": str(picture.parent)},
    )


@pytest.mark.parametrize("example", [EXAMPLE, EXAMPLES / "branches.py"], ids=lambda example: example.stem)
def test_it_imports_nothing_of_ours_nor_of_ros(example: Path) -> None:
    tree = ast.parse(example.read_text())
    names = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names - set(sys.stdlib_module_names) == {"matplotlib", "numpy", "rosbags"}


def test_it_tells_each_entry_and_draws_a_picture(tmp_path: Path) -> None:
    done = run(some_session(tmp_path / "bag", 0.9), tmp_path / "picture.png")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    told = [(int(words[0]), words[3], " ".join(words[4:-4]), words[-4], words[-1]) for words in lines[:-1]]
    assert told == [
        (1, "person", "mark", "3", "ant"),
        (2, "reviewer", "mark", "2", "bee"),
        (3, "reviewer", "taken back", "2", "bee"),
        (4, "reviewer", "put back", "2", "bee"),
        (5, "person", "eraser", "1", "nothing"),
    ]
    assert "5 entries, right predictions 90.0 % at the end" in done.stdout
    with Image.open(tmp_path / "picture.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    assert (pixels == [0xE6, 0x9F, 0x00]).all(axis=1).sum() > 20  # The dot of the first category.


def test_without_truth_it_draws_confidence(tmp_path: Path) -> None:
    done = run(some_session(tmp_path / "bag", float("nan")), tmp_path / "picture.png")
    assert done.returncode == 0, done.stderr
    assert "confidence 50.0 % at the end" in done.stdout


def test_a_bag_without_training_or_labels_is_no_trouble(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "empty" / "bag")
    recorded.write(topics.CATEGORIES, 0.0, msg.Categories())
    recorded.finish()
    done = run(tmp_path / "empty" / "bag", tmp_path / "picture.png")
    assert done.returncode == 1
    assert "has no message of /latentvr/epoch" in done.stderr
    unlabelled = Recorded(tmp_path / "unlabelled" / "bag")
    unlabelled.write(topics.EPOCH, 0.0, msg.Epoch(confidence=0.5, accuracy=0.1))
    unlabelled.write(topics.EPOCH, 1.0, msg.Epoch(confidence=0.5, accuracy=0.2))
    unlabelled.finish()
    done = run(tmp_path / "unlabelled" / "bag", tmp_path / "picture.png")
    assert done.returncode == 0, done.stderr
    assert "0 entries" in done.stdout


def branching_session(bag: Path, accuracy: float) -> Path:
    """Two hundred frames of what was, then a branch from step 50 on, then what was again."""
    recorded = Recorded(bag)
    frames = [("", step) for step in range(200)] + [("without it", step) for step in range(50, 150)]
    for n, (branch, step) in enumerate([*frames, *(("", step) for step in range(200, 220))]):
        message = msg.Epoch(branch=branch, step=step, confidence=0.5, losses=[1.0, 0.5], accuracy=accuracy)
        message.agreement = 0.75 if branch else float("nan")
        recorded.write(topics.EPOCH, n / 10, message)
    recorded.finish()
    return bag


@pytest.mark.parametrize(("accuracy", "told"), [(0.5, "50.0 % right"), (float("nan"), "truth is not known")])
def test_branches_are_told_and_drawn_each_by_its_own_steps(tmp_path: Path, accuracy: float, told: str) -> None:
    bag = branching_session(tmp_path / "bag", accuracy)
    done = run(bag, tmp_path / "picture.png", EXAMPLES / "branches.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == [
        f"what was: steps 1 to 219, {told}",
        f"without it: steps 50 to 149, {told}, 75.0 % predicted as in what was left",
    ]
    with Image.open(tmp_path / "picture.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    assert (pixels == [0x00, 0x72, 0xB2]).all(axis=1).sum() > 100  # The line of the second branch.


def test_a_bag_without_a_step_has_no_branches_to_draw(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "bag")
    recorded.write(topics.EPOCH, 0.0, msg.Epoch())
    recorded.finish()
    done = run(tmp_path / "bag", tmp_path / "picture.png", EXAMPLES / "branches.py")
    assert done.returncode == 1
    assert "has no step of training" in done.stderr
