"""What is recorded: keyframes of large topics, less when space runs short, and nothing that takes the process down."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from mcap.records import Message

from latentvr_common import topics
from latentvr_common.bags.bag import open_bag
from latentvr_common.bags.definitions import definition_of, type_name
from latentvr_common.bags.reading import RecordReader
from session_recorder.bag_file import BagFile
from session_recorder.channels import Channel, qos_entry
from session_recorder.keyframes import Keyframes
from session_recorder.opening import make_place
from session_recorder.recording import Recording, Taken, Track
from session_recorder.space import Room, SpaceGuard, free_bytes

GB = 1_000_000_000


def kept(frames: Keyframes[int], arrivals_s: list[float], size: int = 1000) -> list[int]:
    """Numbers of the frames that are kept of those that arrive at these times."""
    return [n for n, s in enumerate(arrivals_s) if frames.offer(n, size, s) is not None]


# Keyframes


def test_the_first_frame_is_kept_and_then_as_many_as_the_rate_allows() -> None:
    assert kept(Keyframes(rate_hz=2.0, bytes_per_s=0), [n / 10 for n in range(21)]) == [0, 5, 10, 15, 20]


def test_large_frames_are_kept_less_often() -> None:
    arrivals_s = [n / 10 for n in range(101)]
    assert kept(Keyframes(rate_hz=2.0, bytes_per_s=1e6), arrivals_s, size=2_500_000) == [0, 25, 50, 75, 100]


def test_without_limits_every_frame_is_kept() -> None:
    assert kept(Keyframes(rate_hz=0, bytes_per_s=0), [0.0, 0.0, 0.001, 5.0]) == [0, 1, 2, 3]


def test_a_frame_that_waited_is_kept_once_its_time_has_come() -> None:
    frames: Keyframes[str] = Keyframes(rate_hz=1.0, bytes_per_s=0)
    assert frames.offer("a", 1, 10.0) == "a"
    assert frames.offer("b", 1, 10.1) is None
    assert frames.offer("c", 1, 10.2) is None
    assert frames.due(10.9) is None
    assert frames.due(11.0) == "c"
    assert frames.due(99.0) is None


def test_the_newest_frame_can_be_had_at_the_end() -> None:
    frames: Keyframes[str] = Keyframes(rate_hz=1.0, bytes_per_s=0)
    assert frames.last(0.0) is None
    frames.offer("a", 1, 0.0)
    assert frames.last(0.1) is None
    frames.offer("b", 1, 0.2)
    assert frames.last(0.2) == "b"


def test_no_arrivals_exceed_the_budget() -> None:
    chance = random.Random(5)
    for _ in range(50):
        rate_hz, bytes_per_s = chance.uniform(0.5, 20), chance.uniform(1e4, 1e6)
        frames: Keyframes[int] = Keyframes(rate_hz=rate_hz, bytes_per_s=bytes_per_s)
        now_s, sizes, largest = 0.0, [], 0
        while now_s < 20:
            size = chance.randrange(1, 200_000)
            largest = max(largest, size)
            if frames.offer(size, size, now_s) is not None:
                sizes.append(size)
            now_s += chance.expovariate(30)
        assert len(sizes) <= 1 + rate_hz * 20
        assert sum(sizes) <= largest + bytes_per_s * 20


# Space


@pytest.mark.parametrize(
    ("free", "room"),
    [
        ([10, 5, 1, 0.99, 0.5], Room.SMALL),
        ([0.1], Room.SMALL),
        ([0.099], Room.NOTHING),
        ([0.5, 1.05], Room.SMALL),
        ([0.5, 1.05, 1.2], Room.ALL),
        ([0.05, 0.105], Room.NOTHING),
        ([0.05, 0.12], Room.SMALL),
        ([0.05, 3], Room.ALL),
        ([1.05], Room.ALL),
    ],
)
def test_what_there_is_room_for(free: list[float], room: Room) -> None:
    values = iter(free)
    guard = SpaceGuard(GB, lambda: int(next(values) * GB))
    for _ in free:
        guard.look()
    assert guard.room is room


def test_with_nothing_to_keep_free_there_is_always_room() -> None:
    assert SpaceGuard(0, lambda: 0).look() is Room.ALL


def test_the_free_space_is_that_of_the_disk(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) > 0
    with pytest.raises(OSError, match="nowhere"):
        free_bytes(tmp_path / "nowhere")


# A recording


def channel(topic: topics.Topic) -> Channel:
    return Channel(f"/latentvr/{topic.name}", definition_of(type_name(topic.type)), qos_entry(topic.qos))


class Fixture:
    """A recording of clouds, hands and labels on a disk and by a clock that a test controls."""

    def __init__(self, tmp_path: Path, free: Callable[[], int] | None = None, file_bytes: int = 0) -> None:
        self.now_s = 100.0
        self.free = 10 * GB
        self.bag = tmp_path / "bag"
        guard = SpaceGuard(GB, free or (lambda: self.free))
        self.recording = Recording(make_place(self.bag), guard, file_bytes=file_bytes, clock=lambda: self.now_s)
        self.cloud = Track(channel(topics.CLOUD), Room.ALL, Keyframes(rate_hz=2.0, bytes_per_s=0))
        self.hands = Track(channel(topics.HANDS), Room.ALL)
        self.labels = Track(channel(topics.LABELS))
        for track in (self.cloud, self.hands, self.labels):
            self.recording.add(track)

    def take(self, track: Track, text: str, number: int = 0) -> None:
        self.recording.take(track, Taken(round(self.now_s * 1e9), text.encode(), number=number))

    def texts(self) -> list[str]:
        topics_in_it = {track.channel.topic for track in (self.cloud, self.hands, self.labels)}
        bag = open_bag(self.bag)
        bag.check()
        return [message.data.decode() for message in bag.messages(topics_in_it, 0)]


def test_clouds_are_thinned_and_all_else_is_recorded(tmp_path: Path) -> None:
    fixture = Fixture(tmp_path)
    for number in range(12):
        fixture.take(fixture.cloud, f"cloud {number}")
        fixture.take(fixture.hands, f"hands {number}")
        fixture.now_s += 0.125
    fixture.recording.close()
    texts = fixture.texts()
    assert [text for text in texts if text.startswith("cloud")] == ["cloud 0", "cloud 4", "cloud 8", "cloud 11"]
    assert [text for text in texts if text.startswith("hands")] == [f"hands {number}" for number in range(12)]
    assert fixture.recording.fault == ""


def test_a_cloud_that_stands_still_is_recorded_before_the_end(tmp_path: Path) -> None:
    fixture = Fixture(tmp_path)
    fixture.take(fixture.cloud, "first")
    fixture.now_s += 0.1
    fixture.take(fixture.cloud, "last")
    fixture.take(fixture.labels, "label")
    fixture.now_s += 1.0
    fixture.recording.tick()
    assert fixture.texts() == ["first", "label", "last"]
    fixture.recording.close()
    assert fixture.texts() == ["first", "label", "last"]


def test_when_space_runs_short_clouds_and_hands_go_first_and_come_back(tmp_path: Path) -> None:
    fixture = Fixture(tmp_path)
    for free_gb in (10.0, 0.5, 0.05, 10.0):
        fixture.free = int(free_gb * GB)
        fixture.recording.tick()
        fixture.now_s += 1.0
        for track, name in ((fixture.cloud, "cloud"), (fixture.hands, "hands"), (fixture.labels, "labels")):
            fixture.take(track, f"{name} {free_gb}")
    fixture.recording.close()
    assert fixture.texts() == [
        *("cloud 10.0", "hands 10.0", "labels 10.0"),
        "labels 0.5",
        *("cloud 10.0", "hands 10.0", "labels 10.0"),
    ]
    assert fixture.recording.left_out == 5


def test_a_full_disk_ends_the_recording_but_keeps_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = Fixture(tmp_path)
    fixture.take(fixture.labels, "kept")
    size = fixture.recording.size
    output = fixture.recording._file._output
    real = output._file

    class Full:
        """A disk that takes half of what is written, then nothing."""

        closed = False

        def write(self, data: bytes) -> int:
            if len(data) < 20:
                raise OSError(28, "No space left on device")
            return real.write(data[: len(data) // 2]) or 0

        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

    monkeypatch.setattr(output, "_file", Full())
    fixture.take(fixture.labels, "lost " * 100)
    assert "No space left on device" in fixture.recording.fault
    assert (fixture.bag / "bag_0.mcap").stat().st_size == size
    fault = fixture.recording.fault
    fixture.take(fixture.labels, "lost, too")
    fixture.recording.tick()
    assert fixture.recording.fault == fault
    assert fixture.recording.left_out == 2
    assert fixture.texts() == ["kept"]
    fixture.recording.close()
    assert fixture.texts() == ["kept"]
    assert open_bag(fixture.bag).finished


def test_a_disk_that_cannot_be_looked_at_ends_the_recording(tmp_path: Path) -> None:
    def broken() -> int:
        raise OSError(5, "Input/output error")

    fixture = Fixture(tmp_path, broken)
    fixture.take(fixture.labels, "kept")
    fixture.recording.tick()
    assert "Input/output error" in fixture.recording.fault
    fixture.take(fixture.labels, "lost")
    fixture.recording.close()
    assert fixture.texts() == ["kept"]


def test_a_recording_goes_on_behind_what_a_killed_one_left(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    bag.mkdir()
    killed = BagFile(bag / "bag_0.mcap")
    killed.write(channel(topics.LABELS), 999_000_000_000, 0, b"of a clock that was ahead")
    killed.abandon()
    fixture = Fixture(tmp_path)
    fixture.take(fixture.labels, "after it")
    assert fixture.recording.count == 2
    fixture.recording.close()
    assert fixture.texts() == ["of a clock that was ahead", "after it"]
    info = open_bag(bag).info
    assert info.files == ("bag_0.mcap", "bag_1.mcap")
    assert [(topic.name, topic.count) for topic in info.topics] == [("/latentvr/labels", 2)]


def test_a_large_bag_has_several_files(tmp_path: Path) -> None:
    fixture = Fixture(tmp_path, file_bytes=50_000)
    texts = [f"{number} ".ljust(10_000) for number in range(12)]
    for text in texts:
        fixture.take(fixture.hands, text)
    assert fixture.recording.count == 12
    assert fixture.texts() == texts
    fixture.recording.close()
    assert fixture.texts() == texts
    info = open_bag(fixture.bag).info
    assert info.files == ("bag_0.mcap", "bag_1.mcap", "bag_2.mcap")
    assert info.count == 12
    assert fixture.recording.size == sum((fixture.bag / name).stat().st_size for name in info.files)


def test_a_disk_that_has_no_room_for_another_file_ends_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    fixture = Fixture(tmp_path, file_bytes=50_000)
    monkeypatch.setattr("session_recorder.recording.BagFile", full)
    for text in ("kept ".ljust(60_000), "lost"):
        fixture.take(fixture.hands, text)
    assert "No space left on device" in fixture.recording.fault
    assert (fixture.recording.count, fixture.recording.left_out) == (1, 1)
    fixture.recording.close()
    assert [text.strip() for text in fixture.texts()] == ["kept"]


def test_what_was_published_and_did_not_arrive_is_counted_by_topic(tmp_path: Path) -> None:
    fixture = Fixture(tmp_path)
    fixture.cloud.hears_all = False
    for number in (1, 2, 4, 5, 9):
        fixture.take(fixture.hands, "hand", number)
        fixture.take(fixture.labels, "label", number // 2)
        fixture.take(fixture.cloud, "cloud", number)
    assert fixture.recording.missed() == {"/latentvr/hands": 4, "/latentvr/labels": 1}
    assert fixture.recording.describe().endswith("; missed: 4 of /latentvr/hands, 1 of /latentvr/labels")


def test_numbers_and_times_of_the_publisher_are_in_the_bag(tmp_path: Path) -> None:
    fixture = Fixture(tmp_path)
    fixture.recording.take(fixture.hands, Taken(log_ns=3_000, data=b"a", publish_ns=2_000, number=7))
    fixture.recording.take(fixture.cloud, Taken(log_ns=4_000, data=b"b", publish_ns=2_500, number=2**32 + 8))
    fixture.recording.take(fixture.labels, Taken(log_ns=5_000, data=b"c"))
    fixture.recording.close()
    read = RecordReader(fixture.bag / "bag_0.mcap")
    found = [(r.log_time, r.publish_time, r.sequence) for r in read if isinstance(r, Message)]
    assert found == [(3_000, 2_000, 7), (4_000, 2_500, 8), (5_000, 5_000, 0)]


def test_how_much_is_in_the_bag_is_said_in_few_words(tmp_path: Path) -> None:
    fixture = Fixture(tmp_path)
    for _ in range(1234):
        fixture.take(fixture.hands, "x" * 10_000)
    assert fixture.recording.describe() == "1,234 messages, 12.4 MB"
